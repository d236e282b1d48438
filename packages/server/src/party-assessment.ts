import { CodedError, clock, HYBRID_GROUP, newEvent, newId } from '@sallyport/core';
import type { PartyMeasures } from '@sallyport/registry';
import type { Assessment } from '@sallyport/store';
import type { Control } from './control.ts';
import { lookOverTls } from './tls/tls-look.ts';

const DAY_MS = 86_400_000;
/** How long an assessment holds. */
const DAYS_VALID = 90;

/** The version of TLS that an endpoint agrees to, null where it answers nothing. @param group the only one that is offered */
const speak = (origin: string, allowPrivate: boolean, group?: string): Promise<string | null> =>
  lookOverTls(origin, allowPrivate, (socket) => socket.getProtocol(), group === undefined ? {} : { group });

/** Measures a third party: what its endpoints speak, how its calls went, what was found, how often it was stopped. */
async function measure(control: Control, name: string): Promise<PartyMeasures> {
  const { store } = control.installation;
  const party = (await control.thirdParties.list()).find((one) => one.name === name || one.id === name);
  if (!party) throw new CodedError('not-found', `there is no integration \`${name.slice(0, 63)}\``);
  const origins = party.manifest.origins.filter((origin) => origin.startsWith('https:'));
  const versions: (string | null)[] = [];
  const hybrid: boolean[] = [];
  for (const origin of origins) {
    const version = await speak(origin, party.manifest.allowPrivate);
    versions.push(version);
    if (version !== null)
      hybrid.push((await speak(origin, party.manifest.allowPrivate, HYBRID_GROUP)) !== null);
  }
  const reached = versions.filter((version) => version !== null).sort();
  const people = await store.people.here();
  const health = await store.exchanges.health(
    party.manifest.systems,
    new Date(clock.nowMs() - 30 * DAY_MS).toISOString(),
  );
  const suspended = await store.events.since(
    ['integration-suspended'],
    new Date(clock.nowMs() - 365 * DAY_MS).toISOString(),
  );
  const findings = (await store.findings.list()).filter(
    ({ status, severity, subject, demo }) =>
      status === 'open' &&
      !demo &&
      ['critical', 'high'].includes(severity) &&
      party.manifest.systems.some((system) => subject === `system:${system}`),
  );
  return {
    approved: party.live,
    owned: party.owner !== null && people.has(party.owner),
    // The weakest of its endpoints counts.
    tls: reached[0] ?? null,
    hybridKeys: hybrid.length === 0 ? null : hybrid.every((one) => one),
    unchanged: party.status !== 'suspended',
    calls: health.calls,
    failedCalls: health.failed,
    badAnswers: health.flagged,
    severeFindings: findings.length,
    suspensions: suspended.filter(({ subject }) => subject === `integration:${party.name}`).length,
  };
}

/** Measures a third party and keeps what came of it. @throws CodedError `not-found` */
export async function assessParty(control: Control, actor: string, name: string): Promise<Assessment> {
  await control.installation.flush();
  const { assess } = await import('@sallyport/registry');
  const { facts, score } = assess(await measure(control, name));
  const now = clock.nowMs();
  const one: Assessment = {
    id: newId('asm', now),
    party: name,
    facts,
    score,
    at: new Date(now).toISOString(),
    actor,
    expiresAt: new Date(now + DAYS_VALID * DAY_MS).toISOString(),
  };
  const { store } = control.installation;
  await store.change(async (tx) => {
    await store.inventory.addAssessment(tx, one);
    return {
      result: undefined,
      event: newEvent('party-assessed', {
        actor,
        subject: `integration:${name}`,
        data: {
          score,
          expiresAt: one.expiresAt,
          bad: facts.filter(({ good }) => good === false).map(({ what }) => what),
        },
      }),
    };
  });
  return one;
}

/** Measures every third party that was not for a while: a month before its assessment ends, and those that never were. */
export async function keepAssessments(control: Control): Promise<void> {
  const known = new Map(
    (await control.installation.store.inventory.assessments()).map((one) => [one.party, one]),
  );
  const soon = new Date(clock.nowMs() + 30 * DAY_MS).toISOString();
  for (const { name, live } of await control.thirdParties.list())
    if (live && !((known.get(name)?.expiresAt ?? '') > soon)) await assessParty(control, 'sallyport', name);
}

import { connect } from 'node:tls';
import { CodedError, clock, newEvent, newId } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';
import type { PartyMeasures } from '@sallyport/registry';
import type { Assessment } from '@sallyport/store';
import type { Control } from './control.ts';

const DAY_MS = 86_400_000;
const LOOK_MS = 10_000;
/** How long an assessment holds. */
const DAYS_VALID = 90;
/** Hybrid of X25519 and ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem). */
const HYBRID_GROUP = 'X25519MLKEM768';

/** Speaks TLS with an endpoint. @param group the only one that is offered. @returns the version that was agreed, null where none was */
function speak(origin: string, allowPrivate: boolean, group?: string): Promise<string | null> {
  return new Promise((done) => {
    const { hostname, port } = new URL(origin);
    const host = hostname.replace(/^\[|\]$/g, '');
    try {
      const socket = connect({
        host,
        port: port === '' ? 443 : Number(port),
        servername: /^[\d.]+$|:/.test(host) ? '' : host,
        lookup: safeLookup(origin, allowPrivate),
        timeout: LOOK_MS,
        ...(group === undefined ? {} : { ecdhCurve: group, minVersion: 'TLSv1.3' as const }),
      });
      const end = (version: string | null): void => {
        socket.destroy();
        done(version);
      };
      socket.once('secureConnect', () => end(socket.getProtocol()));
      socket.once('timeout', () => end(null));
      socket.once('error', () => end(null));
    } catch {
      done(null);
    }
  });
}

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
  const people = new Set(
    (await store.people.list()).flatMap(({ id, disabledAt }) => (disabledAt === null ? [id] : [])),
  );
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

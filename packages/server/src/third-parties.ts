import type { ThirdParty } from '@sallyport/access';
import { bareHost, clock, type ThirdPartyCounts } from '@sallyport/core';
import { classifyAddress } from '@sallyport/gateway';
import type { Control } from './control.ts';
import { log } from './log.ts';

/** Something elsewhere that this installation is configured to talk to. */
export interface Elsewhere {
  /** Where that is configured, such as `system shop`. */
  readonly by: string;
  readonly origin: string;
  /** Name of the manifest that names it and is approved; null where none is. */
  readonly manifest: string | null;
}

/** Whether a URL leads to this machine, or by its address into a private network: no third party. */
export function isOwn(url: string): boolean {
  const host = bareHost(new URL(url));
  if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.internal')) return true;
  return /^[\d.]+$|:/.test(host) && classifyAddress(host) === 'private';
}

/** Every third party that the configuration talks to, with the manifest that it lies within. */
export async function talkedTo(control: Control): Promise<Elsewhere[]> {
  const parties = await control.thirdParties.list();
  const { access, telemetry } = control.config;
  const named: { by: string; url: string; system?: string }[] = [];
  for (const { name, config, demo } of await control.systems())
    if (!demo) for (const url of config.urls) named.push({ by: `system ${name}`, url, system: name });
  if (telemetry) named.push({ by: 'telemetry', url: telemetry.otlp.url });
  if (access.signOn) named.push({ by: 'sign-on', url: access.signOn.issuer });
  for (const { name, issuer } of access.workloads) named.push({ by: `workload ${name}`, url: issuer });
  const within = (party: ThirdParty, origin: string, system?: string): boolean =>
    party.live &&
    party.manifest.origins.includes(origin) &&
    (system === undefined || party.manifest.systems.includes(system));
  return named
    .map(({ by, url, system }) => ({ by, origin: new URL(url).origin, system }))
    .filter(({ origin }) => !isOwn(origin))
    .map(({ by, origin, system }) => ({
      by,
      origin,
      manifest: parties.find((party) => within(party, origin, system))?.name ?? null,
    }));
}

/** Counts third parties. */
export async function countThirdParties(control: Control): Promise<ThirdPartyCounts> {
  const elsewhere = await talkedTo(control);
  const live = (await control.thirdParties.list()).filter((one) => one.live);
  const people = await control.installation.store.people.here();
  return {
    talkedTo: elsewhere.length,
    without: elsewhere.filter(({ manifest }) => manifest === null).length,
    live: live.length,
    ownerless: live.filter(({ owner }) => owner === null || !people.has(owner)).length,
    watchedAt: control.thirdPartiesWatchedAt,
  };
}

/** Looks at every third party; the gateway refuses at once what is not as it was approved. */
export async function watchThirdParties(control: Control): Promise<void> {
  const stopped = await control.thirdParties.watch();
  control.thirdPartiesWatchedAt = clock.nowIso();
  if (stopped.length === 0) return;
  log('warn', 'third parties are not what was approved: nothing goes to them', {
    integrations: stopped.join(', '),
  });
  await control.shutOut({ integrations: stopped });
}

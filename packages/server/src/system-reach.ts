import { CodedError, type SystemSnapshot, UnderWay } from '@sallyport/core';
import { type Reached, reach } from '@sallyport/gateway';
import type { Control } from './control.ts';
import { credentialsOf, remedyOf } from './secrets/credentials.ts';
import type { KnownSystem } from './snapshot.ts';

/** How one address of a system was found, in words. */
export interface Reach {
  readonly url: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do where it is not well. */
  readonly remedy: string | null;
}

/** How a system was found when it was reached last, with the settings that it had then. */
export interface LastReach {
  readonly settings: string;
  readonly all: readonly Reach[];
}

const settingsOf = ({ config }: KnownSystem): string =>
  JSON.stringify([config.dialect, config.urls, config.allowPrivate, config.apiKeyRef, config.headers]);

/** The first address of a system that was not well when it was reached last, as it is set now; null where all were, or none was reached. */
export function lastBad(control: Control, system: KnownSystem): Reach | null {
  const last = control.lastReached.get(system.name);
  return last?.settings === settingsOf(system) ? (last.all.find(({ ok }) => !ok) ?? null) : null;
}

const TIMEOUT_MS = 5_000;
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

/** Systems that are reached at the moment: however many ask, each is called once at a time. */
const reaching = new UnderWay<Reached[]>();

/** What came of it, and what to do. */
function told(
  { url, status, code, cause }: Reached,
  { name, apiKey, apiKeyRef }: SystemSnapshot,
  lack: string | null,
): Reach {
  const bad = (detail: string, remedy: string): Reach => ({ url, ok: false, detail, remedy });
  if (status !== null) {
    const detail = `answers with ${status}`;
    if (status === 401 || status === 403)
      return bad(
        apiKey !== null
          ? `${detail}: it does not take the credential ${apiKeyRef}`
          : apiKeyRef === undefined
            ? `${detail}: it wants a credential, and none is set`
            : `${detail}: it wants a credential, and ${lack ?? apiKeyRef}`,
        apiKeyRef === undefined
          ? `name the provider's key: sallyport upstream edit ${name} --api-key-ref env:VARIABLE`
          : remedyOf({ system: name, ref: apiKeyRef, lack }),
      );
    if (lack !== null && apiKeyRef !== undefined)
      return bad(
        `${detail} without a credential, but ${lack}, and calls are refused`,
        remedyOf({ system: name, ref: apiKeyRef, lack }),
      );
    if (status >= 500) return bad(detail, `look at ${name} itself`);
    return { url, ok: true, detail, remedy: null };
  }
  if (code === 'upstream-refused-address')
    return bad(
      'its address is not public, and calls to it are refused',
      'if it is yours, add it with --allow-private, or write `allowPrivate: true` in sallyport.yaml; link-local and reserved addresses are never called',
    );
  if (code === 'gate-closed' || code === 'integration-refused')
    return bad('a gate before it is closed', 'see Inventory and Integrations in the console');
  if (cause === 'ENOTFOUND' || cause === 'EAI_AGAIN')
    return bad('there is no such host', 'check its address');
  if (cause !== null && UNTRUSTED.test(cause))
    return bad(`its certificate is not trusted (${cause})`, 'name its authority under outbound.caFile');
  return bad(
    code === 'upstream-timeout' || cause === 'UND_ERR_CONNECT_TIMEOUT'
      ? 'no answer in 5 seconds'
      : `no answer (${cause ?? code})`,
    `check that ${name} runs, its address, and the way to it`,
  );
}

/**
 * Reaches systems as their calls do, and says what came of it.
 * @returns by the name of the system
 * @throws CodedError `system-unknown`
 */
export async function reachSystems(
  control: Control,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly Reach[]>> {
  const known = await control.systems();
  const there = new Set(known.map(({ name }) => name));
  for (const name of control.lastReached.keys()) if (!there.has(name)) control.lastReached.delete(name);
  const { systems, settings } = await control.snapshots.trial(known);
  const credentials = await credentialsOf(control, known);
  const found = names.map((name) => {
    const system = systems.find((one) => one.name === name);
    if (!system) throw new CodedError('system-unknown', `there is no system \`${name}\``);
    return system;
  });
  const keyOf = (one: SystemSnapshot): string =>
    JSON.stringify([
      ...[one.name, one.dialect, one.urls, one.allowPrivate, one.apiKeyRef, one.headers],
      ...[one.integration, one.closed, settings.outbound],
    ]);
  const lackOf = (name: string): string | null =>
    credentials.find(({ system }) => system === name)?.lack ?? null;
  return new Map(
    await Promise.all(
      found.map(async (system) => {
        const { name, held, urls } = system;
        const all: readonly Reach[] =
          held === null
            ? (await reaching.of(keyOf(system), () => reach(system, settings, TIMEOUT_MS))).map((one) =>
                told(one, system, lackOf(name)),
              )
            : [{ url: urls[0]!, ok: false, detail: held, remedy: 'see Inventory in the console' }];
        const had = settingsOf(known.find((one) => one.name === name)!);
        control.lastReached.set(name, { settings: had, all });
        return [name, all] as const;
      }),
    ),
  );
}

import type { ThirdParties } from '@sallyport/access';
import { type Config, clock } from '@sallyport/core';
import type { PolicySet } from '@sallyport/policy';
import type { Inventory } from '@sallyport/registry';
import type { AuditMemory } from '../audit/audit-memory.ts';
import type { ProbeName } from '../evidence.ts';
import type { GuardDesk } from '../guard-desk.ts';
import type { Installation } from '../installation.ts';
import type { TlsState } from '../tls/tls-endpoints.ts';

/** What a probe found; null where there is nothing to probe, `passed` is null where that is to be told. */
export type Found = { readonly passed: boolean | null; readonly detail: string } | null;

/** What asking every route without a session gave. */
export interface AskedRoutes {
  readonly asked: number;
  /** Those that answered all the same. */
  readonly open: readonly string[];
}

/** What probes may use. */
export interface ProbeContext {
  readonly installation: Installation;
  readonly config: Config;
  /** Address of the gateway, when one runs. */
  readonly gatewayUrl: string | null;
  /** Asks every route of the control plane without a session; null where none is served. */
  readonly askRoutes: (() => Promise<AskedRoutes>) | null;
  /** The guard, where one runs. */
  readonly guard: GuardDesk | null;
  /** The policies that decide now. */
  readonly policies: PolicySet;
  /** Third parties and what they are approved for. */
  readonly thirdParties: ThirdParties;
  /** Asks every listener and endpoint what it agrees to. */
  readonly lookAtEndpoints: () => Promise<readonly TlsState[]>;
  /** Hands new keys to the gateway. */
  readonly publish: () => Promise<void>;
  /** What the record's own probes found before. */
  readonly memory: AuditMemory;
  /** Ends probes that take long. */
  readonly signal: AbortSignal;
  readonly inventory: () => Promise<Inventory>;
  /** Asks for a file of a data set as a person who holds nothing on it; null where nothing is served. @returns the HTTP status */
  readonly askDataset: ((name: string, label: string) => Promise<number>) | null;
}

/** What takes long or changes seldom is looked at this often. */
const DAILY_MS = 20 * 3_600_000;

/** Whether a probe passed within a day. */
export async function passedToday(
  { installation }: Pick<ProbeContext, 'installation'>,
  name: ProbeName,
): Promise<boolean> {
  const last = await installation.store.events.latest('probe-completed', `probe:${name}`);
  return last?.data['passed'] === true && clock.nowMs() - Date.parse(last.at) < DAILY_MS;
}

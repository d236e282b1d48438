import type { MessagePort } from 'node:worker_threads';
import type { ClockAnchor, GatewaySnapshot, WorkerTally } from '@sallyport/core';
import type { GuardModels } from '@sallyport/guard';
import type { BackingOff } from './breaker.ts';
import type { CounterMemory } from './counters.ts';
import type { CountedRefusals } from './refusals.ts';

/**
 * What is shut out since the snapshot was built. It reaches workers apart from snapshots: a state that cannot be built
 * stands between no revocation and them.
 */
export interface ShutOut {
  /** Ids of keys. */
  readonly keys: readonly string[];
  /** Names of third parties to which nothing goes. */
  readonly integrations: readonly string[];
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly worker: number;
  readonly run: string;
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** Connections that callers of this worker may hold. */
  readonly connectionsMax: number;
  readonly counters: CounterMemory;
  /** Where workers beat. */
  readonly beats: SharedArrayBuffer;
  readonly clock: ClockAnchor;
  readonly snapshot: GatewaySnapshot;
  readonly shut: ShutOut;
  /** The models of the guard, in memory that workers share; null leaves injections to the rules. */
  readonly models: GuardModels | null;
  /** Whether content is inspected; off only in benches that price the rest of the pipeline. */
  readonly detectors: boolean;
}

/** Numbers a worker reports, added up since its start. */
export interface GatewayStats {
  readonly requests: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly inspectedCharacters: number;
  /** Sums and counts of stage times in milliseconds. */
  readonly stagesMs: Readonly<Record<string, { readonly sum: number; readonly count: number }>>;
  /** Systems that calls do not go to for a while. */
  readonly backingOff: readonly BackingOff[];
  /** Failures of what is observed only; they stop no call. */
  readonly observationFailures: number;
}

/** To a worker. */
export type ToWorker =
  | { readonly type: 'snapshot'; readonly snapshot: GatewaySnapshot; readonly shut: ShutOut }
  /** Says on the port why it would not take a state, or null. */
  | { readonly type: 'try'; readonly snapshot: GatewaySnapshot; readonly port: MessagePort }
  | { readonly type: 'shut-out'; readonly id: number; readonly shut: ShutOut }
  | { readonly type: 'recorded'; readonly batch: number; readonly ok: boolean }
  | { readonly type: 'drain'; readonly deadlineMs: number };

/** From a worker. */
export type FromWorker =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'acknowledged'; readonly version: number }
  | { readonly type: 'refused'; readonly version: number; readonly why: string }
  | { readonly type: 'shut-out'; readonly id: number }
  | { readonly type: 'record'; readonly batch: number; readonly frames: Uint8Array }
  | { readonly type: 'stats'; readonly stats: GatewayStats; readonly tally: WorkerTally }
  | { readonly type: 'refusals'; readonly refused: CountedRefusals }
  | { readonly type: 'certificate-changed'; readonly integration: string; readonly origin: string }
  | { readonly type: 'key-leaked'; readonly key: string; readonly exchange: string }
  /** Something failed that nothing waited for. */
  | { readonly type: 'unforeseen'; readonly fault: Error }
  | { readonly type: 'drained' };

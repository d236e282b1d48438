import type { Worker } from 'node:worker_threads';
import type { WorkerTally } from '@sallyport/core';
import type { GatewayStats } from './messages.ts';
import type { Pulse } from './watchdog.ts';

/** A gateway worker, as the pool sees it. */
export interface PoolWorker {
  readonly thread: Worker;
  version: number;
  /** The last that it acknowledged of what is shut out. */
  shutId: number;
  stats: GatewayStats | null;
  tally: WorkerTally | null;
  drained: boolean;
  listening: boolean;
  /** Names this worker's sequence: a successor begins at 0 under another name. */
  readonly run: string;
  /** What it told that is not durable yet. */
  readonly appending: Set<Promise<unknown>>;
  readonly pulse: Pulse;
}

/** Notes what a worker told until it is durable. */
export function until({ appending }: PoolWorker, durable: Promise<unknown>): void {
  appending.add(durable);
  void durable.finally(() => appending.delete(durable));
}

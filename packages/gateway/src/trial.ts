import { MessageChannel, type Worker } from 'node:worker_threads';
import { CodedError, type GatewaySnapshot } from '@sallyport/core';
import type { ToWorker } from './messages.ts';

/** How long a worker may take to say whether it would take a state. */
const TRIAL_MS = 5_000;

/** Asks a worker whether it would decide by a state; it goes on with its own. @throws CodedError `internal` when it would not */
export function tryState(thread: Worker, snapshot: GatewaySnapshot): Promise<void> {
  return new Promise((done, fail) => {
    const { port1, port2 } = new MessageChannel();
    const settle = (why: string | null): void => {
      clearTimeout(timer);
      port1.close();
      if (why === null) done();
      else fail(new CodedError('internal', `the gateway would not take the new state: ${why}`));
    };
    const timer = setTimeout(() => settle('a worker did not answer in time'), TRIAL_MS);
    port1.once('message', settle);
    try {
      thread.postMessage({ type: 'try', snapshot, port: port2 } satisfies ToWorker, [port2]);
    } catch (fault) {
      settle((fault as Error).message);
    }
  });
}

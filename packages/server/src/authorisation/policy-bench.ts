import { Worker } from 'node:worker_threads';
import { CodedError, type ErrorCode, InTurn } from '@sallyport/core';
import type { PolicyTest, PolicyTestResult } from '@sallyport/policy';

/** Policies to hold against tests. */
export interface PolicyTrial {
  /** Cedar, all of it. */
  readonly text: string;
  readonly tests: readonly PolicyTest[];
}

/** What came of it. */
export interface TriedPolicies {
  readonly version: string;
  readonly results: readonly PolicyTestResult[];
}

/** How long policies and their tests may take, in milliseconds. */
const DEADLINE_MS = 10_000;
/** Trials that wait for the one that runs; more are told to come again. */
const WAITING_MAX = 8;
/** Megabytes of JavaScript memory that a trial may use. */
const HEAP_MEGABYTES_MAX = 256;

/** Tries policies in a thread that is ended when it takes too long: what a person sends keeps nobody else waiting. */
export class PolicyBench {
  readonly #deadlineMs: number;
  #waiting = 0;
  readonly #trials = new InTurn();

  constructor(deadlineMs = DEADLINE_MS) {
    this.#deadlineMs = deadlineMs;
  }

  /** Tries policies, one trial after the other. @throws CodedError `overloaded`, `policy-invalid`, `request-invalid` */
  run(trial: PolicyTrial): Promise<TriedPolicies> {
    if (this.#waiting >= WAITING_MAX)
      return Promise.reject(new CodedError('overloaded', 'too many policies are tried at this moment'));
    this.#waiting++;
    return this.#trials.do(() => this.#once(trial)).finally(() => this.#waiting--);
  }

  #once(trial: PolicyTrial): Promise<TriedPolicies> {
    return new Promise((resolve, reject) => {
      const thread = new Worker(new URL('./policy-bench-thread.ts', import.meta.url), {
        workerData: trial,
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
      });
      const end = (fault: CodedError): void => {
        clearTimeout(timer);
        void thread.terminate();
        reject(fault);
      };
      const seconds = this.#deadlineMs / 1_000;
      const timer = setTimeout(
        () =>
          end(new CodedError('request-invalid', `the tests take more than ${seconds} seconds; try fewer`)),
        this.#deadlineMs,
      );
      thread.once('message', (answer: { tried?: TriedPolicies; code?: ErrorCode; message?: string }) => {
        clearTimeout(timer);
        void thread.terminate();
        if (answer.tried) resolve(answer.tried);
        else reject(new CodedError(answer.code ?? 'internal', answer.message));
      });
      thread.once('error', (cause) =>
        end(new CodedError('internal', 'policies could not be tried', { cause })),
      );
      thread.once('exit', () => end(new CodedError('internal', 'policies could not be tried')));
    });
  }
}

import type { SallyportEvent, WorkerLeaf, WorkerTally } from '@sallyport/core';

/** Records of one worker that it was told are durable, and that are not in the log. */
export interface RecordGap {
  readonly worker: number;
  readonly run: string;
  readonly exchanges: number;
  readonly outcomes: number;
}

interface Counted {
  exchanges: number;
  outcomes: number;
  /** Of those missing, how many were told. */
  told: number;
}

/**
 * Finds what was dropped between a worker and the log: it counts the leaves of each worker of this run as they come out
 * of the log, and holds them against what the worker was told is durable.
 */
export class GapWatch {
  readonly #run: string;
  readonly #onGap: (gap: RecordGap) => void;
  readonly #counted = new Map<string, Counted>();
  /** Numbers of leaves below this were counted: the projection may come by twice. */
  #next = 0;

  /** @param run id of this run: names of its workers' sequences begin with it */
  constructor(run: string, onGap: (gap: RecordGap) => void) {
    this.#run = run;
    this.#onGap = onGap;
  }

  /** Missing records of all workers of this run. */
  get missing(): number {
    return [...this.#counted.values()].reduce((sum, { told }) => sum + told, 0);
  }

  #of(run: string, worker: number): Counted {
    const key = `${run} ${worker}`;
    const known = this.#counted.get(key) ?? { exchanges: 0, outcomes: 0, told: 0 };
    this.#counted.set(key, known);
    return known;
  }

  /** Takes note of a leaf of the log, in order. */
  see(index: number, leaf: WorkerLeaf | SallyportEvent): void {
    if (index < this.#next) return;
    this.#next = index + 1;
    if (!('worker' in leaf) || !leaf.run.startsWith(this.#run)) return;
    const counted = this.#of(leaf.run, leaf.worker);
    if (leaf.type === 'worker-heartbeat') this.compare(leaf.worker, leaf.run, leaf);
    else if (leaf.type === 'exchange-outcome') counted.outcomes++;
    else counted.exchanges++;
  }

  /** Holds what a worker was told against what came out of the log; all that it was told of must have. */
  compare(worker: number, run: string, { exchanges, outcomes }: WorkerTally): void {
    const counted = this.#of(run, worker);
    const missing = {
      exchanges: Math.max(0, exchanges - counted.exchanges),
      outcomes: Math.max(0, outcomes - counted.outcomes),
    };
    const sum = missing.exchanges + missing.outcomes;
    if (sum <= counted.told) return;
    counted.told = sum;
    this.#onGap({ worker, run, ...missing });
  }
}

import type { Worker } from 'node:worker_threads';

/** From one beat of a worker to the next, and from one look at them to the next. */
export const BEAT_MS = 250;
/** Longest a worker may go without a beat. */
const SILENT_MS_MAX = 2_000;
const SILENT_LOOKS_MAX = SILENT_MS_MAX / BEAT_MS;

/** What is known of one worker: its last beat, and for how many looks it has not changed. */
export interface Pulse {
  beat: number;
  silent: number;
}

/**
 * Beats of all workers, in memory that they share with the main thread: a worker whose event loop stands still stops
 * beating, whatever holds it up. Behind the beats stands whether the record can be written.
 */
export class Heartbeats {
  readonly memory: SharedArrayBuffer;
  readonly #beats: Int32Array;

  /** @param memory as {@link Heartbeats.allocate} made it */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#beats = new Int32Array(memory);
  }

  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer((workers + 1) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Whether what a worker does can be recorded; each of them reads it, and says so to whoever asks. */
  set recordable(can: boolean) {
    Atomics.store(this.#beats, this.#beats.length - 1, can ? 0 : 1);
  }

  get recordable(): boolean {
    return Atomics.load(this.#beats, this.#beats.length - 1) === 0;
  }

  /** Says that a worker's event loop turns. */
  beat(worker: number): void {
    Atomics.add(this.#beats, worker, 1);
  }

  /**
   * Looks at a worker, every {@link BEAT_MS}. Looks are counted and not time: while the main thread itself stands still,
   * or the machine sleeps, no worker grows silent.
   * @returns whether it has just become too silent
   */
  look(worker: number, pulse: Pulse): boolean {
    const beat = Atomics.load(this.#beats, worker);
    if (beat === pulse.beat) return ++pulse.silent === SILENT_LOOKS_MAX;
    pulse.beat = beat;
    pulse.silent = 0;
    return false;
  }
}

/** Whether a worker has been silent for too long. */
export const isStuck = ({ silent }: Pulse): boolean => silent >= SILENT_LOOKS_MAX;

/** Threads that are asked to end. */
const ending = new WeakSet<Worker>();

/**
 * Ends a thread whatever it does. To be told once is not always enough: Node ends the callback that runs, and then may
 * still run those of other connections that were ready in the same turn.
 */
export function endThread(thread: Worker): void {
  if (ending.has(thread)) return;
  ending.add(thread);
  const again = setInterval(() => void thread.terminate(), BEAT_MS).unref();
  thread.once('exit', () => clearInterval(again));
  void thread.terminate();
}

import { endianness } from 'node:os';

const SECOND_NS = 1_000_000_000n;
/** Seconds that count: a minute, and the one that has begun. */
const SPAN = 61;
/** Seconds that have a place: a power of two above {@link SPAN}. */
const RING = 64;
/** Threads that count, at most. */
export const THREADS_MAX = 16;
const COUNT_BITS = 32n;
const COUNT_MAX = 2 ** 31;
/** Which half of a cell holds which number. */
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** The second of a time, never 0. @param nowNs by the monotonic clock */
export const secondOf = (nowNs: bigint): number => Number(nowNs / SECOND_NS) + 1;

/**
 * What was taken in the last minute, for many subjects, counted once for all threads: one cell for each second, its number in
 * the upper half and the count in the lower, moved by compare-and-swap. A second counts until all of it is a minute old, so
 * no minute, wherever it begins, holds more than the limit.
 */
export class MinuteWindows {
  readonly #cells: BigInt64Array;
  readonly #halves: Int32Array;

  /** @param memory as {@link MinuteWindows.allocate} made it */
  constructor(memory: SharedArrayBuffer) {
    this.#cells = new BigInt64Array(memory);
    this.#halves = new Int32Array(memory);
  }

  static allocate(subjects: number): SharedArrayBuffer {
    return new SharedArrayBuffer(subjects * RING * 8);
  }

  /** What counts now. */
  sum(subject: number, second: number): number {
    const halves = this.#halves;
    const end = 2 * (subject + 1) * RING;
    let sum = 0;
    for (let half = 2 * subject * RING; half < end; half += 2) {
      // A cell that counts has the same second for as long as it does.
      const own = Atomics.load(halves, half + HIGH!);
      if (own !== 0 && second - own < SPAN) sum += Atomics.load(halves, half + LOW!) >>> 0;
    }
    return sum;
  }

  /** Takes units where the minute has room for them. @returns 0, or how many seconds until it has */
  take(subject: number, units: number, limit: number, second: number): number {
    if (units === 0) return 0;
    const cell = subject * RING + (second % RING);
    for (;;) {
      const before = Atomics.load(this.#cells, cell);
      const sum = this.sum(subject, second);
      if (sum + units > limit) return this.#wait(subject, sum + units - limit, second);
      if (!this.#swap(cell, before, second, units)) continue;
      // Another thread may have gone on to the next second meanwhile, without this in its sum. While each takes no more than
      // its part of what is left, all together take no more than that.
      if (sum + THREADS_MAX * units <= limit || this.sum(subject, second) <= limit) return 0;
      this.add(subject, -units, second);
      return 1;
    }
  }

  /** Counts more, or fewer, in a second that still has its place. */
  add(subject: number, units: number, second: number): void {
    const cell = subject * RING + (second % RING);
    for (;;) {
      const before = Atomics.load(this.#cells, cell);
      const stale = before >> COUNT_BITS !== BigInt(second);
      if (stale && units < 0) return;
      if (this.#swap(cell, before, second, units)) return;
    }
  }

  clear(subject: number): void {
    for (let cell = subject * RING; cell < (subject + 1) * RING; cell++) Atomics.store(this.#cells, cell, 0n);
  }

  #swap(cell: number, before: bigint, second: number, units: number): boolean {
    const own = before >> COUNT_BITS === BigInt(second) ? Number(BigInt.asUintN(32, before)) : 0;
    const count = Math.max(0, Math.min(COUNT_MAX, own + units));
    const after = (BigInt(second) << COUNT_BITS) | BigInt(count);
    return Atomics.compareExchange(this.#cells, cell, before, after) === before;
  }

  /** Seconds until as much of what counts is a minute old. */
  #wait(subject: number, most: number, second: number): number {
    let over = most;
    for (let age = SPAN - 1; age >= 0 && over > 0; age--) {
      const own = second - age;
      if (own <= 0) continue;
      const half = 2 * (subject * RING + (own % RING));
      if (Atomics.load(this.#halves, half + HIGH!) === own)
        over -= Atomics.load(this.#halves, half + LOW!) >>> 0;
      if (over <= 0) return SPAN - age;
    }
    return SPAN;
  }
}

import { clock } from '@sallyport/core';

/** What a whole run may cost, whatever its files do. What it does not come to is incomplete, never clean. */
export interface RunLimits {
  /** Milliseconds, finding the files included. */
  readonly timeMs: number;
  /** Of all files that are read, as large as they are. */
  readonly bytes: number;
  readonly files: number;
}

/** More than any honest run needs. */
export const DEFAULT_RUN: RunLimits = {
  timeMs: 4 * 3_600_000,
  bytes: 64 * 1024 ** 4,
  files: 1_000_000,
};

/** Counts what a run has cost. */
export class RunCeiling {
  readonly #limits: RunLimits;
  readonly #endsMs: number;
  #files = 0;
  #bytes = 0;

  constructor(limits: Partial<RunLimits> = {}) {
    this.#limits = { ...DEFAULT_RUN, ...limits };
    this.#endsMs = clock.nowMs() + this.#limits.timeMs;
  }

  /** Milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.#endsMs - clock.nowMs());
  }

  get outOfTime(): boolean {
    return this.leftMs === 0;
  }

  /** Names that are looked at. */
  get namesMax(): number {
    return DEFAULT_RUN.files;
  }

  /** Counts a file that is to be read. @returns why it is not, in words; null where it may be */
  refusal(bytes: number): string | null {
    const { files, bytes: bytesMax, timeMs } = this.#limits;
    if (this.outOfTime) return `the run had taken the ${timeMs / 1000} seconds that it may`;
    if (this.#files >= files) return `the run had read the ${files} files that it may`;
    if (this.#bytes + bytes > bytesMax)
      return `the run would have read more than the ${bytesMax} bytes that it may`;
    this.#files++;
    this.#bytes += bytes;
    return null;
  }
}

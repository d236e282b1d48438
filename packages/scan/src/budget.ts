import { clock } from '@sallyport/core';

/** What one file may cost. What runs out makes the verdict incomplete, never clean. */
export interface BudgetLimits {
  /** Bytes that compressed members may become, over all of them. */
  readonly expandedBytesMax: number;
  /** Members of archives, and parts that are scanned on their own. */
  readonly membersMax: number;
  /** Archives within archives. */
  readonly depthMax: number;
  /** Milliseconds. */
  readonly timeMs: number;
}

/** Enough for any honest model, little enough for a hostile one. */
export const DEFAULT_BUDGET: BudgetLimits = {
  expandedBytesMax: 4 * 1024 * 1024 * 1024,
  membersMax: 100_000,
  depthMax: 8,
  timeMs: 60_000,
};

/** Counts what one file has cost. */
export class Budget {
  readonly limits: BudgetLimits;
  readonly #endsMs: number;
  expandedBytes = 0;
  members = 0;

  constructor(limits: BudgetLimits) {
    this.limits = limits;
    this.#endsMs = clock.nowMs() + limits.timeMs;
  }

  get outOfTime(): boolean {
    return clock.nowMs() > this.#endsMs;
  }

  /** Bytes that may still come out of compression. */
  get expandableBytes(): number {
    return Math.max(0, this.limits.expandedBytesMax - this.expandedBytes);
  }
}

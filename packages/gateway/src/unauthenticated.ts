import { LIMITS } from '@sallyport/core';

const WINDOW_MS = 60_000;

/** Keeps a flood of unauthenticated calls from flooding the record: past a limit an address is only counted. */
export class Unauthenticated {
  readonly #report: (address: string, count: number) => void;
  #addresses = new Map<string, { recorded: number; counted: number }>();
  #others = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param report takes the counts of a window when it ends */
  constructor(report: (address: string, count: number) => void) {
    this.#report = report;
    this.#timer = setInterval(() => this.flush(), WINDOW_MS).unref();
  }

  /** Whether this call is one that is only counted. */
  count(address: string): boolean {
    let entry = this.#addresses.get(address);
    if (!entry) {
      if (this.#addresses.size >= LIMITS.addressesTrackedMax) {
        this.#others++;
        return true;
      }
      entry = { recorded: 0, counted: 0 };
      this.#addresses.set(address, entry);
    }
    if (entry.recorded < LIMITS.unauthenticatedRecordsPerMinute) {
      entry.recorded++;
      return false;
    }
    entry.counted++;
    return true;
  }

  /** Reports what was counted and begins a new window. */
  flush(): void {
    for (const [address, { counted }] of this.#addresses) if (counted > 0) this.#report(address, counted);
    if (this.#others > 0) this.#report('(others)', this.#others);
    this.#addresses = new Map();
    this.#others = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

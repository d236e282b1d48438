import type { SallyportEvent } from '@sallyport/core';
import { dayKey, type ExchangeRow, type ExpiredRange } from '@sallyport/store';
import { ExpiredCalls, expiredBy } from '../expired-calls.ts';

/** Missing rows that are named of one day. */
const NAMED_MAX = 20;

/** A row that its entries made and that is not there. */
export interface MissingRow {
  readonly id: string;
  readonly entry: number;
}

/** Calls of one system that were made on a day. */
interface Day {
  readonly system: string | null;
  readonly day: string;
  /** Entries that made rows of them. */
  made: number;
  /** Of those, rows that were looked for and are missing without an event that says why; the first by name. */
  missing: number;
  named: MissingRow[];
  /** Whether an event says that they may be gone. */
  told: boolean;
}

/** Whether a range holds the calls of a day. */
const holdsDay = ({ from, before }: Pick<ExpiredRange, 'from' | 'before'>, day: string): boolean =>
  day < before && day >= (from ?? '');

/** Events and calls that the entries of a bundle made, so that they need not be read again. */
export interface DaysMade {
  readonly calls: readonly (readonly [system: string | null, day: string, calls: number])[];
  readonly expiring: readonly (readonly [index: number, event: SallyportEvent])[];
}

/** Of a bundle of which nothing is known. */
export const NO_DAYS: DaysMade = { calls: [], expiring: [] };

/**
 * Which missing rows of calls have expired, as the log is read from its beginning: an event covers what was made before it, and a
 * row that is missing without one stays a finding.
 */
export class ExpiredRows {
  readonly #days = new Map<string, Day>();
  #calls = new Map<string, readonly [string | null, string, number]>();
  #expiring: (readonly [number, SallyportEvent])[] = [];
  readonly #told = new ExpiredCalls();

  #day(system: string | null, day: string): Day {
    const key = dayKey(system, day);
    const known = this.#days.get(key);
    if (known) return known;
    const fresh = { system, day, made: 0, missing: 0, named: [], told: false };
    this.#days.set(key, fresh);
    return fresh;
  }

  /** Begins to note what a bundle makes. */
  beginBundle(): void {
    this.#calls = new Map();
    this.#expiring = [];
  }

  /** What the bundle that is being read made. */
  bundle(): DaysMade {
    return { calls: [...this.#calls.values()], expiring: this.#expiring };
  }

  /** Takes what a bundle made, as it was read before. */
  passed({ calls, expiring }: DaysMade): void {
    for (const [system, day, n] of calls) this.#day(system, day).made += n;
    for (const [index, event] of expiring) this.see(index, event);
  }

  /** Notes an entry that made a row, which the state has seen. */
  made(system: string | null, at: string): void {
    const day = at.slice(0, 10);
    this.#day(system, day).made++;
    const key = dayKey(system, day);
    this.#calls.set(key, [system, day, (this.#calls.get(key)?.[2] ?? 0) + 1]);
  }

  /** Notes a row that is missing: an entry behind its own may say that it has expired. */
  missing({ system, at, id, intent_index: entry }: ExchangeRow): void {
    const name = at.slice(0, 10);
    const isTold = this.#told.ranges.some(
      (range) => range.index > entry && range.system === system && holdsDay(range, name),
    );
    if (isTold) return;
    const day = this.#day(system, name);
    day.missing++;
    if (day.named.length < NAMED_MAX) day.named.push({ id, entry });
  }

  /** Notes an event of the log. */
  see(index: number, event: SallyportEvent): void {
    const range = expiredBy(event);
    if (range === null) return;
    this.#expiring.push([index, event]);
    this.#told.see(index, event);
    for (const day of this.#days.values())
      if (day.system === range.system && holdsDay(range, day.day))
        Object.assign(day, { told: true, missing: 0, named: [] });
  }

  /** Rows that are missing and that no event covers: the first of each day. */
  unexplained(): MissingRow[] {
    return [...this.#days.values()].flatMap(({ named }) => named);
  }

  /** How many rows are missing that no event covers. */
  get missingRows(): number {
    return [...this.#days.values()].reduce((sum, { missing }) => sum + missing, 0);
  }

  /** Whether any event says that calls have expired. */
  get any(): boolean {
    return this.#told.ranges.length > 0;
  }

  /**
   * Of days of which an event says that their calls have expired: how many rows their entries made, how many are there, and how many
   * are there that no entry made. The sweep may be at work.
   * @param there rows by day, as {@link dayKey} names it
   */
  expired(there: ReadonlyMap<string, number>): { made: number; there: number; more: number } {
    const sum = { made: 0, there: 0, more: 0 };
    for (const { system, day, made, told } of this.#days.values()) {
      if (!told) continue;
      const is = there.get(dayKey(system, day)) ?? 0;
      sum.made += made;
      sum.there += is;
      sum.more += Math.max(0, is - made);
    }
    return sum;
  }

  /** Rows that are missing without an event, of days of which no event says anything. */
  get lost(): number {
    return [...this.#days.values()].reduce((sum, { missing, told }) => sum + (told ? 0 : missing), 0);
  }
}

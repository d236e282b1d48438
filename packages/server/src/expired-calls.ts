import type { SallyportEvent } from '@sallyport/core';
import type { ExchangeFilter, ExpiredRange } from '@sallyport/store';

/** A range of calls that the log says have expired. */
export interface ToldRange extends ExpiredRange {
  /** Number of the entry that says so: it is said of calls before it. */
  readonly index: number;
  /** When it was said, ISO 8601, UTC. */
  readonly at: string;
}

/** What has expired of one system. */
export interface ExpiredSum {
  readonly calls: number;
  /** Of those, calls of our own probes. */
  readonly synthetic: number;
  /** The day before which they were, `YYYY-MM-DD`. */
  readonly before: string;
}

const TYPE = 'calls-expired';
const SYSTEM = 'system:';

/** What an event says has expired; null where it says nothing of that. */
export function expiredBy(event: Pick<SallyportEvent, 'type' | 'subject' | 'data'>): ExpiredRange | null {
  if (event.type !== TYPE) return null;
  const { from, before } = event.data;
  return {
    system: event.subject.startsWith(SYSTEM) ? event.subject.slice(SYSTEM.length) : null,
    from: typeof from === 'string' ? from : null,
    before: String(before),
  };
}

/** Whether a range holds all of another. */
const holds = (one: ExpiredRange, other: ExpiredRange): boolean =>
  one.system === other.system &&
  one.before >= other.before &&
  (one.from === null || (other.from !== null && one.from <= other.from));

/** What has expired, as lists and counts of calls say it beside what is there. */
export interface ExpiredNote {
  readonly calls: number;
  /** The day before which they were, `YYYY-MM-DD`. */
  readonly before: string;
}

/** What has expired of the calls that a list would hold; null for none. */
export function expiredNote(
  expired: ExpiredCalls,
  { systems, except, synthetic, from }: Pick<ExchangeFilter, 'systems' | 'except' | 'synthetic' | 'from'>,
): ExpiredNote | null {
  const sum = expired.sum((system) =>
    systems ? system !== null && systems.includes(system) : system === null || !except?.includes(system),
  );
  if (sum === null || (from !== undefined && from >= sum.before)) return null;
  const calls = synthetic === undefined ? sum.calls : synthetic ? sum.synthetic : sum.calls - sum.synthetic;
  return calls === 0 ? null : { calls, before: sum.before };
}

/** What is kept between starts. */
export interface SavedExpired {
  readonly ranges: readonly ToldRange[];
  readonly sums: readonly (ExpiredSum & { readonly system: string | null })[];
}

/** Calls whose rows have expired, as the log says: of each system how many, and which. */
export class ExpiredCalls {
  /** Ranges that no later one holds. */
  #ranges: ToldRange[];
  readonly #sums = new Map<string | null, ExpiredSum>();

  constructor(saved: SavedExpired = { ranges: [], sums: [] }) {
    this.#ranges = [...saved.ranges];
    for (const { system, ...sum } of saved.sums) this.#sums.set(system, sum);
  }

  /** Notes an event of the log; others are passed over. */
  see(index: number, event: SallyportEvent): void {
    const range = expiredBy(event);
    if (range === null) return;
    this.#ranges = [...this.#ranges.filter((one) => !holds(range, one)), { ...range, index, at: event.at }];
    const { calls = 0, synthetic = 0, before = '' } = this.#sums.get(range.system) ?? {};
    this.#sums.set(range.system, {
      calls: calls + Number(event.data['calls']),
      synthetic: synthetic + Number(event.data['synthetic']),
      before: range.before > before ? range.before : before,
    });
  }

  get ranges(): readonly ToldRange[] {
    return this.#ranges;
  }

  /** The day up to which a range has expired; null where none of it has. */
  toldUntil({ system, from }: ExpiredRange): string | null {
    const days = this.#ranges.flatMap((one) =>
      one.system === system && (one.from === null || (from !== null && one.from <= from)) ? [one.before] : [],
    );
    return days.sort().at(-1) ?? null;
  }

  /** What has expired of some systems. @param isAsked whether it is asked for */
  sum(isAsked: (system: string | null) => boolean): ExpiredSum | null {
    const asked = [...this.#sums].flatMap(([system, sum]) => (isAsked(system) ? [sum] : []));
    if (asked.length === 0) return null;
    const days = asked.map(({ before }) => before).sort();
    const total = (of: 'calls' | 'synthetic'): number => asked.reduce((all, one) => all + one[of], 0);
    return { calls: total('calls'), synthetic: total('synthetic'), before: days.at(-1)! };
  }

  /** What is to be kept. */
  save(): SavedExpired {
    return { ranges: this.#ranges, sums: [...this.#sums].map(([system, sum]) => ({ system, ...sum })) };
  }
}

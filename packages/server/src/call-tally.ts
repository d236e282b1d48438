import { countUpTo, type ExchangeLeaf, NUMBER_LIMITS } from '@sallyport/core';

/** A call that the log has no end of: it is under way, or a crash cut it off. */
export interface OpenCall {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly worker: number;
  readonly seq: number;
  readonly run: string;
  readonly synthetic: boolean;
  readonly demo: boolean;
  readonly system: string | null;
  /** Whether its system was removed since: what it costs is none of the next one's of that name. */
  readonly removed: boolean;
  readonly actor: string;
  readonly reservedMicroUsd: number;
}

/** What is kept between starts. */
export interface SavedCalls {
  readonly open: readonly OpenCall[];
  /** By day, then by whom: millionths of a US dollar. */
  readonly spent: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Days of which it is known what was spent: a call may end on the next, and a clock may have been wrong once. */
const DAYS_MAX = 3;

const dayOf = (at: string): string => at.slice(0, 10);
const spend = (value: unknown): number => countUpTo(value, NUMBER_LIMITS.costMicroUsdMax);

/** Calls as the log tells of them, entry by entry: which have no end, and what was spent on a day. No row of the state is asked. */
export class CallTally {
  readonly #open = new Map<string, OpenCall>();
  readonly #spent = new Map<string, Map<string, number>>();

  constructor(saved: SavedCalls = { open: [], spent: {} }) {
    for (const call of saved.open) this.#open.set(call.id, call);
    for (const [day, sums] of Object.entries(saved.spent))
      this.#spent.set(day, new Map(Object.entries(sums)));
  }

  /** Notes an entry of a call. */
  see(leaf: ExchangeLeaf): void {
    if (leaf.type === 'exchange-intent') {
      const { id, at, worker, seq, run, synthetic, demo, system, actor } = leaf;
      const reservedMicroUsd = spend(leaf.reservedMicroUsd);
      const call = { id, at, worker, seq, run, synthetic, demo, system, removed: false, actor };
      this.#open.set(id, { ...call, reservedMicroUsd });
    } else if (leaf.type === 'exchange-outcome') {
      const call = this.#open.get(leaf.id);
      if (!call) return;
      this.#open.delete(leaf.id);
      const micro = spend(leaf.costMicroUsd);
      const sums = micro > 0 ? this.#sumsOf(dayOf(call.at)) : null;
      if (sums) for (const who of payersOf(call)) sums.set(who, (sums.get(who) ?? 0) + micro);
    }
  }

  /** Sums of a day; null for one that is older than those that are kept. */
  #sumsOf(day: string): Map<string, number> | null {
    const known = this.#spent.get(day);
    if (known) return known;
    const sums = new Map<string, number>();
    this.#spent.set(day, sums);
    if (this.#spent.size <= DAYS_MAX) return sums;
    const [oldest = day] = [...this.#spent.keys()].sort();
    this.#spent.delete(oldest);
    return oldest === day ? null : sums;
  }

  /** Notes that a system of a name began or ended: what was spent at an earlier one is none of its own. */
  livesAnew(name: string): void {
    for (const sums of this.#spent.values()) sums.delete(`system:${name}`);
    for (const [id, call] of this.#open)
      if (call.system === name) this.#open.set(id, { ...call, removed: true });
  }

  /** Calls without an end, oldest first. */
  get open(): readonly OpenCall[] {
    return [...this.#open.values()];
  }

  /**
   * What was spent by calls that began on a day (`YYYY-MM-DD`), in millionths of a US dollar; of a call without an end it is what
   * was reserved.
   * @param who an actor, or `system:NAME`
   */
  spentBy(who: string, day: string): number {
    let sum = this.#spent.get(day)?.get(who) ?? 0;
    for (const call of this.#open.values())
      if (dayOf(call.at) === day && payersOf(call).includes(who)) sum += call.reservedMicroUsd;
    return sum;
  }

  /** What is to be kept. */
  save(): SavedCalls {
    const spent = [...this.#spent].map(([day, sums]) => [day, Object.fromEntries(sums)]);
    return { open: this.open, spent: Object.fromEntries(spent) };
  }
}

/** Who pays for a call. */
const payersOf = ({ actor, system, removed }: OpenCall): string[] =>
  removed || system === null ? [actor] : [actor, `system:${system}`];

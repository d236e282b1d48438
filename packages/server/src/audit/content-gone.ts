import type { SallyportEvent } from '@sallyport/core';

/** Content that can be read no longer, and the event that says why. */
export interface GoneContent {
  readonly why: 'expired' | 'shredded';
  readonly system: string;
  /** Number of the event's entry. */
  readonly entry: number;
  readonly contents: number;
}

/** One content that is not there, or that no key opens. */
export interface LostContent {
  readonly entry: number;
  readonly exchange: string;
  readonly direction: 'input' | 'output';
  readonly system: string | null;
  readonly at: string;
  /** The data key that sealed it, where the sealed content is still there. */
  readonly key: string | null;
  readonly message: string;
}

/** Contents of one system and key, or day, that are lost until an event explains them. */
interface Group {
  readonly day: string;
  readonly key: string | null;
  count: number;
  readonly named: LostContent[];
}

/** Lost contents of a group that are named; the others are counted. */
export const NAMED_MAX = 20;
/** Milliseconds into a day in which what is recorded may be sealed by the key of the day before. */
const MIDNIGHT_MS = 3_600_000;
const EVENTS_MAX = 1_000;

const sealedOn = (at: string): string => {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? '9999-12-31' : new Date(ms - MIDNIGHT_MS).toISOString().slice(0, 10);
};

/** Holds content that is gone against the events that say that it was destroyed: each explains only what stands before it. */
export class GoneContents {
  readonly #groups = new Map<string, Map<string, Group>>();
  readonly #explained: GoneContent[] = [];
  expired = 0;
  shredded = 0;

  /** Notes contents of one system and key, or day, that are gone. @param named some of them @param contents how many there are */
  lose(named: readonly LostContent[], contents: number): void {
    const [lost] = named;
    if (!lost) return;
    const system = lost.system ?? '';
    const groups = this.#groups.get(system) ?? new Map<string, Group>();
    this.#groups.set(system, groups);
    const { key } = lost;
    const day = sealedOn(lost.at);
    const group = groups.get(key ?? day) ?? { day, key, count: 0, named: [] };
    groups.set(key ?? day, group);
    group.count += contents;
    group.named.push(...named.slice(0, NAMED_MAX - group.named.length));
  }

  /** Whether two contents are told by the same group. */
  static areAlike(one: LostContent, other: LostContent): boolean {
    return one.system === other.system && (one.key ?? sealedOn(one.at)) === (other.key ?? sealedOn(other.at));
  }

  /** Reads an event that may explain what was lost before it. */
  explain(index: number, event: SallyportEvent): void {
    if (!event.subject.startsWith('system:')) return;
    const system = event.subject.slice('system:'.length);
    const groups = this.#groups.get(system);
    if (!groups) return;
    const before = String(event.data['before'] ?? '');
    // Earlier versions did not say which keys: then the days tell.
    const keys = event.data['ids'] as readonly string[] | undefined;
    const why = event.type === 'vault-shredded' ? 'shredded' : 'expired';
    let contents = 0;
    for (const [name, { day, key, count }] of groups) {
      // A key whose day was changed in its file is destroyed before its time: what it sealed tells. A day more, for
      // what was recorded late under the key of the day before.
      const isOver = key !== null && keys ? keys.includes(key) && day <= before : day < before;
      if (why === 'expired' && !isOver) continue;
      contents += count;
      groups.delete(name);
    }
    this[why] += contents;
    if (contents > 0 && this.#explained.length < EVENTS_MAX)
      this.#explained.push({ why, system, entry: index, contents });
  }

  /** Events that explained something. */
  get explained(): readonly GoneContent[] {
    return this.#explained;
  }

  /** What no event explained: some by name, all by count. */
  unexplained(): { readonly named: readonly LostContent[]; readonly count: number } {
    const groups = [...this.#groups.values()].flatMap((own) => [...own.values()]);
    return {
      named: groups.flatMap(({ named }) => named),
      count: groups.reduce((sum, { count }) => sum + count, 0),
    };
  }
}

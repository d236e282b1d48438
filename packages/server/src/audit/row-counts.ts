import type { StateView } from '@sallyport/store';
import type { ExpiredRows } from './expired-rows.ts';

const KINDS = ['exchanges', 'events'] as const;
type Kind = (typeof KINDS)[number];

/** Rows as entries make them. */
export interface Tally {
  /** Entries that the state has seen, and later ones. */
  made: number;
  ahead: number;
  /** Rows of the former that are missing, of events; of exchanges `ExpiredRows` knows. And rows of the latter that are there. */
  gone: number;
  there: number;
}

/** None yet. */
export const newTally = (): Record<Kind, Tally> => ({
  exchanges: { made: 0, ahead: 0, gone: 0, there: 0 },
  events: { made: 0, ahead: 0, gone: 0, there: 0 },
});

/** What rows are counted against. */
export interface Counting {
  readonly view: StateView;
  /** Entries that the state has seen, and all that were read. */
  readonly seen: number;
  readonly size: number;
  readonly tally: Readonly<Record<Kind, Tally>>;
  readonly expired: ExpiredRows;
  /** Whether a server is at work on the state. */
  readonly isRunning: boolean;
  /** Whether entries of the journal were not shown. */
  readonly isWithheld: boolean;
}

const NONE = { made: 0, there: 0, more: 0 };

/** Counts the rows of a state against what the entries of its log made: what was not looked at one by one is found so. */
export async function countRows({
  view,
  seen,
  size,
  tally,
  expired: rows,
  isRunning,
  isWithheld,
}: Counting): Promise<{ problems: string[]; unknown: number; expired: number }> {
  const found = await view.counts(seen, size);
  const expired = rows.any ? rows.expired(await view.callsByDay(seen)) : NONE;
  const problems: string[] = [];
  let unknown = 0;
  for (const kind of KINDS) {
    const { made, ahead, gone, there } = tally[kind];
    const { between, beyond, odd } = found[kind];
    // Rows of days that have expired are counted separately.
    const [own, lost] = kind === 'exchanges' ? [expired, rows.lost] : [NONE, gone];
    const below = found[kind].below - own.there;
    const should = made - own.made - lost;
    const extra =
      own.more +
      Math.max(0, below - should) +
      Math.max(0, between - (isRunning ? ahead : there)) +
      // Where no server runs, no row is of an entry that is not there.
      (isRunning || isWithheld ? 0 : beyond) +
      odd;
    unknown += extra;
    if (extra > 0) problems.push(`${extra} ${kind} in the state were made by no entry of the log`);
    // Of those that were not looked at one by one.
    if (below < should) problems.push(`${should - below} ${kind} are in the log and missing in the state`);
  }
  return { problems, unknown, expired: expired.made - expired.there + expired.more };
}

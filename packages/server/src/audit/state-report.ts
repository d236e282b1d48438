import type { LedgerProblem } from '@sallyport/ledger';
import type { Divergence } from '../state-watch.ts';

/** What problems of the state name as their file. */
export const FILE = 'state.db';

/** What came of holding the state against the log that it follows from. */
export interface StateReport {
  readonly result: 'ok' | 'bad' | 'not-checked';
  /** Why it was not checked, or not whole. */
  readonly why: string | null;
  /** Exchanges and events that are in the state as the log has them. */
  readonly exchanges: number;
  readonly events: number;
  /** Exchanges whose rows are gone since their days were over, as events of the log say. */
  readonly expired: number;
  /** Rows that grant something and follow from the log; null where those were not held against it. */
  readonly rows: number | null;
  /** Entries that are not projected yet: the next start does it. */
  readonly waiting: number;
  readonly diverging: readonly Divergence[];
  readonly missing: number;
  readonly different: number;
  /** Exchanges and events that no entry made. */
  readonly unknown: number;
  readonly problems: readonly LedgerProblem[];
}

/** A report of state that could not be read. */
export const unread = (result: 'bad' | 'not-checked', why: string): StateReport => ({
  result,
  why,
  ...{ exchanges: 0, events: 0, rows: null, waiting: 0, expired: 0, missing: 0, different: 0, unknown: 0 },
  diverging: [],
  problems: result === 'bad' ? [{ file: FILE, entry: null, message: why }] : [],
});

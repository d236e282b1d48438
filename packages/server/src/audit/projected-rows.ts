import type { EventRow, ExchangeRow } from '@sallyport/store';

/** Columns of an exchange's row that are held against what its entries make of it. */
export const EXCHANGE_COLUMNS = [
  ...['at', 'ended_at', 'system', 'actor', 'dialect', 'operation', 'model', 'mode', 'stream', 'demo'],
  ...[
    'synthetic',
    'outcome',
    'status',
    'code',
    'action',
    'would_be',
    'inspected',
    'policy_ids',
    'redactions',
  ],
  ...['input_tokens', 'output_tokens', 'cost_micro_usd', 'priced', 'reserved_tokens', 'reserved_micro_usd'],
  ...['cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens', 'audio_tokens'],
  ...['detections', 'timings', 'intent_index', 'outcome_index', 'worker', 'seq', 'run', 'trace'],
] as readonly (keyof ExchangeRow)[];

/** Columns of an event's row that are held against its entry. */
export const EVENT_COLUMNS = [
  ...['at', 'type', 'actor', 'subject', 'demo', 'synthetic', 'data', 'leaf_index'],
] as readonly (keyof EventRow)[];

/** Columns that are not, and why. */
export const NOT_COMPARED: Readonly<Record<'exchanges' | 'events', Readonly<Record<string, string>>>> = {
  exchanges: {
    id: 'rows are looked up by it: another one is a row that is missing and one that no entry made',
  },
  events: { id: 'rows are looked up by it: another one is a row that is missing and one that no entry made' },
};

/** Columns that only the end of an exchange changes. */
const OPENING: readonly (keyof ExchangeRow)[] = ['at', 'system', 'actor', 'model', 'intent_index'];

/** What an entry says; null where its bytes were changed: that is told by the log. */
export function entryOf<T>(leaf: Uint8Array): T | null {
  try {
    return JSON.parse(Buffer.from(leaf).toString()) as T;
  } catch {
    return null;
  }
}

/** Whether a value is what it should be: nothing is not an empty text, and bytes are no text that reads the same. */
function isSame(is: unknown, should: unknown): boolean {
  const [one, other] = [is ?? null, should ?? null];
  if (one === null || other === null) return one === other;
  return typeof one !== 'object' && String(one) === String(other);
}

/** What entries make of a row, and whether it may be missing. */
export interface Expected<T> {
  /** What it may be: with its end or without, where that is not read into the state yet. */
  readonly rows: readonly [T, ...T[]];
  /** Its entry is not read into the state yet. */
  readonly isAhead: boolean;
  /** Its end may stand in entries that were not read. */
  readonly isEndUnread?: boolean;
}

/** The first columns in which a row is none of what it may be. */
export function differing<T>(is: T, { rows }: Expected<T>, columns: readonly (keyof T)[]): string[] {
  const wrong = (should: T): string[] =>
    columns.filter((column) => !isSame(is[column], should[column])).map(String);
  const [first, ...others] = rows;
  const found = wrong(first);
  return found.length > 0 && others.some((other) => wrong(other).length === 0) ? [] : found;
}

/** The same of an exchange. @param size entries of the log: a server that runs has the ends of those open from behind it */
export function differingExchange(is: ExchangeRow, should: Expected<ExchangeRow>, size: number): string[] {
  const isEndedSince =
    should.rows[0].outcome_index === null &&
    is.outcome_index !== null &&
    (should.isEndUnread === true || Number(is.outcome_index) >= size);
  return differing(is, should, isEndedSince ? OPENING : EXCHANGE_COLUMNS);
}

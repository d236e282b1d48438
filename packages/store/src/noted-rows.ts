import { newEvent, type SallyportEvent } from '@sallyport/core';
import type { RowDigests } from './granting.ts';

/** Rows whose digests one event holds: an entry of the log is short. */
const ROWS_MAX = 256;

/** Events that say besides what rows are from then on: the first of them, and more where those are many. */
export function withRows(events: readonly SallyportEvent[], rows: RowDigests): SallyportEvent[] {
  const all = Object.entries(rows);
  if (all.length === 0) return [...events];
  const [first = newEvent('state-noted', { actor: 'sallyport', subject: 'organisation' }), ...rest] = events;
  const out: SallyportEvent[] = [{ ...first, rows: Object.fromEntries(all.slice(0, ROWS_MAX)) }, ...rest];
  for (let at = ROWS_MAX; at < all.length; at += ROWS_MAX)
    out.push({
      ...newEvent('state-noted', { actor: first.actor, subject: first.subject }),
      rows: Object.fromEntries(all.slice(at, at + ROWS_MAX)),
    });
  return out;
}

import { CodedError, type ExchangeLeaf } from '@sallyport/core';
import { closedRow, type ExchangeRow, openRow } from '@sallyport/store';
import type { Installation } from './installation.ts';

/** A leaf of a call by its number; null where there is none. */
export async function leafAt({ ledger }: Installation, index: number): Promise<ExchangeLeaf | null> {
  const leaf = await ledger.leaf(index);
  if (leaf === null) return null;
  return JSON.parse(Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).toString()) as ExchangeLeaf;
}

/** What is refused where a row of the state names another entry than its own. */
export const notAsRecorded = (id: string): CodedError =>
  new CodedError(
    'conflict',
    `the state names another entry of the record for \`${id.slice(0, 64)}\` than its own: stop, and run \`sallyport ledger verify\`, which says what was changed`,
  );

/**
 * A call as the log has it: of its row in the state only the numbers of its entries are taken, and they must be its own. What is
 * asked about its system, and shown of it, is what the log says. Null where there is none.
 * @throws CodedError `conflict` where the row was changed
 */
export async function recordedCall(installation: Installation, id: string): Promise<ExchangeRow | null> {
  await installation.flush();
  const { exchanges } = installation.store;
  const known = await exchanges.byId(id);
  if (!known) return null;
  const [beginsAt, endsAt] = [Number(known.intent_index), known.outcome_index];
  const begin = await leafAt(installation, beginsAt);
  if (begin?.id !== id || (begin.type !== 'exchange-intent' && begin.type !== 'exchange-denied'))
    throw notAsRecorded(id);
  const row = openRow(begin, beginsAt);
  if (endsAt === null || row.outcome_index === Number(endsAt)) return exchanges.calledNow(row);
  const end = await leafAt(installation, Number(endsAt));
  if (end?.id !== id || end.type !== 'exchange-outcome') throw notAsRecorded(id);
  return exchanges.calledNow(closedRow(row, end, Number(endsAt)));
}

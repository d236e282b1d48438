import type { SallyportEvent } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';

/** How entries of calls begin, with up to six members before their type: most are, and none is an event. */
const CALL = /^\{"v":1,(?:"\w+":(?:"\w{1,64}"|\w+),){0,6}"type":"exchange-(\w+)"/;
/** Bytes of an entry in which its type stands. */
const HEAD_BYTES = 320;

/** Which part of a call an entry is: `intent`, `outcome` or `denied`; null where it is an event. */
export function callOf(leaf: Uint8Array): string | null {
  const head = Buffer.from(leaf.buffer, leaf.byteOffset, Math.min(leaf.length, HEAD_BYTES));
  return CALL.exec(head.toString('latin1'))?.[1] ?? null;
}

/**
 * Which of these events the log holds. Its table in the database is not asked: others may remove rows there.
 * @param from number of the first entry that may be one of them
 */
export async function recordedIn(
  ledger: Ledger,
  ids: ReadonlySet<string>,
  from = 0,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (ids.size === 0) return found;
  for await (const { leaf } of ledger.read(from)) {
    if (callOf(leaf) !== null) continue;
    const text = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).toString();
    const { id } = JSON.parse(text) as SallyportEvent;
    if (ids.has(id)) found.add(id);
    if (found.size === ids.size) break;
  }
  return found;
}

import { CodedError, type SallyportEvent } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Store } from '@sallyport/store';

/** Entries of a record that its state may not have seen: those of a first start that was cut short. */
const UNSEEN_MAX = 64;
/** Rows that a first start which was cut short did not make, or made in the state before the record said so. */
const KEPT = /^(?:people|programs|api_keys|systems)\//;

/** People, service accounts, keys and systems that the first entries say were made, as `TABLE/KEY`. */
async function remembered(ledger: Ledger): Promise<Set<string>> {
  const rows = new Set<string>();
  for await (const { leaf } of ledger.read(0, Math.min(ledger.size, UNSEEN_MAX))) {
    const event = JSON.parse(Buffer.from(leaf).toString()) as SallyportEvent;
    for (const [row, digest] of Object.entries(event.rows ?? {}))
      if (KEPT.test(row)) rows[digest === null ? 'delete' : 'add'](row);
  }
  return rows;
}

/**
 * Lost state is not replaced in silence: an empty one would grant nothing that was granted, and ask for a first administrator.
 * @param cursor entries that the state has seen
 * @throws CodedError `state-lost`
 */
export async function requireOwnState(ledger: Ledger, store: Store, cursor: number): Promise<void> {
  const { size } = ledger;
  const lost = (what: string): CodedError =>
    new CodedError('state-lost', `the record has ${size} entries, and the state ${what}`);
  if (cursor === 0) {
    if (size > UNSEEN_MAX) throw lost('has seen none of them');
    const rows = [...(await remembered(ledger))];
    if (rows.length === 0) return;
    const there = await store.granting.digests();
    if (!rows.some((row) => there.has(row)))
      throw lost(`knows none of what the record remembers, such as \`${rows[0]}\``);
    return;
  }
  for await (const { leaf } of ledger.read(0, 1)) {
    const { id, type } = JSON.parse(Buffer.from(leaf).toString()) as SallyportEvent;
    if (type === 'installation-created' && (await store.events.indexOf(id)) !== 0)
      throw lost('is of another one');
  }
}

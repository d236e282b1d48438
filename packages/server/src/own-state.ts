import { CodedError, type SallyportEvent } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Store } from '@sallyport/store';

/** Entries of a record that its state may not have seen: those of a first start that was cut short. */
const UNSEEN_MAX = 64;

/**
 * Lost state is not replaced in silence: an empty one would grant nothing that was granted, and ask for a first administrator.
 * @param cursor entries that the state has seen
 * @throws CodedError `state-lost`
 */
export async function requireOwnState(ledger: Ledger, store: Store, cursor: number): Promise<void> {
  const { size } = ledger;
  const lost = (what: string): CodedError =>
    new CodedError('state-lost', `the record has ${size} entries, and the state ${what}`);
  if (cursor === 0 && size > UNSEEN_MAX) throw lost('has seen none of them');
  if (cursor === 0) return;
  for await (const { leaf } of ledger.read(0, 1)) {
    const { id, type } = JSON.parse(Buffer.from(leaf).toString()) as SallyportEvent;
    if (type === 'installation-created' && (await store.events.indexOf(id)) !== 0)
      throw lost('is of another one');
  }
}

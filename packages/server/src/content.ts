import { CodedError } from '@sallyport/core';
import { open, sealedKeyId, sealedPart, sealedPlace } from '@sallyport/vault';
import type { Installation } from './installation.ts';
import { leafAt, notAsRecorded } from './recorded-call.ts';

/**
 * The sealed content beside a leaf of a call, opened: salt, then content. Null when none was kept.
 * @param id of the call: what lies beside a leaf of another one is not opened
 * @throws CodedError `sealed-content-unreadable`, `conflict`
 */
export async function openContent(
  installation: Installation,
  index: number,
  id: string,
): Promise<{ plain: Uint8Array; sealed: Uint8Array } | null> {
  const { ledger, dataKeys } = installation;
  if ((await leafAt(installation, index))?.id !== id) throw notAsRecorded(id);
  const stored = await ledger.content(index);
  if (!stored) return null;
  const { back, part } = sealedPlace(stored);
  const sealed = back === 0 ? stored : await ledger.content(index - back);
  if (!sealed) throw new CodedError('sealed-content-unreadable');
  const first = await leafAt(installation, index - back);
  if (!first) throw new CodedError('sealed-content-unreadable');
  const context = `${first.id}/${first.type === 'exchange-outcome' ? 'output' : 'input'}`;
  const plain = open(dataKeys.byId(sealedKeyId(sealed)).key, context, sealed);
  return { plain: sealedPart(sealed, plain, part), sealed };
}

import { CodedError, type ExchangeLeaf } from '@sallyport/core';
import { open, sealedKeyId, sealedPart, sealedPlace } from '@sallyport/vault';
import type { Installation } from './installation.ts';

/** The sealed content beside a leaf, opened: salt, then content. Null when none was kept. @throws CodedError `sealed-content-unreadable` */
export async function openContent(
  { ledger, dataKeys }: Installation,
  index: number,
): Promise<{ plain: Uint8Array; sealed: Uint8Array } | null> {
  const stored = await ledger.content(index);
  if (!stored) return null;
  const { back, part } = sealedPlace(stored);
  const sealed = back === 0 ? stored : await ledger.content(index - back);
  if (!sealed) throw new CodedError('sealed-content-unreadable');
  for await (const { leaf } of ledger.read(index - back, index - back + 1)) {
    const { type, id } = JSON.parse(Buffer.from(leaf).toString()) as ExchangeLeaf;
    const context = `${id}/${type === 'exchange-outcome' ? 'output' : 'input'}`;
    const plain = open(dataKeys.byId(sealedKeyId(sealed)).key, context, sealed);
    return { plain: sealedPart(sealed, plain, part), sealed };
  }
  throw new CodedError('sealed-content-unreadable');
}

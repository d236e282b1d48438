import type { Cursor } from './cursor.ts';
import { DICTIONARY_BYTES_MAX, lzma } from './lzma.ts';

/** Longest content that the heads of honest `.lzma` files state. */
const STATED_BYTES_MAX = 2 ** 38;
/** Bits of context that readers take for a letter, of the last one and of the place (liblzma, `LZMA_LCLP_MAX`). */
const CONTEXT_BITS_MAX = 4;

/** Whether a `.lzma` stream begins here, as far as readers can tell: there is no magic number (liblzma, `alone_decoder.c`). */
export function beginsAlone(head: Uint8Array): boolean {
  const [properties = 225] = head;
  if (head.length < 14 || properties >= 225 || head[13] !== 0) return false;
  if ((properties % 9) + (Math.floor(properties / 9) % 5) > CONTEXT_BITS_MAX) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const dictionary = view.getUint32(1, true);
  // A power of two, or one and a half.
  const bits = dictionary.toString(2);
  const stated = view.getBigUint64(5, true);
  return (
    (dictionary === 0xffffffff || (dictionary >= 4096 && /^11?0*$/.test(bits))) &&
    (stated === 0xffff_ffff_ffff_ffffn || stated < STATED_BYTES_MAX)
  );
}

/** The same with the properties that all encoders write where nothing is asked for: what is told by its first bytes alone. */
export const isLzmaAlone = (head: Uint8Array): boolean => head[0] === 0x5d && beginsAlone(head);

/** One stream of the `.lzma` format; a mark at its end may follow. */
export function* lzmaAlone(cursor: Cursor): Generator<Uint8Array> {
  const properties = cursor.u8();
  const dictionaryBytes = cursor.u32();
  const low = cursor.u32();
  const high = cursor.u32();
  const unknown = low === 0xffffffff && high === 0xffffffff;
  yield* lzma(
    cursor,
    properties,
    Math.min(dictionaryBytes, DICTIONARY_BYTES_MAX),
    unknown ? null : high * 2 ** 32 + low,
  );
}

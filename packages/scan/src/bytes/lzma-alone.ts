import type { ByteSource } from './byte-source.ts';
import { Cursor } from './cursor.ts';
import { DICTIONARY_BYTES_MAX, lzma } from './lzma.ts';

/** Longest content that the heads of honest `.lzma` files state. */
const STATED_BYTES_MAX = 2 ** 38;
/** Bytes behind a stream that may still be its own. */
const MARK_BYTES_MAX = 16;

/** Whether a `.lzma` stream begins here, as far as readers can tell: there is no magic number. */
export function isLzmaAlone(head: Uint8Array): boolean {
  if (head.length < 14 || head[0] !== 0x5d || head[13] !== 0) return false;
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

/** The `.lzma` format, one stream behind another. */
export function* lzmaAlone(source: ByteSource): Generator<Uint8Array> {
  const cursor = new Cursor(source);
  do {
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
    // A stream of a stated length may have a mark at its end all the same.
    for (let more = 0; more < MARK_BYTES_MAX && !isLzmaAlone(source.read(cursor.offset, 14)); more++)
      if (cursor.left > 0) cursor.offset++;
  } while (isLzmaAlone(source.read(cursor.offset, 14)));
}

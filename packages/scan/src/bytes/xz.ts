import { type Cursor, Malformed, Truncated } from './cursor.ts';
import { DICTIONARY_BYTES_MAX, lzma2, lzma2Dictionary } from './lzma.ts';

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] as const;

/** Whether an `.xz` stream begins here. */
export const isXz = (head: Uint8Array): boolean => MAGIC.every((byte, at) => head[at] === byte);

/** One stream of the `.xz` format, with LZMA2 alone or behind a filter for machine code. Sums are not checked. */
export function* xzStream(cursor: Cursor): Generator<Uint8Array> {
  if (!isXz(cursor.bytes(6))) throw new Malformed(cursor.offset - 6, 'no xz stream');
  cursor.skip(1);
  const check = cursor.u8() & 15;
  cursor.skip(4);
  const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][check]!;
  for (;;) {
    const begin = cursor.offset;
    const size = cursor.u8();
    if (size === 0) break;
    const end = begin + (size + 1) * 4;
    const flags = cursor.u8();
    if (flags & 0x40) cursor.varint();
    if (flags & 0x80) cursor.varint();
    let dictionaryBytes = 0;
    for (let filter = 0; filter <= (flags & 3); filter++) {
      const id = cursor.varint();
      const properties = cursor.bytes(cursor.varint());
      if (id === 0x21) dictionaryBytes = lzma2Dictionary(properties[0] ?? 0);
      else throw new Malformed(cursor.offset, `the filter ${id} is not undone here`);
    }
    cursor.offset = end;
    yield* lzma2(cursor, Math.min(dictionaryBytes, DICTIONARY_BYTES_MAX));
    while ((cursor.offset - begin) % 4 !== 0) cursor.skip(1);
    cursor.skip(checkBytes);
  }
  // The index, from its size on, and the footer.
  const indexBegin = cursor.offset - 1;
  const records = cursor.varint();
  for (let i = 0; i < records; i++) {
    cursor.varint();
    cursor.varint();
  }
  while ((cursor.offset - indexBegin) % 4 !== 0) cursor.skip(1);
  if (cursor.left < 16) throw new Truncated(cursor.offset);
  cursor.skip(16);
}

import type { ByteSource } from './byte-source.ts';
import { Cursor, Malformed } from './cursor.ts';
import { isPadding } from './members.ts';

const MAGIC = 0x184d2204;
const HISTORY = 65_536;
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };

/** LZ4 frames, one behind another (LZ4 Frame Format 1.6). Sums are not checked. */
export function* unlz4(source: ByteSource): Generator<Uint8Array> {
  const cursor = new Cursor(source);
  while (cursor.left > 0) {
    const magic = cursor.u32();
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      cursor.skip(cursor.u32());
      continue;
    }
    if (magic !== MAGIC) {
      const begin = cursor.offset - 4;
      if (begin > 0 && isPadding('lz4', source, begin)) return;
      throw new Malformed(0, 'no LZ4 frame');
    }
    const flags = cursor.u8();
    const blockMax = BLOCK_BYTES[(cursor.u8() >> 4) & 7];
    if (flags >> 6 !== 1 || blockMax === undefined)
      throw new Malformed(cursor.offset, 'an LZ4 frame of another version');
    if (flags & 8) cursor.skip(8);
    if (flags & 1) cursor.skip(4);
    cursor.skip(1);
    let history: Uint8Array = new Uint8Array(0);
    for (;;) {
      const size = cursor.u32();
      if (size === 0) break;
      const length = size & 0x7fffffff;
      if (length > blockMax) throw new Malformed(cursor.offset, 'an LZ4 block that is too long');
      const bytes = cursor.bytes(length);
      const out = size >>> 31 ? bytes : block(bytes, history, blockMax, cursor.offset);
      if (flags & 16) cursor.skip(4);
      yield out;
      if (!(flags & 32)) {
        const joined = new Uint8Array(Math.min(HISTORY, history.length + out.length));
        const fromOut = Math.min(out.length, joined.length);
        joined.set(out.subarray(out.length - fromOut), joined.length - fromOut);
        joined.set(history.subarray(history.length - (joined.length - fromOut)), 0);
        history = joined;
      }
    }
    if (flags & 4) cursor.skip(4);
  }
}

function block(bytes: Uint8Array, history: Uint8Array, blockMax: number, offset: number): Uint8Array {
  const out = new Uint8Array(history.length + blockMax);
  out.set(history);
  let at = 0;
  let filled = history.length;
  const long = (base: number): number => {
    let length = base;
    if (base === 15)
      for (;;) {
        const more = bytes[at++];
        if (more === undefined) throw new Malformed(offset, 'an LZ4 block that ends early');
        length += more;
        if (more !== 255) break;
      }
    return length;
  };
  while (at < bytes.length) {
    const token = bytes[at++]!;
    const literals = long(token >> 4);
    if (at + literals > bytes.length || filled + literals > out.length)
      throw new Malformed(offset, 'an LZ4 block that is too long');
    out.set(bytes.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at >= bytes.length) break;
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    const length = long(token & 15) + 4;
    if (distance === 0 || distance > filled || filled + length > out.length)
      throw new Malformed(offset, 'an LZ4 block that copies from nowhere');
    for (let i = 0; i < length; i++, filled++) out[filled] = out[filled - distance]!;
  }
  return out.slice(history.length, filled);
}

import { Cursor, Malformed } from '../bytes/cursor.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

const ITEMS_MAX = 50_000_000;
/** Kinds of array that Flax writes (`flax/serialization.py`): array, complex number, scalar. */
const FLAX_KINDS = new Set([1, 2, 3, -1]);

function walk(inspection: Inspection, cursor: Cursor): void {
  cursor.big = true;
  let left = 1;
  for (let items = 0; left > 0; items++) {
    if (items > ITEMS_MAX) return inspection.report('too-much', 'holds more items than are read');
    left--;
    const offset = cursor.offset;
    const byte = cursor.u8();
    const more = (count: number): void => {
      if (count > cursor.left) {
        inspection.report(
          'header-arithmetic',
          `says that ${count} items follow, for which there is no room`,
          { offset },
        );
        throw new Malformed(offset, 'a count that cannot be');
      }
      left += count;
    };
    const own = (kind: number): void => {
      if (!FLAX_KINDS.has(kind > 127 ? kind - 256 : kind))
        inspection.report(
          'custom-operator',
          `holds values of a kind (${printable(String(kind))}) that a library must know`,
          { offset },
        );
    };
    if (byte <= 0x7f || byte >= 0xe0) continue;
    else if (byte <= 0x8f) more((byte & 15) * 2);
    else if (byte <= 0x9f) more(byte & 15);
    else if (byte <= 0xbf) cursor.skip(byte & 31);
    else if (byte === 0xc0 || byte === 0xc2 || byte === 0xc3) continue;
    else if (byte === 0xc4 || byte === 0xd9) cursor.skip(cursor.u8());
    else if (byte === 0xc5 || byte === 0xda) cursor.skip(cursor.u16());
    else if (byte === 0xc6 || byte === 0xdb) cursor.skip(cursor.u32());
    else if (byte >= 0xc7 && byte <= 0xc9) {
      const length = byte === 0xc7 ? cursor.u8() : byte === 0xc8 ? cursor.u16() : cursor.u32();
      own(cursor.u8());
      cursor.skip(length);
    } else if (byte >= 0xd4 && byte <= 0xd8) {
      own(cursor.u8());
      cursor.skip(1 << (byte - 0xd4));
    } else if (byte === 0xca || byte === 0xce || byte === 0xd2) cursor.skip(4);
    else if (byte === 0xcb || byte === 0xcf || byte === 0xd3) cursor.skip(8);
    else if (byte === 0xcc || byte === 0xd0) cursor.skip(1);
    else if (byte === 0xcd || byte === 0xd1) cursor.skip(2);
    else if (byte === 0xdc) more(cursor.u16());
    else if (byte === 0xdd) more(cursor.u32());
    else if (byte === 0xde) more(cursor.u16() * 2);
    else if (byte === 0xdf) more(cursor.u32() * 2);
    else throw new Malformed(offset, 'a byte that begins nothing');
  }
}

/** MessagePack, as Flax keeps parameters in. */
export const msgpack: Format = {
  name: 'msgpack',
  recognise: ({ name, head }) =>
    name.endsWith('.msgpack') &&
    head.length > 0 &&
    (head[0]! >> 4 === 8 || head[0]! === 0xde || head[0]! === 0xdf),
  inspect: (inspection) => walk(inspection, new Cursor(inspection.source)),
};

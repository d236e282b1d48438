import { Cursor, Malformed } from '../bytes/cursor.ts';
import type { Inspection } from '../inspection.ts';
import type { Format } from './format.ts';

const ITEMS_MAX = 50_000_000;
const DEPTH_MAX = 100_000;
const HAS_ATTRIBUTES = 0x200;
const HAS_TAG = 0x400;

/** Bytes of one element of a vector, by type. */
const VECTOR_BYTES: Readonly<Record<number, number>> = { 10: 4, 13: 4, 14: 8, 15: 16, 24: 1 };

/**
 * Walks what R's `serialize` wrote (R Internals, "Serialization Formats", XDR). A stack of what is still to come stands in for
 * recursion: hostile nesting must not end the scan.
 */
function walk(inspection: Inspection, cursor: Cursor): void {
  const open: number[] = [1];
  let items = 0;
  while (open.length > 0) {
    const left = open.pop()!;
    if (left > 1) open.push(left - 1);
    if (++items > ITEMS_MAX || open.length > DEPTH_MAX)
      return inspection.report('too-much', 'holds more items than are read');
    const offset = cursor.offset;
    const flags = cursor.u32();
    const type = flags & 0xff;
    const attributes = (flags & HAS_ATTRIBUTES) !== 0;
    const tag = (flags & HAS_TAG) !== 0;
    if (VECTOR_BYTES[type] !== undefined) {
      let count = cursor.u32();
      if (count === 0xffffffff) count = cursor.u32() * 2 ** 32 + cursor.u32();
      cursor.skip(count * VECTOR_BYTES[type]!);
      if (attributes) open.push(1);
      continue;
    }
    switch (type) {
      case 5:
        inspection.report('r-promise', 'holds a promise, which runs code as soon as it is looked at', {
          offset,
        });
        open.push(2 + (attributes ? 1 : 0) + (tag ? 1 : 0));
        break;
      case 2:
      case 6:
      case 3:
      case 17:
        open.push(2 + (attributes ? 1 : 0) + (tag ? 1 : 0));
        break;
      case 239:
      case 240:
        open.push(3);
        break;
      case 4:
        cursor.skip(4);
        open.push(4);
        break;
      case 16:
      case 19:
      case 20: {
        const count = cursor.u32();
        if (count * 4 > cursor.left) throw new Malformed(offset, 'a list that is longer than the file');
        if (attributes) open.push(1);
        if (count > 0) open.push(count);
        break;
      }
      case 9: {
        const bytes = cursor.i32();
        if (bytes > 0) cursor.skip(bytes);
        break;
      }
      case 1:
        open.push(1);
        break;
      case 7:
      case 8: {
        const bytes = cursor.u32();
        cursor.skip(bytes);
        break;
      }
      case 21:
        inspection.report('r-code', 'holds compiled code of R', { offset });
        return;
      case 22:
        open.push(2 + (attributes ? 1 : 0));
        break;
      case 25:
        if (attributes) open.push(1);
        break;
      case 238: {
        // A compact form: what it is, its state, its attributes.
        open.push(3);
        break;
      }
      case 247:
      case 248:
      case 249:
        cursor.skip(4);
        open.push(cursor.u32());
        break;
      case 255:
        if (flags >>> 8 === 0) cursor.skip(4);
        break;
      case 254:
      case 253:
      case 251:
      case 250:
      case 252:
      case 242:
      case 241:
      case 0:
        break;
      default:
        throw new Malformed(offset, `there is no item of type ${type}`);
    }
  }
}

/** R: `.rds` and `.RData`, unpacked. Promises in them run code when they are looked at (CVE-2024-27322). */
export const rData: Format = {
  name: 'r-data',
  recognise: ({ headText }) =>
    /^(?:RD[AX][23]\n)?X\n\x00\x00\x00[\x02\x03]/.test(headText) ||
    (/^(?:RD[AX][23]\n)?[AB]\n/.test(headText.slice(0, 16)) &&
      /^(?:RD|A\n[23]\n|B\n[\x02\x03])/.test(headText)),
  inspect: (inspection) => {
    const head = Buffer.from(inspection.source.read(0, 8)).toString('latin1');
    const cursor = new Cursor(inspection.source, head.startsWith('RD') ? 5 : 0, true);
    const form = cursor.text(2);
    if (form !== 'X\n') {
      cursor.big = false;
      if (form !== 'B\n') return inspectAscii(inspection);
    }
    const version = cursor.u32();
    cursor.skip(8);
    if (version === 3) cursor.skip(cursor.u32());
    walk(inspection, cursor);
  },
};

/** The form in text: an item's type is a number on a line of its own. */
function inspectAscii(inspection: Inspection): void {
  const text = Buffer.from(inspection.source.read(0, 64 * 1024 * 1024)).toString('latin1');
  for (const match of text.matchAll(/^(\d{1,9})$/gm)) {
    const type = Number(match[1]) & 0xff;
    if (type !== 5 || Number(match[1]) === 5) continue;
    inspection.report(
      'r-promise',
      'holds what reads as a promise, which runs code as soon as it is looked at',
      { offset: match.index },
    );
    return;
  }
}

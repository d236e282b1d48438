import { Cursor, Malformed } from '../bytes/cursor.ts';
import type { Inspection } from '../inspection.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

/** Bytes of a metadata value by type (ggml `docs/gguf.md`); 8 is text and 9 an array. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
/** Elements and bytes of one block by tensor type (ggml.h, `enum ggml_type`). */
const BLOCKS: Readonly<Record<number, readonly [number, number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 40],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
  40: [64, 36],
};
const KEY_BYTES_MAX = 65_535;
const DIMENSIONS_MAX = 4;
const ARRAY_DEPTH_MAX = 4;
const LARGEST = 2 ** 63;

/** Reads a header, and stops it where it cannot be true. */
class Header {
  readonly cursor: Cursor;
  readonly wide: boolean;
  readonly #inspection: Inspection;

  constructor(inspection: Inspection, cursor: Cursor, wide: boolean) {
    this.#inspection = inspection;
    this.cursor = cursor;
    this.wide = wide;
  }

  wrong(what: string): void {
    this.#inspection.report('header-arithmetic', what, { offset: this.cursor.offset });
  }

  /** A number of things of which each takes at least `least` bytes. */
  count(what: string, least: number): number {
    const count = this.wide ? this.cursor.u64() : this.cursor.u32();
    if (count * least > this.cursor.left) {
      this.wrong(`says that it has ${count} ${what}, for which there is no room`);
      throw new Malformed(this.cursor.offset, 'a count that cannot be');
    }
    return count;
  }

  text(what: string): string {
    return this.cursor.text(this.count(`bytes of ${what}`, 1));
  }

  /** Reads a value. @returns its text, if it is one, or its number */
  value(type: number, depth = 0): string | number | string[] | null {
    if (type === 8) return this.text('text');
    if (type === 9) {
      const inner = this.cursor.u32();
      if (depth >= ARRAY_DEPTH_MAX) {
        this.wrong('has arrays within arrays');
        throw new Malformed(this.cursor.offset, 'arrays within arrays');
      }
      const count = this.count('elements', VALUE_BYTES[inner] ?? (this.wide ? 8 : 4));
      if (inner !== 8 && inner !== 9) {
        if (VALUE_BYTES[inner] === undefined) this.unknown(inner);
        this.cursor.skip(count * VALUE_BYTES[inner]!);
        return null;
      }
      const texts: string[] = [];
      for (let i = 0; i < count; i++) {
        const one = this.value(inner, depth + 1);
        // Vocabularies are long; templates come first or not at all.
        if (typeof one === 'string' && texts.length < 4096) texts.push(one);
      }
      return texts;
    }
    const bytes = VALUE_BYTES[type];
    if (bytes === undefined) return this.unknown(type);
    if (type === 7 && new Cursor(this.cursor.source, this.cursor.offset).u8() > 1)
      this.wrong('has a truth value that is neither');
    if (bytes === 4 && (type === 4 || type === 5)) return this.cursor.u32();
    if (type === 10 || type === 11) return this.cursor.u64();
    this.cursor.skip(bytes);
    return null;
  }

  unknown(type: number): never {
    this.wrong(`has a value of type ${type}, which there is not`);
    throw new Malformed(this.cursor.offset, 'a value of no type');
  }
}

function readMetadata(inspection: Inspection, header: Header, count: number): number {
  const seen = new Set<string>();
  let alignment = 32;
  for (let i = 0; i < count; i++) {
    const offset = header.cursor.offset;
    const key = header.text('a key');
    if (key.length > KEY_BYTES_MAX) header.wrong('has a key that is too long');
    if (seen.has(key))
      inspection.report('header-arithmetic', `names \`${printable(key)}\` twice`, { offset });
    seen.add(key);
    const value = header.value(header.cursor.u32());
    if (key === 'general.alignment') {
      if (typeof value !== 'number' || value === 0 || value % 8 !== 0 || value > 2 ** 20)
        inspection.report('header-arithmetic', 'has an alignment that cannot be', { offset });
      else alignment = value;
    }
    if (!key.includes('template')) continue;
    for (const text of typeof value === 'string' ? [value] : Array.isArray(value) ? value : [])
      inspectTemplate(inspection, text, { offset, pointer: `/${key}` });
  }
  return alignment;
}

/** GGUF, versions 1 to 3 in either byte order: metadata, templates, and whether the numbers of the header can be true. */
export const gguf: Format = {
  name: 'gguf',
  recognise: ({ headText }) => headText.startsWith('GGUF'),
  inspect: (inspection) => {
    const { source } = inspection;
    const cursor = new Cursor(source, 4);
    let version = cursor.u32();
    if (version > 0xffff) {
      cursor.big = true;
      version = ((version >>> 24) | ((version >>> 8) & 0xff00)) >>> 0;
    }
    const header = new Header(inspection, cursor, version !== 1);
    if (version < 1 || version > 3) return header.wrong(`is of version ${version}, which there is not`);
    const tensors = header.count('tensors', 24);
    const pairs = header.count('values', 12);
    const alignment = readMetadata(inspection, header, pairs);
    const places: { name: string; start: number; bytes: number }[] = [];
    const names = new Set<string>();
    for (let i = 0; i < tensors; i++) {
      const name = header.text('a name');
      if (names.has(name)) header.wrong(`has \`${printable(name)}\` twice`);
      names.add(name);
      const dimensions = cursor.u32();
      if (dimensions > DIMENSIONS_MAX) {
        header.wrong(`has a tensor of ${dimensions} dimensions`);
        throw new Malformed(cursor.offset, 'too many dimensions');
      }
      let elements = 1;
      let first = 1;
      for (let d = 0; d < dimensions; d++) {
        const size = header.wide ? cursor.u64() : cursor.u32();
        if (d === 0) first = size;
        elements *= size;
      }
      const type = cursor.u32();
      const start = cursor.u64();
      const block = BLOCKS[type];
      if (elements >= LARGEST || elements === 0)
        header.wrong(`has \`${printable(name)}\` with a size that cannot be`);
      if (!block) {
        header.wrong(`has \`${printable(name)}\` of type ${type}, which there is not`);
        continue;
      }
      if (first % block[0] !== 0)
        header.wrong(`has \`${printable(name)}\` with rows that are no whole blocks`);
      if (start % alignment !== 0) header.wrong(`has \`${printable(name)}\` at a place that is not aligned`);
      places.push({ name, start, bytes: (elements / block[0]) * block[1] });
    }
    const data = Math.ceil(cursor.offset / alignment) * alignment;
    places.sort((a, b) => a.start - b.start);
    let at = 0;
    for (const { name, start, bytes } of places) {
      if (start < at) header.wrong(`has \`${printable(name)}\` over another tensor`);
      at = Math.max(at, start + bytes);
      if (data + start + bytes > source.size)
        return header.wrong(`has \`${printable(name)}\` beyond the end of the file`);
    }
  },
};

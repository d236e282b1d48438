import type { ByteSource } from '../../bytes/byte-source.ts';
import { Allowance } from './allowance.ts';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
const INTERIOR = 0x05;
const LEAF = 0x0d;
/** Bytes of the values of a serial type below 12. */
const FIXED_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** A number of up to nine bytes, seven bits a byte, the most significant first. @throws Error in words */
function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value = i === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (byte < 0x80 || i === 8) return { value, next: at + i + 1 };
  }
  throw new Error('a number that ends early');
}

/** Values of a record, of which texts and bytes are kept. @throws Error in words */
function valuesOf(record: Buffer): (Buffer | number | null)[] {
  const head = varint(record, 0);
  const values: (Buffer | number | null)[] = [];
  let at = head.value;
  for (let next = head.next; next < head.value; ) {
    const type = varint(record, next);
    next = type.next;
    const length = type.value >= 12 ? Math.floor((type.value - 12) / 2) : (FIXED_BYTES[type.value] ?? 0);
    if (at + length > record.length) throw new Error('a record that is longer than its bytes');
    if (type.value >= 12) values.push(record.subarray(at, at + length));
    else if (type.value === 8 || type.value === 9) values.push(type.value - 8);
    else values.push(length >= 1 && length <= 6 ? record.readIntBE(at, length) : null);
    at += length;
  }
  return values;
}

/** Tables of a SQLite database (file format 3), read without an engine: page by page, each once. */
export class SqliteDatabase {
  readonly #source: ByteSource;
  readonly #pageBytes: number;
  /** Bytes of a page that hold content. */
  readonly #usable: number;
  readonly #allowance: Allowance;

  /** @throws Error in words for what is no such database */
  constructor(source: ByteSource) {
    const head = Buffer.from(source.read(0, HEADER_BYTES));
    if (head.toString('latin1', 0, 16) !== MAGIC) throw new Error('no database of SQLite');
    const size = head.readUInt16BE(16);
    this.#pageBytes = size === 1 ? 65_536 : size;
    this.#usable = this.#pageBytes - head[20]!;
    const isPower = (this.#pageBytes & (this.#pageBytes - 1)) === 0;
    if (!isPower || this.#pageBytes < 512 || this.#usable < 480)
      throw new Error('an impossible size of pages');
    this.#source = source;
    this.#allowance = new Allowance(source.size);
  }

  /** Rows of a table by its name, each as its values. @throws Error in words */
  *rows(table: string): Generator<(Buffer | number | null)[]> {
    for (const [type, name, , root] of this.#walk(1))
      if (String(type) === 'table' && String(name) === table && typeof root === 'number') {
        yield* this.#walk(root);
        return;
      }
    throw new Error(`no table \`${table}\``);
  }

  #page(number: number): Buffer {
    const offset = (number - 1) * this.#pageBytes;
    if (number < 1 || offset + this.#pageBytes > this.#source.size) throw new Error('a page beyond its end');
    return Buffer.from(this.#source.read(offset, this.#pageBytes));
  }

  *#walk(root: number): Generator<(Buffer | number | null)[]> {
    const seen = new Set<number>();
    const open = [root];
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      if (seen.has(number)) throw new Error('pages that lead in a circle');
      seen.add(number);
      const page = this.#page(number);
      const at = number === 1 ? HEADER_BYTES : 0;
      const [kind, cells] = [page[at], page.readUInt16BE(at + 3)];
      const pointers = at + (kind === INTERIOR ? 12 : 8);
      if ((kind !== INTERIOR && kind !== LEAF) || pointers + 2 * cells > page.length)
        throw new Error('a page that belongs to no table');
      const places = Array.from({ length: cells }, (_, i) => page.readUInt16BE(pointers + 2 * i));
      if (kind === LEAF) for (const place of places) yield valuesOf(this.#payload(page, place));
      else {
        open.push(page.readUInt32BE(at + 8));
        for (const place of places.reverse()) {
          if (place + 4 > page.length) throw new Error('a cell beyond its page');
          open.push(page.readUInt32BE(place));
        }
      }
    }
  }

  /** The bytes of a cell, with those that lie on pages of their own. */
  #payload(page: Buffer, place: number): Buffer {
    const length = varint(page, place);
    const { next } = varint(page, length.next);
    this.#allowance.take(length.value);
    const most = this.#usable - 35;
    if (length.value <= most) return page.subarray(next, next + length.value);
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const over = least + ((length.value - least) % (this.#usable - 4));
    const local = over <= most ? over : least;
    if (next + local + 4 > page.length) throw new Error('a cell beyond its page');
    const parts = [page.subarray(next, next + local)];
    let left = length.value - local;
    for (let number = page.readUInt32BE(next + local); left > 0; ) {
      const more = this.#page(number);
      parts.push(more.subarray(4, 4 + Math.min(left, this.#usable - 4)));
      left -= this.#usable - 4;
      number = more.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  }
}

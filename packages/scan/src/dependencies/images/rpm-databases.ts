import type { ByteSource } from '../../bytes/byte-source.ts';
import { Allowance } from './allowance.ts';
import { SqliteDatabase } from './sqlite-table.ts';

/** Bytes from `start` on, all of them. @throws Error in words where there are fewer */
function exactly(source: ByteSource, start: number, length: number): Buffer {
  const bytes = source.read(start, length);
  if (bytes.length < length) throw new Error('a record beyond its end');
  return Buffer.from(bytes);
}

/** `rpmdb.sqlite` (RPM 4.16 and later): a table `Packages` of numbers and headers. */
function* inSqlite(source: ByteSource): Generator<Uint8Array> {
  for (const values of new SqliteDatabase(source).rows('Packages')) {
    const blob = values.at(1);
    if (!(blob instanceof Buffer)) throw new Error('a row without a header');
    yield blob;
  }
}

const NDB_HEADER_BYTES = 32;
const NDB_PAGE_BYTES = 4096;
const NDB_SLOT_BYTES = 16;
const NDB_BLOCK_BYTES = 16;

/** `Packages.db` (SUSE): pages of slots, each of which says where a package lies; least significant byte first. */
function* inNdb(source: ByteSource): Generator<Uint8Array> {
  const head = exactly(source, 0, NDB_HEADER_BYTES);
  if (head.toString('latin1', 0, 4) !== 'RpmP' || head.readUInt32LE(4) !== 0)
    throw new Error('no database of RPM');
  const allowance = new Allowance(source.size);
  const end = head.readUInt32LE(12) * NDB_PAGE_BYTES;
  if (end > source.size) throw new Error('more pages than it has');
  for (let page = 0; page < end; page += NDB_PAGE_BYTES) {
    const slots = exactly(source, page, NDB_PAGE_BYTES);
    for (let at = page === 0 ? NDB_HEADER_BYTES : 0; at < NDB_PAGE_BYTES; at += NDB_SLOT_BYTES) {
      if (slots.toString('latin1', at, at + 4) !== 'Slot') throw new Error('a slot without its mark');
      const [index, block, blocks] = [4, 8, 12].map((more) => slots.readUInt32LE(at + more));
      if (index === 0) continue;
      const start = block! * NDB_BLOCK_BYTES;
      const blob = exactly(source, start, NDB_BLOCK_BYTES);
      const length = blob.readUInt32LE(12);
      if (blob.toString('latin1', 0, 4) !== 'BlbS' || blob.readUInt32LE(4) !== index)
        throw new Error('a package other than its slot says');
      if (NDB_BLOCK_BYTES + length > blocks! * NDB_BLOCK_BYTES)
        throw new Error('a package that is longer than its place');
      allowance.take(length);
      yield exactly(source, start + NDB_BLOCK_BYTES, length);
    }
  }
}

const BDB_HASH_MAGIC = 0x0006_1561;
const BDB_HEAD_BYTES = 512;
const BDB_PAGE_HEAD_BYTES = 26;
const BDB_HASH_META = 8;
const BDB_HASH_PAGES: ReadonlySet<number> = new Set([2, 13]);
const BDB_OVERFLOW_PAGE = 7;
const BDB_KEY_DATA = 1;
const BDB_OFF_PAGE = 3;

/** `Packages` of a hash of Berkeley DB (RPM before 4.16), in the order of bytes of the machine that wrote it. */
class BerkeleyHash {
  readonly #source: ByteSource;
  readonly #isBig: boolean;
  readonly #pageBytes: number;
  readonly #pages: number;
  readonly #allowance: Allowance;

  constructor(source: ByteSource) {
    const head = exactly(source, 0, BDB_HEAD_BYTES);
    this.#isBig = head.readUInt32BE(12) === BDB_HASH_MAGIC;
    this.#source = source;
    this.#pageBytes = this.#four(head, 20);
    if (this.#four(head, 12) !== BDB_HASH_MAGIC || head[25] !== BDB_HASH_META)
      throw new Error('no hash of Berkeley DB');
    if (head[24] !== 0) throw new Error('it is encrypted');
    if (this.#pageBytes < 512 || this.#pageBytes > 65_536 || source.size % this.#pageBytes !== 0)
      throw new Error('an impossible size of pages');
    this.#pages = source.size / this.#pageBytes;
    if (this.#four(head, 32) >= this.#pages) throw new Error('more pages than it has');
    this.#allowance = new Allowance(source.size);
  }

  #four(bytes: Buffer, at: number): number {
    return this.#isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }

  #two(bytes: Buffer, at: number): number {
    return this.#isBig ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
  }

  #page(number: number): Buffer {
    if (number < 1 || number >= this.#pages) throw new Error('a page beyond its end');
    return exactly(this.#source, number * this.#pageBytes, this.#pageBytes);
  }

  /** Values of all pairs: the second of every two items of a page. */
  *values(): Generator<Uint8Array> {
    for (let number = 1; number < this.#pages; number++) {
      const page = this.#page(number);
      if (!BDB_HASH_PAGES.has(page[25]!)) continue;
      const items = this.#two(page, 20);
      if (BDB_PAGE_HEAD_BYTES + 2 * items > page.length) throw new Error('more items than a page has');
      const places = Array.from({ length: items }, (_, i) => this.#two(page, BDB_PAGE_HEAD_BYTES + 2 * i));
      for (let i = 1; i < items; i += 2) yield this.#value(page, places[i]!, places[i - 1]!);
    }
  }

  /** @param end where the item before it begins: items lie in reverse order */
  #value(page: Buffer, start: number, end: number): Uint8Array {
    if (start >= end || end > page.length) throw new Error('an item that ends before it begins');
    if (page[start] === BDB_KEY_DATA) {
      this.#allowance.take(end - start);
      return page.subarray(start + 1, end);
    }
    if (page[start] !== BDB_OFF_PAGE || start + 12 > page.length)
      throw new Error('an item of an unknown kind');
    const length = this.#four(page, start + 8);
    this.#allowance.take(length);
    const parts: Buffer[] = [];
    let left = length;
    for (let number = this.#four(page, start + 4); left > 0; ) {
      const more = this.#page(number);
      const bytes = Math.min(left, this.#two(more, 22));
      if (more[25] !== BDB_OVERFLOW_PAGE || bytes === 0 || BDB_PAGE_HEAD_BYTES + bytes > more.length)
        throw new Error('a page that continues nothing');
      parts.push(more.subarray(BDB_PAGE_HEAD_BYTES, BDB_PAGE_HEAD_BYTES + bytes));
      left -= bytes;
      number = this.#four(more, 16);
    }
    return Buffer.concat(parts);
  }
}

/** The number of the next package, which a hash keeps among them. */
const COUNTER_BYTES = 4;

function* inBerkeley(source: ByteSource): Generator<Uint8Array> {
  for (const value of new BerkeleyHash(source).values()) if (value.length > COUNTER_BYTES) yield value;
}

/**
 * Headers in a database of RPM, by the name of its file.
 * @throws Error in words, at the first that cannot be read
 */
export const rpmHeaders = (source: ByteSource, path: string): Generator<Uint8Array> =>
  path.endsWith('.sqlite') ? inSqlite(source) : path.endsWith('.db') ? inNdb(source) : inBerkeley(source);

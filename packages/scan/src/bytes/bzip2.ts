import type { ByteSource } from './byte-source.ts';
import { Malformed, Truncated } from './cursor.ts';
import { behindZeros } from './members.ts';

const READ_BYTES = 64 * 1024;
const SYMBOLS_MAX = 258;
const CODE_BITS_MAX = 20;
const GROUP = 50;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;

/** Reads bits, the highest of a byte first. */
class BitReader {
  readonly #source: ByteSource;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #offset = 0;
  #bits = 0;
  #count = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get offset(): number {
    return this.#offset - this.#buffer.length + this.#at;
  }

  /** Where the first whole byte lies that was not read. */
  get next(): number {
    return this.offset - (this.#count >> 3);
  }

  bits(wanted: number): number {
    while (this.#count < wanted) {
      if (this.#at >= this.#buffer.length) {
        this.#buffer = this.#source.read(this.#offset, READ_BYTES);
        this.#offset += this.#buffer.length;
        this.#at = 0;
        if (this.#buffer.length === 0) throw new Truncated(this.#offset);
      }
      this.#bits = ((this.#bits << 8) | this.#buffer[this.#at++]!) & 0xffffff;
      // With at most 16 bits asked for, 24 are never exceeded.
      this.#count += 8;
    }
    this.#count -= wanted;
    return (this.#bits >>> this.#count) & ((1 << wanted) - 1);
  }

  /** To the next whole byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }

  magic(): number {
    return (this.bits(16) * 65536 + this.bits(16)) * 65536 + this.bits(16);
  }
}

/** One Huffman table: for each length the least code, and the symbols in order of their codes. */
interface Table {
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
  readonly least: number;
  readonly most: number;
}

function tableOf(lengths: Uint8Array, offset: number): Table {
  let least = 32;
  let most = 0;
  for (const length of lengths) {
    if (length < least) least = length;
    if (length > most) most = length;
  }
  const counts = new Int32Array(CODE_BITS_MAX + 2);
  for (const length of lengths) counts[length]!++;
  const symbols = new Uint16Array(lengths.length);
  let filled = 0;
  for (let length = least; length <= most; length++)
    for (let symbol = 0; symbol < lengths.length; symbol++)
      if (lengths[symbol] === length) symbols[filled++] = symbol;
  const limit = new Int32Array(CODE_BITS_MAX + 2);
  const base = new Int32Array(CODE_BITS_MAX + 2);
  let code = 0;
  let before = 0;
  for (let length = least; length <= most; length++) {
    base[length] = before - code;
    code += counts[length]!;
    before += counts[length]!;
    limit[length] = code - 1;
    if (code > 1 << length) throw new Malformed(offset, 'a table of codes that is too full');
    code <<= 1;
  }
  return { limit, base, symbols, least, most };
}

/** One block, undone. */
function* block(bits: BitReader, blockBytes: number): Generator<Uint8Array> {
  bits.bits(16);
  bits.bits(16);
  if (bits.bits(1) === 1) throw new Malformed(bits.offset, 'a randomised block');
  const origin = bits.bits(12) * 4096 + bits.bits(12);
  const used = bits.bits(16);
  const alphabet: number[] = [];
  for (let i = 0; i < 16; i++)
    if (used & (0x8000 >> i)) {
      const row = bits.bits(16);
      for (let j = 0; j < 16; j++) if (row & (0x8000 >> j)) alphabet.push(i * 16 + j);
    }
  const groups = bits.bits(3);
  const selectorCount = bits.bits(15);
  if (groups < 2 || groups > 6 || selectorCount === 0 || alphabet.length === 0)
    throw new Malformed(bits.offset, 'a block without tables');
  const order = Array.from({ length: groups }, (_, i) => i);
  const selectors = new Uint8Array(selectorCount);
  for (let i = 0; i < selectorCount; i++) {
    let at = 0;
    while (bits.bits(1) === 1)
      if (++at >= groups) throw new Malformed(bits.offset, 'a table that is not there');
    const [chosen] = order.splice(at, 1);
    order.unshift(chosen!);
    selectors[i] = chosen!;
  }
  const symbolCount = alphabet.length + 2;
  const tables: Table[] = [];
  for (let g = 0; g < groups; g++) {
    const lengths = new Uint8Array(Math.min(symbolCount, SYMBOLS_MAX));
    let length = bits.bits(5);
    for (let i = 0; i < symbolCount; i++) {
      for (;;) {
        if (length < 1 || length > CODE_BITS_MAX)
          throw new Malformed(bits.offset, 'a code of impossible length');
        if (bits.bits(1) === 0) break;
        length += bits.bits(1) === 0 ? 1 : -1;
      }
      lengths[i] = length;
    }
    tables.push(tableOf(lengths, bits.offset));
  }
  const last = new Uint32Array(blockBytes);
  const counts = new Uint32Array(256);
  const front = alphabet.slice();
  let count = 0;
  let run = 0;
  let runBit = 1;
  let left = 0;
  let selector = -1;
  let table = tables[0]!;
  for (;;) {
    if (left === 0) {
      left = GROUP;
      if (++selector >= selectorCount) throw new Malformed(bits.offset, 'too few tables');
      table = tables[selectors[selector]!]!;
    }
    left--;
    let length = table.least;
    let code = bits.bits(length);
    while (code > table.limit[length]!) {
      if (++length > table.most) throw new Malformed(bits.offset, 'a code that stands for nothing');
      code = (code << 1) | bits.bits(1);
    }
    const symbol = table.symbols[code + table.base[length]!]!;
    if (symbol <= 1) {
      run += runBit << symbol;
      runBit <<= 1;
      if (run > blockBytes) throw new Malformed(bits.offset, 'a run longer than a block');
      continue;
    }
    if (run > 0) {
      if (count + run > blockBytes) throw new Malformed(bits.offset, 'a block that is too long');
      const byte = front[0]!;
      counts[byte]! += run;
      last.fill(byte, count, count + run);
      count += run;
      run = 0;
      runBit = 1;
    }
    if (symbol === symbolCount - 1) break;
    const at = symbol - 1;
    const byte = front[at]!;
    front.copyWithin(1, 0, at);
    front[0] = byte;
    if (count >= blockBytes) throw new Malformed(bits.offset, 'a block that is too long');
    counts[byte]!++;
    last[count++] = byte;
  }
  if (origin >= count && count > 0) throw new Malformed(bits.offset, 'a block that begins outside itself');
  let sum = 0;
  for (let i = 0; i < 256; i++) {
    const own = counts[i]!;
    counts[i] = sum;
    sum += own;
  }
  for (let i = 0; i < count; i++) last[counts[last[i]! & 0xff]!++]! |= i << 8;
  yield* unrun(last, count, origin);
}

/** Undoes the transform and the first runs: four alike are followed by how many more. */
function* unrun(last: Uint32Array, count: number, origin: number): Generator<Uint8Array> {
  const out = new Uint8Array(READ_BYTES);
  let filled = 0;
  let at = count > 0 ? last[origin]! >>> 8 : 0;
  let before = -1;
  let alike = 0;
  for (let i = 0; i < count; i++) {
    const entry = last[at]!;
    const byte = entry & 0xff;
    at = entry >>> 8;
    if (alike === 4) {
      for (let n = byte; n > 0; n--) {
        out[filled++] = before;
        if (filled === READ_BYTES) {
          yield out.slice();
          filled = 0;
        }
      }
      alike = 0;
      before = -1;
      continue;
    }
    alike = byte === before ? alike + 1 : 1;
    before = byte;
    out[filled++] = byte;
    if (filled === READ_BYTES) {
      yield out.slice();
      filled = 0;
    }
  }
  if (filled > 0) yield out.slice(0, filled);
}

/** bzip2, one stream behind another. Sums are not checked: a wrong one stops no loader from having read what it guards. */
export function* bunzip2(source: ByteSource): Generator<Uint8Array> {
  const bits = new BitReader(source);
  for (let streams = 0; streams === 0 || bits.next < source.size; streams++) {
    if (streams > 0 && behindZeros(source, bits.next) === source.size) return;
    const begin = bits.next;
    if (bits.bits(16) !== 0x425a || bits.bits(8) !== 0x68)
      throw new Malformed(begin, streams > 0 ? 'other bytes behind the last stream' : 'no bzip2');
    const level = bits.bits(8) - 0x30;
    if (level < 1 || level > 9) throw new Malformed(begin + 3, 'no bzip2 level');
    for (;;) {
      const magic = bits.magic();
      if (magic === END_MAGIC) break;
      if (magic !== BLOCK_MAGIC) throw new Malformed(bits.offset, 'a block without its mark');
      yield* block(bits, level * 100_000);
    }
    bits.bits(16);
    bits.bits(16);
    bits.align();
  }
}

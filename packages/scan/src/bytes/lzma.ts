import { type Cursor, Malformed } from './cursor.ts';

/** Largest dictionary that is made: what asks for more is refused. */
export const DICTIONARY_BYTES_MAX = 128 * 1024 * 1024;
const READ_BYTES = 64 * 1024;

const TOP = 2 ** 24;
const PROBABILITY = 1024;
const STATES = 12;

/** Keeps what came out last, and hands it on in pieces. */
class Dictionary {
  readonly #limit: number;
  bytes: Uint8Array;
  at = 0;
  full = 0;
  #given = 0;

  constructor(size: number, offset: number) {
    if (size > DICTIONARY_BYTES_MAX) throw new Malformed(offset, 'a dictionary that is too large');
    // Never so small that what is not handed on yet would be written over.
    this.#limit = Math.max(size, 4 * READ_BYTES);
    // Grows to its size: a header that promises much must not cost much.
    this.bytes = new Uint8Array(Math.min(this.#limit, READ_BYTES));
  }

  put(byte: number): void {
    if (this.at === this.bytes.length) this.#wrap();
    this.bytes[this.at++] = byte;
    if (this.full < this.#limit) this.full++;
  }

  #wrap(): void {
    if (this.bytes.length < this.#limit) {
      const larger = new Uint8Array(Math.min(this.#limit, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      return;
    }
    this.at = 0;
  }

  get(distance: number): number {
    const at = this.at - distance;
    return this.bytes[at >= 0 ? at : at + this.bytes.length]!;
  }

  /** Whether what is not handed on yet must be, before it is written over. */
  get due(): number {
    return this.at >= this.#given ? this.at - this.#given : this.bytes.length - this.#given + this.at;
  }

  *take(): Generator<Uint8Array> {
    if (this.at < this.#given) {
      yield this.bytes.slice(this.#given);
      this.#given = 0;
    }
    if (this.at > this.#given) yield this.bytes.slice(this.#given, this.at);
    this.#given = this.at;
  }

  reset(): void {
    this.full = 0;
  }
}

/** The range coder's input. */
class RangeDecoder {
  readonly #cursor: Cursor;
  range = 0;
  code = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  begin(): void {
    if (this.#cursor.u8() !== 0)
      throw new Malformed(this.#cursor.offset, 'LZMA data that does not begin with zero');
    this.range = 0xffffffff;
    this.code = 0;
    for (let i = 0; i < 4; i++) this.code = ((this.code << 8) | this.#cursor.u8()) >>> 0;
  }

  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index]!;
    const bound = Math.floor(this.range / 2048) * probability;
    let bit: number;
    if (this.code < bound) {
      this.range = bound;
      probabilities[index] = probability + ((2048 - probability) >> 5);
      bit = 0;
    } else {
      this.range -= bound;
      this.code -= bound;
      probabilities[index] = probability - (probability >> 5);
      bit = 1;
    }
    if (this.range < TOP) {
      this.range = (this.range * 256) % 2 ** 32;
      this.code = ((this.code * 256) % 2 ** 32) + this.#cursor.u8();
    }
    return bit;
  }

  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.range = Math.floor(this.range / 2);
      const bit = this.code >= this.range ? 1 : 0;
      if (bit) this.code -= this.range;
      value = value * 2 + bit;
      if (this.range < TOP) {
        this.range = (this.range * 256) % 2 ** 32;
        this.code = ((this.code * 256) % 2 ** 32) + this.#cursor.u8();
      }
    }
    return value;
  }

  tree(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(probabilities, base + node);
    return node - (1 << bits);
  }

  reverse(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probabilities, base + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }
}

const fresh = (length: number): Uint16Array => new Uint16Array(length).fill(PROBABILITY);

/** Lengths of matches: choice, choice2, 16 × 8 low, 16 × 8 middle, 256 high. */
class LengthDecoder {
  readonly #p = fresh(2 + 16 * 8 * 2 + 256);

  decode(range: RangeDecoder, position: number): number {
    if (range.bit(this.#p, 0) === 0) return range.tree(this.#p, 2 + position * 8, 3);
    if (range.bit(this.#p, 1) === 0) return 8 + range.tree(this.#p, 2 + 128 + position * 8, 3);
    return 16 + range.tree(this.#p, 2 + 256, 8);
  }
}

/** The state of an LZMA decoder (LZMA SDK, `lzma-specification.txt`). */
class LzmaState {
  lc = 0;
  lp = 0;
  pb = 0;
  #literal = fresh(0);
  #isMatch = fresh(STATES * 16);
  #isRep = fresh(STATES);
  #isRepG0 = fresh(STATES);
  #isRepG1 = fresh(STATES);
  #isRepG2 = fresh(STATES);
  #isRep0Long = fresh(STATES * 16);
  #slot = fresh(4 * 64);
  #special = fresh(128);
  #align = fresh(16);
  #length = new LengthDecoder();
  #repLength = new LengthDecoder();
  #state = 0;
  #rep = [0, 0, 0, 0];
  /** Of a match that a chunk ended in. */
  #copy = 0;
  position = 0;

  properties(byte: number, offset: number): void {
    if (byte >= 9 * 5 * 5) throw new Malformed(offset, 'LZMA properties that are out of range');
    this.lc = byte % 9;
    this.lp = Math.floor(byte / 9) % 5;
    this.pb = Math.floor(byte / 45);
  }

  reset(): void {
    this.#literal = fresh(0x300 << (this.lc + this.lp));
    this.#isMatch = fresh(STATES * 16);
    this.#isRep = fresh(STATES);
    this.#isRepG0 = fresh(STATES);
    this.#isRepG1 = fresh(STATES);
    this.#isRepG2 = fresh(STATES);
    this.#isRep0Long = fresh(STATES * 16);
    this.#slot = fresh(4 * 64);
    this.#special = fresh(128);
    this.#align = fresh(16);
    this.#length = new LengthDecoder();
    this.#repLength = new LengthDecoder();
    this.#state = 0;
    this.#rep = [0, 0, 0, 0];
    this.#copy = 0;
  }

  #decodeLiteral(range: RangeDecoder, dictionary: Dictionary): void {
    const before = dictionary.full > 0 ? dictionary.get(1) : 0;
    const context = ((this.position & ((1 << this.lp) - 1)) << this.lc) + (before >> (8 - this.lc));
    const base = 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let matched = dictionary.get(this.#rep[0]! + 1);
      while (symbol < 0x100) {
        const matchedBit = (matched >> 7) & 1;
        matched <<= 1;
        const bit = range.bit(this.#literal, base + ((1 + matchedBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchedBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | range.bit(this.#literal, base + symbol);
    dictionary.put(symbol & 0xff);
    this.position++;
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #distance(range: RangeDecoder, length: number): number {
    const slot = range.tree(this.#slot, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    let distance = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) distance += range.reverse(this.#special, distance - slot, bits);
    else distance += range.direct(bits - 4) * 16 + range.reverse(this.#align, 0, 4);
    return distance;
  }

  /** Decodes up to `count` bytes. @returns whether the end marker came */
  *run(
    range: RangeDecoder,
    dictionary: Dictionary,
    count: number,
    offset: () => number,
  ): Generator<Uint8Array, boolean> {
    let left = count;
    while (left > 0) {
      if (dictionary.due >= READ_BYTES / 2) yield* dictionary.take();
      if (this.#copy > 0) {
        const distance = this.#rep[0]! + 1;
        const run = Math.min(this.#copy, left, READ_BYTES / 4);
        for (let i = 0; i < run; i++) dictionary.put(dictionary.get(distance));
        this.position += run;
        this.#copy -= run;
        left -= run;
        continue;
      }
      const at = this.position & ((1 << this.pb) - 1);
      if (range.bit(this.#isMatch, this.#state * 16 + at) === 0) {
        this.#decodeLiteral(range, dictionary);
        left--;
        continue;
      }
      let length: number;
      if (range.bit(this.#isRep, this.#state) === 0) {
        this.#rep = [0, this.#rep[0]!, this.#rep[1]!, this.#rep[2]!];
        length = this.#length.decode(range, at);
        this.#state = this.#state < 7 ? 7 : 10;
        const distance = this.#distance(range, length);
        if (distance === 0xffffffff) return true;
        this.#rep[0] = distance;
      } else {
        if (dictionary.full === 0) throw new Malformed(offset(), 'a repetition of nothing');
        if (range.bit(this.#isRepG0, this.#state) === 0) {
          if (range.bit(this.#isRep0Long, this.#state * 16 + at) === 0) {
            this.#state = this.#state < 7 ? 9 : 11;
            if (this.#rep[0]! >= dictionary.full)
              throw new Malformed(offset(), 'a distance beyond the beginning');
            dictionary.put(dictionary.get(this.#rep[0]! + 1));
            this.position++;
            left--;
            continue;
          }
        } else {
          const which =
            range.bit(this.#isRepG1, this.#state) === 0 ? 1 : 2 + range.bit(this.#isRepG2, this.#state);
          const [chosen] = this.#rep.splice(which, 1);
          this.#rep.unshift(chosen!);
        }
        length = this.#repLength.decode(range, at);
        this.#state = this.#state < 7 ? 8 : 11;
      }
      if (this.#rep[0]! >= dictionary.full) throw new Malformed(offset(), 'a distance beyond the beginning');
      this.#copy = length + 2;
    }
    return false;
  }
}

/** LZMA with given properties, as `.lzma` files and 7z hold it. @param bytes that come out, or `null` up to the marker */
export function* lzma(
  cursor: Cursor,
  properties: number,
  dictionaryBytes: number,
  bytes: number | null,
): Generator<Uint8Array> {
  const dictionary = new Dictionary(dictionaryBytes, cursor.offset);
  const state = new LzmaState();
  state.properties(properties, cursor.offset);
  state.reset();
  const range = new RangeDecoder(cursor);
  range.begin();
  try {
    yield* state.run(range, dictionary, bytes ?? Number.MAX_SAFE_INTEGER, () => cursor.offset);
  } catch (fault) {
    yield* dictionary.take();
    throw fault;
  }
  yield* dictionary.take();
}

/** LZMA2 chunks up to their end mark. */
export function* lzma2(cursor: Cursor, dictionaryBytes: number): Generator<Uint8Array> {
  const dictionary = new Dictionary(dictionaryBytes, cursor.offset);
  const state = new LzmaState();
  const range = new RangeDecoder(cursor);
  for (;;) {
    const control = cursor.u8();
    if (control === 0) break;
    if (control < 0x80) {
      if (control > 2) throw new Malformed(cursor.offset, 'an LZMA2 chunk of no known kind');
      if (control === 1) dictionary.reset();
      cursor.big = true;
      let left = cursor.u16() + 1;
      cursor.big = false;
      while (left > 0) {
        const piece = cursor.bytes(Math.min(left, READ_BYTES / 4));
        for (const byte of piece) dictionary.put(byte);
        state.position += piece.length;
        left -= piece.length;
        yield* dictionary.take();
      }
      continue;
    }
    cursor.big = true;
    const bytes = ((control & 0x1f) << 16) + cursor.u16() + 1;
    cursor.u16();
    cursor.big = false;
    const reset = (control >> 5) & 3;
    if (reset === 3) {
      dictionary.reset();
      state.position = 0;
    }
    if (reset >= 2) state.properties(cursor.u8(), cursor.offset);
    if (reset >= 1) state.reset();
    try {
      range.begin();
      yield* state.run(range, dictionary, bytes, () => cursor.offset);
    } catch (fault) {
      yield* dictionary.take();
      throw fault;
    }
    yield* dictionary.take();
  }
  yield* dictionary.take();
}

/** Bytes of the dictionary that one byte of an LZMA2 filter stands for. */
export const lzma2Dictionary = (byte: number): number =>
  byte >= 40 ? 0xffffffff : (2 | (byte & 1)) * 2 ** ((byte >> 1) + 11);

import { type Cursor, Malformed } from '../bytes/cursor.ts';

/** Items that R's `serialize` wrote, in one of its three forms. Lengths are in elements; whole numbers come as unsigned ones. */
export interface RItems {
  readonly offset: number;
  /** The most elements that may still come. */
  readonly left: number;
  whole(): number;
  /** Passes over a vector of a type. */
  vector(type: number, count: number): void;
  /** Passes over a text of so many bytes. @returns what it says, where it is short: a name that matters */
  text(bytes: number): string;
}

/** Bytes of one element of a vector, by type. */
const VECTOR_BYTES: Readonly<Record<number, number>> = { 10: 4, 13: 4, 14: 8, 15: 16, 24: 1 };
/** Bytes of a text that may be a name that matters. */
const NAME_BYTES_MAX = 16;
/** Characters of one number in text: R reads no longer ones. */
const WORD_MAX = 128;

/** Whether a type is a vector of numbers or bytes. */
export const isVector = (type: number): boolean => VECTOR_BYTES[type] !== undefined;

/** The two forms in binary: big-endian (XDR), or as the machine had it. */
export class BinaryItems implements RItems {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  get offset(): number {
    return this.#cursor.offset;
  }

  get left(): number {
    return this.#cursor.left / 4;
  }

  whole(): number {
    return this.#cursor.u32();
  }

  vector(type: number, count: number): void {
    this.#cursor.skip(count * VECTOR_BYTES[type]!);
  }

  text(bytes: number): string {
    if (bytes <= NAME_BYTES_MAX) return this.#cursor.text(bytes);
    this.#cursor.skip(bytes);
    return '';
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 9 && byte <= 13);

/** The form in text: words with any white space between, as R's `InWord` and `InString` read them. */
export class TextItems implements RItems {
  readonly #cursor: Cursor;
  readonly #mayGoOn: () => boolean;

  /** @param mayGoOn asked now and then, for words take longer than bytes */
  constructor(cursor: Cursor, mayGoOn: () => boolean) {
    this.#cursor = cursor;
    this.#mayGoOn = mayGoOn;
  }

  get offset(): number {
    return this.#cursor.offset;
  }

  get left(): number {
    return this.#cursor.left;
  }

  #word(): string {
    let byte = this.#cursor.u8();
    while (isSpace(byte)) byte = this.#cursor.u8();
    let word = '';
    while (!isSpace(byte)) {
      word += String.fromCharCode(byte);
      if (word.length > WORD_MAX) throw new Malformed(this.offset, 'a number of too many characters');
      if (this.#cursor.left === 0) break;
      byte = this.#cursor.u8();
    }
    return word;
  }

  whole(): number {
    const word = this.#word();
    if (word === 'NA') return 0x80000000;
    const digits = /^[+-]?\d+/.exec(word)?.[0];
    if (digits === undefined) throw new Malformed(this.offset, 'no number where one must be');
    return Number(digits) >>> 0;
  }

  vector(type: number, count: number): void {
    // A complex number is two.
    for (let left = type === 15 ? 2 * count : count; left > 0; left--) {
      this.#word();
      if (left % 65_536 === 0 && !this.#mayGoOn())
        throw new Malformed(this.offset, 'more than is read in time');
    }
  }

  text(bytes: number): string {
    if (bytes === 0) return '';
    const cursor = this.#cursor;
    let byte = cursor.u8();
    while (isSpace(byte)) byte = cursor.u8();
    let said = '';
    for (let left = bytes; ; byte = cursor.u8()) {
      let stands = byte;
      if (byte === 0x5c) {
        // Up to three octal digits stand for one byte, any other character for itself or what C makes of it.
        let digits = 0;
        stands = 0;
        for (let one = octal(cursor); one !== null; one = ++digits < 3 ? octal(cursor) : null)
          stands = stands * 8 + one;
        if (digits === 0) stands = cursor.u8();
      }
      if (bytes <= NAME_BYTES_MAX) said += String.fromCharCode(stands & 255);
      if (--left === 0) return said;
    }
  }
}

/** The next character as an octal digit; null, and not taken, where it is none. */
function octal(cursor: Cursor): number | null {
  if (cursor.left === 0) return null;
  const byte = cursor.u8();
  if (byte >= 0x30 && byte <= 0x37) return byte - 0x30;
  cursor.offset--;
  return null;
}

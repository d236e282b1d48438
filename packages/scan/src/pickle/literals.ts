import type { ByteSource } from '../bytes/byte-source.ts';
import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
import { KeptTuples } from './kept-tuples.ts';
import { OP } from './opcodes.ts';
import { offsetOf, Tuple, type Value } from './value.ts';

/** Texts read again from one stream that are remembered. */
const REMEMBERED_MAX = 4096;
/** Longest text that is read for a name or a key; what stands for the rest of a longer one is in no name. */
const TEXT_BYTES_MAX = 64 * 1024;
const CUT = '\u2026';
/** Longest number on a line, with its blanks and zeros; bytes of one that is computed and not just called large. */
const NUMBER_BYTES_MAX = 4096;

const table = (characters: string): Uint8Array => {
  const bytes = new Uint8Array(256);
  for (const character of characters) bytes[character.charCodeAt(0)] = 1;
  return bytes;
};
/** What may begin a number written as text, `inf` and `nan` and blanks that Python strips among it. */
export const NUMBER_BEGINS = table('0123456789+-._infaINFA \t\r\x0b\x0c');
/** What may begin a text in quotes on a line. */
export const STRING_BEGINS = table('\'" \t\r');

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Literals of a pickle, read again from where their opcode lies. */
export class Literals {
  readonly #source: ByteSource;
  #kept = new KeptTuples();
  readonly #strings = new Map<number, string | null>();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** UTF-8 at a place. */
  text(offset: number, length: number): string {
    return UTF8.decode(this.#source.read(offset, Math.min(length, TEXT_BYTES_MAX)));
  }

  /** A run begins, which keeps tuples of its own. */
  begin(): KeptTuples {
    this.#kept = new KeptTuples();
    return this.#kept;
  }

  /** Bytes at a place, each as the letter of its number. */
  latin1(offset: number, length: number): string {
    return Buffer.from(this.bytes(offset, Math.min(length, TEXT_BYTES_MAX))).toString('latin1');
  }

  bytes(offset: number, length: number): Uint8Array {
    return this.#source.read(offset, length);
  }

  /** The opcode of a literal, or -1. */
  opcode(value: Value): number {
    const at = offsetOf(value);
    return at < 0 ? -1 : (this.#source.read(at, 1)[0] ?? -1);
  }

  /** Items of a tuple, or `null` where they are not kept or it is none. */
  itemsOf(value: Value): readonly Value[] | null {
    return value instanceof Tuple ? value.items : this.#kept.itemsOf(value);
  }

  /** The bytes of a literal that is bytes or text, as a place in the source; `null` for all else. */
  span(value: Value): { start: number; length: number; text: boolean } | null {
    const at = offsetOf(value);
    if (at < 0) return null;
    const head = this.#source.read(at, 9);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    switch (head[0]) {
      case OP.SHORT_BINSTRING:
      case OP.SHORT_BINUNICODE:
      case OP.SHORT_BINBYTES:
        return { start: at + 2, length: head[1]!, text: head[0] !== OP.SHORT_BINBYTES };
      case OP.BINSTRING:
      case OP.BINUNICODE:
      case OP.BINBYTES:
        return { start: at + 5, length: view.getUint32(1, true), text: head[0] !== OP.BINBYTES };
      case OP.BINUNICODE8:
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        return {
          start: at + 9,
          length: Number(view.getBigUint64(1, true)),
          text: head[0] === OP.BINUNICODE8,
        };
      case OP.STRING:
      case OP.UNICODE: {
        const line = this.#source.read(at + 1, TEXT_BYTES_MAX);
        const end = line.indexOf(10);
        return { start: at + 1, length: end < 0 ? line.length : end, text: true };
      }
      default:
        return null;
    }
  }

  /** The text of a literal, or `null` for what is none. */
  string(value: Value): string | null {
    const at = offsetOf(value);
    if (at < 0) return null;
    const known = this.#strings.get(at);
    if (known !== undefined) return known;
    const span = this.span(value);
    let text: string | null = null;
    if (span?.text) {
      const opcode = this.#source.read(at, 1)[0];
      if (opcode === OP.UNICODE) text = unescapeUnicode(this.latin1(span.start, span.length));
      else text = this.text(span.start, span.length);
      if (opcode === OP.STRING) text = unescapeString(text.trim().replace(/^(['"])([\s\S]*)\1$/, '$2'));
      if (span.length >= TEXT_BYTES_MAX) text += CUT;
    }
    if (this.#strings.size >= REMEMBERED_MAX) this.#strings.clear();
    this.#strings.set(at, text);
    return text;
  }

  /** The whole number of a literal, or `null`. */
  whole(value: Value): number | null {
    const at = offsetOf(value);
    if (at < 0) return null;
    const head = this.#source.read(at, 12);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    switch (head[0]) {
      case OP.BININT:
        return view.getInt32(1, true);
      case OP.BININT1:
        return head[1]!;
      case OP.BININT2:
        return view.getUint16(1, true);
      case OP.LONG1:
        return this.#long(at + 2, head[1]!);
      case OP.LONG4:
        return this.#long(at + 5, view.getUint32(1, true));
      case OP.NEWTRUE:
        return 1;
      case OP.NEWFALSE:
        return 0;
      case OP.INT:
      case OP.LONG: {
        const line = this.#source.read(at + 1, NUMBER_BYTES_MAX);
        const end = line.indexOf(10);
        if (end < 0) return null;
        const text = UTF8.decode(line.subarray(0, end)).trim();
        const match = /^([+-]?\d+(?:_\d+)*)L?$/.exec(text);
        return match ? Number(match[1]!.replaceAll('_', '')) : null;
      }
      default:
        return null;
    }
  }

  /** A whole number of so many bytes, the least first, of two's complement. */
  #long(start: number, length: number): number {
    const bytes = this.#source.read(start, Math.min(length, NUMBER_BYTES_MAX));
    const isNegative = bytes.length > 0 && bytes[bytes.length - 1]! > 127;
    if (length > bytes.length) return isNegative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    let whole = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) whole = whole * 256n + BigInt(bytes[i]!);
    if (isNegative) whole -= 1n << BigInt(8 * bytes.length);
    return Number(whole);
  }
}

/** Escapes as Python 2 writes them in `repr` of a string. */
function unescapeString(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (code[0] === 'x' && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    return PYTHON_ESCAPES[code] ?? code;
  });
}

/** `raw-unicode-escape`, in which a backslash behind another begins nothing. */
export function unescapeUnicode(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[\s\S])/g,
    (whole, short: string | undefined, long: string | undefined) => {
      const digits = short ?? long;
      const code = digits === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(digits, 16);
      return code > 0x10ffff ? whole : String.fromCodePoint(code);
    },
  );
}

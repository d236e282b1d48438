import { tableOf } from '@sallyport/core';
import type { ByteSource } from '../bytes/byte-source.ts';
import { OP } from './opcodes.ts';
import { ATOM, literalAt, literalsAt, offsetOf, Tuple, type Value } from './value.ts';

/** Texts read again from one stream that are remembered. */
const REMEMBERED_MAX = 4096;
/** Longest text that is read for a name or a key. */
const TEXT_BYTES_MAX = 64 * 1024;

/** Items that are read again for one tuple. */
const ITEMS_MAX = 64;
/** Opcodes that may stand between literals, with their bytes. */
const BETWEEN: ReadonlyMap<number, number> = new Map<number, number>([
  [OP.MEMOIZE, 1],
  [OP.BINPUT, 2],
  [OP.LONG_BINPUT, 5],
  [OP.FRAME, 9],
]);
/** Bytes of numbers; of `LONG1` at least. */
const FIXED: ReadonlyMap<number, number> = new Map<number, number>([
  [OP.BININT1, 2],
  [OP.BININT2, 3],
  [OP.BININT, 5],
  [OP.BINFLOAT, 9],
  [OP.LONG1, 2],
]);
const LINES: ReadonlySet<number> = new Set<number>([OP.INT, OP.LONG, OP.FLOAT, OP.STRING, OP.UNICODE]);

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Literals of a pickle, read again from where their opcode lies. */
export class Literals {
  readonly #source: ByteSource;
  readonly #strings = new Map<number, string | null>();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** UTF-8 at a place. */
  text(offset: number, length: number): string {
    return UTF8.decode(this.#source.read(offset, Math.min(length, TEXT_BYTES_MAX)));
  }

  /** Items of a tuple, or `null` where they are not kept or it is none. */
  itemsOf(value: Value): readonly Value[] | null {
    if (value instanceof Tuple) return value.items;
    const at = literalsAt(value);
    return at < 0 ? null : this.#reread(at);
  }

  /** Literals from one on, up to the opcode that makes a tuple of them; `null` where anything else lies between. */
  #reread(start: number): readonly Value[] | null {
    const items: Value[] = [];
    for (let at = start; items.length <= ITEMS_MAX; ) {
      const head = this.#source.read(at, 9);
      const opcode = head[0];
      if (opcode === undefined) return null;
      const tuple =
        opcode === OP.TUPLE
          ? items.length
          : opcode >= OP.TUPLE1 && opcode <= OP.TUPLE3
            ? opcode - OP.TUPLE1 + 1
            : -1;
      if (tuple >= 0) return tuple === items.length ? items : null;
      const between = BETWEEN.get(opcode);
      if (between !== undefined) at += between;
      else if (opcode === OP.PUT) at = this.#lineEnd(at);
      else if (opcode === OP.NONE || opcode === OP.NEWTRUE || opcode === OP.NEWFALSE) {
        items.push(ATOM);
        at++;
      } else {
        const span = this.span(literalAt(at));
        const fixed = FIXED.get(opcode);
        if (!span && fixed === undefined && !LINES.has(opcode)) return null;
        items.push(literalAt(at));
        if (LINES.has(opcode)) at = this.#lineEnd(at);
        else if (span) at = span.start + span.length;
        else at += opcode === OP.LONG1 ? 2 + head[1]! : fixed!;
      }
    }
    return null;
  }

  #lineEnd(at: number): number {
    const line = this.#source.read(at, TEXT_BYTES_MAX);
    const end = line.indexOf(10);
    return at + (end < 0 ? line.length : end + 1);
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
      text = this.text(span.start, span.length);
      const opcode = this.#source.read(at, 1)[0];
      if (opcode === OP.STRING) text = unescapeString(text.trim().replace(/^(['"])([\s\S]*)\1$/, '$2'));
      if (opcode === OP.UNICODE) text = unescapeUnicode(text);
    }
    if (this.#strings.size >= REMEMBERED_MAX) this.#strings.clear();
    this.#strings.set(at, text);
    return text;
  }

  /** A text of which each character stands for a byte, as those bytes. */
  latin1(value: Value): Uint8Array {
    const span = this.span(value);
    if (!span) return new Uint8Array(0);
    const bytes = this.#source.read(span.start, span.length);
    const unicode = this.#source.read(offsetOf(value), 1)[0] !== OP.STRING;
    return unicode ? Buffer.from(UTF8.decode(bytes), 'latin1') : bytes;
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
      case OP.LONG1: {
        const bytes = this.#source.read(at + 2, head[1]!);
        let whole = 0n;
        for (let i = bytes.length - 1; i >= 0; i--) whole = whole * 256n + BigInt(bytes[i]!);
        if (bytes.length > 0 && bytes[bytes.length - 1]! > 127) whole -= 1n << BigInt(8 * bytes.length);
        return Number(whole);
      }
      case OP.INT:
      case OP.LONG: {
        const line = this.#source.read(at + 1, 32);
        const end = line.indexOf(10);
        const text = UTF8.decode(line.subarray(0, end < 0 ? line.length : end)).trim();
        const match = /^([+-]?\d+(?:_\d+)*)L?$/.exec(text);
        return match ? Number(match[1]!.replaceAll('_', '')) : null;
      }
      default:
        return null;
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = tableOf({
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
});

/** Escapes as Python 2 writes them in `repr` of a string. */
function unescapeString(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (code[0] === 'x' && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    return ESCAPES[code] ?? code;
  });
}

/** `raw-unicode-escape`. */
function unescapeUnicode(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short: string, long: string) => {
    const code = Number.parseInt(short ?? long, 16);
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
}

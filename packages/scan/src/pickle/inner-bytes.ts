import { type Literals, unescapeUnicode } from './literals.ts';
import { OP } from './opcodes.ts';
import { GlobalName, Made, type Value } from './value.ts';

/** Bytes of a source, or bytes of their own. */
export type InnerBytes = { readonly start: number; readonly length: number } | Uint8Array;

/** Calls within calls, such as `bytes(bytearray(…))`: no library nests more. */
const CALLS_MAX = 8;
const UTF8_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xe0, 3],
  [0xf0, 4],
]);

/** Codecs by their names without signs, and what they make of a letter beyond those of a byte. */
const CODECS: ReadonlyMap<string, 'latin1' | 'ascii' | 'utf8' | 'raw'> = new Map([
  ['latin1', 'latin1'],
  ['iso88591', 'latin1'],
  ['ascii', 'ascii'],
  ['utf8', 'utf8'],
  ['rawunicodeescape', 'raw'],
]);

/** The codec that a name stands for, of those that turn a text into bytes and do nothing else. */
const codecOf = (name: string): string | undefined => CODECS.get(name.toLowerCase().replace(/[-_]/g, ''));

/** Whether a codec of that name turns a text into bytes, and does nothing else. */
export const isPlainCodec = (name: string): boolean => codecOf(name) !== undefined;

/** A text as UTF-8, or `null` where versions of Python read it differently. */
function textBytes(value: Value, literals: Literals): Uint8Array | null {
  const span = literals.span(value);
  if (!span?.text) return null;
  const bytes = literals.bytes(span.start, span.length);
  if (bytes.length < span.length) return null;
  switch (literals.opcode(value)) {
    case OP.UNICODE:
      return Buffer.from(unescapeUnicode(Buffer.from(bytes).toString('latin1')), 'utf8');
    case OP.SHORT_BINSTRING:
    case OP.BINSTRING:
      // A reader is told the encoding of these texts.
      return bytes.every((byte) => byte < 0x80) ? bytes : null;
    case OP.STRING:
      return null;
    default:
      return bytes;
  }
}

/** What a codec makes of a text that is given as UTF-8; `null` where it refuses a letter, or is not known. */
function encoded(text: Uint8Array, name: string): Uint8Array | null {
  const codec = codecOf(name);
  if (codec === undefined) return null;
  if (codec === 'utf8') return text;
  // An escape of six letters stands for a letter of two bytes at least.
  const out = new Uint8Array(codec === 'raw' ? 3 * text.length : text.length);
  let length = 0;
  for (let at = 0; at < text.length; ) {
    const first = text[at]!;
    if (first < 0x80) {
      out[length++] = first;
      at++;
      continue;
    }
    const bytes = UTF8_BYTES.get(first >= 0xf0 ? first & 0xf8 : first >= 0xe0 ? first & 0xf0 : first & 0xe0);
    if (bytes === undefined || at + bytes > text.length || codec === 'ascii') return null;
    let code = first & (0xff >> (bytes + 1));
    for (let i = 1; i < bytes; i++) code = code * 64 + (text[at + i]! & 0x3f);
    at += bytes;
    if (code < 0x100) out[length++] = code;
    else if (codec !== 'raw') return null;
    else {
      const digits = code.toString(16);
      const escaped = code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
      for (let i = 0; i < escaped.length; i++) out[length++] = escaped.charCodeAt(i);
    }
  }
  return out.subarray(0, length);
}

/** The call of a known name, as what it is called with. */
function callOf(value: Value, literals: Literals): { name: string; items: readonly Value[] } | null {
  if (!(value instanceof Made) || !(value.of instanceof GlobalName)) return null;
  return { name: value.of.full, items: literals.itemsOf(value.args) ?? [] };
}

/**
 * The bytes that a loader within the stream is given: a literal, a file in memory, or what a codec makes of a text.
 * @returns `null` where they are computed in any other way
 */
export function innerBytes(given: Value, literals: Literals): InnerBytes | null {
  let value = given;
  for (let calls = 0; calls < CALLS_MAX; calls++) {
    const span = literals.span(value);
    if (span) return span.text ? null : span;
    const call = callOf(value, literals);
    if (!call) return null;
    const [first, second] = call.items;
    if (/^_?io\.BytesIO$/.test(call.name)) {
      const content = literals.itemsOf((value as Made).state)?.[0];
      if (content === undefined || calls > 0) return null;
      value = content;
      continue;
    }
    const isCodec = /^_?codecs\.encode$/.test(call.name);
    if ((!isCodec && !/^builtins\.(?:bytes|bytearray)$/.test(call.name)) || call.items.length > 2)
      return null;
    if (first === undefined) return null;
    if (second === undefined && !isCodec) {
      value = first;
      continue;
    }
    const name = second === undefined ? 'utf-8' : literals.string(second);
    const text = textBytes(first, literals);
    return name === null || text === null ? null : encoded(text, name);
  }
  return null;
}

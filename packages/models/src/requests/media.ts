import { base64Kind, textAmong } from '@sallyport/core';
import type { Media } from '../dialect.ts';

/** Bytes by which a format is known, as hexadecimal; `?` is any digit. */
const MAGIC: readonly (readonly [magic: string, media: Media, weak?: true])[] = [
  ['89504e47', 'image'],
  ['ffd8ff', 'image'],
  ['474946383', 'image'],
  ['52494646????????57454250', 'image'],
  ['52494646????????57415645', 'audio'],
  ['52494646', 'video'],
  ['49492a00', 'image'],
  ['4d4d002a', 'image'],
  ['00000100', 'image'],
  ['ff0a', 'image', true],
  ['424d', 'image', true],
  ['????????66747970617669', 'image'],
  ['????????66747970686569', 'image'],
  ['????????667479704d3441', 'audio'],
  ['????????66747970', 'video'],
  ['1a45dfa3', 'video'],
  ['25504446', 'document'],
  ['d0cf11e0a1b11ae1', 'document'],
  ['7b5c727466', 'document'],
  ['504b0304', 'document'],
  ['494433', 'audio'],
  ['4f676753', 'audio'],
  ['664c6143', 'audio'],
  ['4d546864', 'audio'],
  ['2321414d52', 'audio'],
  ['fffb', 'audio', true],
  ['fff3', 'audio', true],
  ['fff2', 'audio', true],
  ['fffa', 'audio', true],
  ['fff1', 'audio', true],
  ['fff9', 'audio', true],
  ['1f8b08', 'file'],
  ['377abcaf271c', 'file'],
  ['526172211a07', 'file'],
  ['fd377a585a00', 'file'],
  ['28b52ffd', 'file'],
  ['425a68', 'file'],
  ['0061736d', 'file'],
  ['7f454c46', 'file'],
  ['53514c69746520666f726d6174', 'file'],
  ['894844460d0a1a0a', 'file'],
];
/** Bytes from the first one in which a format is known. */
export const HEAD_BYTES = 32;
/** Characters of base64 from which two bytes are enough to know a format. */
export const WEAK_CHARACTERS_MIN = 256;
/** Bytes that say whether all of them are text. */
export const SAMPLE_BYTES = 4_096;
const PRINTABLE_MIN = 0.9;

/** The format that bytes begin like. @param long whether there are enough of them to trust two */
export function magicOf(head: Buffer, long: boolean): Media | null {
  const hex = head.toString('hex');
  const found = MAGIC.find(
    ([magic, , weak]) =>
      (long || !weak) &&
      (magic.includes('?')
        ? [...magic].every((digit, i) => digit === '?' || hex[i] === digit)
        : hex.startsWith(magic)),
  );
  return found?.[1] ?? null;
}

/** The format that bytes in base64 begin like; null for none, and for text, whatever its first letters are. */
export function magicOfBase64(encoded: string): Media | null {
  const head = Buffer.from(encoded.slice(0, 64), 'base64').subarray(0, HEAD_BYTES);
  const magic = magicOf(head, encoded.length >= WEAK_CHARACTERS_MIN);
  return magic !== null && textOfBase64(encoded) !== null ? null : magic;
}

/** A format whose files are text: it is an attachment all the same, and its text is read. */
export function writtenFormat(text: string): Media | null {
  if (/^%PDF-\d\.\d\s/.test(text)) return text.includes('endobj') ? 'document' : null;
  return /^\{\\rtf\d/.test(text) && text.trimEnd().endsWith('}') ? 'document' : null;
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Whether next to all characters of a text are such that print. */
export function printable(text: string): boolean {
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 32 ? c !== 127 && c !== 0xfffd : c === 9 || c === 10 || c === 13) plain++;
  }
  return text.length > 0 && plain >= text.length * PRINTABLE_MIN;
}

/** In which order bytes say that two of them make a character; null where they do not. */
function wideOrder(bytes: Buffer): 'little' | 'big' | null {
  const [a, b, c, d] = bytes;
  if ((bytes.length > 3 && a !== 0 && b === 0 && d === 0) || (a === 0xff && b === 0xfe)) return 'little';
  return (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0) ? 'big' : null;
}

/** Bytes as text, where they are some. @param told whether something says that they are */
export function textOf(bytes: Buffer, told: boolean): string | null {
  if (bytes.length === 0) return null;
  const order = wideOrder(bytes);
  if (order === 'little') {
    const text = bytes.toString('utf16le').replace(/^\ufeff/, '');
    return printable(text) ? text : null;
  }
  if (order === 'big') {
    const even = Buffer.from(bytes.subarray(0, bytes.length & ~1));
    const text = even
      .swap16()
      .toString('utf16le')
      .replace(/^\ufeff/, '');
    return printable(text) ? text : null;
  }
  try {
    const text = strict.decode(bytes);
    return printable(text.slice(0, SAMPLE_BYTES)) || told ? text : null;
  } catch {
    return told ? bytes.toString('latin1') : null;
  }
}

/** The text that base64 holds, where it is some; looks at the beginning first. */
export function textOfBase64(encoded: string): string | null {
  const sample = Buffer.from(encoded.slice(0, SAMPLE_BYTES), 'base64');
  // A character may be cut at the end of the sample.
  if (encoded.length > SAMPLE_BYTES && wideOrder(sample) === null && !printable(sample.toString()))
    return null;
  return textOf(Buffer.from(encoded, 'base64'), false);
}

/** What bytes say: the text that they are, or the texts among them. @param own the text that they are */
export function saidBy(bytes: Buffer, own: string | null = null): string[] {
  // Four bytes that say so make no two bytes a character.
  const among = own === null || wideOrder(bytes) !== null ? textAmong(bytes) : '';
  return [own ?? '', among].filter((text) => text !== '');
}

/**
 * Whether a string is base64 and nothing else, in either alphabet.
 * @param spaced whether spaces may stand in it, besides ends of lines
 * @param escaped whether any of it may be written as `%41`
 */
export function isBase64(text: string, spaced: boolean, escaped = false): boolean {
  let padding = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || c === 13 || (spaced && (c === 32 || c === 9))) continue;
    const byte =
      escaped && c === 37 && digit(text.charCodeAt(i + 1)) >= 0 && digit(text.charCodeAt(i + 2)) >= 0;
    if (byte) i += 2;
    if (c === 61) padding++;
    else if (padding > 0 || (!byte && base64Kind(c) === 0)) return false;
  }
  return padding <= 2;
}

/** Bytes of a text in which some are written as `%41`. */
export function percent(text: string): Buffer {
  const source = Buffer.from(text);
  const out = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++) {
    const high = source[at] === 37 ? digit(source[at + 1]) : -1;
    const low = high < 0 ? -1 : digit(source[at + 2]);
    if (low >= 0) at += 2;
    out[length++] = low < 0 ? source[at]! : high * 16 + low;
  }
  return out.subarray(0, length);
}

/** Value of a hexadecimal digit, or -1. */
function digit(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 48 && c <= 57) return c - 48;
  return (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;
}

/** Whether a string is base64 that holds no text, as sealed state of a provider is. */
export function isSealed(text: string): boolean {
  return isBase64(text, false) && textOfBase64(text) === null;
}

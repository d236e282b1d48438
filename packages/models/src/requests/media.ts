import { base64Kind, looksRandom, textAmong } from '@sallyport/core';
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
const HEAD_BYTES = 32;
/** Characters of base64 from which two bytes are enough to know a format. */
const WEAK_CHARACTERS_MIN = 256;
/** Characters from which a string may be bytes at all. */
const BYTES_CHARACTERS_MIN = 24;
/** Characters of base64 from which bytes of an unknown format are told of. */
const RUN_CHARACTERS_MIN = 512;
/** Characters of a run of base64 within a longer text that is looked at. */
const INNER_CHARACTERS_MIN = 64;
/** Characters of base64 without a known format that are read as words, too, where they stand for bytes. */
const WRITTEN_CHARACTERS_MAX = 4_096;
/** Texts of one string that are read each by itself; those behind them are read as one. */
const ALONE_MAX = 64;
/** Letters of a word, and words behind each other from which base64 may say something as it stands. */
const WORD_MAX = 16;
const WORDS_MIN = 6;
/** Bytes that say whether all of them are text. */
const SAMPLE_BYTES = 4_096;
const PRINTABLE_MIN = 0.9;
/** Beginnings of files that stand in a string as they are. */
const BARE = /^(?:%PDF-\d|\u0089PNG\r\n|PK\u0003\u0004|\u00ff\u00d8\u00ff)/;

/** Bytes, or what stands for them, in a string of a request. */
export interface Carried {
  readonly media: Media;
  readonly start: number;
  readonly end: number;
}

/** What a string carries besides text. */
export interface Cargo {
  readonly carried: readonly Carried[];
  /** Texts that stand in it encoded, as they read. */
  readonly decoded: readonly string[];
  /** Whether the whole string is bytes and no text. */
  readonly opaque: boolean;
}

const NOTHING: Cargo = { carried: [], decoded: [], opaque: false };

/** The format that bytes begin like. @param long whether there are enough of them to trust two */
function magicOf(head: Buffer, long: boolean): Media | null {
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
function writtenFormat(text: string): Media | null {
  if (/^%PDF-\d\.\d\s/.test(text)) return text.includes('endobj') ? 'document' : null;
  return /^\{\\rtf\d/.test(text) && text.trimEnd().endsWith('}') ? 'document' : null;
}

const strict = new TextDecoder('utf-8', { fatal: true });

function printable(text: string): boolean {
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

/** The same, looking at the beginning first. */
function textOfBase64(encoded: string): string | null {
  const sample = Buffer.from(encoded.slice(0, SAMPLE_BYTES), 'base64');
  // A character may be cut at the end of the sample.
  if (encoded.length > SAMPLE_BYTES && wideOrder(sample) === null && !printable(sample.toString()))
    return null;
  return textOf(Buffer.from(encoded, 'base64'), false);
}

/** What bytes say: the text that they are, or the texts among them. @param own the text that they are */
function saidBy(bytes: Buffer, own: string | null = null): string[] {
  // Four bytes that say so make no two bytes a character.
  const among = own === null || wideOrder(bytes) !== null ? textAmong(bytes) : '';
  return [own ?? '', among].filter((text) => text !== '');
}

/** Whether a string is base64 and nothing else, in either alphabet. @param spaced whether spaces may stand in it, besides ends of lines */
function isBase64(text: string, spaced: boolean): boolean {
  let padding = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || c === 13 || (spaced && (c === 32 || c === 9))) continue;
    if (c === 61) padding++;
    else if (padding > 0 || base64Kind(c) === 0) return false;
  }
  return padding <= 2;
}

/** Bytes of a text in which some are written as `%41`. */
function percent(text: string): Buffer {
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

/** What stands for a byte of a URL. */
const PERCENT = /%[0-9a-f]{2}/gi;

const TEXTUAL = new RegExp(
  [
    '^(?:text/|message/)',
    '^application/(?:json|xml|yaml|x-yaml|javascript|csv|sql|x-ndjson|toml|rtf|xhtml)',
    '[+](?:xml|json)$',
  ].join('|'),
);

function mediaOfType(type: string): Media {
  const [kind] = type.split('/');
  if (kind === 'image' || kind === 'audio' || kind === 'video') return kind;
  return kind === 'text' || kind === 'application' || kind === '' ? 'document' : 'file';
}

/** What a data URL holds (RFC 2397). @param url from its scheme on; @param expected what the place is for */
function dataUrl(
  url: string,
  start: number,
  expected: Media | null,
): { carried: Carried; decoded: string[]; opaque: boolean } | null {
  const comma = url.indexOf(',');
  if (comma < 0 || comma > 512) return null;
  const [type = '', ...parameters] = percent(url.slice(5, comma))
    .toString()
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const body = url.slice(comma + 1);
  const base64 = parameters.includes('base64');
  const bytes = (sample?: number): Buffer => {
    const piece = sample === undefined ? body : body.slice(0, sample);
    const plain = piece.includes('%') ? percent(piece) : Buffer.from(piece);
    return base64 ? Buffer.from(plain.toString('latin1'), 'base64') : plain;
  };
  if (type !== '' && !/^[a-z0-9.+-]{1,40}\/[a-z0-9.+-]{1,80}$/.test(type)) return null;
  const told = type === '' || TEXTUAL.test(type);
  const magic = magicOf(bytes(128).subarray(0, HEAD_BYTES), body.length >= WEAK_CHARACTERS_MIN);
  const carried = { media: magic ?? mediaOfType(type), start, end: start + url.length };
  // What is no base64 is read as it stands, too: it is not what a reader of the URL finds there.
  const drawn = magic !== null && expected !== null;
  const opaque = !base64 || drawn || (isBase64(body.replaceAll(PERCENT, '+'), true) && !isWordy(body));
  const sample = bytes(SAMPLE_BYTES);
  const all = told || magic === null || expected === null || printable(sample.toString()) ? bytes() : null;
  const text = all && textOf(all, told);
  if (all && text !== null) return { carried, decoded: saidBy(all, text), opaque };
  // What stands in the place of a picture is drawn; elsewhere a model may read the bytes.
  return { carried, decoded: all && !drawn ? saidBy(all) : [], opaque };
}

/** Data URLs within a text, each to its end. */
function innerUrls(text: string): { url: string; at: number }[] {
  const found: { url: string; at: number }[] = [];
  const head = /data:[a-z]{1,20}\/[a-z0-9.+-]{1,80}[;,]/gi;
  const rest = /[^\s"'<>)\]}`\\]*/y;
  for (let match = head.exec(text); match; match = head.exec(text)) {
    rest.lastIndex = head.lastIndex;
    rest.exec(text);
    found.push({ url: text.slice(match.index, rest.lastIndex), at: match.index });
    head.lastIndex = rest.lastIndex;
  }
  return found;
}

/** Long runs of base64 within a text that begin like a file, or are too long to be anything else. */
function innerRuns(text: string): Carried[] {
  const found: Carried[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && base64Kind(text.charCodeAt(i)) !== 0) continue;
    if (i - start >= INNER_CHARACTERS_MIN) {
      const magic = magicOfBase64(text.slice(start, i));
      const long = i - start >= RUN_CHARACTERS_MIN && looksRandom(text, start, i);
      if (magic !== null || long) found.push({ media: magic ?? 'binary', start, end: i });
    }
    start = i + 1;
  }
  return found;
}

/** A string that is base64 as a whole. @param expected what the place is for */
function wholeBase64(text: string, expected: Media | null): Cargo | null {
  if (!isBase64(text, expected !== null)) return null;
  const encoded = expected === null && !/[\r\n]/.test(text) ? text : text.replaceAll(/\s/g, '');
  const magic = magicOfBase64(encoded);
  const whole = (media: Media): Carried[] => [{ media, start: 0, end: text.length }];
  if (magic !== null && (expected !== null || magic !== 'file' || encoded.length >= 64)) {
    // What stands in the place of a picture is drawn; elsewhere a model may read the bytes.
    const decoded = expected === null ? saidBy(Buffer.from(encoded, 'base64')) : [];
    return { carried: whole(magic), decoded, opaque: expected !== null || !isWordy(text) };
  }
  const own = textOfBase64(encoded);
  const written = own === null ? null : writtenFormat(own);
  const random = (): boolean => looksRandom(encoded.replace(/(?<!=)=+$/, ''));
  if (expected !== null) {
    const decoded = saidBy(Buffer.from(encoded, 'base64'), own);
    // Letters that no chance drew may be words that only look like base64.
    const opaque = own !== null || (encoded.length > WRITTEN_CHARACTERS_MAX && !isWordy(text)) || random();
    return { carried: whole(written ?? expected), decoded, opaque };
  }
  if (written !== null) return { carried: whole(written), decoded: [own!], opaque: true };
  if (own !== null || encoded.length < 128 || !random() || isWordy(text)) return null;
  return {
    carried: encoded.length >= RUN_CHARACTERS_MIN ? whole('binary') : [],
    decoded: saidBy(Buffer.from(encoded, 'base64')),
    opaque: true,
  };
}

/** Whether words stand in a string of base64 as no chance puts them: several letters, and a mark or a space between them. */
function isWordy(text: string): boolean {
  let words = 0;
  let letters = 0;
  let marks = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 0;
    if ((c | 32) >= 97 && (c | 32) <= 122) {
      letters++;
      marks = 0;
      continue;
    }
    if (letters > 0) words = letters > 1 && letters <= WORD_MAX ? words + 1 : 0;
    if (words >= WORDS_MIN) return true;
    letters = 0;
    // Figures and the end of what was encoded are no words.
    if ((c >= 48 && c <= 57) || ++marks > 2) words = 0;
  }
  return false;
}

/** A few texts as they are, and all others as one: however many there are, each is read. */
function fewOf(texts: readonly string[]): readonly string[] {
  if (texts.length <= ALONE_MAX) return texts;
  return [...texts.slice(0, ALONE_MAX), texts.slice(ALONE_MAX).join('\n')];
}

/** What a string carries besides text, wherever it stands. @param expected what the place is for; null for any other place */
export function cargoOf(text: string, expected: Media | null = null): Cargo {
  if (text.length < (expected === null ? BYTES_CHARACTERS_MIN : 1)) {
    if (!/^\s*data:[^,]*,/i.test(text.slice(0, BYTES_CHARACTERS_MIN))) return NOTHING;
  }
  const trimmed = text.trimStart();
  if (/^data:/i.test(trimmed)) {
    const found = dataUrl(trimmed, text.length - trimmed.length, expected);
    if (found) return { carried: [found.carried], decoded: found.decoded, opaque: found.opaque };
  }
  if (BARE.test(text))
    return { carried: [{ media: barely(text), start: 0, end: text.length }], decoded: [], opaque: false };
  const whole = wholeBase64(text, expected);
  if (whole) return whole;
  if (text.length < INNER_CHARACTERS_MIN) return NOTHING;
  const urls = innerUrls(text).flatMap(({ url, at }) => dataUrl(url, at, null) ?? []);
  let past = 0;
  const runs = innerRuns(text).filter((run) => {
    while (past < urls.length && urls[past]!.carried.end <= run.start) past++;
    return past === urls.length || urls[past]!.carried.start >= run.end;
  });
  if (urls.length === 0 && runs.length === 0) return NOTHING;
  return {
    carried: [...urls.map(({ carried }) => carried), ...runs],
    decoded: fewOf(urls.flatMap(({ decoded }) => decoded)),
    opaque: false,
  };
}

const barely = (text: string): Media =>
  text.startsWith('%PDF') ? 'document' : text.startsWith('PK') ? 'file' : 'image';

/** Whether a string is base64 that holds no text, as sealed state of a provider is. */
export function isSealed(text: string): boolean {
  return isBase64(text, false) && textOfBase64(text) === null;
}

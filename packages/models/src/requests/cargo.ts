import { base64Kind, CodedError, looksRandom, type Steps, writtenWords } from '@sallyport/core';
import type { Media } from '../dialect.ts';
import {
  HEAD_BYTES,
  isBase64,
  magicOf,
  magicOfBase64,
  percent,
  printable,
  SAMPLE_BYTES,
  saidBy,
  textOf,
  textOfBase64,
  WEAK_CHARACTERS_MIN,
  writtenFormat,
} from './media.ts';

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
/** Data URLs within the texts of one body: each is decoded and read. */
const URLS_MAX = 16_384;
/** Those, and runs, that are looked at from one step to the next. */
const STEP_URLS = 256;
const STEP_CHARACTERS = 64 * 1024;
/** Letters of a word, and words behind each other from which base64 may say something as it stands. */
const WORD_MAX = 16;
const WORDS_MIN = 6;
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

/** A type and parameters that say nothing else: two words behind the kind, a charset. */
const PLAIN_HEADER = new RegExp(
  [
    '^(?:(?:application|audio|font|image|model|text|video)/[a-z0-9]{1,16}(?:[.+-][a-z0-9]{1,16})?)?',
    '(?:; ?charset=[a-z0-9-]{1,16})?(?:; ?base64)?$',
  ].join(''),
  'i',
);

/** The words of a header. */
const headerWords = (header: string): string => header.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();

/**
 * What a data URL holds (RFC 2397), in steps. What its header says besides a type is read: it may be shown as it is written.
 * @param url from its scheme on; @param expected what the place is for; @param isWhole whether nothing else stands in the text
 */
function* dataUrl(
  url: string,
  start: number,
  expected: Media | null,
  isWhole = true,
): Steps<{ carried: Carried; decoded: string[]; opaque: boolean } | null> {
  const comma = url.indexOf(',');
  if (comma < 0 || comma > 512) return null;
  const header = percent(url.slice(5, comma)).toString();
  const [type = '', ...parameters] = header
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
  const isPlain = PLAIN_HEADER.test(header);
  // What is no base64 is read as it stands, too: it is not what a reader of the URL finds there.
  const drawn = magic !== null && expected !== null;
  const isRun = !base64 || drawn || (isBase64(body, true, true) && !isWordy(body));
  yield;
  const opaque = isRun && (isPlain || expected !== null);
  const said: string[] = isPlain || !opaque ? [] : [header, headerWords(header)];
  // What stands in the place of a picture is drawn; elsewhere a model may read it as it is written.
  if (opaque && base64 && expected === null && isWhole) said.push(yield* writtenWords(body));
  const sample = bytes(SAMPLE_BYTES);
  const all = told || magic === null || expected === null || printable(sample.toString()) ? bytes() : null;
  yield;
  const text = all && textOf(all, told);
  yield;
  if (all && text !== null) said.push(...saidBy(all, text));
  else if (all && !drawn) said.push(...saidBy(all));
  return { carried, decoded: said.filter((one) => one !== ''), opaque };
}

/** Data URLs within a text, each to its end; in steps. @param room how many may still come @throws CodedError `body-invalid` */
function* innerUrls(text: string, room: Room): Steps<{ url: string; at: number }[]> {
  const found: { url: string; at: number }[] = [];
  const head = /data:[a-z]{1,20}\/[a-z0-9.+-]{1,80}[;,]/gi;
  const rest = /[^\s"'<>)\]}`\\]*/y;
  for (let match = head.exec(text); match; match = head.exec(text)) {
    rest.lastIndex = head.lastIndex;
    rest.exec(text);
    found.push({ url: text.slice(match.index, rest.lastIndex), at: match.index });
    head.lastIndex = rest.lastIndex;
    if (--room.urls < 0)
      throw new CodedError(
        'body-invalid',
        `texts of the body hold over ${URLS_MAX} data URLs; send files in their own parts`,
      );
    if (found.length % STEP_URLS === 0) yield;
  }
  return found;
}

/** Long runs of base64 within a text that begin like a file, or are too long to be anything else; in steps. */
function* innerRuns(text: string): Steps<Carried[]> {
  const found: Carried[] = [];
  let start = 0;
  let next = STEP_CHARACTERS;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && base64Kind(text.charCodeAt(i)) !== 0) continue;
    if (i - start >= INNER_CHARACTERS_MIN) {
      const magic = magicOfBase64(text.slice(start, i));
      const long = i - start >= RUN_CHARACTERS_MIN && looksRandom(text, start, i);
      if (magic !== null || long) found.push({ media: magic ?? 'binary', start, end: i });
    }
    start = i + 1;
    if (i < next) continue;
    yield;
    next = i + STEP_CHARACTERS;
  }
  return found;
}

/** Base64 without ends of lines and spaces. A pattern would make a piece of each. */
function withoutSpace(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  let length = 0;
  for (const c of bytes) if (c > 32) bytes[length++] = c;
  return length === bytes.length ? text : bytes.toString('latin1', 0, length);
}

/** A string that is base64 as a whole, in steps. @param expected what the place is for */
function* wholeBase64(text: string, expected: Media | null): Steps<Cargo | null> {
  if (!isBase64(text, expected !== null)) return null;
  yield;
  const encoded = withoutSpace(text);
  yield;
  const magic = magicOfBase64(encoded);
  const whole = (media: Media): Carried[] => [{ media, start: 0, end: text.length }];
  if (magic !== null && (expected !== null || magic !== 'file' || encoded.length >= 64)) {
    // What stands in the place of a picture is drawn; elsewhere a model may read the bytes, and what is written.
    const decoded = expected === null ? yield* readings(text, encoded) : [];
    return { carried: whole(magic), decoded, opaque: expected !== null || !isWordy(text) };
  }
  const own = textOfBase64(encoded);
  const written = own === null ? null : writtenFormat(own);
  yield;
  const random = (): boolean => looksRandom(encoded.replace(/(?<!=)=+$/, ''));
  if (expected !== null) {
    const decoded = saidBy(Buffer.from(encoded, 'base64'), own);
    yield;
    // Letters that no chance drew may be words that only look like base64.
    const opaque = own !== null || (encoded.length > WRITTEN_CHARACTERS_MAX && !isWordy(text)) || random();
    return { carried: whole(written ?? expected), decoded, opaque };
  }
  if (written !== null) return { carried: whole(written), decoded: [own!], opaque: true };
  if (own !== null || encoded.length < 128 || !random() || isWordy(text)) return null;
  yield;
  return {
    carried: encoded.length >= RUN_CHARACTERS_MIN ? whole('binary') : [],
    decoded: yield* readings(text, encoded),
    opaque: true,
  };
}

/** Texts among the bytes of base64, and words that it is written with; in steps. */
function* readings(text: string, encoded: string): Steps<string[]> {
  const among = saidBy(Buffer.from(encoded, 'base64'));
  yield;
  const words = yield* writtenWords(text);
  return words === '' ? among : [...among, words];
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

/** How much of what takes long may still come in one body. */
export interface Room {
  urls: number;
}

/** What a body may hold. */
export const roomOfBody = (): Room => ({ urls: URLS_MAX });

/**
 * What a string carries besides text, wherever it stands; in steps.
 * @param expected what the place is for; null for any other place
 * @throws CodedError `body-invalid` where a body holds more data URLs than are read
 */
export function* cargoOf(text: string, expected: Media | null, room: Room): Steps<Cargo> {
  if (text.length < (expected === null ? BYTES_CHARACTERS_MIN : 1)) {
    if (!/^\s*data:[^,]*,/i.test(text.slice(0, BYTES_CHARACTERS_MIN))) return NOTHING;
  }
  const trimmed = text.trimStart();
  if (/^data:/i.test(trimmed)) {
    const found = yield* dataUrl(trimmed, text.length - trimmed.length, expected);
    if (found) return { carried: [found.carried], decoded: found.decoded, opaque: found.opaque };
  }
  if (BARE.test(text))
    return { carried: [{ media: barely(text), start: 0, end: text.length }], decoded: [], opaque: false };
  const whole = yield* wholeBase64(text, expected);
  if (whole) return whole;
  if (text.length < INNER_CHARACTERS_MIN) return NOTHING;
  const urls: { carried: Carried; decoded: string[] }[] = [];
  for (const { url, at } of yield* innerUrls(text, room)) {
    const found = yield* dataUrl(url, at, null, false);
    if (found) urls.push(found);
  }
  let past = 0;
  const runs = (yield* innerRuns(text)).filter((run) => {
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

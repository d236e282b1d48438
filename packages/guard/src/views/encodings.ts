import { tableOf, textAmong } from '@sallyport/core';
import { shifted } from './alphabets.ts';
import type { Layer } from './canonicalise.ts';
import { Runs } from './joined-layers.ts';
import { AMPERSAND, BACKSLASH, EQUALS, isToken, LESS, type Look, PERCENT, TOKEN_MIN } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';
import { numberLayers } from './numbers.ts';
import { Rewriting } from './rewriting.ts';
import { looksWritten, readable } from './written.ts';

/** Characters around an escape that are read with it. */
const AROUND = 96;
const NAMED: Readonly<Record<string, string>> = tableOf({
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  sol: '/',
  colon: ':',
  period: '.',
  comma: ',',
  excl: '!',
  quest: '?',
  lpar: '(',
  rpar: ')',
  newline: '\n',
  tab: '\t',
  hyphen: '-',
  equals: '=',
  num: '#',
});

/** Runs of at least `least` characters of encoded data; looks at one character in `least` where there are none. */
function* tokens(text: string, least: number): Generator<{ start: number; end: number }> {
  for (let at = least - 1; at < text.length; ) {
    if (!isToken(text.charCodeAt(at))) {
      at += least;
      continue;
    }
    let start = at;
    while (start > 0 && isToken(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && isToken(text.charCodeAt(end))) end++;
    if (end - start >= least) yield { start, end };
    at = end + least;
  }
}

const reversed = (text: string): string => [...text].reverse().join('');

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
function fromBase32(text: string): Uint8Array {
  const out: number[] = [];
  let [bits, value] = [0, 0];
  for (const c of text.toUpperCase()) {
    const digit = BASE32.indexOf(c);
    if (digit < 0) break;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((value >> bits) & 0xff);
    }
  }
  return Uint8Array.from(out);
}

/** What a run of characters decodes to as base64, base32 or hexadecimal, also when it was turned or shifted before. */
function decodeToken(token: string): { name: string; text: string } | null {
  const bare = token.replace(/^0x/i, '');
  const found = decodeWhole(bare);
  if (found !== null) return found;
  const among = bare.length < AMONG_MIN ? null : amongBytes(bare);
  return among ?? decodePart(bare);
}

/** How often what follows a sign of base64 is tried by itself, and how far from the sign before it that stands. */
const PARTS_TRIED = 3;
const PART_CHARACTERS = 32;
const HEX_RUN = /[0-9a-f]{16,}/gi;

/**
 * What a run decodes to that has something else before it or behind, parted by a sign or not: `msg_49676e…`, `a/SWdub3…`, a figure too
 * many.
 */
function decodePart(bare: string): { name: string; text: string } | null {
  const said: string[] = [];
  for (const [hex] of bare.matchAll(HEX_RUN))
    for (const from of [0, 1]) {
      const text = readable(Buffer.from(hex.slice(from, from + ((hex.length - from) & ~1)), 'hex'));
      if (text !== null && looksWritten(text)) said.push(text);
    }
  if (said.length > 0) return { name: 'hex', text: said.join('\n') };
  let from = 0;
  for (let tried = 0; tried < PARTS_TRIED; tried++) {
    const sign = bare.slice(from, from + PART_CHARACTERS).search(/[+/_-]/);
    if (sign < 0) break;
    from += sign + 1;
    const rest = bare.slice(from);
    if (rest.length < TOKEN_MIN) break;
    const text = readable(Buffer.from(rest, 'base64'));
    if (text !== null && looksWritten(text)) return { name: 'base64', text };
    // What begins at another place says something else.
    const among = rest.length < AMONG_MIN || from % 4 === 0 ? '' : textAmong(Buffer.from(rest, 'base64'));
    if (among !== '') return { name: 'binary+base64', text: among };
  }
  return null;
}

/** What a run of characters decodes to as it is. */
function decodeWhole(bare: string): { name: string; text: string } | null {
  const attempts: [string, (t: string) => Uint8Array | null][] = [
    ['hex', (t) => (/^(?:[0-9a-f]{2})+$/i.test(t) ? Buffer.from(t, 'hex') : null)],
    ['base32', (t) => (/^[A-Z2-7]+$/.test(t) || /^[a-z2-7]+$/.test(t) ? fromBase32(t) : null)],
    ['base64', (t) => (/[A-Z]/.test(t) || /[0-9+/_-]/.test(t) ? Buffer.from(t, 'base64') : null)],
  ];
  for (const [before, turn] of [
    ['', (t: string) => t],
    ['rot13', (t: string) => shifted(t, 13)],
    ['reverse', reversed],
  ] as const) {
    const turned = turn(bare);
    for (const [name, decode] of attempts) {
      const bytes = decode(turned);
      const text = bytes && readable(bytes);
      if (text && (before === '' || /[ a-z]{6}/i.test(text)) && looksWritten(text))
        return { name: before === '' ? name : `${before}+${name}`, text };
    }
  }
  return null;
}

/** Characters of a run from which texts are looked for among its bytes. */
const AMONG_MIN = 48;

/** Texts among the bytes of a run, where they are no text as a whole. */
function amongBytes(run: string): { name: string; text: string } | null {
  for (const [form, name] of [
    ['hex', /^(?:[0-9a-f]{2})+$/i],
    ['base64', /[A-Z0-9+/_-]/],
  ] as const) {
    if (!name.test(run)) continue;
    const text = textAmong(Buffer.from(run, form));
    if (text !== '') return { name: `binary+${form}`, text };
  }
  return null;
}

function* tokenLayers(source: Mapped): Generator<Layer> {
  const { text } = source;
  const runs = new Runs(source);
  for (const { start, end } of tokens(text, TOKEN_MIN)) {
    const found = decodeToken(text.slice(start, end));
    if (found) runs.add(found.name, found.text, start, end);
  }
  yield* runs.layers();
  const wrapped = new Runs(source);
  // The same, wrapped into lines.
  let first = -1;
  let lines = '';
  for (let at = 0; text.includes('\n') && at <= text.length; ) {
    const stop = text.indexOf('\n', at);
    const end = stop < 0 ? text.length : stop;
    const line = text.slice(at, end).trimEnd();
    const encoded = line.length <= 100 && /^[A-Za-z0-9+/]{2,}={0,2}$/.test(line);
    if (encoded && (lines !== '' || line.length >= 40)) {
      if (lines === '') first = at;
      lines += line.replaceAll('=', '');
    }
    if ((!encoded || end === text.length) && lines.length > line.length) {
      const found = decodeToken(lines);
      if (found) wrapped.add(found.name, found.text, first, end);
    }
    if (!encoded) lines = '';
    at = end + 1;
  }
  yield* wrapped.layers();
}

/** A way to write characters: what to look for, and what it stands for; null where it stands for nothing. */
type Escape = readonly [name: string, pattern: RegExp, decode: (found: string) => string | null];

const fromCodePoint = (c: number): string | null =>
  c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? String.fromCodePoint(c) : null;

function decodeHtml(found: string): string | null {
  const name = found.slice(1, found.endsWith(';') ? -1 : undefined);
  if (name[0] !== '#') return NAMED[name.toLowerCase()] ?? null;
  return fromCodePoint(
    name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)),
  );
}

const CONTROL: Readonly<Record<string, string>> = tableOf({ n: '\n', t: '\t', r: '\r' });
function decodeEscape(found: string): string | null {
  if (/^\\[0-7]{2,3}$/.test(found)) return String.fromCharCode(Number.parseInt(found.slice(1), 8) & 0xff);
  if (/^(?:\\u\{|u\+)/i.test(found))
    return fromCodePoint(Number.parseInt(found.replaceAll(/[^0-9a-f]/gi, ''), 16));
  const kind = found[1]!;
  if (kind === 'u' || kind === 'x') return String.fromCharCode(Number.parseInt(found.slice(2), 16));
  return CONTROL[kind] ?? kind;
}

const ASCII85 = /<~([!-uz\s]{10,})~>/g;
function fromAscii85(text: string): Uint8Array {
  const out: number[] = [];
  let group: number[] = [];
  const flush = (count: number): void => {
    let value = 0;
    for (let i = 0; i < 5; i++) value = value * 85 + (group[i] ?? 84);
    for (let i = 0; i < count; i++) out.push(Math.floor(value / 256 ** (3 - i)) & 0xff);
    group = [];
  };
  for (const c of text.replaceAll(/\s/g, '')) {
    if (c === 'z' && group.length === 0) out.push(0, 0, 0, 0);
    else if (group.push(c.charCodeAt(0) - 33) === 5) flush(4);
  }
  if (group.length > 1) flush(group.length - 1);
  return Uint8Array.from(out);
}

const TURNED = 'ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz';

/** Letters printed upside down; some of them turn into other letters. */
function turnedLayer(source: Mapped): Layer | null {
  const { text } = source;
  if (!/[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ].*[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ].*[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]/s.test(text)) return null;
  const builder = new MappedBuilder(source, text.length);
  for (let i = 0; i < text.length; i++) {
    const at = TURNED.indexOf(text[i]!);
    builder.code(at >= 0 ? 97 + at : text.charCodeAt(i), i, i + 1);
  }
  return { name: 'turned', mapped: builder.done() };
}

/** Digits a text must have to hold letters as numbers: ASCII letters in any base have one each. */
const DIGITS_MIN = 8;

/** Runs of characters and of numbers that are encoded as a whole, each decoded one step. Linear in the text. */
export function* findRuns(source: Mapped, { digits, token }: Look): Generator<Layer> {
  if (token) yield* tokenLayers(source);
  if (digits >= DIGITS_MIN) yield* numberLayers(source);
}

const bytesOf = (hex: string): string => Buffer.from(hex, 'hex').toString();
const URL: Escape = ['url', /(?:%[0-9a-f]{2})+/gi, (found) => bytesOf(found.replaceAll('%', ''))];
const HTML: Escape = [
  'html',
  /&(?:#\d{2,7};?|#[xX][0-9a-fA-F]{2,6};?|#\d;|#[xX][0-9a-fA-F];|[a-zA-Z]{2,8};)/g,
  decodeHtml,
];
const ESCAPE: Escape = [
  'escape',
  /\\(?:u\{[0-9a-f]{1,6}\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[0-3]?[0-7]{2}|[ntr"'/\\])/gi,
  decodeEscape,
];
const CODE_POINT: Escape = ['escape', /u\+[0-9a-f]{4,6}\s?/gi, decodeEscape];
/** Control characters that no text is written with. */
const UNWRITTEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/**
 * Bytes as quoted-printable writes them. Two figures before another are a number, as in `status=200`; what would be a control
 * character is one as well, as in `took=12ms`.
 */
const QUOTED: Escape = [
  'quoted-printable',
  /(?:=(?:\d{2}(?!\d)|\d[A-F]|[A-F][0-9A-F]))+|(?<![\w+/]{16}=?)=\r?\n/g,
  (found) => {
    if (found[1] === '\r' || found[1] === '\n') return '';
    const decoded = bytesOf(found.replaceAll('=', ''));
    return UNWRITTEN.test(decoded) ? null : decoded;
  },
];

/** Ways to write characters that a text may use. */
function* escapesIn(text: string, { signs, digits }: Look): Generator<Escape> {
  if ((signs & PERCENT) !== 0) yield URL;
  if ((signs & AMPERSAND) !== 0) yield HTML;
  if ((signs & BACKSLASH) !== 0) yield ESCAPE;
  if (digits > 0 && /u\+[0-9a-f]{4}/i.test(text)) yield CODE_POINT;
  if ((signs & EQUALS) !== 0 && /=(?:\d{2}(?!\d)|\d[A-F]|[A-F][0-9A-F])|(?<![\w+/]{16}=?)=\r?\n/.test(text))
    yield QUOTED;
}

/** Encodings of bytes and characters found in a text, each decoded one step. Linear in the text. */
export function* findEncodings(source: Mapped, look: Look): Generator<Layer> {
  const { text } = source;
  const { signs, plain } = look;
  yield* findRuns(source, look);
  const rewriting = new Rewriting(source, AROUND);
  // In this order: what one leaves may be what the next looks for.
  for (const [name, pattern, decode] of escapesIn(text, look))
    rewriting.undo(name, rewriting.text.matchAll(pattern), (builder, found, at) => {
      const decoded = decode(found);
      if (decoded !== null) builder.piece(decoded, at, at + found.length);
      return decoded !== null;
    });
  const rewritten = rewriting.layer();
  if (rewritten) yield rewritten;
  const turned = plain ? null : turnedLayer(source);
  if (turned) yield turned;
  if ((signs & LESS) !== 0 && text.includes('<~')) {
    const runs = new Runs(source);
    for (const match of text.matchAll(ASCII85)) {
      const decoded = readable(fromAscii85(match[1]!));
      if (decoded) runs.add('ascii85', decoded, match.index, match.index + match[0].length);
    }
    yield* runs.layers();
  }
}

import { isUtf8 } from 'node:buffer';
import { tableOf } from '@sallyport/core';
import { shifted } from './alphabets.ts';
import type { Layer } from './canonicalise.ts';
import { AMPERSAND, BACKSLASH, EQUALS, isToken, LESS, type Look, PERCENT, TOKEN_MIN } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

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

/** Text that bytes spell, or null when they spell none worth reading. */
function readable(bytes: Uint8Array): string | null {
  if (bytes.length < 8 || !isUtf8(bytes)) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  let odd = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 && c !== 9 && c !== 10 && c !== 13) odd++;
  }
  return odd * 10 > text.length ? null : text;
}

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

/** Whether most of a text is letters and spaces or itself encoded: random bytes that happen to be UTF-8 are not. */
function looksWritten(text: string): boolean {
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 32 || c > 0xa0)
      plain++;
  }
  return plain * 10 >= text.length * 6;
}

function run(name: string, source: Mapped, text: string, start: number, end: number): Layer {
  const builder = new MappedBuilder(source, text.length);
  builder.piece(text, start, end);
  return { name, mapped: builder.done() };
}

function* tokenLayers(source: Mapped): Generator<Layer> {
  const { text } = source;
  for (const { start, end } of tokens(text, TOKEN_MIN)) {
    const found = decodeToken(text.slice(start, end));
    if (found) yield run(found.name, source, found.text, start, end);
  }
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
      if (found) yield run(found.name, source, found.text, first, end);
    }
    if (!encoded) lines = '';
    at = end + 1;
  }
}

/** Numbers that spell characters: `105 103`, `0x69, 0x67`, `01101001 01100111`, `69 67 6e`, `151 147`. */
const NUMBER_FORMS: readonly [string, RegExp, number][] = [
  ['binary', /(?:[01]{8}[ ,]?){6,}/g, 2],
  ['hex', /(?:(?:0x|\\x)?[0-9a-f]{2}[ ,:;]{1,2}){7,}(?:(?:0x|\\x)?[0-9a-f]{2})/gi, 16],
  ['decimal', /(?:\b\d{2,3}[ ,;]{1,2}){7,}\d{2,3}\b/g, 10],
  ['octal', /(?:\b[01][0-7]{2}[ ,]{1,2}){7,}[01][0-7]{2}\b/g, 8],
];

/** Digits a text must have to hold letters as numbers: ASCII letters in any base have one each. */
const DIGITS_MIN = 8;

function* numberLayers(source: Mapped): Generator<Layer> {
  const { text } = source;
  for (const [name, pattern, base] of NUMBER_FORMS) {
    for (const match of text.matchAll(pattern)) {
      const digits = base === 2 ? /[01]{8}/g : base === 16 ? /(?<=x|\b|[ ,:;])[0-9a-f]{2}/gi : /\d+/g;
      const codes = (match[0].match(digits) ?? []).map((digit) => Number.parseInt(digit, base));
      if (codes.some((code) => code > 255)) continue;
      const decoded = readable(Uint8Array.from(codes));
      if (decoded && looksWritten(decoded))
        yield run(name, source, decoded, match.index, match.index + match[0].length);
    }
  }
}

/** Rewrites escapes with what stands around them; far from any, the text needs no second reading. */
function rewritten(
  name: string,
  source: Mapped,
  pattern: RegExp,
  decode: (found: string) => string | null,
): Layer | null {
  const { text } = source;
  let builder: MappedBuilder | null = null;
  let at = 0;
  let until = 0;
  for (const match of text.matchAll(pattern)) {
    const decoded = decode(match[0]);
    if (decoded === null) continue;
    builder ??= new MappedBuilder(source, Math.min(text.length, 4_096));
    const from = Math.max(at, match.index - AROUND);
    if (from > until) {
      builder.copy(at, Math.max(at, until));
      if (builder.length > 0) builder.piece('\n', from, from + 1);
      at = from;
    }
    builder.copy(at, match.index);
    at = match.index + match[0].length;
    builder.piece(decoded, match.index, at);
    until = Math.min(text.length, at + AROUND);
  }
  if (!builder) return null;
  builder.copy(at, Math.max(at, until));
  return { name, mapped: builder.done() };
}

const fromCodePoint = (c: number): string | null =>
  c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? String.fromCodePoint(c) : null;

function decodeHtml(found: string): string | null {
  const name = found.slice(1, -1);
  if (name[0] !== '#') return NAMED[name.toLowerCase()] ?? null;
  return fromCodePoint(
    name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)),
  );
}

const CONTROL: Readonly<Record<string, string>> = tableOf({ n: '\n', t: '\t', r: '\r' });
function decodeEscape(found: string): string | null {
  if (/^\\[0-7]{3}$/.test(found)) return String.fromCharCode(Number.parseInt(found.slice(1), 8) & 0xff);
  if (/^(?:\\u\{|u\+)/i.test(found))
    return fromCodePoint(Number.parseInt(found.replaceAll(/[^0-9a-f]/gi, ''), 16));
  const kind = found[1]!;
  if (kind === 'u' || kind === 'x') return String.fromCharCode(Number.parseInt(found.slice(2), 16));
  return CONTROL[kind] ?? kind;
}

const ASCII85 = /<~([!-uz\s]{10,8000})~>/g;
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

/** Encodings of bytes and characters found in a text, each decoded one step. Linear in the text. */
export function* findEncodings(source: Mapped, { digits, token, signs, plain }: Look): Generator<Layer> {
  const { text } = source;
  if (token) yield* tokenLayers(source);
  if (digits >= DIGITS_MIN) yield* numberLayers(source);
  const rewrites: (Layer | null)[] = [];
  if ((signs & PERCENT) !== 0)
    rewrites.push(
      rewritten('url', source, /(?:%[0-9a-f]{2})+/gi, (found) =>
        Buffer.from(found.replaceAll('%', ''), 'hex').toString(),
      ),
    );
  if ((signs & AMPERSAND) !== 0)
    rewrites.push(
      rewritten('html', source, /&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});/g, decodeHtml),
    );
  if ((signs & BACKSLASH) !== 0)
    rewrites.push(
      rewritten(
        'escape',
        source,
        /\\(?:u\{[0-9a-f]{1,6}\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[0-3][0-7]{2}|[ntr"'/\\])/gi,
        decodeEscape,
      ),
    );
  if (digits > 0 && /u\+[0-9a-f]{4}/i.test(text))
    rewrites.push(rewritten('escape', source, /u\+[0-9a-f]{4,6}\s?/gi, decodeEscape));
  if ((signs & EQUALS) !== 0 && /=(?:[0-9A-F]{2}|\r?\n)/.test(text))
    rewrites.push(
      rewritten('quoted-printable', source, /(?:=[0-9A-F]{2})+|=\r?\n/g, (found) =>
        found[1] === '\r' || found[1] === '\n'
          ? ''
          : Buffer.from(found.replaceAll('=', ''), 'hex').toString(),
      ),
    );
  if (!plain) rewrites.push(turnedLayer(source));
  for (const layer of rewrites) if (layer) yield layer;
  if ((signs & LESS) !== 0 && text.includes('<~')) {
    for (const match of text.matchAll(ASCII85)) {
      const decoded = readable(fromAscii85(match[1]!));
      if (decoded) yield run('ascii85', source, decoded, match.index, match.index + match[0].length);
    }
  }
}

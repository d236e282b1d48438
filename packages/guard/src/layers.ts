/** A decoded layer of a text; for each of its characters the span in the text that produced it. */
export interface Layer {
  readonly name: 'base64' | 'hex' | 'url' | 'html' | 'escape';
  readonly text: string;
  readonly starts: number[];
  readonly ends: number[];
}

const BASE64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const HEX = /(?:[0-9a-fA-F]{2}[ :]?){10,}/g;
const URL_ESCAPE = /%[0-9a-fA-F]{2}/;
const HTML_ESCAPE = /&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});/;
const JSON_ESCAPE = /\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[ntr"'/\\])/;
const NAMED: Readonly<Record<string, string>> = {
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
};

const strict = new TextDecoder('utf-8', { fatal: true });

/** Text that bytes spell, or null when they spell none worth reading. */
function readable(bytes: Uint8Array): string | null {
  if (bytes.length < 8) return null;
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return null;
  }
  let odd = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 && c !== 9 && c !== 10 && c !== 13) odd++;
  }
  return odd * 10 > text.length ? null : text;
}

function run(name: Layer['name'], text: string, start: number, end: number): Layer {
  return { name, text, starts: new Array(text.length).fill(start), ends: new Array(text.length).fill(end) };
}

function base64Layers(text: string): Layer[] {
  const layers: Layer[] = [];
  for (const match of text.matchAll(BASE64)) {
    const body = match[0];
    if (!/[A-Z]/.test(body) && !/[0-9+/_=-]/.test(body)) continue;
    const decoded = readable(Buffer.from(body, 'base64'));
    if (decoded) layers.push(run('base64', decoded, match.index, match.index + body.length));
  }
  return layers;
}

function hexLayers(text: string): Layer[] {
  const layers: Layer[] = [];
  for (const match of text.matchAll(HEX)) {
    const decoded = readable(Buffer.from(match[0].replaceAll(/[ :]/g, ''), 'hex'));
    if (decoded) layers.push(run('hex', decoded, match.index, match.index + match[0].length));
  }
  return layers;
}

/** Rewrites each match in place, keeping track of where every character came from. */
function rewrite(
  name: Layer['name'],
  text: string,
  pattern: RegExp,
  decode: (found: string) => string | null,
): Layer | null {
  const global = new RegExp(pattern.source, 'g');
  const pieces: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  let changed = false;
  const copy = (to: number): void => {
    pieces.push(text.slice(at, to));
    for (let i = at; i < to; i++) {
      starts.push(i);
      ends.push(i + 1);
    }
    at = to;
  };
  for (const match of text.matchAll(global)) {
    const decoded = decode(match[0]);
    if (decoded === null) continue;
    copy(match.index);
    at = match.index + match[0].length;
    pieces.push(decoded);
    for (let i = 0; i < decoded.length; i++) {
      starts.push(match.index);
      ends.push(at);
    }
    changed = true;
  }
  if (!changed) return null;
  copy(text.length);
  return { name, text: pieces.join(''), starts, ends };
}

function fromCodePoint(c: number): string | null {
  return c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? String.fromCodePoint(c) : null;
}

function decodeHtml(found: string): string | null {
  const name = found.slice(1, -1);
  if (name[0] !== '#') return NAMED[name.toLowerCase()] ?? null;
  return fromCodePoint(
    name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)),
  );
}

const CONTROL: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function decodeEscape(found: string): string | null {
  const kind = found[1]!;
  if (kind === 'u' || kind === 'x') return String.fromCharCode(Number.parseInt(found.slice(2), 16));
  return CONTROL[kind] ?? kind;
}

function decodeUrl(found: string): string {
  return Buffer.from(found.replaceAll('%', ''), 'hex').toString('utf8');
}

const URL_RUN = /(?:%[0-9a-fA-F]{2})+/;

/** Encoded layers found in a text, each decoded one step. Linear in the text. */
export function findLayers(text: string): Layer[] {
  const layers: Layer[] = [];
  if (text.length >= 16) layers.push(...base64Layers(text), ...hexLayers(text));
  const add = (layer: Layer | null): void => {
    if (layer) layers.push(layer);
  };
  if (text.includes('%') && URL_ESCAPE.test(text)) add(rewrite('url', text, URL_RUN, decodeUrl));
  if (text.includes('&') && HTML_ESCAPE.test(text)) add(rewrite('html', text, HTML_ESCAPE, decodeHtml));
  if (text.includes('\\') && JSON_ESCAPE.test(text)) add(rewrite('escape', text, JSON_ESCAPE, decodeEscape));
  return layers;
}

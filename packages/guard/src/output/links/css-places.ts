/** A URL in a style sheet, with its place. */
export interface CssUrl {
  readonly url: string;
  readonly start: number;
  readonly end: number;
}

const HEX_ESCAPE = /\\([0-9a-f]{1,6})[ \t\r\n\f]?|\\([^\n\r\f0-9a-f])/gi;
const CALL = /(?:url|src|image|image-set)\(/g;
const IMPORT = /@import/g;
const ENDS = /["')\s;]/g;
/** Characters of one URL that are read. */
const URL_MAX = 4_096;

/** CSS escapes undone (CSS Syntax 3, section 4.3.7), with every character where it was: what an escape took is filled up. */
function unescaped(css: string): { text: string; at: readonly number[] | null } {
  if (!css.includes('\\')) return { text: css, at: null };
  const at: number[] = [];
  let text = '';
  let from = 0;
  const copy = (to: number): void => {
    for (let i = from; i < to; i++) at.push(i);
    text += css.slice(from, to);
  };
  for (const match of css.matchAll(HEX_ESCAPE)) {
    copy(match.index);
    const code = match[1] === undefined ? match[2]!.codePointAt(0)! : Number.parseInt(match[1], 16);
    const written = code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    for (let i = 0; i < written.length; i++) at.push(match.index);
    text += written;
    from = match.index + match[0].length;
  }
  copy(css.length);
  at.push(css.length);
  return { text, at };
}

/** URLs that a style sheet or a `style` attribute loads. */
export function cssPlaces(css: string): CssUrl[] {
  const { text, at } = unescaped(css);
  const plain = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const found: CssUrl[] = [];
  let searched = 0;
  let stop = -1;
  /** Where a URL that begins at a place ends; looked for once, wherever URLs begin before it. */
  const endFrom = (start: number): number => {
    if (start < searched || stop < start) {
      ENDS.lastIndex = start;
      stop = ENDS.exec(text)?.index ?? text.length;
      searched = start;
    }
    return stop;
  };
  const take = (from: number): void => {
    let start = from;
    while (start < text.length && /[\s"']/.test(text[start]!) && start - from < 64) start++;
    const url = text.slice(start, Math.min(endFrom(start), start + URL_MAX));
    if (url === '') return;
    const place = (offset: number): number => (at ? at[Math.min(offset, at.length - 1)]! : offset);
    found.push({ url, start: place(start), end: place(start + url.length) });
  };
  for (const match of plain.matchAll(CALL)) take(match.index + match[0].length);
  for (const match of plain.matchAll(IMPORT)) take(match.index + match[0].length);
  return found.filter(({ url }) => !url.toLowerCase().startsWith('url('));
}

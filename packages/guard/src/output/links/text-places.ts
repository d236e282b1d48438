import { type CodeSpan, inCode, type LinkPlace, type LinkUse } from './link-place.ts';

/** Characters of one URL that are read. */
const URL_MAX = 2_000;
/** Characters before a URL that say what it is for. */
const BEFORE = 280;

/** What a URL begins with, as browsers read it: a scheme with any number of slashes, or slashes alone. */
const BEGINS = /(?:[a-z][a-z0-9+.-]{1,20}:[\\/]{1,4}|[\\/]{2})(?=[^\s\\/<>"'`)\]}])/gi;
/** A destination in brackets ends before the one that it is the text of. */
const ENDS = /[\s<>"'`|\u0007\u001b]|\)\]\(/;

/**
 * Syntax that shows what a URL points to, where no parser here knows it or where the text is cut: other wikis and
 * mark-up languages, attributes and styles whose tag began before the text. Each is looked for right before a URL.
 */
const SHOWN: readonly RegExp[] = [
  /!\[[^\]]{0,200}\]\(\s{0,9}<?$/,
  /!\[\[\s{0,9}$/,
  /\b(?:src|srcset|poster|background|data)\s{0,9}=\s{0,9}["']?(?:[^"']{0,200},\s{0,9})?$/i,
  /\burl\(\s{0,9}["']?$/i,
  /@import\s{1,9}["']?$/i,
  /\\includegraphics(?:\[[^\]]{0,80}\])?\{\s{0,9}$/,
  /\[img(?:[ =][^\]]{0,40})?\]$/i,
  /\bimage::?\s{0,9}$/i,
  /\[\[(?:image|file):\s{0,9}$/i,
  /\{\{\s{0,9}$/,
  /(?:^|\s)![^!\s]{0,40}$/,
];
/** Right before the address of a picture or link in Markdown. */
const IN_BRACKETS = /\]\(\s{0,9}$/;
/** A definition, as Markdown has them. */
const DEFINES = /\]:\s{0,9}<?$/;
const FOLLOWED: readonly RegExp[] = [
  /\]\(\s{0,9}<?$/,
  /\bhref\s{0,9}=\s{0,9}["']?$/i,
  /<$/,
  /\[url(?:=[^\]]{0,4})?\]$/i,
  /\\(?:href|url)\{$/,
  // As terminals write links.
  /(?:\u001b\]|\u009d)8;[^;]{0,100};$/,
];
/** What loads a URL where a block is drawn: a field named so, or what stands for one. */
const DRAWN: readonly RegExp[] = [
  /\b(?:urls?|img|images?|icon|src|source|background(?:Image)?)["'\]]?\s{0,9}[:=]\s{0,9}[["']{0,2}$/i,
  /<(?:img|image):\s{0,9}$/i,
  /!include(?:url|_once|_many)?\s{1,9}$/i,
];

/** Where the address of a picture or link in Markdown ends: at the bracket that closes it, however many open within. */
function closing(url: string): number {
  let open = 0;
  for (let at = 0; at < url.length; at++) {
    if (url[at] === '(') open++;
    else if (url[at] === ')' && open-- === 0) return at;
  }
  return url.length;
}

function useOf(before: string, drawn: boolean): LinkUse {
  const ends = (pattern: RegExp): boolean => pattern.test(before);
  if (SHOWN.some(ends) || (drawn && DRAWN.some(ends))) return 'load';
  if (DEFINES.test(before)) return 'define';
  return FOLLOWED.some(ends) ? 'follow' : 'plain';
}

/** URLs wherever they stand, by their beginning alone. @param drawn stretches that pages draw */
export function textPlaces(text: string, drawn: readonly CodeSpan[] = []): LinkPlace[] {
  const places: LinkPlace[] = [];
  let last = -1;
  for (const match of text.matchAll(BEGINS)) {
    const start = match.index;
    // A scheme-relative beginning within a URL is a part of it, and `//` after a line's text is a comment.
    if (start < last) continue;
    const rest = text.slice(start, start + URL_MAX);
    const stop = rest.search(ENDS);
    const before = text.slice(Math.max(0, start - BEFORE), start);
    const whole = stop < 0 ? rest : rest.slice(0, stop);
    const own = IN_BRACKETS.test(before) ? whole.slice(0, closing(whole)) : whole;
    const url = own.replace(/[)\]}.,;:!?*]{1,8}$/, '');
    const use = useOf(before, inCode(drawn, start));
    if (use === 'plain' && /^[\\/]/.test(url)) continue;
    last = start + url.length;
    places.push({ url, use, syntax: 'text', start, end: last, code: false });
  }
  return places;
}

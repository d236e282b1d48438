import type { Severity } from '@sallyport/core';
import { type FenceLead, fencedSpans } from './code-fence.ts';
import { htmlPlaces } from './html-places.ts';
import { type ActiveMarkup, type CodeSpan, inCode, type LinkPlace } from './link-place.ts';
import {
  carriesData,
  hostAllowed,
  isPlainLogin,
  type LinkTarget,
  REMOTE,
  resolveLink,
  runsCode,
  startsProgram,
} from './link-target.ts';
import { markdownPlaces } from './markdown-places.ts';
import { mayShow, NO_REFERENCES, openedAddress, picturesByReference, type References } from './references.ts';
import { textPlaces } from './text-places.ts';

/** A link that should not be in an answer. Offsets count UTF-16 units. */
export interface LinkMatch {
  readonly technique: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly start: number;
  readonly end: number;
}

/** What is known of the text and of its reader. */
export interface LinkContext {
  /** Hosts that links may lead to, `*.name` for those below a name; null where the system names none. */
  readonly hosts?: readonly string[] | null;
  /** What came before the text; null where it is a whole answer. */
  readonly lead?: FenceLead | null;
}

/** Characters that are parsed at a time, and those that neighbouring pieces share: parsing time stays in step with length. */
const PIECE = 4_096;
const SHARED = 1_024;

const MAY_LINK = /[\\/]{2}|:[\\/]|script|data|&|<|\]\(|\]:/i;
const MAY_MARKDOWN = /\]\(|\]:|<[a-z]/i;
const MAY_HTML = /<[a-z!/?]/i;

/** Pieces of a text, cut at line ends where there are any. */
function* pieces(text: string): Generator<{ readonly text: string; readonly from: number }> {
  for (let from = 0; ; ) {
    if (from + PIECE >= text.length) return yield { text: text.slice(from), from };
    yield { text: text.slice(from, from + PIECE), from };
    // Never beyond the piece: a text of one line would be gone through from its beginning each time.
    const newline = text.slice(from, from + PIECE - SHARED + 1).lastIndexOf('\n');
    from += newline > PIECE / 2 ? newline + 1 : PIECE - SHARED;
  }
}

/** Where the next blank line begins, of places that are asked for in their order; -1 behind the last. */
function blankLines(text: string): (from: number) => number {
  let next = 0;
  return (from) => {
    if (next >= 0 && next <= from) next = text.indexOf('\n\n', from);
    return next;
  };
}

/** Inline code of a piece that begins within a paragraph says nothing before the first blank line: a mark before it may pair. */
function inlineCode(text: string, blank: number, code: readonly CodeSpan[]): CodeSpan[] {
  if (blank < 0) return [];
  // Where fences stand is known from the whole text.
  return code.filter(({ start }) => start >= blank && text[start] === '`' && !text.startsWith('```', start));
}

/**
 * Addresses of definitions that began before the text: the one that goes on with it, and those that its pictures may mean.
 * @param picture where the first picture by reference stands
 */
function definedBefore(text: string, references: References, picture: number | undefined): LinkPlace[] {
  const places: LinkPlace[] = [];
  const opened = openedAddress(text, references);
  if (opened !== undefined) {
    const end = text.indexOf(opened) + opened.length;
    places.push({ url: opened, use: 'define', syntax: 'markdown', start: 0, end, code: false });
  }
  if (picture === undefined) return places;
  for (const url of references.defined)
    places.push({ url, use: 'load', syntax: 'markdown', start: picture, end: picture + 2, code: false });
  return places;
}

function everyPlace(text: string, lead: FenceLead | null): { places: LinkPlace[]; active: ActiveMarkup[] } {
  const places: LinkPlace[] = [];
  const active: ActiveMarkup[] = [];
  const fenced = fencedSpans(text, lead ?? undefined);
  const code: CodeSpan[] = [];
  const blankFrom = blankLines(text);
  for (const piece of pieces(text)) {
    if (MAY_MARKDOWN.test(piece.text)) {
      const found = markdownPlaces(piece.text, piece.from);
      places.push(...found.places);
      const cut = piece.from > 0 || lead !== null;
      code.push(...inlineCode(text, cut ? blankFrom(piece.from) : piece.from, found.code));
    }
    if (MAY_HTML.test(piece.text)) {
      const found = htmlPlaces(piece.text, piece.from);
      places.push(...found.places);
      active.push(...found.active);
    }
  }
  places.push(...textPlaces(text, fenced.drawn));
  code.sort((a, b) => a.start - b.start);
  const shown = ({ start }: { start: number }): boolean =>
    inCode(fenced.shown, start) || (inCode(code, start) && !inCode(fenced.drawn, start));
  const references = lead?.references ?? NO_REFERENCES;
  const picture = picturesByReference(text).find((start) => !shown({ start }));
  places.push(...definedBefore(text, references, picture));
  // A definition serves pictures wherever they stand, before it and behind it.
  const use = mayShow(references, picture !== undefined) ? 'load' : 'follow';
  return {
    places: places.map((place) => ({
      ...place,
      use: place.use === 'define' ? use : place.use,
      code: place.code || shown(place),
    })),
    active: active.map((one) => (shown(one) ? { ...one, code: true } : one)),
  };
}

interface Judgement {
  readonly technique: string;
  readonly severity: Severity;
  readonly confidence: number;
}

const judged = (technique: string, severity: Severity, confidence: number): Judgement => ({
  technique,
  severity,
  confidence,
});

/** A host that a reader takes for another one. */
function deceives({ url, host }: LinkTarget, raw: string): Judgement | null {
  const login = /^[^/?#]*[\\/]{2}([^/?#\\]*)@/.exec(raw);
  // Written as plainly as it is read: what looks like a host, or is written in another way, deceives.
  if ((url.username !== '' || login) && !(isPlainLogin(url) && !/[.@%]/.test(login?.[1] ?? '')))
    return judged('link-hides-host', 'high', 0.9);
  if (/(?:^|\.)xn--/.test(host)) return judged('link-punycode-host', 'medium', 0.6);
  if ((/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) && !host.startsWith('127.')) || host.startsWith('['))
    return judged('link-address-host', 'medium', 0.6);
  return null;
}

/** What a place does with a URL that leads elsewhere. */
function judgeRemote(
  place: LinkPlace,
  target: LinkTarget,
  hosts: readonly string[] | null,
): Judgement | null {
  const outside = hosts !== null && !hostAllowed(target.host, hosts);
  const data = carriesData(target);
  switch (place.use) {
    case 'load':
      if (target.scheme === 'file' || target.scheme === 'smb') return judged('link-opens-share', 'high', 0.9);
      if (data)
        return judged(place.syntax === 'html' ? 'markup-loads-remote' : 'image-exfiltration', 'high', 0.85);
      if (outside) return judged('load-outside-hosts', 'high', 0.9);
      return hosts === null && place.syntax === 'html' ? judged('markup-loads-remote', 'medium', 0.5) : null;
    case 'submit':
      return judged('markup-posts-remote', 'high', 0.8);
    case 'base':
      return judged('markup-moves-links', 'high', 0.9);
    default:
      if (outside) return judged('link-outside-hosts', 'medium', 0.7);
      return data && place.use === 'follow' ? judged('link-carries-data', 'medium', 0.4) : null;
  }
}

function judge(place: LinkPlace, hosts: readonly string[] | null): Judgement[] {
  const target = resolveLink(place.url);
  if (!target) return [];
  if (runsCode(target)) return place.use === 'plain' ? [] : [judged('active-link', 'high', 0.9)];
  const found: Judgement[] = [];
  if (REMOTE.has(target.scheme)) {
    // A host that the operator allows is trusted with what a link to it carries.
    if (hosts !== null && hostAllowed(target.host, hosts)) return [];
    const own = judgeRemote(place, target, hosts);
    if (own) found.push(own);
    const mask = deceives(target, place.url);
    if (mask) found.push(mask);
  } else if (startsProgram(target.scheme) && place.use !== 'plain')
    found.push(judged('link-starts-program', 'medium', 0.6));
  return found;
}

/**
 * Links that hand over data when shown, run code, or whose host deceives. Markdown and HTML are read by parsers, and what
 * they leave is searched for URLs. In code, which Markdown shows as it is, only what would be grave elsewhere is told, with
 * low severity: a page that shows an answer as HTML knows no fences.
 */
export function findLinks(text: string, { hosts = null, lead = null }: LinkContext = {}): LinkMatch[] {
  if (!MAY_LINK.test(text) && !(lead && text.includes('!['))) return [];
  const { places, active } = everyPlace(text, lead);
  const found = new Map<string, LinkMatch>();
  const keep = ({ technique, severity, confidence }: Judgement, { start, end, code }: ActiveMarkup): void => {
    const key = `${technique} ${start}`;
    if (found.has(key) || (code && severity !== 'high')) return;
    found.set(key, { technique, severity: code ? 'low' : severity, confidence, start, end });
  };
  for (const place of places) for (const judgement of judge(place, hosts)) keep(judgement, place);
  // What runs loads from wherever it likes: with hosts of its own, a system shows none of it.
  const running =
    hosts === null ? judged('active-markup', 'medium', 0.6) : judged('active-markup', 'high', 0.8);
  for (const one of active) keep(running, one);
  return [...found.values()].sort((a, b) => a.start - b.start);
}

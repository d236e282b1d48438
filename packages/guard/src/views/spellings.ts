import { tableOf } from '@sallyport/core';
import { BRAILLE, LEET, LETTERS_AND_FIGURES, MORSE } from './alphabets.ts';
import type { Layer } from './canonicalise.ts';
import { COMMON_WORDS } from './frequent-words.ts';
import type { Look } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';
import { withoutPictures } from './pictures.ts';
import { type Found, Rewriting } from './rewriting.ts';
import { ordered } from './scrambled.ts';

const FIGURES: Readonly<Record<string, string>> = tableOf({
  ...LEET,
  '+': 't',
  '€': 'e',
  '£': 'l',
  '(': 'c',
  '¡': 'i',
});
const LEET_WORD =
  /(?<![\w@$])(?=[a-z0-9@$!|+(]{0,24}[a-z])(?=[a-z0-9@$!|+(]{0,24}[0-9@$!|+(])[a-z0-9@$!|+(]{2,24}(?![\w@$])/g;
/** Figures beside letters from which a text is taken to be written so. */
const LEET_MIN = 3;
/** Marks within words from which they are taken to be mark-up. */
const WRAPS_MIN = 2;
/** Words of one letter in a row from which letters are taken to be set apart. */
const APART_MIN = 5;
/** Letters from which a common word says that what was undone was meant so. */
const COMMON_LETTERS_MIN = 3;
const isCommon = (word: string): boolean => word.length >= COMMON_LETTERS_MIN && COMMON_WORDS.has(word);
/** Characters around what was undone that are read with it. */
const AROUND = 160;

/** Figures and signs that stand for letters within words. */
function leet(rewriting: Rewriting): void {
  // `f(x)` and `utf8` are no leet; where it is meant, some of it are common words.
  let believed = false;
  rewriting.undo(
    'leet',
    rewriting.text.matchAll(LEET_WORD),
    (builder, found, at) => {
      let word = '';
      for (let i = 0; i < found.length; i++) {
        const letter = FIGURES[found[i]!] ?? found[i]!;
        word += letter;
        builder.code(letter.charCodeAt(0), at + i, at + i + 1);
      }
      believed ||= isCommon(word);
      return true;
    },
    () => believed,
  );
}

/** Letters one by one, between them the same kind of mark each time. */
const APART =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}](?:([ \t\n._\-*/|~+,:•·])\1{0,2}[\p{L}\p{N}](?![\p{L}\p{N}])){4,}/gu;
const MARKS = /[^\p{L}\p{N}]+/gu;
const LETTER = String.raw`[\p{L}\p{N}]`;

/** Letters set apart brought together: where five in a row are, short words with the same marks are, too. */
function together(rewriting: Rewriting): void {
  const signs = new Set<string>();
  /** Spaces of each kind, and the least of them between two letters: the kind that most letters have stands within words. */
  const spaces = new Map<string, { count: number; least: number }>();
  for (const [chain] of rewriting.text.matchAll(APART)) {
    for (const [marks] of chain.matchAll(MARKS)) {
      const own = marks[0]!;
      if (!/\s/.test(own)) signs.add(own);
      else {
        const { count, least } = spaces.get(own) ?? { count: 0, least: marks.length };
        spaces.set(own, { count: count + 1, least: Math.min(least, marks.length) });
      }
    }
  }
  if (signs.size === 0 && spaces.size === 0) return;
  const [space, { least }] = [...spaces].sort(([, a], [, b]) => b.count - a.count)[0] ?? [' ', { least: 1 }];
  // Signs between letters stand beside other signs, too, but points end sentences; spaces are told from those between
  // words by their number.
  const between = signs.size > 0 ? `[${[...signs].join('').replace('-', '\\-')}]{1,3}` : `${space}{${least}}`;
  const element = signs.size > 0 && !signs.has('.') ? '\\S' : LETTER;
  const word = `(?<!${LETTER})${element}(?:${between}${element}(?!${LETTER}))+`;
  rewriting.undo('spacing', rewriting.text.matchAll(new RegExp(word, 'gu')), (builder, found, at) => {
    for (let i = 0; i < found.length; i++)
      if (!/\s/.test(found[i]!) && !signs.has(found[i]!))
        builder.code(found.charCodeAt(i), at + i, at + i + 1);
    return true;
  });
}

/** A piece of what stands within words and shows nowhere: emphasis, comments and tags of mark-up, joined strings. */
const MARKUP =
  /<!--[^>]{0,200}-->|<\/?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,80})?>|\*{1,3}|_{2,3}|~~|`|["']\s?[+.]\s?["']|\\/g;
const WORD = /\w/;

/** What joins two strings: shows nowhere even where a space stands beside it. */
const JOINS = /^["']\s?[+.]\s?["']/;

/** Runs of mark-up before a word. Pieces are joined here: a pattern that repeats them would try every way to cut a run. */
function* markupRuns(text: string): Generator<Found> {
  let start = 0;
  let end = -1;
  for (const { 0: piece, index } of text.matchAll(MARKUP)) {
    if (index !== end) {
      if (WORD.test(text[end] ?? '') || JOINS.test(text.slice(start, end)))
        yield { 0: text.slice(start, end), index: start };
      start = index;
    }
    end = index + piece.length;
  }
  if (WORD.test(text[end] ?? '') || JOINS.test(text.slice(start, Math.max(start, end))))
    yield { 0: text.slice(start, end), index: start };
}

function withoutMarkup(rewriting: Rewriting): void {
  const { text } = rewriting;
  rewriting.undo('markup', markupRuns(text), (_builder, found, at) => {
    // Emphasis goes wherever it stands once it stands within words; the rest only there.
    return /^[*_~`]/.test(found) || JOINS.test(found) || (at > 0 && WORD.test(text[at - 1]!));
  });
}

/** Words joined by a mark instead of spaces: `ignore_all-previous.instructions`. */
const JOINED = /(?<![a-z0-9])[a-z][a-z0-9']{1,23}(?:[.,:;!?]?[_\-./|+*,~][a-z0-9']{1,24}){2,}/g;
function asWords(rewriting: Rewriting): void {
  rewriting.undo('joined', rewriting.text.matchAll(JOINED), (builder, found, at) => {
    // Paths and names of variables are joined, too; sentences have common words.
    if (!found.split(/[^a-z0-9']/).some(isCommon)) return false;
    for (let i = 0; i < found.length; i++) {
      // Of a point and a mark, the point ends a sentence.
      const kept = /[a-z0-9']/.test(found[i]!) || !/[a-z0-9']/.test(found[i + 1] ?? 'a');
      builder.code(kept ? found.charCodeAt(i) : 32, at + i, at + i + 1);
    }
    return true;
  });
}

const MORSE_LETTERS = new Map(MORSE.map((code, i) => [code, LETTERS_AND_FIGURES[i]!]));
const MORSE_RUN = /(?:[.\-·•–—]{1,6}(?:[ ]|\s*[/|]\s*|\s{2,})){7,}[.\-·•–—]{1,6}/g;

const NATO =
  'alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu'.split(
    ' ',
  );
const NATO_RUN = new RegExp(`(?:\\b(?:${NATO.join('|')}|x-ray)\\b[\\s,.\\-]{0,3}){6,}`, 'g');

/** Telegraph, radio and raised-dot alphabets. */
function* alphabets(source: Mapped, plain: boolean): Generator<Layer> {
  const { text } = source;
  if (/[.\-·–] [.\-·–]{1,6} [.\-·–]/.test(text)) {
    const builder = new MappedBuilder(source, 64);
    for (const match of text.matchAll(MORSE_RUN)) {
      if (builder.length > 0) builder.code(10, match.index, match.index + 1);
      for (const symbol of match[0].matchAll(/[.\-·•–—]+|[\s/|]+/g)) {
        // One space stands between letters, more between words.
        if (symbol[0] === ' ') continue;
        const code = symbol[0].replaceAll(/[·•]/g, '.').replaceAll(/[–—]/g, '-');
        const from = match.index + symbol.index;
        builder.piece(
          /[.-]/.test(code) ? (MORSE_LETTERS.get(code) ?? '?') : ' ',
          from,
          from + symbol[0].length,
        );
      }
    }
    if (builder.length > 0) yield { name: 'morse', mapped: builder.done() };
  }
  if (text.includes('romeo') || text.includes('echo') || text.includes('tango') || text.includes('india')) {
    const builder = new MappedBuilder(source, 64);
    for (const match of text.matchAll(NATO_RUN)) {
      if (builder.length > 0) builder.code(10, match.index, match.index + 1);
      for (const word of match[0].matchAll(/[a-z]+(?:-ray)?|\s{2,}|[,.]\s/g)) {
        const from = match.index + word.index;
        builder.piece(/[a-z]/.test(word[0]) ? word[0][0]! : ' ', from, from + word[0].length);
      }
    }
    if (builder.length > 0) yield { name: 'radio-alphabet', mapped: builder.done() };
  }
  if (!plain && /[⠁-⠿]{4}/.test(text)) {
    const builder = new MappedBuilder(source, text.length);
    for (let i = 0; i < text.length; i++) {
      const at = BRAILLE.indexOf(text[i]!);
      builder.code(at >= 0 ? 97 + at : text[i] === '⠀' ? 32 : text.charCodeAt(i), i, i + 1);
    }
    yield { name: 'braille', mapped: builder.done() };
  }
}

/**
 * Unusual ways of writing in a canonical text, undone: mark-up, joined words and figures for letters one after the
 * other, letters set apart by themselves. Linear in the text.
 */
export function* findSpellings(
  source: Mapped,
  { figures, singles, wraps, chain, plain }: Look,
): Generator<Layer> {
  const rewriting = new Rewriting(source, AROUND);
  const ways = [
    [!plain, withoutPictures],
    [wraps >= WRAPS_MIN, withoutMarkup],
    [figures >= LEET_MIN, leet],
    [chain > 1, asWords],
    [true, ordered],
  ] as const;
  for (const [due, undo] of ways) if (due) undo(rewriting);
  const read = rewriting.layer();
  if (read) yield read;
  if (singles >= APART_MIN) {
    const before = rewriting.text;
    together(rewriting);
    const apart = rewriting.text === before ? null : rewriting.layer();
    if (apart) yield apart;
  }
  yield* alphabets(source, plain);
}

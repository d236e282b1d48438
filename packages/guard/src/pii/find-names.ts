import { isEnglish } from '../language.ts';
import type { NameMatch, NameTagger } from '../names/tagger.ts';
import type { Countries, PiiMatch } from './entity.ts';
import { findPii, withoutOverlaps } from './find-pii.ts';
import { DATE } from './personal.ts';

const MOMENT = new RegExp(
  `(?<![\\w.-])(?:${DATE}(?:[ T]\\d{1,2}:\\d{2}(?::\\d{2})?)?|(?:19|20)\\d{2}|(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?![\\w-])`,
  'gi',
);
const URL = /https?:\/\/[^\s<>"'`\])]{3,400}/gi;

/** How sure one can be of a name that nothing but its looks and its neighbours tells. */
const TAGGED = 0.6;

/** Characters on either side of a name in which its sentence is looked for. */
const SENTENCE_REACH = 240;
const ENDS = /[.!?。！？\n]/;
/** Characters of a text that tell its language. */
const TEXT_REACH = 4_096;
/** Characters on either side of a name in which an id that it cuts begins and ends. */
const ID_REACH = 64;
/** A word without figures: a name has one, a digest or an id has none. */
const PLAIN_WORD = /(?<![\p{L}\p{M}\p{N}])\p{Lu}[\p{L}\p{M}'’.-]+(?![\p{L}\p{M}\p{N}])/u;
const PLAIN_WORDS = new RegExp(PLAIN_WORD.source, 'gu');

const LETTER_OR_FIGURE = /[\p{L}\p{M}\p{N}]/u;
/** Words joined by signs within them, as ids are. */
const JOINED_WORD = /[\p{L}\p{M}\p{N}]+(?:[-_][\p{L}\p{M}\p{N}]+)*/gu;
/** Figures and letters of one word from which it is a digest or an id; numbers of houses have fewer, and postcodes a form. */
const MIXED_ID = /(?=\p{N}{0,40}\p{L})(?=\p{L}{0,40}\p{N})[\p{L}\p{N}]{6,}/u;
const POSTCODE = /^(?:[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|\d{4}[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d)$/i;
/** Words that are left of a name beside an id, at least: one alone is what the id is of, such as `Build`. */
const WORDS_BESIDE_MIN = 2;

const isId = (word: string): boolean => {
  const mixed = MIXED_ID.exec(word)?.[0];
  return mixed !== undefined && !POSTCODE.test(mixed);
};

/** What is left of a name without the ids in it; null where that is none. The tagger reads letters and figures apart. */
function besideIds(text: string, { kind, start, end }: NameMatch): { start: number; end: number } | null {
  let [from, to] = [start, end];
  while (from > 0 && start - from < ID_REACH && LETTER_OR_FIGURE.test(text[from - 1]!)) from--;
  while (to < text.length && to - end < ID_REACH && LETTER_OR_FIGURE.test(text[to]!)) to++;
  const cut = from < start || to > end;
  const pieces: { start: number; end: number }[] = [];
  let at = from;
  let ids = 0;
  for (const { index, 0: word } of text.slice(from, to).matchAll(JOINED_WORD)) {
    const begin = from + index;
    const cuts = begin < start || begin + word.length > end;
    if (!isId(word) && !(cuts && /\p{N}/u.test(word))) continue;
    ids++;
    pieces.push({ start: at, end: begin });
    at = begin + word.length;
  }
  if (ids === 0) return cut ? { start: from, end: to } : { start, end };
  pieces.push({ start: at, end: to });
  for (const piece of pieces) {
    const said = text.slice(piece.start, piece.end);
    const words = said.match(PLAIN_WORDS)?.length ?? 0;
    if (words < WORDS_BESIDE_MIN || (kind === 'address' && !/\p{N}/u.test(said))) continue;
    const lead = said.length - said.trimStart().length;
    return { start: piece.start + lead, end: piece.start + said.trimEnd().length };
  }
  return null;
}

/** The sentence that a stretch of a text stands in. */
function sentenceAround(text: string, start: number, end: number): { from: number; to: number } {
  let from = start;
  while (from > 0 && start - from < SENTENCE_REACH && !ENDS.test(text[from - 1]!)) from--;
  let to = end;
  while (to < text.length && to - end < SENTENCE_REACH && !ENDS.test(text[to]!)) to++;
  return { from, to };
}

/**
 * Names that the tagger finds in English sentences, and in what says too little to be of any language, such as a table of an
 * English text. It was trained on English: in other languages it takes whole sentences for names.
 */
function* taggedIn(text: string, tagger: NameTagger): Generator<PiiMatch> {
  let whole: boolean | null | undefined;
  let last = { from: 0, to: 0, english: null as boolean | null };
  for (const name of tagger.find(text)) {
    if (!PLAIN_WORD.test(text.slice(name.start, name.end))) continue;
    const place = besideIds(text, name);
    if (!place) continue;
    const { start, end } = place;
    if (last.to < end || last.from > start) {
      const { from, to } = sentenceAround(text, start, end);
      last = { from, to, english: isEnglish(text.slice(from, to)) };
    }
    if (last.english === null && whole === undefined) whole = isEnglish(text.slice(0, TEXT_REACH));
    if ((last.english ?? whole) !== false) yield { entity: name.kind, start, end, confidence: TAGGED };
  }
}

/** Personal data of every kind: what has a structure, and what the tagger takes for a name; overlaps go to the more certain. */
export function findNames(text: string, tagger: NameTagger, countries: Countries = null): PiiMatch[] {
  const found: PiiMatch[] = findPii(text, countries);
  found.push(...taggedIn(text, tagger));
  for (const { index, 0: date } of text.matchAll(MOMENT))
    found.push({ entity: 'date', start: index, end: index + date.length, confidence: 0.55 });
  for (const { index, 0: url } of text.matchAll(URL)) {
    const whole = url.replace(/(?<![.,;:!?])[.,;:!?]+$/, '');
    found.push({ entity: 'url', start: index, end: index + whole.length, confidence: 0.65 });
  }
  return withoutOverlaps(found);
}

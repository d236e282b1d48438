import { isEnglish } from '../language.ts';
import type { NameTagger } from '../names/tagger.ts';
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
/** A word without figures: a name has one, a digest or an id has none. */
const PLAIN_WORD = /(?<![\p{L}\p{M}\p{N}])\p{Lu}[\p{L}\p{M}'’.-]+(?![\p{L}\p{M}\p{N}])/u;

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
  for (const { kind, start, end } of tagger.find(text)) {
    if (!PLAIN_WORD.test(text.slice(start, end))) continue;
    if (last.to < end || last.from > start) {
      const { from, to } = sentenceAround(text, start, end);
      last = { from, to, english: isEnglish(text.slice(from, to)) };
    }
    if (last.english === null && whole === undefined) whole = isEnglish(text.slice(0, TEXT_REACH));
    if ((last.english ?? whole) !== false) yield { entity: kind, start, end, confidence: TAGGED };
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

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

/** Personal data of every kind: what has a structure, and what the tagger takes for a name; overlaps go to the more certain. */
export function findNames(text: string, tagger: NameTagger, countries: Countries = null): PiiMatch[] {
  const found: PiiMatch[] = findPii(text, countries);
  for (const { kind, start, end } of tagger.find(text))
    found.push({ entity: kind, start, end, confidence: TAGGED });
  for (const { index, 0: date } of text.matchAll(MOMENT))
    found.push({ entity: 'date', start: index, end: index + date.length, confidence: 0.55 });
  for (const { index, 0: url } of text.matchAll(URL)) {
    const whole = url.replace(/(?<![.,;:!?])[.,;:!?]+$/, '');
    found.push({ entity: 'url', start: index, end: index + whole.length, confidence: 0.65 });
  }
  return withoutOverlaps(found);
}

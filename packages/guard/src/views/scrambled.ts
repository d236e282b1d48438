import { COMMON_WORDS } from './frequent-words.ts';
import type { Found, Rewriting } from './rewriting.ts';

const SHORTEST = 5;
/** Words that orders to a system are made of. */
const WORDS = [
  'ignore ignoring disregard forget override overriding bypass neglect overlook previous prior earlier above preceding',
  'instruction instructions prompt prompts system rules guidelines directives directions restrictions constraints',
  'policies commands orders training programming developer reveal print output display repeat show expose disclose',
  'everything following hidden secret confidential initial original jailbreak unrestricted unfiltered',
  'safety filters password passwords credentials conversation message messages pretend verbatim',
]
  .flatMap((line) => line.split(' '))
  .filter((word) => word.length >= SHORTEST);

/** What stays of a word whose inner letters change places. */
const keyOf = (word: string): string =>
  `${word[0]}${[...word.slice(1, -1)].sort().join('')}${word[word.length - 1]}`;

const BY_KEY = new Map(WORDS.map((word) => [keyOf(word), word]));
/** Words by first letter, last letter and length: most others are told apart by these. */
const SHAPES = new Set<number>();
const shapeOf = (length: number, first: number, last: number): number => (length * 128 + first) * 128 + last;
for (const word of WORDS)
  SHAPES.add(shapeOf(word.length, word.charCodeAt(0), word.charCodeAt(word.length - 1)));
const LONGEST = Math.max(...WORDS.map(({ length }) => length));
/** Words with letters out of place from which they are taken to be meant so: one is a slip. */
const SCRAMBLED_MIN = 2;

/** The word that has the same first and last letter and the same letters between, where that is another one; else null. */
function unscrambled(word: string): string | null {
  const meant = BY_KEY.get(keyOf(word));
  return meant === undefined || meant === word || COMMON_WORDS.has(word) ? null : meant;
}

const isLetter = (code: number): boolean => code >= 97 && code <= 122;

/** Words whose letters are out of place. Most words are passed over by what they look like from outside. */
function scrambledWords(text: string): Found[] {
  const words: Found[] = [];
  for (let i = 0; i < text.length; i++) {
    if (!isLetter(text.charCodeAt(i))) continue;
    const from = i++;
    while (i < text.length && isLetter(text.charCodeAt(i))) i++;
    const length = i - from;
    if (length < SHORTEST || length > LONGEST) continue;
    if (!SHAPES.has(shapeOf(length, text.charCodeAt(from), text.charCodeAt(i - 1)))) continue;
    const word = text.slice(from, i);
    if (unscrambled(word) !== null) words.push({ 0: word, index: from });
  }
  return words;
}

/** Letters within words put back into their order, which readers do without noticing. */
export function ordered(rewriting: Rewriting): void {
  const words = scrambledWords(rewriting.text);
  if (words.length < SCRAMBLED_MIN) return;
  rewriting.undo('order', words, (builder, found, at) => {
    const meant = unscrambled(found)!;
    for (let i = 0; i < meant.length; i++) builder.code(meant.charCodeAt(i), at + i, at + i + 1);
    return true;
  });
}

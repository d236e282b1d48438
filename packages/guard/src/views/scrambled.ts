import { COMMON_WORDS } from './frequent-words.ts';
import type { Rewriting } from './rewriting.ts';

/** Words that orders to a system are made of. */
const WORDS = [
  'ignore ignoring disregard forget override overriding bypass neglect overlook previous prior earlier above preceding',
  'instruction instructions prompt prompts system rules guidelines directives directions restrictions constraints',
  'policies commands orders training programming developer reveal print output display repeat show expose disclose',
  'everything following hidden secret confidential initial original jailbreak unrestricted unfiltered',
  'safety filters password passwords credentials conversation message messages pretend verbatim',
]
  .flatMap((line) => line.split(' '))
  .filter((word) => word.length >= 5);

/** What stays of a word whose inner letters change places. */
const keyOf = (word: string): string =>
  `${word[0]}${[...word.slice(1, -1)].sort().join('')}${word[word.length - 1]}`;

const BY_KEY = new Map(WORDS.map((word) => [keyOf(word), word]));
/** Words by first letter, last letter and length: most others are told apart by these. */
const SHAPES = new Set<number>();
const shapeOf = (word: string): number =>
  (word.length * 128 + word.charCodeAt(0)) * 128 + word.charCodeAt(word.length - 1);
for (const word of WORDS) SHAPES.add(shapeOf(word));
const LONGEST = Math.max(...WORDS.map(({ length }) => length));
const WORD = new RegExp(`(?<![a-z])[a-z]{5,${LONGEST}}(?![a-z])`, 'g');
/** Words with letters out of place from which they are taken to be meant so: one is a slip. */
const SCRAMBLED_MIN = 2;

/** The word that has the same first and last letter and the same letters between, where that is another one; else null. */
function unscrambled(word: string): string | null {
  if (!SHAPES.has(shapeOf(word))) return null;
  const meant = BY_KEY.get(keyOf(word));
  return meant === undefined || meant === word || COMMON_WORDS.has(word) ? null : meant;
}

/** Letters within words put back into their order, which readers do without noticing. */
export function ordered(rewriting: Rewriting): void {
  let changed = 0;
  rewriting.undo(
    'order',
    rewriting.text.matchAll(WORD),
    (builder, found, at) => {
      const meant = unscrambled(found);
      if (meant === null) return false;
      changed++;
      for (let i = 0; i < meant.length; i++) builder.code(meant.charCodeAt(i), at + i, at + i + 1);
      return true;
    },
    () => changed >= SCRAMBLED_MIN,
  );
}

import { promptStretches } from './prompt-parts.ts';
import { findRuns, SHINGLE_WORDS, type Word, wordsOf } from './word-runs.ts';

/** Part of the system prompts of a call, in characters, that is watched. */
const PROMPTS_CHARACTERS_MAX = 65_536;

const shingle = (words: readonly Word[], at: number): string => {
  let key = '';
  for (let i = at; i < at + SHINGLE_WORDS; i++) key += `${words[i]!.text} `;
  return key;
};

/** The beginnings of system prompts that are watched: as many characters as fit, in order. */
export function watchedPrompts(prompts: readonly string[]): string[] {
  const watched: string[] = [];
  let room = PROMPTS_CHARACTERS_MAX;
  for (const prompt of prompts) {
    if (room <= 0) break;
    watched.push(prompt.slice(0, room));
    room -= prompt.length;
  }
  return watched;
}

/** What one call watches for, made once for all of its texts: whether each run of words is of a sentence that gives orders. */
const ready = new WeakMap<readonly string[], ReadonlyMap<string, boolean>>();

function shinglesOf(prompts: readonly string[]): ReadonlyMap<string, boolean> {
  const known = ready.get(prompts);
  if (known) return known;
  const shingles = new Map<string, boolean>();
  for (const prompt of watchedPrompts(prompts))
    for (const stretch of promptStretches(prompt)) {
      const words: Word[] = [];
      const orders: boolean[] = [];
      for (const sentence of stretch)
        for (const word of wordsOf(sentence.text.toLowerCase())) {
          words.push(word);
          orders.push(sentence.orders);
        }
      for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) {
        const key = shingle(words, i);
        const grave = orders.slice(i, i + SHINGLE_WORDS).includes(true);
        shingles.set(key, grave || shingles.get(key) === true);
      }
    }
  ready.set(prompts, shingles);
  return shingles;
}

/** A run of words that stands in a system prompt. */
export interface PromptLeak {
  readonly start: number;
  readonly end: number;
  /** Whether some of it tells the system what to do; else it is what the system is to know, and may well say. */
  readonly orders: boolean;
}

/**
 * Runs of words that stand in the system prompt in the same order.
 * @param lower the text in lower case
 */
export function findPromptLeaks(lower: string, prompts: readonly string[]): PromptLeak[] {
  const shingles = shinglesOf(prompts);
  if (shingles.size === 0) return [];
  const words = wordsOf(lower);
  const places: number[] = [];
  const runs = findRuns(words, (at) => {
    const grave = shingles.get(shingle(words, at));
    if (grave) places.push(words[at]!.start);
    return grave !== undefined;
  });
  let next = 0;
  return runs.map(({ start, end }) => {
    while (next < places.length && places[next]! < start) next++;
    return { start, end, orders: next < places.length && places[next]! < end };
  });
}

import { findRuns, SHINGLE_WORDS, type Word, wordsOf } from './word-runs.ts';

/** Part of a system prompt, in characters, that is watched. */
const PROMPT_CHARACTERS_MAX = 32_768;
const CACHE_MAX = 256;

const shingle = (words: readonly Word[], at: number): string => {
  let key = '';
  for (let i = at; i < at + SHINGLE_WORDS; i++) key += `${words[i]!.text} `;
  return key;
};

const cache = new Map<string, ReadonlySet<string>>();

function shinglesOf(prompt: string): ReadonlySet<string> {
  const known = cache.get(prompt);
  if (known) return known;
  const words = wordsOf(prompt.slice(0, PROMPT_CHARACTERS_MAX).toLowerCase());
  const set = new Set<string>();
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) set.add(shingle(words, i));
  if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value!);
  cache.set(prompt, set);
  return set;
}

/**
 * Runs of words that stand in the system prompt in the same order.
 * @param lower the text in lower case
 */
export function findPromptLeaks(lower: string, prompts: readonly string[]): { start: number; end: number }[] {
  const sets = prompts.map(shinglesOf).filter((set) => set.size > 0);
  if (sets.length === 0) return [];
  const words = wordsOf(lower);
  return findRuns(words, (at) => {
    const key = shingle(words, at);
    return sets.some((set) => set.has(key));
  });
}

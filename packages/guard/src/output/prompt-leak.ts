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

/** What one call watches for, made once for all of its texts. */
const ready = new WeakMap<readonly string[], ReadonlySet<string>>();

function shinglesOf(prompts: readonly string[]): ReadonlySet<string> {
  const known = ready.get(prompts);
  if (known) return known;
  const set = new Set<string>();
  for (const prompt of watchedPrompts(prompts)) {
    const words = wordsOf(prompt.toLowerCase());
    for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) set.add(shingle(words, i));
  }
  ready.set(prompts, set);
  return set;
}

/**
 * Runs of words that stand in the system prompt in the same order.
 * @param lower the text in lower case
 */
export function findPromptLeaks(lower: string, prompts: readonly string[]): { start: number; end: number }[] {
  const shingles = shinglesOf(prompts);
  if (shingles.size === 0) return [];
  const words = wordsOf(lower);
  return findRuns(words, (at) => shingles.has(shingle(words, at)));
}

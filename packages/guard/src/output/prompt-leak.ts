/** Words that must follow each other as in the system prompt before it counts as leaked. */
const RUN_WORDS = 12;
const SHINGLE_WORDS = 6;
/** Part of a system prompt, in characters, that is watched. */
const PROMPT_CHARACTERS_MAX = 32_768;
const CACHE_MAX = 256;

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const WORD = /[\p{L}\p{N}]+/gu;

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    words.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return words;
}

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
 * Runs of at least {@link RUN_WORDS} words that stand in the system prompt in the same order.
 * @param lower the text in lower case
 */
export function findPromptLeaks(lower: string, prompts: readonly string[]): { start: number; end: number }[] {
  const sets = prompts.map(shinglesOf).filter((set) => set.size > 0);
  if (sets.length === 0) return [];
  const words = wordsOf(lower);
  const found: { start: number; end: number }[] = [];
  let run = 0;
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) {
    const key = shingle(words, i);
    run = sets.some((set) => set.has(key)) ? run + 1 : 0;
    if (run + SHINGLE_WORDS - 1 < RUN_WORDS) continue;
    const first = words[i - run + 1]!.start;
    const end = words[i + SHINGLE_WORDS - 1]!.end;
    const last = found.at(-1);
    if (last && last.start === first) last.end = end;
    else found.push({ start: first, end });
  }
  return found;
}

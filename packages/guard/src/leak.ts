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

/** Occurrences of canaries, whatever stands between their letters and digits. */
export function findCanaries(
  lower: string,
  canaries: readonly string[],
): { canary: number; start: number; end: number }[] {
  const positions: number[] = [];
  let squeezed = '';
  for (let i = 0; i < lower.length; i++) {
    const c = lower.charCodeAt(i);
    if ((c >= 48 && c <= 57) || (c >= 97 && c <= 122) || c > 127) {
      squeezed += lower[i];
      positions.push(i);
    }
  }
  const backwards = [...squeezed].reverse().join('');
  const found: { canary: number; start: number; end: number }[] = [];
  canaries.forEach((canary, number) => {
    const needle = canary.toLowerCase().replaceAll(/[^a-z0-9\u0080-\uffff]/g, '');
    if (needle.length < 6) return;
    for (let at = squeezed.indexOf(needle); at >= 0; at = squeezed.indexOf(needle, at + 1)) {
      found.push({ canary: number, start: positions[at]!, end: positions[at + needle.length - 1]! + 1 });
    }
    const reversed = backwards.indexOf(needle);
    if (reversed >= 0 && backwards.length === squeezed.length) {
      const from = squeezed.length - reversed - needle.length;
      found.push({ canary: number, start: positions[from]!, end: positions[from + needle.length - 1]! + 1 });
    }
  });
  return found;
}

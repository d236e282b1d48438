/** Words that must follow each other as somewhere else before that is no chance. */
export const RUN_WORDS = 12;
/** Words that are compared at a time. */
export const SHINGLE_WORDS = 6;

/** A word of a text, with its place. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** In scripts without spaces each character is a word. */
const ALONE = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]`;
const WORD = new RegExp(String.raw`${ALONE}\p{M}*|(?:(?!${ALONE})[\p{L}\p{N}])+`, 'gu');

/** The words of a text. Linear. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    words.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return words;
}

/**
 * Runs of at least {@link RUN_WORDS} words every {@link SHINGLE_WORDS} of which are known.
 * @param known whether the words from a place on are
 */
export function findRuns(
  words: readonly Word[],
  known: (at: number) => boolean,
): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let run = 0;
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) {
    run = known(i) ? run + 1 : 0;
    if (run + SHINGLE_WORDS - 1 < RUN_WORDS) continue;
    const first = words[i - run + 1]!.start;
    const end = words[i + SHINGLE_WORDS - 1]!.end;
    const last = found.at(-1);
    if (last && last.start === first) last.end = end;
    else found.push({ start: first, end });
  }
  return found;
}

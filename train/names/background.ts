import type { Line } from '../guard/corpus.ts';
import type { Labelled } from './corpus.ts';

/** How often a word must stand in lower case before its capital says nothing. */
const COMMON = 3;
const LENGTHS = [12, 400] as const;

/**
 * Sentences in which nobody is named: every word with a capital is one that is common without. What is known of the
 * sets they come from is that they are harmless or attacks, not who is named in them.
 */
export function nameless(sets: Iterable<readonly Line[]>): Labelled[] {
  const counts = new Map<string, number>();
  const sentences: string[] = [];
  for (const lines of sets) {
    for (const { text, lang } of lines) {
      if (lang !== 'en' && lang !== undefined) continue;
      for (const [word] of text.matchAll(/\b[a-z]{2,24}\b/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const sentence of text.split(/(?<=[.!?])\s+|\n+/)) {
        if (sentence.length >= LENGTHS[0] && sentence.length <= LENGTHS[1]) sentences.push(sentence);
      }
    }
  }
  return sentences
    .filter((sentence) => {
      if (!/^[\x20-\x7e]+$/.test(sentence) || !/[a-z]{3}/.test(sentence) || /@|https?:|\d{5}/.test(sentence))
        return false;
      return [...sentence.matchAll(/\b[A-Z][A-Za-z]*\b/g)].every(
        ([word]) => word === 'I' || (counts.get(word.toLowerCase()) ?? 0) >= COMMON,
      );
    })
    .map((text) => ({ text, spans: [] }));
}

import { expand, Random } from '@sallyport/attacks';
import { CONTENT_CATEGORIES, type ContentCategory } from '../../packages/guard/src/content/content-model.ts';
import type { Row } from '../guard/fit.ts';
import { CONTENT_PHRASES, FILLERS } from './phrases.ts';

/** What may stand around a sentence in an answer. */
const AROUND = [
  'Sure.',
  'Of course, here it is:',
  'Good question.',
  'Let me think.',
  'Here is what you asked for.',
  'In short:',
  'As you know, there are several ways.',
  'Thank you for asking.',
  'I hope this helps.',
  'Let me know if you want to know more.',
  'Note that this may differ from place to place.',
  '',
  '',
  '',
];

/** Which sentences take part: all, those to learn from, or every fourth that is kept for the test. */
export type Part = 'all' | 'train' | 'held';

const some = (list: readonly string[], part: Part): readonly string[] =>
  part === 'all' ? list : list.filter((_, i) => (i % 4 === 3) === (part === 'held'));

/** An answer made of one to three sentences. */
function answer(sentences: readonly string[], random: Random): string {
  const count = 1 + random.below(3);
  const body = Array.from({ length: count }, () => {
    const text = expand(FILLERS, random.pick(sentences), random);
    return text[0]!.toUpperCase() + text.slice(1);
  });
  return [random.pick(AROUND), ...body, random.pick(AROUND)].filter(Boolean).join(' ');
}

/** Answers of a category. */
export function answersOf(category: ContentCategory, part: Part, count: number, random: Random): string[] {
  const sentences = some(CONTENT_PHRASES[category].said, part);
  return Array.from({ length: count }, () => answer(sentences, random));
}

/** Harmless answers with the same words. */
export function harmlessNear(part: Part, count: number, random: Random): string[] {
  const sentences = CONTENT_CATEGORIES.flatMap((category) => some(CONTENT_PHRASES[category].near, part));
  return Array.from({ length: count }, () => answer(sentences, random));
}

/**
 * Rows for one category: its answers, those of the others, harmless ones with the same words, and everyday texts.
 * @param everyday harmless texts of others
 */
export function rowsFor(
  category: ContentCategory,
  part: Part,
  everyday: readonly string[],
  seed: number,
): Row[] {
  const random = new Random(seed);
  const row =
    (source: string, label: 0 | 1, weight: number) =>
    (text: string): Row => ({ text, label, source, weight });
  return [
    ...answersOf(category, part, 3_000, random).map(row('said', 1, 1)),
    ...CONTENT_CATEGORIES.filter((other) => other !== category).flatMap((other) =>
      answersOf(other, part, 400, random).map(row('others', 0, 0.5)),
    ),
    ...harmlessNear(part, 4_000, random).map(row('near', 0, 1)),
    ...everyday.map(row('everyday', 0, 1)),
  ];
}

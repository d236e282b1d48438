import type { Detection, SystemSnapshot } from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import type { Stretch } from './answer-questions.ts';
import { bareNumber } from './json-numbers.ts';
import { type Edit, maskings } from './rewrite.ts';

/**
 * Placeholders for what policy redacts in a stretch of an answer. In the place of a number of JSON stands a string, so that
 * it stays JSON.
 * @param detections by places in the whole text
 */
export function answerMasks(
  system: SystemSnapshot,
  detections: readonly Detection[],
  { part, text, offset, quotes }: Pick<Stretch, 'part' | 'text' | 'offset' | 'quotes'>,
  redactor: Redactor,
): Edit[] {
  const masks = maskings(system, detections, text, part.kind, redactor, offset);
  if (part.made !== undefined) return masks;
  return masks.map((edit) => {
    const number = bareNumber(text, offset, edit, quotes);
    if (!number) return edit;
    const quoted = part.kind === 'json' ? `"${edit.text}"` : JSON.stringify(edit.text);
    return { ...edit, start: number.start, text: quoted };
  });
}

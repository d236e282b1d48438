import type { Detection, Steps, SystemSnapshot } from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import type { Stretch } from './answer-questions.ts';
import { type Edit, maskings } from './rewrite.ts';

/**
 * Placeholders for what policy redacts in a stretch of an answer, in steps. JSON stays JSON; what is made of other parts of an answer is
 * none.
 * @param detections by places in the whole text
 */
export function answerMasks(
  system: SystemSnapshot,
  detections: readonly Detection[],
  { part, text, offset, leaves }: Pick<Stretch, 'part' | 'text' | 'offset' | 'leaves'>,
  redactor: Redactor,
): Steps<Edit[]> {
  return maskings(system, detections, text, part.made === undefined ? leaves : null, redactor, offset);
}

import type { Framing } from '@sallyport/models';
import { AnswerEdits } from './answer-edits.ts';
import { applyEdits } from './rewrite.ts';
import type { Held } from './stream-lanes.ts';

/** An event as it goes out: a frame of its own, with texts replaced in place. */
export function renderHeld({ name, data, segments }: Held, framing: Framing): string {
  const changes = new AnswerEdits();
  for (const segment of segments) {
    const { channel, pointer, text, start, edits, made } = segment;
    changes.note(segment);
    if (made === 'bytes') {
      changes.remove(pointer);
      continue;
    }
    if (channel) channel.gone = start + text.length;
    const changed = channel ? channel.edits.apply(text, start) : applyEdits(text, start, edits);
    if (changed === text) continue;
    if (segment.padding) changes.pad(pointer, changed);
    else changes.set(segment, changed);
  }
  return framing.render(name, changes.apply(data) ?? data);
}

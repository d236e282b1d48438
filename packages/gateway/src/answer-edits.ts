import { atOnce, replacedStrings, type Steps } from '@sallyport/core';
import type { Segment } from './stream-lanes.ts';

/** Where a text stands, and what it is made of. */
type Place = Pick<Segment, 'made' | 'pointer'>;

/** What changes in an answer, or in one event: texts, and values that are no strings. */
export class AnswerEdits {
  readonly #texts = new Map<string, string>();
  readonly #values = new Map<string, string>();
  /** Log probabilities that are there, and texts that read otherwise, by pointer. */
  readonly #details = new Set<string>();
  readonly #changed: string[] = [];

  /** Takes note of log probabilities: where the text that they spell changes, they go. */
  note({ made, pointer }: Place): void {
    if (made === 'tokens') this.#details.add(pointer);
  }

  /** A text that reads otherwise now. */
  set({ made, pointer }: Place, changed: string): void {
    if (made === 'tokens') {
      this.remove(pointer);
      return;
    }
    this.#changed.push(pointer);
    if (made === 'number') this.#values.set(pointer, JSON.stringify(changed));
    else this.#texts.set(pointer, changed);
  }

  /** What only pads an event. */
  pad(pointer: string, changed: string): void {
    this.#values.set(pointer, JSON.stringify(changed));
  }

  /** A value that goes. */
  remove(pointer: string): void {
    this.#values.set(pointer, 'null');
  }

  /** JSON text with all of it, in steps; null where nothing changes. */
  applied(json: string): Steps<string> | null {
    if (this.#details.size > 0) for (const pointer of this.#changed) this.#removeDetails(pointer);
    if (this.#texts.size === 0 && this.#values.size === 0) return null;
    return replacedStrings(json, this.#texts, this.#values);
  }

  /** The same in one go. */
  apply(json: string): string | null {
    const steps = this.applied(json);
    return steps && atOnce(steps);
  }

  /** Removes log probabilities that stand beside a text, or beside what holds it. */
  #removeDetails(pointer: string): void {
    for (let end = pointer.lastIndexOf('/'); end >= 0; end = pointer.lastIndexOf('/', end - 1)) {
      const details = `${pointer.slice(0, end)}/logprobs`;
      if (this.#details.has(details)) this.remove(details);
      if (end === 0) return;
    }
  }
}

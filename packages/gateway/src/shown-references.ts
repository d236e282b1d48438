import {
  bothReferences,
  FENCE_START,
  type FenceLead,
  NO_REFERENCES,
  type References,
  referencesAfter,
} from '@sallyport/guard';
import type { TextPart } from '@sallyport/models';

/**
 * Pictures by reference and definitions of all shown texts of one answer: clients may show several, such as blocks, as one
 * document, in which one names the address of what another shows. Of a single text its own lead says more.
 */
export class ShownReferences {
  #all: References = NO_REFERENCES;
  #first: string | null = null;
  #several = false;

  /** What a stretch of a text is to know of what came before it, in other texts too. */
  leadOf(part: TextPart, text: string, lead: FenceLead | null): FenceLead | null {
    if (!part.shown) return lead;
    const key = part.stream ?? part.pointer;
    this.#first ??= key;
    this.#several ||= key !== this.#first;
    const before = this.#all;
    if (text.includes('![') || text.includes(']:')) this.#all = referencesAfter(text, before);
    if (!this.#several || before === NO_REFERENCES) return lead;
    const known = lead ?? { ...FENCE_START, midLine: false };
    return { ...known, references: bothReferences(known.references, before) };
  }
}

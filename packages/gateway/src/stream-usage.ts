import { type Counts, mergeCounts, type Usage, usageOf } from '@sallyport/models';

/** What an AI system says over the events of a stream that it used. */
export class StreamUsage {
  #counts: Counts | null = null;

  /** Takes what one event says. */
  note(counts: Counts | null): void {
    this.#counts = mergeCounts(this.#counts, counts);
  }

  /** All so far; null where nothing was said. */
  get total(): Usage | null {
    return usageOf(this.#counts);
  }
}

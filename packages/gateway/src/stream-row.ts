import type { Detection } from '@sallyport/core';
import type { Run } from './json-values.ts';
import { SeamReading } from './seam-readings.ts';
import { Channel, WINDOW_CHARACTERS } from './stream-channel.ts';
import type { StreamText } from './stream-text.ts';
import type { Turns } from './turns.ts';

/** Judges a stretch of a reading. @param settled says whether something that was found is acted on now; null where it may go on */
export type JudgeStretch = (
  reading: SeamReading<StreamText>,
  from: number,
  end: number,
  settled: (found: Detection) => Detection | null,
) => Promise<void>;

/** Texts of a stream one behind the other, in the order in which they come, judged in windows as channels have them. */
export class StreamRow {
  readonly #judge: JudgeStretch;
  readonly #json: boolean;
  readonly #reading = new SeamReading<StreamText>();
  readonly #channel: Channel;

  /** @param json whether its texts are JSON */
  constructor(judge: JudgeStretch, json = false) {
    this.#judge = judge;
    this.#json = json;
    const part = {
      pointer: '',
      text: '',
      channel: 'output',
      system: false,
      kind: 'text',
      stream: '',
    } as const;
    this.#channel = new Channel(part, null);
  }

  /** Characters that came. */
  get length(): number {
    return this.#channel.length;
  }

  /** Everything before this may go out. */
  get releasable(): number {
    return this.#channel.releasable;
  }

  add(text: StreamText, runs: readonly Run[]): void {
    this.#reading.add(text, runs);
    for (const run of runs) this.#channel.text += run.text;
  }

  /** Puts a line between what came and what comes. */
  part(): void {
    this.#reading.part('\n');
    this.#channel.text += '\n';
  }

  /** All that came was judged elsewhere. */
  known(): void {
    const channel = this.#channel;
    channel.judged = channel.length;
    channel.releasable = channel.length;
  }

  /** Judges the windows that are full. @param turns gives others theirs between two */
  async advance(turns: Turns | null): Promise<void> {
    while (this.#channel.judged + WINDOW_CHARACTERS <= this.length) {
      await this.#window(this.#channel.judged + WINDOW_CHARACTERS, false);
      await turns?.share();
    }
  }

  /** Judges all that came, and lets out whole sentences. */
  async rest(): Promise<void> {
    const channel = this.#channel;
    await this.advance(null);
    if (channel.judged < channel.length) await this.#window(channel.length, false);
    channel.releasable = channel.restLimit();
  }

  /** Judges all that came, and lets it out, but the beginnings of a word that two texts make up. */
  async pause(): Promise<void> {
    const channel = this.#channel;
    const { releasable } = channel;
    await this.advance(null);
    if (channel.judged < channel.length) await this.#window(channel.length, true);
    const word = channel.wordStart();
    // Values of JSON follow each other without spaces.
    const isSplit = !this.#json && this.#reading.isSeam(word, channel.length);
    channel.releasable = isSplit ? Math.max(releasable, word) : channel.length;
  }

  /** Judges all that came, and lets all of it out. */
  async end(): Promise<void> {
    await this.advance(null);
    if (this.releasable < this.length) await this.#window(this.length, true);
  }

  async #window(end: number, last: boolean): Promise<void> {
    const channel = this.#channel;
    const from = channel.windowStart();
    channel.judged = end;
    channel.open = null;
    if (this.#reading.isSeam(from, end))
      await this.#judge(this.#reading, from, end, (found) =>
        !last && channel.opens(found.location) ? null : found,
      );
    channel.releasable = last ? end : Math.max(channel.releasable, channel.limit(end, from));
    channel.trim();
    this.#reading.forget(channel.base);
  }
}

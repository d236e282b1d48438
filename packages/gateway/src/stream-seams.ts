import { CodedError, type Detection, type InspectionRequest, LIMITS } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { saysCredential } from './credential.ts';
import type { Run } from './json-values.ts';
import {
  EDGE,
  END_CHARACTERS,
  endOf,
  endOfAll,
  PAIRED_MAX,
  SeamReading,
  type SeamSpan,
} from './seam-readings.ts';
import { Channel, WINDOW_CHARACTERS } from './stream-channel.ts';
import { StreamText } from './stream-text.ts';
import { shared, type Turns } from './turns.ts';

/** What a stream gate does for its seams. */
export interface SeamWork {
  /** Inspects a reading as the text of an answer. */
  inspect(reading: Pick<InspectionRequest, 'text' | 'seams'>): Detection[] | Promise<Detection[]>;
  /** Acts on what reaches over several texts. @throws CodedError `output-denied` */
  found(detection: Detection, spans: readonly SeamSpan<StreamText>[]): Promise<void>;
  /** Never leaves, whatever the mode. */
  readonly credential: string | null;
}

/**
 * Texts of a stream read one behind the other: all in the order in which they come, in windows as channels have them, and
 * the end of each before the beginning of every other. Nothing goes out before both were judged.
 */
export class StreamSeams {
  readonly #work: SeamWork;
  readonly #reading = new SeamReading<StreamText>();
  readonly #channel: Channel;
  readonly #texts: StreamText[] = [];
  /** Whole texts that came before: many events repeat them. */
  readonly #whole = new Set<string>();

  constructor(work: SeamWork) {
    this.#work = work;
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

  /** A text that begins. */
  open(part: TextPart): StreamText {
    const text = new StreamText(part, this.#texts.length);
    if (this.#texts.length < LIMITS.streamChannelsMax) this.#texts.push(text);
    return text;
  }

  /**
   * Takes what comes next of a text.
   * @param from where it stands there
   * @param beside whether it stands among the others in the order in which they come
   */
  add(text: StreamText, piece: string, from: number, beside: boolean): void {
    const runs = text.push(piece, from);
    if (beside) this.#place(text, runs);
  }

  /** Takes a text that stands alone; of a long one the ends lie beside others. */
  async whole(part: TextPart, text: StreamText): Promise<void> {
    const runs = await shared(part.text.length, text.pushes(part.text));
    if (part.text.length <= 2 * EDGE) this.#place(text, runs);
    else {
      this.#place(text, endOf(runs, EDGE, false));
      this.#reading.part('\n');
      this.#channel.text += '\n';
      this.#place(text, endOf(runs, EDGE, true));
    }
    const name = `${part.text.length} ${part.text.slice(0, END_CHARACTERS)} ${part.text.slice(-END_CHARACTERS)}`;
    if (this.#whole.has(name)) {
      const at = this.#texts.indexOf(text);
      if (at >= 0) this.#texts.splice(at, 1);
      return;
    }
    if (this.#whole.size < LIMITS.streamChannelsMax) this.#whole.add(name);
    await this.over([text]);
  }

  #place(text: StreamText, runs: readonly Run[]): void {
    this.#reading.add(text, runs);
    for (const run of runs) this.#channel.text += run.text;
  }

  /** Judges the windows that are full. @param turns gives others theirs between two */
  async advance(turns: Turns | null = null): Promise<void> {
    while (this.#channel.judged + WINDOW_CHARACTERS <= this.#channel.length) {
      await this.#window(this.#channel.judged + WINDOW_CHARACTERS, false);
      await turns?.share();
    }
  }

  /** Judges all that came, and lets out whole sentences. */
  async rest(): Promise<void> {
    const channel = this.#channel;
    await this.advance();
    if (channel.judged < channel.length) await this.#window(channel.length, false);
    channel.releasable = channel.restLimit();
  }

  /** Judges what is left. */
  async end(): Promise<void> {
    await this.over(this.#texts.filter(({ over }) => !over));
    await this.advance();
    if (this.#channel.releasable < this.#channel.length) await this.#window(this.#channel.length, true);
  }

  /** Reads the beginning of a text, of which nothing has gone out, behind the ends of all others so far. */
  async meet(text: StreamText): Promise<void> {
    if (text.met) return;
    text.met = true;
    await this.#pairs(
      this.#texts.map((first) => [first, text]),
      [text],
    );
  }

  /** Texts of which nothing more is known to come: reads their ends before the beginnings of all others. */
  async over(ended: readonly StreamText[]): Promise<void> {
    const pairs: [StreamText, StreamText][] = [];
    for (const text of ended) {
      text.over = true;
      for (const other of this.#texts) if (other !== text) pairs.push([text, other]);
    }
    for (const text of ended) {
      if (text.met) continue;
      text.met = true;
      for (const other of this.#texts) if (!ended.includes(other)) pairs.push([other, text]);
    }
    await this.#pairs(pairs, ended);
  }

  /** @param behind texts that are read behind all that began before them, too */
  async #pairs(
    pairs: readonly (readonly [StreamText, StreamText])[],
    behind: readonly StreamText[],
  ): Promise<void> {
    const reading = new SeamReading<StreamText>();
    for (const [first, second] of pairs) {
      if (first.tail.length === 0 || second.head.length === 0 || first === second) continue;
      const apart = Math.abs(first.number - second.number);
      if (Math.max(first.number, second.number) >= PAIRED_MAX && apart > 2) continue;
      reading.add(first, first.tail);
      reading.add(second, second.head);
      reading.part('\n\n');
    }
    for (const text of behind) {
      const at = this.#texts.indexOf(text);
      if (at < 2 || text.head.length === 0) continue;
      const before = this.#texts.slice(Math.max(0, at - PAIRED_MAX), at);
      for (const { source, runs } of endOfAll(before.map((source) => ({ source, tail: source.tail }))))
        reading.add(source, runs);
      reading.add(text, text.head);
      reading.part('\n\n');
    }
    if (reading.length > 0) await this.#judge(reading, 0, reading.length, (found) => found);
  }

  async #window(end: number, last: boolean): Promise<void> {
    const channel = this.#channel;
    const from = channel.windowStart();
    channel.judged = end;
    channel.open = null;
    if (this.#reading.isSeam(from, end))
      await this.#judge(this.#reading, from, end, (found) => {
        if (!last && channel.opens(found.location)) return null;
        return found;
      });
    channel.releasable = last ? end : Math.max(channel.releasable, channel.limit(end, from));
    channel.trim();
    this.#reading.forget(channel.base);
  }

  async #judge(
    reading: SeamReading<StreamText>,
    from: number,
    end: number,
    settled: (found: Detection) => Detection | null,
  ): Promise<void> {
    const text = reading.text.slice(from - reading.base, end - reading.base);
    const { credential } = this.#work;
    if (credential !== null && saysCredential(text, credential)) throw new CodedError('output-denied');
    for (const one of await this.#work.inspect({ text, seams: reading.seamsIn(from, end) })) {
      const { start, end: stop } = one.location;
      const found = settled({ ...one, location: { pointer: '', start: start + from, end: stop + from } });
      const spans = found ? reading.spansOf(found) : [];
      if (spans.length > 0) await this.#work.found(found!, spans);
    }
  }
}

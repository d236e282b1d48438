import { CodedError, type Detection, type InspectionRequest, LIMITS } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { rowOf } from './answer-rows.ts';
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
import { WINDOW_CHARACTERS } from './stream-channel.ts';
import { StreamRow } from './stream-row.ts';
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

/** Texts of one place of a stream: from the second on they are read one behind the other. */
interface Place {
  /** The only one so far. */
  readonly first: StreamText;
  row: StreamRow | null;
  /** Characters of all places once it last grew. */
  grewAt: number;
}

/**
 * Texts of a stream read one behind the other: all in the order in which they come, those of one place in theirs, and the end
 * of each before the beginning of every other. Nothing goes out before all were judged.
 */
export class StreamSeams {
  readonly #work: SeamWork;
  readonly #all: StreamRow;
  /** Clients show texts of one place, and leave out what comes in others between them. */
  readonly #places = new Map<string, Place>();
  /** What grew since {@link begin}. */
  readonly #grown = new Set<StreamRow>();
  readonly #texts: StreamText[] = [];
  /** Whole texts that came before: many events repeat them. */
  readonly #whole = new Set<string>();

  constructor(work: SeamWork) {
    this.#work = work;
    this.#all = this.#rowOf();
  }

  #rowOf(json = false): StreamRow {
    return new StreamRow((...stretch) => this.#judge(...stretch), json);
  }

  /** Begins with an event. */
  begin(): void {
    this.#grown.clear();
  }

  /** Says later whether all that grew since {@link begin} was judged and may go out. */
  passed(): () => boolean {
    const marks = [...this.#grown].map((row) => [row, row.length] as const);
    return () => marks.every(([row, until]) => until <= row.releasable);
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
    const places = beside ? this.#placesOf(text) : [];
    const runs = text.push(piece, from);
    if (!beside) return;
    this.#put(this.#all, text, runs);
    for (const place of places) {
      if (place.row) this.#put(place.row, text, runs);
      place.grewAt = this.#all.length;
    }
  }

  /** Takes a text that stands alone; of a long one the ends lie beside others. */
  async whole(part: TextPart, text: StreamText): Promise<void> {
    const places = part.known ? this.#placesOf(text) : [];
    const runs = await shared(part.text.length, text.pushes(part.text));
    for (const one of [this.#all, ...places.flatMap(({ row }) => row ?? [])]) {
      if (part.text.length <= 2 * EDGE) this.#put(one, text, runs);
      else {
        this.#put(one, text, endOf(runs, EDGE, false));
        one.part();
        this.#put(one, text, endOf(runs, EDGE, true));
      }
    }
    for (const place of places) place.grewAt = this.#all.length;
    const name = `${part.text.length} ${part.text.slice(0, END_CHARACTERS)} ${part.text.slice(-END_CHARACTERS)}`;
    if (this.#whole.has(name)) {
      const at = this.#texts.indexOf(text);
      if (at >= 0) this.#texts.splice(at, 1);
      return;
    }
    if (this.#whole.size < LIMITS.streamChannelsMax) this.#whole.add(name);
    await this.over([text]);
  }

  #put(row: StreamRow, text: StreamText, runs: readonly Run[]): void {
    this.#grown.add(row);
    row.add(text, runs);
  }

  /** The places of a text that is about to go on: where it stands, and where it stands as what it is. */
  #placesOf(text: StreamText): Place[] {
    const name = rowOf(text.part);
    const { of } = text.part;
    return (of === undefined ? [name] : [name, `${of} ${name}`]).map((one) => this.#placeOf(one, text));
  }

  #placeOf(of: string, text: StreamText): Place {
    // More than that many share one, and are read one behind the other.
    const name = this.#places.has(of) || this.#places.size < LIMITS.streamChannelsMax ? of : '';
    let place = this.#places.get(name);
    if (!place) {
      place = { first: text, row: null, grewAt: 0 };
      this.#places.set(name, place);
    }
    if (place.row === null && place.first !== text) {
      place.row = this.#rowOf(text.part.kind === 'json');
      place.row.add(place.first, place.first.tail);
      place.row.known();
    }
    return place;
  }

  /** Judges the windows that are full. @param turns gives others theirs between two */
  async advance(turns: Turns | null = null): Promise<void> {
    await this.#all.advance(turns);
    for (const place of this.#places.values()) {
      await place.row?.advance(turns);
      if (this.#all.length - place.grewAt < WINDOW_CHARACTERS) continue;
      // What others go on without waits no longer, until more comes of it.
      place.grewAt = Number.POSITIVE_INFINITY;
      await place.row?.pause();
    }
  }

  /** Judges all that came, and lets out whole sentences; of one place, all but a word that goes on. */
  async rest(): Promise<void> {
    for (const { row } of this.#places.values()) await row?.pause();
    await this.#all.rest();
  }

  /** Judges what is left. */
  async end(): Promise<void> {
    await this.over(this.#texts.filter(({ over }) => !over));
    for (const { row } of this.#places.values()) await row?.end();
    await this.#all.end();
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

import { atOnce, CodedError, type Detection, LIMITS, type RestorationRecord } from '@sallyport/core';
import type { Leaves } from '@sallyport/guard';
import type { TextPart, ToolPiece } from '@sallyport/models';
import { answerMasks } from './answer-masks.ts';
import { AnswerQuestions, type Stretch, wholeStretch } from './answer-questions.ts';
import { AnswerStructure, replaced } from './answer-structure.ts';
import { saysCredential } from './credential.ts';
import { credentialOf, requestOf } from './inspection.ts';
import { placingOf, Restoring } from './restoring.ts';
import { applyEdits, type Edit, orderEdits } from './rewrite.ts';
import type { SeamSpan } from './seam-readings.ts';
import { Channel, WINDOW_CHARACTERS } from './stream-channel.ts';
import type { StreamGateOptions } from './stream-gate-options.ts';
import type { Lane, Segment } from './stream-lanes.ts';
import { StreamSeams } from './stream-seams.ts';
import type { StreamText } from './stream-text.ts';
import { located, type StreamVerdict, toldOver } from './stream-verdict.ts';
import { shared, Turns } from './turns.ts';

/** Characters of one text of an event that are taken at a time: what is judged of it is forgotten before the next. */
const GROWTH_CHARACTERS = 16 * 1024;

/**
 * The texts of a stream, judged: each in windows as it grows, whole where it stands alone in its event, and beside the others.
 * Which events may go out for that is for the gate to say.
 */
export class StreamTexts {
  readonly #options: StreamGateOptions;
  readonly #verdict: StreamVerdict;
  readonly #questions: AnswerQuestions;
  readonly #channels = new Map<string, Channel>();
  readonly #seams: StreamSeams;
  /** Where the texts that the seams know stand. */
  readonly #places = new WeakMap<StreamText, Channel | Segment>();
  readonly #restoring: Restoring | null;
  readonly #structure: AnswerStructure;
  /** Never leaves, whatever the mode. */
  readonly #credential: string | null;
  /** Others have theirs while one event is judged. */
  #turns = new Turns();
  #shut = false;
  /** Number of windows and whole texts judged. */
  count = 0;
  /** Characters of the texts that grew, without the frames around them. */
  writtenCharacters = 0;

  constructor(options: StreamGateOptions, verdict: StreamVerdict) {
    this.#options = options;
    this.#verdict = verdict;
    this.#credential = credentialOf(options.system);
    this.#structure = new AnswerStructure(this.#credential);
    this.#questions = new AnswerQuestions(options.system, options.systemPrompts, options.inspect);
    this.#restoring = Restoring.of(options.system, options.redactor);
    this.#seams = new StreamSeams({
      credential: this.#credential,
      inspect: (reading) => this.#questions.askAboutSeams([reading]),
      found: (detection, spans) => this.#overSeam(detection, spans),
    });
  }

  /** What lies on both sides of a seam must not leave: nothing more goes out. */
  get shut(): boolean {
    return this.#shut;
  }

  /** Says later whether the texts of this event were judged beside the others. */
  passed(): () => boolean {
    return this.#seams.passed();
  }

  /** Whether values are put back. */
  get restores(): boolean {
    return this.#restoring !== null;
  }

  /** What became of placeholders so far. */
  get restorations(): RestorationRecord[] {
    return this.#restoring?.record ?? [];
  }

  /** Begins with an event, or with the end. */
  begin(): void {
    this.#turns = new Turns();
    this.#seams.begin();
  }

  /** Takes what an event says of calls of tools. */
  noteTools(pieces: readonly ToolPiece[]): void {
    this.#restoring?.note(pieces);
  }

  /** Takes the texts of one event; {@link judge} reads those that grew. @returns where they stand in it */
  async take(all: readonly TextPart[], lanes: readonly Lane[]): Promise<Segment[]> {
    const segments: Segment[] = [];
    const parts = all.filter(({ structure }) => structure === undefined);
    segments.push(...(await this.#fixed(all)));
    for (const part of parts) {
      await this.#turns.share();
      for (const lane of lanes) lane.characters += part.text.length;
      if (part.stream === null) segments.push(await this.#whole(part));
      else {
        const segment = await this.#grow(part, part.stream, lanes[0] ?? null);
        if (!part.known && !part.made) await this.#alone(part, segment);
        segments.push(segment);
      }
    }
    return segments;
  }

  /** Judges the windows that an event filled. */
  async judge(segments: readonly Segment[]): Promise<void> {
    for (const { channel } of segments) if (channel) await this.#judge(channel, false);
    await this.#withSeams(() => this.#seams.advance(this.#turns));
  }

  /** Judges texts to their end. @param ends beginnings of the keys of their channels */
  async ended(ends: readonly string[]): Promise<void> {
    const over: StreamText[] = [];
    for (const channel of this.#channels.values()) {
      if (channel.ended || !ends.some((end) => channel.key.startsWith(end))) continue;
      channel.ended = true;
      await this.#judge(channel, true);
      over.push(channel.seam!);
    }
    await this.#withSeams(async () => {
      await this.#seams.over(over);
      await this.#seams.rest();
    });
  }

  /** Judges all that is left. @throws CodedError `output-denied` */
  async end(): Promise<void> {
    for (const channel of this.#channels.values()) await this.#judge(channel, true);
    await this.#withSeams(() => this.#seams.end());
  }

  /** Judges a channel that fell silent, and lets out whole sentences of it. */
  async rest(channel: Channel): Promise<void> {
    channel.rested = true;
    if (channel.judged < channel.length) await this.#window(channel, channel.length, false);
    await this.#withSeams(() => this.#seams.over([channel.seam!]));
    channel.releasable = channel.restLimit();
  }

  async #grow(part: TextPart, key: string, lane: Lane | null): Promise<Segment> {
    let channel = this.#channels.get(key);
    if (!channel) {
      if (this.#channels.size >= LIMITS.streamChannelsMax)
        throw new CodedError('upstream-too-large', 'the stream opens too many channels');
      const restored = part.made ? null : (this.#restoring?.reader(part) ?? null);
      channel = new Channel(part, lane, restored, this.#seams.open(part));
      this.#channels.set(key, channel);
      this.#places.set(channel.seam!, channel);
    }
    if (channel.ended)
      throw new CodedError('upstream-invalid', 'the stream goes on with a text that it had ended');
    const start = channel.length;
    channel.placing = placingOf(channel.placing, part);
    const { pointer, text, kind, made } = part;
    if (part.known) this.writtenCharacters += text.length;
    channel.grewAt = channel.lane?.characters ?? 0;
    for (let at = 0; at < text.length; at += GROWTH_CHARACTERS) {
      if (at > 0) {
        await this.#judge(channel, false);
        await this.#withSeams(() => this.#seams.advance(this.#turns));
      }
      const piece = text.slice(at, at + GROWTH_CHARACTERS);
      channel.push(piece);
      if (!part.repeats) {
        this.#seams.add(channel.seam!, piece, start + at, part.known === true);
        channel.fresh = channel.length;
      }
      if (channel.restored)
        channel.edits.add(this.#restoring!.push(channel.placing, channel.restored, piece));
    }
    return { channel, pointer, text, start, kind, edits: [], made };
  }

  /** Judges what an event has in a field of the system's own by itself, too: beside that of other events it may be hidden. */
  async #alone(part: TextPart, { channel, start }: Segment): Promise<void> {
    const { key, edits, seam } = channel!;
    const [seen = []] = await this.#questions.ask([wholeStretch(part)]);
    const found = seen.map((d) => located(d, key, start));
    seam!.note(found);
    const fresh = found.filter((d) => !this.#verdict.knows(d));
    this.#verdict.decide(fresh);
    const leaves = (): Leaves => channel!.leaves();
    edits.add(this.#masks(fresh, { part, text: part.text, offset: start, leaves }));
  }

  /** Judges ids, words and names; gives what replaces padding. */
  async #fixed(all: readonly TextPart[]): Promise<Segment[]> {
    const { inspect, system } = this.#options;
    this.#verdict.decide(await this.#structure.judge(all, requestOf(system, true), inspect));
    if (this.#structure.leaks) throw new CodedError('output-denied');
    return all.flatMap(replaced);
  }

  /** Judges a text that stands alone in its event. */
  async #whole(part: TextPart): Promise<Segment> {
    const { pointer, text, kind, made } = part;
    if (part.repeats) return { channel: null, pointer, text, start: 0, kind, edits: [], made };
    this.count++;
    const stretch = wholeStretch(part);
    const [found = []] = await this.#questions.ask([stretch]);
    this.#verdict.decide(found);
    if (found.length > 0) await shared(text.length, stretch.readLeaves());
    const masks = this.#masks(found, stretch);
    const restoring = made === undefined ? this.#restoring : null;
    const restored = restoring ? await shared(text.length, restoring.edits(part)) : [];
    const changed = applyEdits(part.text, 0, orderEdits([...masks, ...restored]));
    const refused = restored.length > 0 && (await this.#refuses(part, found, changed));
    if (refused) this.#restoring!.withdraw(restored);
    const edits = orderEdits(refused ? masks : [...masks, ...restored]);
    const segment: Segment = { channel: null, pointer, text, start: 0, kind, edits, made };
    if (made === 'number') return segment;
    const seam = this.#seams.open(part);
    seam.note(found);
    this.#places.set(seam, segment);
    await this.#withSeams(() => this.#seams.whole(part, seam));
    return segment;
  }

  /** Judges what lies beside each other; when that must not leave, nothing more does. */
  async #withSeams(judge: () => Promise<void>): Promise<void> {
    try {
      await judge();
    } catch (fault) {
      this.#shut = true;
      throw fault;
    }
  }

  /** Acts on what reaches over several texts: in those that have not gone out it is masked, where policy says so. */
  async #overSeam(detection: Detection, spans: readonly SeamSpan<StreamText>[]): Promise<void> {
    const told = toldOver(detection, spans);
    if (told.every((one) => this.#verdict.knows(one))) return;
    this.#verdict.decide(told);
    for (const [n, { source, start, end }] of spans.entries()) {
      const place = this.#places.get(source);
      if (!place) continue;
      const channel = place instanceof Channel ? place : null;
      const from = channel ? Math.max(start, channel.gone) : start;
      if (from >= end) continue;
      const { part } = source;
      const stretch = wholeStretch(part);
      if (!channel) await shared(part.text.length, stretch.readLeaves());
      const leaves = channel ? () => channel.leaves() : stretch.leaves;
      const text = channel ? channel.slice(channel.base, channel.length) : part.text;
      const found = { ...told[n]!, location: { ...told[n]!.location, start: from } };
      const masks = this.#masks([found], { part, text, offset: channel?.base ?? 0, leaves });
      if (channel) channel.edits.add(masks);
      else if (!(place instanceof Channel)) place.edits = orderEdits([...place.edits, ...masks]);
    }
  }

  /** Whether a text with values in it sets off what it did not without. */
  async #refuses(part: TextPart, found: readonly Detection[], changed: string): Promise<boolean> {
    const [seen = []] = await this.#questions.ask([wholeStretch(part, changed)]);
    return this.#restoring!.refuses(found, seen);
  }

  #masks(detections: readonly Detection[], stretch: Omit<Stretch, 'lead' | 'quotes'>): Edit[] {
    const { system, outputRedactor } = this.#options;
    return atOnce(answerMasks(system, detections, stretch, outputRedactor));
  }

  /** Judges a channel window by window; at the end of it to its end. */
  async #judge(channel: Channel, final: boolean): Promise<void> {
    if (final && channel.restored) channel.edits.add(this.#restoring!.end(channel.placing, channel.restored));
    for (;;) {
      const { length } = channel;
      const full = channel.judged + WINDOW_CHARACTERS <= length;
      if (!full && !(final && channel.releasable < length)) return;
      const end = full ? channel.judged + WINDOW_CHARACTERS : length;
      await this.#window(channel, end, final && end === length);
      await this.#turns.share();
    }
  }

  async #window(channel: Channel, end: number, last: boolean): Promise<void> {
    this.count++;
    const from = channel.windowStart();
    const text = channel.slice(from, end);
    if (this.#credential !== null && saysCredential(text, this.#credential))
      throw new CodedError('output-denied');
    const { part, quotes } = channel;
    const leaves = (): Leaves => channel.leaves(last);
    const stretch = { part, text, offset: from, lead: channel.leadOf(from), quotes, leaves };
    const [seen = []] = channel.fresh > from ? await this.#questions.ask([stretch]) : [];
    const found = seen.map((d) => located(d, channel.key, from));
    channel.judged = end;
    channel.open = null;
    channel.seam!.note(found);
    const acted = found.filter(({ location }) => last || !channel.opens(location));
    const fresh = acted.filter((d) => !this.#verdict.knows(d));
    this.#verdict.decide(fresh);
    const masks = this.#masks(fresh, stretch);
    channel.edits.add(masks);
    if (this.#restoring) await this.#askAgain(this.#restoring, channel, from, end, seen);
    await this.#withSeams(() => this.#seams.meet(channel.seam!));
    channel.releasable = last ? end : Math.max(channel.releasable, channel.limit(end, from));
    channel.trim();
  }

  /** Judges a window again, as it reads with values put back; where that is worse the values stay out. */
  async #askAgain(
    restoring: Restoring,
    channel: Channel,
    from: number,
    end: number,
    seen: readonly Detection[],
  ): Promise<void> {
    const edits = channel.edits.within(from, end);
    const back = edits.filter(({ restored, start }) => restored && start >= channel.releasable);
    if (back.length === 0) return;
    const changed = applyEdits(channel.slice(from, end), from, edits);
    if (!(await this.#refuses(channel.part, seen, changed))) return;
    channel.edits.remove(back);
    restoring.withdraw(back);
  }
}

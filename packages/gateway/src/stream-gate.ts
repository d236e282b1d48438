import {
  CodedError,
  type Detection,
  LIMITS,
  type RestorationRecord,
  strictJson,
  type Verdict,
} from '@sallyport/core';
import { type Leaves, Placeholders } from '@sallyport/guard';
import { checkShape, type StreamEvent, type TextPart } from '@sallyport/models';
import { answerMasks } from './answer-masks.ts';
import { AnswerQuestions, type Stretch, wholeStretch } from './answer-questions.ts';
import { answerTexts } from './answer-reading.ts';
import { AnswerStructure, replaced } from './answer-structure.ts';
import { holdsCredential } from './credential.ts';
import { credentialOf, requestOf } from './inspection.ts';
import { Restoring } from './restoring.ts';
import { applyEdits, type Edit, orderEdits } from './rewrite.ts';
import type { SeamSpan } from './seam-readings.ts';
import { Channel, WINDOW_CHARACTERS } from './stream-channel.ts';
import type { StreamGateOptions } from './stream-gate-options.ts';
import { type Held, type Lane, Lanes, type Segment } from './stream-lanes.ts';
import { renderHeld } from './stream-render.ts';
import { StreamSeams } from './stream-seams.ts';
import type { StreamText } from './stream-text.ts';
import { StreamUsage } from './stream-usage.ts';
import { located, StreamVerdict, toldOver } from './stream-verdict.ts';
import { shared, Turns } from './turns.ts';

/** The last event of dialects that have one. */
const END = '[DONE]';
/** Characters of one text of an event that are taken at a time: what is judged of it is forgotten before the next. */
const GROWTH_CHARACTERS = 16 * 1024;

/**
 * The output gate for streams. Events wait until every text in them was judged; texts are judged in windows over
 * each channel, so that neither chunk boundaries nor interleaving change a verdict.
 */
export class StreamGate {
  readonly #options: StreamGateOptions;
  readonly #questions: AnswerQuestions;
  readonly #channels = new Map<string, Channel>();
  readonly #seams: StreamSeams;
  /** Where the texts that the seams know stand. */
  readonly #places = new Map<StreamText, Channel | Segment>();
  /** What lies on both sides of a seam must not leave: nothing more goes out. */
  #shut = false;
  readonly #lanes = new Lanes(LIMITS.streamChannelsMax, ({ until }) => until <= this.#seams.releasable);
  readonly #restoring: Restoring | null;
  /** Others have theirs while one event is judged. */
  #turns = new Turns();
  #begun = false;
  /** Never leaves, whatever the mode. */
  readonly #credential: string | null;
  readonly #structure = new AnswerStructure();
  readonly #verdict: StreamVerdict;
  /** Number of windows and whole texts judged. */
  texts = 0;
  readonly used = new StreamUsage();
  /** Characters of the texts that grew, without the frames around them. */
  writtenCharacters = 0;

  constructor(options: StreamGateOptions) {
    this.#options = options;
    this.#credential = credentialOf(options.system);
    this.#questions = new AnswerQuestions(options.system, options.systemPrompts, options.inspect);
    this.#verdict = new StreamVerdict(options.system);
    this.#restoring = Restoring.of(options.system, options.redactor);
    this.#seams = new StreamSeams({
      credential: this.#credential,
      inspect: (text) => this.#questions.askAboutSeams([text]),
      found: (detection, spans) => this.#overSeam(detection, spans),
    });
  }

  /** Characters of events that wait. */
  get held(): number {
    return this.#lanes.characters;
  }

  get verdict(): Verdict {
    return this.#verdict.so;
  }

  /** What became of placeholders so far. */
  get restorations(): RestorationRecord[] {
    return this.#restoring?.record ?? [];
  }

  /** Takes one event; gives the frames that may go out now. @throws CodedError `output-denied` and others */
  async push(event: StreamEvent): Promise<string[]> {
    const { dialect, operation, conditions } = this.#options;
    // What says nothing need not wait for what does.
    if (event.data === null) return this.#quiet();
    if (event.data.trim() === END) {
      this.#hold({ name: '', data: END, segments: [], tool: false, lanes: [], last: true, until: 0 });
      return this.#release([]);
    }
    this.#turns = new Turns();
    let data: unknown;
    try {
      data = await shared(event.data.length, strictJson(event.data));
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'an event of the stream is not valid JSON', { cause });
    }
    if (this.#credential !== null) {
      const steps = holdsCredential(event.data, this.#credential);
      if (await shared(event.data.length, steps)) throw new CodedError('output-denied');
    }
    checkShape(data);
    this.used.note(dialect.counts(data));
    const order = dialect.order(operation, data);
    if (order.empty && this.#begun && this.held > 0)
      return [dialect.framing.render(dialect.eventName(event.name, data), event.data)];
    const lanes = this.#lanes.named(order.lanes);
    if (!lanes) throw new CodedError('upstream-too-large', 'the stream opens too many choices');
    this.#restoring?.note(dialect.toolPieces(operation, data));
    const segments: Segment[] = [];
    const { said } = this.#options;
    const all = await answerTexts(data, event.data, { dialect, operation, form: 'readEvent', said });
    const parts = all.filter(({ structure }) => structure === undefined);
    if (parts.length < all.length) segments.push(...(await this.#fixed(all)));
    const before = this.#seams.length;
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
    const written = parts.filter(({ made }) => made === undefined);
    const tool = conditions?.push(data, written) ?? false;
    const name = dialect.eventName(event.name, data);
    const until = this.#seams.length > before ? this.#seams.length : 0;
    this.#hold({ name, data: event.data, segments, tool, lanes, last: order.last, until });
    if (conditions) {
      this.#verdict.decide(conditions.judge());
      conditions.decided();
    }
    for (const { channel } of segments) if (channel) await this.#judge(channel, false);
    await this.#withSeams(() => this.#seams.advance(this.#turns));
    if (order.ends.length > 0) await this.#ended(order.ends);
    const out = await this.#release(lanes);
    return order.empty && out.length === 0 ? this.#quiet() : out;
  }

  /** What says nothing; where space may stand before a frame only, not behind the last. */
  #quiet(): string[] {
    return this.held > 0 || !this.#begun ? [this.#options.dialect.framing.keepAlive] : [];
  }

  /** Judges texts to their end. @param ends beginnings of the keys of their channels */
  async #ended(ends: readonly string[]): Promise<void> {
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

  /** Judges what is left; gives the last events. @param whole whether the answer came to its end @throws CodedError `output-denied` */
  async end(whole = true): Promise<string[]> {
    this.#turns = new Turns();
    for (const channel of this.#channels.values()) await this.#judge(channel, true);
    await this.#withSeams(() => this.#seams.end());
    const { conditions } = this.#options;
    if (conditions) {
      this.#verdict.decide(conditions.end(this.#verdict.so.detections, whole));
      conditions.decided();
    }
    return this.drain();
  }

  #hold(event: Omit<Held, 'number'>): void {
    this.#lanes.hold(event);
    if (this.#lanes.characters > LIMITS.streamHeldBytesMax || this.#lanes.events > LIMITS.streamHeldEventsMax)
      throw new CodedError('upstream-too-large', 'the stream holds too much text open');
  }

  async #grow(part: TextPart, key: string, lane: Lane | null): Promise<Segment> {
    let channel = this.#channels.get(key);
    if (!channel) {
      if (this.#channels.size >= LIMITS.streamChannelsMax)
        throw new CodedError('upstream-too-large', 'the stream opens too many channels');
      const placeholders = this.#restoring && !part.made ? new Placeholders(part.kind === 'json') : null;
      channel = new Channel(part, lane, placeholders, this.#seams.open(part));
      this.#channels.set(key, channel);
      this.#places.set(channel.seam!, channel);
    }
    if (channel.ended)
      throw new CodedError('upstream-invalid', 'the stream goes on with a text that it had ended');
    const start = channel.length;
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
      this.#place(channel, channel.placeholders?.push(piece) ?? []);
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

  /** Puts values back where placeholders were found. */
  #place(channel: Channel, placed: ReturnType<Placeholders['push']>): void {
    if (placed.length > 0)
      channel.edits.add(placed.flatMap((one) => this.#restoring!.edit(channel.part, one)));
  }

  /** Judges ids, words and names; gives what replaces padding. */
  async #fixed(all: readonly TextPart[]): Promise<Segment[]> {
    const { inspect, system } = this.#options;
    const parts = all.filter(({ structure }) => structure !== undefined);
    this.#verdict.decide(await this.#structure.judge(parts, requestOf(system, true), inspect));
    return parts.flatMap(replaced);
  }

  /** Judges a text that stands alone in its event. */
  async #whole(part: TextPart): Promise<Segment> {
    const { pointer, text, kind, made } = part;
    if (part.repeats) return { channel: null, pointer, text, start: 0, kind, edits: [], made };
    this.texts++;
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
    return answerMasks(system, detections, stretch, outputRedactor);
  }

  /** Judges a channel window by window; at the end of it to its end. */
  async #judge(channel: Channel, final: boolean): Promise<void> {
    if (final) this.#place(channel, channel.placeholders?.end() ?? []);
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
    this.texts++;
    const from = channel.windowStart();
    const text = channel.slice(from, end);
    if (this.#credential !== null && text.includes(this.#credential)) throw new CodedError('output-denied');
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

  /** Lets others go on where the first event of a lane waits for a channel that fell silent. */
  async #release(lanes: readonly Lane[]): Promise<string[]> {
    const out = this.drain();
    for (const lane of lanes) {
      const next = (): Channel | null => this.#lanes.silent(lane, WINDOW_CHARACTERS);
      for (let silent = next(); silent; silent = next()) {
        silent.rested = true;
        if (silent.judged < silent.length) await this.#window(silent, silent.length, false);
        await this.#withSeams(() => this.#seams.over([silent!.seam!]));
        silent.releasable = silent.restLimit();
        this.#lanes.rest(lane);
        out.push(...this.drain());
      }
    }
    return out;
  }

  /** Events whose every text was judged and may go out; also after a denial, for what was judged before it. */
  drain(): string[] {
    if (this.#shut) return [];
    const { conditions, dialect } = this.#options;
    const out = this.#lanes
      .take(({ tool }) => conditions?.holds(tool) ?? false)
      .map((held) => renderHeld(held, dialect.framing));
    this.#begun ||= out.length > 0;
    return out;
  }
}

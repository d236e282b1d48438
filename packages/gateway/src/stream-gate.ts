import { CodedError, LIMITS, type RestorationRecord, strictJson, type Verdict } from '@sallyport/core';
import { checkShape, type StreamEvent } from '@sallyport/models';
import { answerTexts } from './answer-reading.ts';
import { holdsCredential } from './credential.ts';
import { credentialOf } from './inspection.ts';
import { WINDOW_CHARACTERS } from './stream-channel.ts';
import type { StreamGateOptions } from './stream-gate-options.ts';
import { type Held, type Lane, Lanes } from './stream-lanes.ts';
import { renderHeld } from './stream-render.ts';
import { StreamTexts } from './stream-texts.ts';
import { StreamUsage } from './stream-usage.ts';
import { StreamVerdict } from './stream-verdict.ts';
import { shared } from './turns.ts';

/** The last event of dialects that have one. */
const END = '[DONE]';

/**
 * The output gate for streams. Events wait until every text in them was judged; texts are judged in windows over
 * each channel, so that neither chunk boundaries nor interleaving change a verdict.
 */
export class StreamGate {
  readonly #options: StreamGateOptions;
  readonly #verdict: StreamVerdict;
  readonly #texts: StreamTexts;
  readonly #lanes: Lanes;
  #begun = false;
  /** Never leaves, whatever the mode. */
  readonly #credential: string | null;
  readonly #identities: (data: unknown) => void;
  readonly #joins: (data: unknown) => void;
  readonly used = new StreamUsage();

  constructor(options: StreamGateOptions) {
    this.#options = options;
    this.#lanes = new Lanes(Math.min(options.choices ?? LIMITS.streamChannelsMax, LIMITS.streamChannelsMax));
    this.#credential = credentialOf(options.system);
    this.#verdict = new StreamVerdict(options.system);
    this.#texts = new StreamTexts(options, this.#verdict);
    this.#identities = options.dialect.identities(options.operation);
    this.#joins = options.dialect.joins(options.operation);
  }

  /** Characters of events that wait. */
  get held(): number {
    return this.#lanes.characters;
  }

  get verdict(): Verdict {
    return this.#verdict.so;
  }

  /** Number of windows and whole texts judged. */
  get texts(): number {
    return this.#texts.count;
  }

  /** Characters of the texts that grew, without the frames around them. */
  get writtenCharacters(): number {
    return this.#texts.writtenCharacters;
  }

  /** What became of placeholders so far. */
  get restorations(): RestorationRecord[] {
    return this.#texts.restorations;
  }

  /** Takes one event; gives the frames that may go out now. @throws CodedError `output-denied` and others */
  async push(event: StreamEvent): Promise<string[]> {
    const { dialect, operation, conditions, system } = this.#options;
    // What says nothing need not wait for what does.
    if (event.data === null) return this.#quiet();
    if (event.data.trim() === END) {
      this.#hold({
        name: '',
        data: END,
        segments: [],
        tool: false,
        lanes: [],
        last: true,
        opens: true,
        passed: () => true,
      });
      return this.#release([]);
    }
    this.#texts.begin();
    const data = await this.#parse(event.data);
    checkShape(data);
    this.#joins(data);
    this.used.note(dialect.counts(data));
    const order = dialect.order(operation, data);
    if (order.empty && this.#begun && this.held > 0)
      return [dialect.framing.render(dialect.eventName(event.name, data), event.data)];
    const lanes = this.#lanes.named(order.lanes);
    if (!lanes) throw new CodedError('upstream-too-large', 'the stream has more choices than were asked for');
    const judged = conditions?.ofTools === true && system.mode === 'enforce';
    if (judged || this.#texts.restores) this.#identities(data);
    const calls = dialect.toolsInEvent(operation, data);
    this.#texts.noteTools(calls);
    const { said } = this.#options;
    const parts = await answerTexts(data, event.data, { dialect, operation, form: 'readEvent', said });
    const segments = await this.#texts.take(parts, lanes);
    const written = parts.filter(({ structure, made }) => structure === undefined && made === undefined);
    const tool = conditions?.push(calls, written) ?? false;
    const name = dialect.eventName(event.name, data);
    const passed = this.#texts.passed();
    const { last, opens = false } = order;
    this.#hold({ name, data: event.data, segments, tool, lanes, last, opens, passed });
    if (conditions) {
      this.#verdict.decide(conditions.judge());
      conditions.decided();
    }
    await this.#texts.judge(segments);
    if (order.ends.length > 0) await this.#texts.ended(order.ends);
    const out = await this.#release(lanes);
    return order.empty && out.length === 0 ? this.#quiet() : out;
  }

  /** The JSON of an event, without the credential of the system in it. */
  async #parse(text: string): Promise<unknown> {
    let data: unknown;
    try {
      data = await shared(text.length, strictJson(text));
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'an event of the stream is not valid JSON', { cause });
    }
    if (this.#credential !== null) {
      const steps = holdsCredential(text, this.#credential);
      if (await shared(text.length, steps)) throw new CodedError('output-denied');
    }
    return data;
  }

  /** What says nothing; where space may stand before a frame only, not behind the last. */
  #quiet(): string[] {
    return this.held > 0 || !this.#begun ? [this.#options.dialect.framing.keepAlive] : [];
  }

  /** Judges what is left; gives the last events. @param whole whether the answer came to its end @throws CodedError `output-denied` */
  async end(whole = true): Promise<string[]> {
    this.#texts.begin();
    await this.#texts.end();
    const { conditions } = this.#options;
    if (conditions) {
      this.#verdict.decide(conditions.end(this.#verdict.so.detections, whole));
      conditions.decided();
    }
    return this.drain();
  }

  #hold(event: Omit<Held, 'number' | 'characters'>): void {
    this.#lanes.hold(event);
    if (this.#lanes.characters > LIMITS.streamHeldBytesMax || this.#lanes.events > LIMITS.streamHeldEventsMax)
      throw new CodedError('upstream-too-large', 'the stream holds too much text open');
  }

  /** Lets others go on where the first event of a lane waits for a channel that fell silent. */
  async #release(lanes: readonly Lane[]): Promise<string[]> {
    const out = this.drain();
    for (const lane of lanes) {
      const next = () => this.#lanes.silent(lane, WINDOW_CHARACTERS);
      for (let silent = next(); silent; silent = next()) {
        await this.#texts.rest(silent);
        this.#lanes.rest(lane);
        out.push(...this.drain());
      }
    }
    return out;
  }

  /** Events whose every text was judged and may go out; also after a denial, for what was judged before it. */
  drain(): string[] {
    if (this.#texts.shut) return [];
    const { conditions, dialect } = this.#options;
    const out = this.#lanes
      .take(({ tool }) => conditions?.holds(tool) ?? false)
      .map((held) => renderHeld(held, dialect.framing));
    this.#begun ||= out.length > 0;
    return out;
  }
}

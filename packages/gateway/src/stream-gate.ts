import {
  CodedError,
  type Detection,
  type InspectionRequest,
  LIMITS,
  parseStrictJson,
  replaceStrings,
  type SystemSnapshot,
  stricter,
  type Verdict,
} from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import type { Dialect, StreamEvent, TextPart, Usage } from '@sallyport/models';
import { ChannelEdits } from './channel-edits.ts';
import { requestOf } from './inspection.ts';
import { applyEdits, type Edit, maskings, orderEdits, restorations } from './rewrite.ts';
import { verdictOf } from './state.ts';
import type { StreamConditions } from './stream-conditions.ts';

/** The last event of dialects that have one. */
const END = '[DONE]';
/** Characters of new text that make a window. Verdicts fall at fixed places in the text, not where chunks end. */
const WINDOW_CHARACTERS = 128;
/** Characters at the end of what was judged that stay held: a match this long is never let out in part. */
const HOLD_CHARACTERS = 192;
/** Longest run without a space that is held whole, as base64 and URLs need to be seen from their start. */
const RUN_CHARACTERS_MAX = 2048;

/** Texts of one choice, tool call or reasoning part, as they grow. */
interface Channel {
  readonly key: string;
  readonly kind: TextPart['kind'];
  /** Text from `base` on; what lies before was released and is no longer needed. */
  text: string;
  base: number;
  /** Everything before this was judged. */
  judged: number;
  /** Everything before this may go out. */
  releasable: number;
  /** Characters of other channels seen since this one last grew. */
  idle: number;
  /** Start of a match that still touched the end of a window; text from there is judged again. */
  open: number | null;
  readonly edits: ChannelEdits;
}

interface Segment {
  readonly channel: Channel | null;
  readonly pointer: string;
  readonly text: string;
  readonly start: number;
  readonly kind: TextPart['kind'];
  /** Edits of a text that stands alone. */
  readonly edits: readonly Edit[];
}

/** What of an event goes on: a name the dialect knows, and JSON text. */
interface Passing {
  readonly name: string;
  readonly data: string;
}

interface Held {
  readonly event: Passing;
  readonly segments: readonly Segment[];
  /** Says something of a call of a tool, which goes out whole or not at all. */
  readonly tool: boolean;
}

/** What inspects: at once for what is short, later for what is long. */
type Inspect = (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>;

/** How a stream gate is set up. */
export interface StreamGateOptions {
  readonly dialect: Dialect;
  readonly operation: string;
  readonly system: SystemSnapshot;
  readonly systemPrompts: readonly string[];
  readonly redactor: Redactor | null;
  /** Makes placeholders for what is redacted in the answer. */
  readonly outputRedactor: Redactor;
  readonly inspect: Inspect;
  /** Business rules over the answer; null where there are none. */
  readonly conditions: StreamConditions | null;
}

/** Characters before what is judged that a window shows besides, so that no word begins in the middle. */
const LEAD_CHARACTERS = 32;

/** Characters that encodings and addresses are made of. */
const RUN = new Uint8Array(128);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_%\\&#;.:-')
  RUN[c.charCodeAt(0)] = 1;

/** Length of the unbroken run at the end of a text, at most {@link RUN_CHARACTERS_MAX}. */
function runAtEnd(text: string): number {
  let run = 0;
  while (run < text.length && run < RUN_CHARACTERS_MAX && RUN[text.charCodeAt(text.length - 1 - run)] === 1)
    run++;
  return run;
}

/**
 * The output gate for streams. Events wait until every text in them was judged; texts are judged in windows over
 * each channel, so that neither chunk boundaries nor interleaving change a verdict.
 */
export class StreamGate {
  readonly #options: StreamGateOptions;
  readonly #channels = new Map<string, Channel>();
  #held: Held[] = [];
  /** Events of {@link #held} before this one went out. */
  #head = 0;
  readonly #detections: Detection[] = [];
  #verdict: Verdict = { action: 'allow', wouldBe: 'allow', detections: [] };
  /** Number of windows and whole texts judged. */
  texts = 0;
  usage: Usage | null = null;

  constructor(options: StreamGateOptions) {
    this.#options = options;
  }

  /** Characters of events that wait. */
  held = 0;

  /** The verdict so far. */
  get verdict(): Verdict {
    return this.#verdict;
  }

  /** Takes one event; gives the frames that may go out now. @throws CodedError `output-denied` and others */
  async push(event: StreamEvent): Promise<string[]> {
    const { dialect, operation } = this.#options;
    // What says nothing need not wait for what does.
    if (event.data === null) return [dialect.framing.keepAlive];
    if (event.data.trim() === END) {
      this.#hold({ name: '', data: END }, [], false);
      return this.#release();
    }
    let data: unknown;
    try {
      data = parseStrictJson(event.data);
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'an event of the stream is not valid JSON', { cause });
    }
    this.usage = dialect.usage(data) ?? this.usage;
    const segments: Segment[] = [];
    const parts = dialect.readEvent(operation, data);
    for (const part of parts) {
      if (part.stream === null) segments.push(await this.#whole(part));
      else segments.push(this.#grow(part, part.stream));
    }
    const { conditions } = this.#options;
    const name = dialect.eventName(event.name, data);
    this.#hold({ name, data: event.data }, segments, conditions?.push(data, parts) ?? false);
    if (conditions) {
      this.#decide(conditions.judge());
      conditions.decided();
    }
    for (const { channel } of segments) if (channel) await this.#judge(channel, false);
    return this.#release();
  }

  /** Judges what is left; gives the last events. @throws CodedError `output-denied` */
  async end(): Promise<string[]> {
    for (const channel of this.#channels.values()) await this.#judge(channel, true);
    const { conditions } = this.#options;
    if (conditions) {
      this.#decide(conditions.end(this.#detections));
      conditions.decided();
    }
    return this.#release();
  }

  #hold(event: Passing, segments: readonly Segment[], tool: boolean): void {
    this.held += event.data.length;
    if (this.held > LIMITS.streamHeldBytesMax || this.#held.length - this.#head >= LIMITS.streamHeldEventsMax)
      throw new CodedError('upstream-too-large', 'the stream holds too much text open');
    this.#held.push({ event, segments, tool });
  }

  #grow(part: TextPart, key: string): Segment {
    let channel = this.#channels.get(key);
    if (!channel) {
      if (this.#channels.size >= LIMITS.streamChannelsMax)
        throw new CodedError('upstream-too-large', 'the stream opens too many channels');
      channel = {
        key,
        kind: part.kind,
        text: '',
        base: 0,
        judged: 0,
        releasable: 0,
        idle: 0,
        open: null,
        edits: new ChannelEdits(),
      };
      this.#channels.set(key, channel);
    }
    for (const other of this.#channels.values()) other.idle += part.text.length;
    channel.idle = 0;
    const start = channel.base + channel.text.length;
    channel.text += part.text;
    return { channel, pointer: part.pointer, text: part.text, start, kind: part.kind, edits: [] };
  }

  #request(text: string, kind: TextPart['kind']): InspectionRequest {
    const { system, systemPrompts } = this.#options;
    return {
      text,
      pointer: '',
      channel: 'output',
      systemPrompts,
      ...requestOf(system, true),
      tool: kind === 'json',
    };
  }

  /** Judges a text that stands alone in its event. */
  async #whole(part: TextPart): Promise<Segment> {
    this.texts++;
    const found = await this.#options.inspect([this.#request(part.text, part.kind)]);
    const kept = found.map((d) => this.#locate(d, part.pointer, 0));
    this.#decide(kept);
    const edits = orderEdits([
      ...this.#maskings(kept, part.text, part.kind, 0),
      ...restorations(part.text, part.kind, this.#options.redactor),
    ]);
    return { channel: null, pointer: part.pointer, text: part.text, start: 0, kind: part.kind, edits };
  }

  #locate(detection: Detection, pointer: string, offset: number): Detection {
    const { start, end } = detection.location;
    return { ...detection, location: { pointer, start: start + offset, end: end + offset } };
  }

  #maskings(detections: readonly Detection[], text: string, kind: TextPart['kind'], offset: number): Edit[] {
    const { system, outputRedactor } = this.#options;
    return maskings(system, detections, text, kind, outputRedactor, offset);
  }

  #decide(detections: readonly Detection[]): void {
    if (detections.length === 0) return;
    for (const detection of detections)
      if (this.#detections.length < LIMITS.detectionsMax) this.#detections.push(detection);
    const latest = verdictOf(this.#options.system, 'output', detections);
    this.#verdict = {
      action: stricter(this.#verdict.action, latest.action),
      wouldBe: stricter(this.#verdict.wouldBe, latest.wouldBe),
      detections: this.#detections,
    };
    if (latest.action === 'deny') throw new CodedError('output-denied');
  }

  /** Judges a channel window by window; at the end of it, or when others went on without it, to its end. */
  async #judge(channel: Channel, final: boolean): Promise<void> {
    for (;;) {
      const length = channel.base + channel.text.length;
      const full = channel.judged + WINDOW_CHARACTERS <= length;
      if (!full && !(final && channel.releasable < length)) return;
      const end = full ? channel.judged + WINDOW_CHARACTERS : length;
      await this.#window(channel, end, final && end === length);
    }
  }

  async #window(channel: Channel, end: number, last: boolean): Promise<void> {
    this.texts++;
    const from = this.#windowStart(channel);
    const text = channel.text.slice(from - channel.base, end - channel.base);
    const found = (await this.#options.inspect([this.#request(text, channel.kind)])).map((d) =>
      this.#locate(d, channel.key, from),
    );
    channel.judged = end;
    channel.open = null;
    const acted: Detection[] = [];
    for (const detection of found) {
      const { start, end: stop } = detection.location;
      if (!last && stop === end && end - start < HOLD_CHARACTERS)
        channel.open = Math.min(channel.open ?? start, start);
      else acted.push(detection);
    }
    const fresh = acted.filter((d) => !this.#detections.some((known) => sameFind(known, d)));
    this.#decide(fresh);
    channel.edits.add([
      ...this.#maskings(fresh, text, channel.kind, from),
      ...restorations(text, channel.kind, this.#options.redactor).map((e) => ({
        ...e,
        start: e.start + from,
        end: e.end + from,
      })),
    ]);
    channel.releasable = last
      ? end
      : Math.max(channel.releasable, this.#releaseLimit(channel, end, text, from));
    trim(channel);
  }

  /** Where the next window begins: far enough back to see what is held, an open match and a run from its start; after a space. */
  #windowStart(channel: Channel): number {
    let start = Math.min(channel.releasable, channel.open ?? channel.judged) - LEAD_CHARACTERS;
    const furthest = start - HOLD_CHARACTERS;
    while (start > channel.base && start > furthest && !/\s/.test(channel.text[start - 1 - channel.base]!))
      start--;
    return Math.max(channel.base, start);
  }

  #releaseLimit(channel: Channel, end: number, text: string, from: number): number {
    let limit = end - HOLD_CHARACTERS;
    if (channel.open !== null) limit = Math.min(limit, channel.open);
    const run = runAtEnd(text);
    if (run < RUN_CHARACTERS_MAX) limit = Math.min(limit, end - run);
    return Math.max(from, limit);
  }

  async #unblock(): Promise<boolean> {
    const head = this.#held[this.#head];
    let moved = false;
    for (const { channel } of head?.segments ?? []) {
      if (!channel || channel.idle < WINDOW_CHARACTERS) continue;
      const length = channel.base + channel.text.length;
      if (channel.releasable >= length) continue;
      await this.#judge(channel, true);
      moved = true;
    }
    return moved;
  }

  async #release(): Promise<string[]> {
    const out = this.drain();
    while (this.#head < this.#held.length && (await this.#unblock())) out.push(...this.drain());
    return out;
  }

  /** Events whose every text was judged and may go out; also after a denial, for what was judged before it. */
  drain(): string[] {
    const out: string[] = [];
    const { conditions } = this.#options;
    for (
      let head = this.#held[this.#head];
      head?.segments.every(isReleasable);
      head = this.#held[this.#head]
    ) {
      if (conditions?.holds(head.tool)) break;
      this.#head++;
      this.held -= head.event.data.length;
      out.push(this.#render(head));
    }
    if (this.#head * 2 >= this.#held.length) {
      this.#held = this.#held.slice(this.#head);
      this.#head = 0;
    }
    return out;
  }

  /** An event as it goes out: a frame of its own, with texts replaced in place. */
  #render({ event, segments }: Held): string {
    const replacements = new Map<string, string>();
    for (const { channel, pointer, text, start, edits } of segments) {
      const changed = channel ? channel.edits.apply(text, start) : applyEdits(text, start, edits);
      if (changed !== text) replacements.set(pointer, changed);
    }
    const data =
      replacements.size === 0 ? event.data : withoutTokenDetails(replaceStrings(event.data, replacements));
    return this.#options.dialect.framing.render(event.name, data);
  }
}

function sameFind(a: Detection, b: Detection): boolean {
  return (
    a.detector === b.detector &&
    a.technique === b.technique &&
    a.location.pointer === b.location.pointer &&
    a.location.start === b.location.start &&
    a.location.end === b.location.end
  );
}

function isReleasable({ channel, start, text }: Segment): boolean {
  return channel === null || start + text.length <= channel.releasable;
}

/** Forgets text that no later window looks back to. */
function trim(channel: Channel): void {
  const keep = channel.releasable - 2 * HOLD_CHARACTERS;
  if (keep - channel.base < 4096) return;
  channel.text = channel.text.slice(keep - channel.base);
  channel.base = keep;
}

/** Log probabilities spell the text out token by token; where the text was changed they go. */
function withoutTokenDetails(data: string): string {
  if (!data.includes('"logprobs"')) return data;
  return JSON.stringify(JSON.parse(data, (key, value: unknown) => (key === 'logprobs' ? null : value)));
}

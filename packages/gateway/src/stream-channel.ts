import type { DetectionLocation } from '@sallyport/core';
import {
  ANY_REFERENCES,
  FENCE_START,
  type FenceLead,
  type FenceState,
  fenceAfter,
  Leaves,
} from '@sallyport/guard';
import type { TextPart } from '@sallyport/models';
import { ChannelEdits } from './channel-edits.ts';
import { JsonQuotes } from './json-numbers.ts';
import type { Placing, Restored } from './restoring.ts';
import type { Lane } from './stream-lanes.ts';
import type { StreamText } from './stream-text.ts';

/** Characters of new text that make a window. Verdicts fall at fixed places in the text, not where chunks end. */
export const WINDOW_CHARACTERS = 128;
/** Characters at the end of what was judged that stay held: a match this long is never let out in part. */
export const HOLD_CHARACTERS = 192;
/** Longest run without a space that is held whole, as base64 and URLs need to be seen from their start. */
const RUN_CHARACTERS_MAX = 2048;
/** Longest run that a sentence may end with when its channel rests. */
const WORD_CHARACTERS_MAX = 64;
/** Characters before what is judged that a window shows besides, so that no word begins in the middle. */
const LEAD_CHARACTERS = 32;
/** Text that went out and is kept for windows to come, beyond which it is forgotten. */
const KEPT_CHARACTERS = 4096;
/** Characters of an unfinished line that are kept to see whether it is a fence. */
const LINE_CHARACTERS_MAX = 2048;

/** Text of one choice, tool call or reasoning part, as it grows. */
export class Channel {
  readonly key: string;
  /** The part that it began with: what kind of text it is, and where. */
  readonly part: TextPart;
  readonly lane: Lane | null;
  /** Text from `base` on; what lies before was released and is no longer needed. */
  text = '';
  base = 0;
  /** Everything before this was judged. */
  judged = 0;
  /** Everything from here on spells another text of its event, which is judged there. */
  fresh = 0;
  /** Everything before this may go out. */
  releasable = 0;
  /** Everything before this went out. */
  gone = 0;
  /** Characters of its lane when it last grew. */
  grewAt = 0;
  /** Start of a match that still touched the end of a window; text from there is judged again. */
  open: number | null = null;
  readonly edits = new ChannelEdits();
  /** Others went on without it once: from then on it waits for the end of the stream, or for more of itself. */
  rested = false;
  /** The system said that nothing more comes of it. */
  ended = false;
  readonly restored: Restored | null;
  /** What all that came of it is of, for values that come back. */
  placing: Placing;
  /** Where strings stand in it, should it be JSON. */
  readonly quotes: JsonQuotes;
  /** The same text as those beside it see it. */
  readonly seam: StreamText | null;
  /** Fenced code blocks up to a line start that no later window looks behind. */
  #fences: FenceState = FENCE_START;
  #fencesAt = 0;
  /** What the text consists of, up to a place; null while nothing asked for it. */
  #leaves: Leaves | null = null;
  #leavesTo = 0;

  constructor(
    part: TextPart,
    lane: Lane | null,
    restored: Restored | null = null,
    seam: StreamText | null = null,
  ) {
    this.key = part.stream!;
    this.part = part;
    this.placing = part;
    this.lane = lane;
    this.restored = restored;
    this.quotes = new JsonQuotes(part.kind === 'json');
    this.seam = seam;
  }

  /** Takes what comes next. */
  push(text: string): void {
    this.text += text;
    this.quotes.push(text);
  }

  /** Length of the text, with what was forgotten. */
  get length(): number {
    return this.base + this.text.length;
  }

  /** A piece of the text by places in the whole of it. */
  slice(from: number, to: number): string {
    return this.text.slice(from - this.base, to - this.base);
  }

  /** Where the next window begins: far enough back to see what is held, an open match and a run from its start; after a space. */
  windowStart(): number {
    const seen = Math.min(this.releasable, this.open ?? this.judged, this.judged - HOLD_CHARACTERS);
    let start = seen - LEAD_CHARACTERS;
    const furthest = start - HOLD_CHARACTERS;
    while (start > this.base && start > furthest && !/\s/.test(this.text[start - 1 - this.base]!)) start--;
    return Math.max(this.base, start);
  }

  /** What a window that begins at `from` is to know of the text before it: whether it stands in code. */
  leadOf(from: number): FenceLead {
    const lineStart = Math.max(this.#fencesAt, lastLineStart(this.text, from - this.base) + this.base);
    this.#fences = fenceAfter(this.slice(this.#fencesAt, lineStart), this.#fences);
    this.#fencesAt = lineStart;
    if (lineStart === from) return { ...this.#fences, midLine: false };
    const lineEnd = this.text.indexOf('\n', from - this.base);
    const line = this.slice(lineStart, lineEnd < 0 ? this.length : lineEnd + this.base);
    return { ...fenceAfter(line, this.#fences), midLine: true };
  }

  /** What the text consists of, as far as it came. @param last whether nothing more comes */
  leaves(last = false): Leaves {
    this.#leaves ??= new Leaves(this.part.kind === 'json');
    if (this.#leavesTo < this.length) this.#leaves.push(this.slice(this.#leavesTo, this.length));
    this.#leavesTo = this.length;
    if (last) this.#leaves.end();
    return this.#leaves;
  }

  /**
   * Whether a match may go on behind the end of what was judged, or the number of JSON that it is a part of and that is masked
   * whole; then text from its start is judged again.
   */
  opens({ start, end }: Pick<DetectionLocation, 'start' | 'end'>): boolean {
    let from = start;
    if (end !== this.judged || end - start >= HOLD_CHARACTERS) {
      const all = this.leaves().within(start, end);
      const number = all.find(({ literal, open }) => literal && open);
      if (!number || this.judged - number.start >= RUN_CHARACTERS_MAX) return false;
      from = Math.min(from, number.start);
    }
    this.open = Math.min(this.open ?? from, from);
    return true;
  }

  /** What may go out once everything before `end` was judged in a window that began at `from`. */
  limit(end: number, from: number): number {
    let limit = end - HOLD_CHARACTERS;
    const run = runAtEnd(this.slice(from, end));
    if (run < RUN_CHARACTERS_MAX) limit = Math.min(limit, end - run);
    return Math.max(from, this.undecided(limit));
  }

  /**
   * What may go out when others went on without it: whole sentences, and names where no model writes. Text that stops within a
   * sentence is not over.
   */
  restLimit(): number {
    const end = this.judged;
    if (this.base === 0 && this.part.made === undefined && this.#isName()) return this.undecided(end);
    const tail = this.slice(Math.max(this.base, end - HOLD_CHARACTERS - RUN_CHARACTERS_MAX), end);
    if (runAtEnd(tail) > WORD_CHARACTERS_MAX) return this.releasable;
    const ends = this.part.kind === 'json' ? VALUES : SENTENCES;
    let limit = this.releasable;
    for (const match of tail.slice(-HOLD_CHARACTERS).matchAll(ends))
      limit = Math.max(limit, end - Math.min(tail.length, HOLD_CHARACTERS) + match.index + match[0].length);
    return Math.max(this.releasable, this.undecided(limit));
  }

  /** Whether it is a name, of a word or two: no part of what must be seen whole. */
  #isName(): boolean {
    return NAMED.test(this.part.pointer) && NAME.test(this.text) && !PIECE.test(this.text);
  }

  /** Start of the word that ends what was judged; the end of that where the word is over, or too long to be held. */
  wordStart(): number {
    const tail = this.slice(Math.max(this.base, this.judged - RUN_CHARACTERS_MAX), this.judged);
    const run = runAtEnd(tail);
    return run === RUN_CHARACTERS_MAX || /[.!?:]$/.test(tail) ? this.judged : this.judged - run;
  }

  /** @returns `limit`, or the start of what nothing can be said of yet */
  undecided(limit: number): number {
    return Math.min(limit, this.open ?? limit, this.restored?.placeholders.decided ?? limit);
  }

  /** Forgets text that no later window looks back to. */
  trim(): void {
    const keep = this.releasable - 2 * HOLD_CHARACTERS;
    if (keep - this.base < KEPT_CHARACTERS) return;
    this.leadOf(keep);
    if (this.#fencesAt < keep - LINE_CHARACTERS_MAX) {
      // A line this long is no fence; what comes after it is judged in full.
      this.#fences = { ...this.#fences, open: null, trusted: false, references: ANY_REFERENCES };
      this.#fencesAt = keep;
    }
    const from = Math.min(keep, this.#fencesAt);
    this.leaves().forget(from);
    this.text = this.text.slice(from - this.base);
    this.base = from;
    this.quotes.forget(from);
  }
}

/** Start of the line that a place stands in, within the text that is there. */
function lastLineStart(text: string, at: number): number {
  return at <= 0 ? 0 : Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;
}

/** Where names stand: of a tool that is called, of what a provider adds. */
const NAMED = /[/_]name$/;
const NAME = /^[\w .:/-]{1,64}$/;
/** What may be a part of a key, or of a number of someone's. */
const PIECE = /(?=[A-Za-z0-9]{9})(?:[A-Za-z]{0,64}\d|[A-Z]{9})|(?:\d[ .:/-]?){9}/;

/** Ends of sentences and of lines. */
const SENTENCES = /[.!?:…。！？](?:["'”’)\]*_]{0,4}(?:\s{1,8}|$))|\n/g;
/** The end of a list or an object in JSON. */
const VALUES = /[}\]]\s{0,8}$/g;

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

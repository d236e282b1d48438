import { foldCharacter, isInvisible, isNeeded, lookalike } from './characters.ts';
import { findCiphers } from './ciphers.ts';
import { findEncodings, findRuns } from './encodings.ts';
import { findHiddenBits } from './hidden-bits.ts';
import { look } from './look.ts';
import { endOf, type Mapped, MappedBuilder, startOf } from './mapped.ts';
import { findSpellings } from './spellings.ts';

/** A reading of a text, and where each of its characters came from. */
export interface View {
  /** Lower case, without invisible characters. */
  readonly text: string;
  /** Decodings that led here, such as `base64+url`; empty for the text as written. */
  readonly chain: string;
  /** Span in the original that produced the characters `[start, end)` of this view. */
  span(start: number, end: number): { start: number; end: number };
}

/** What canonicalising found. */
export interface Canonical {
  readonly views: readonly View[];
  /** Whether the normalised text differs from the text in more than case. */
  readonly rewritten: boolean;
  /** Spans of invisible, bidirectional or tag characters, merged. */
  readonly invisible: { count: number; start: number; end: number } | null;
  /** Whether readings were left out: there is more in the text than was looked at. */
  readonly unread: boolean;
}

/** A decoded part of a text. */
export interface Layer {
  /** What was undone, steps joined by `+`. */
  readonly name: string;
  readonly mapped: Mapped;
}

/** Layers of writing that are undone, one within the other. */
const DEPTH_MAX = 3;
/** The same of encoded runs alone, which are shorter with each layer. */
const RUNS_DEPTH_MAX = 8;
/** Readings made of one text: as many as there are ways to write, within each other. What is written in one way is one reading. */
const VIEWS_MAX = 128;
/** Characters over all decoded readings, as a multiple of the text, and at least. */
const GROWTH_MAX = 12;
const DECODED_MIN = 16_384;

const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
/** Flags of regions are spelt with tag characters (Unicode UTS 51); they hide nothing. */
const REGION_FLAG = /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{2,6}\u{e007f}/uy;

interface Normalised {
  readonly plain: Mapped;
  /** With look-alikes read as Latin; only where there are any. */
  readonly folded: Mapped | null;
  /** Text hidden in tag characters or variation selectors; only where there is any. */
  readonly hidden: Mapped | null;
  readonly invisible: { count: number; start: number; end: number } | null;
}

/** The byte that a variation selector stands for where bytes are smuggled in them, or -1. */
function selectorByte(c: number): number {
  if (c >= 0xfe00 && c <= 0xfe0f) return c - 0xfe00;
  return c >= 0xe0100 && c <= 0xe01ef ? c - 0xe0100 + 16 : -1;
}

function normalise(source: Mapped): Normalised {
  const { text } = source;
  if (PLAIN.test(text))
    return { plain: { ...source, text: text.toLowerCase() }, folded: null, hidden: null, invisible: null };
  const plain = new MappedBuilder(source, text.length);
  const hidden = new MappedBuilder(source, 16);
  const seen = { count: 0, start: 0, end: 0 };
  let lookalikes = 0;
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      plain.code(unit >= 65 && unit <= 90 ? unit + 32 : unit, i, ++i);
      continue;
    }
    const c = text.codePointAt(i)!;
    let end = i + (c > 0xffff ? 2 : 1);
    if (c === 0x1f3f4) {
      REGION_FLAG.lastIndex = i;
      if (REGION_FLAG.test(text)) end = REGION_FLAG.lastIndex;
    }
    if (isInvisible(c)) {
      if (c >= 0xe0020 && c <= 0xe007e) hidden.piece(String.fromCharCode(c - 0xe0000).toLowerCase(), i, end);
      else if (selectorByte(c) >= 32 && selectorByte(c) < 127)
        hidden.piece(String.fromCharCode(selectorByte(c)).toLowerCase(), i, end);
      if (!isNeeded(c, i > 0 ? text.charCodeAt(i - 1) : 0)) {
        if (seen.count++ === 0) seen.start = startOf(source, i);
        seen.end = endOf(source, end);
      }
    } else {
      const piece = foldCharacter(c);
      for (let k = 0; k < piece.length; k++) if (lookalike(piece.charCodeAt(k))) lookalikes++;
      if (piece.length === 1) plain.code(piece.charCodeAt(0), i, end);
      else plain.piece(piece, i, end);
    }
    i = end;
  }
  const done = plain.done();
  return {
    plain: done,
    folded: lookalikes > 0 ? fold(done) : null,
    hidden: hidden.length > 0 ? hidden.done() : null,
    invisible: seen.count > 0 ? seen : null,
  };
}

function fold(plain: Mapped): Mapped {
  let text = '';
  for (let i = 0; i < plain.text.length; i++) text += lookalike(plain.text.charCodeAt(i)) ?? plain.text[i]!;
  return { ...plain, text };
}

function toView(mapped: Mapped, chain: string): View {
  const { text, starts, ends } = mapped;
  return {
    text,
    chain,
    span: (start, end) => {
      if (text.length === 0 || end <= start) return { start: 0, end: 0 };
      if (!starts || !ends) return { start, end };
      // A reading may run backwards.
      let [least, most] = [starts[start]!, ends[start]!];
      for (let i = start + 1; i < Math.min(end, text.length); i++) {
        if (starts[i]! < least) least = starts[i]!;
        if (ends[i]! > most) most = ends[i]!;
      }
      return { start: least, end: most };
    },
  };
}

/**
 * All readings of a text: normalised (NFKD, lower case, no marks, no invisible characters), look-alikes folded, what
 * invisible characters spell, encodings and ciphers undone, letters set apart brought together, within bounds of depth,
 * number and size; where those are reached, that is told. The first view is the normalised text itself.
 */
export function canonicalise(text: string): Canonical {
  const views: View[] = [];
  let budget = Math.max(text.length * GROWTH_MAX, DECODED_MIN);
  let invisible: Canonical['invisible'] = null;
  let rewritten = false;
  let unread = false;
  const queue: { mapped: Mapped; chain: string; depth: number; spelt: boolean }[] = [
    { mapped: { text, starts: null, ends: null }, chain: '', depth: 0, spelt: false },
  ];
  /** What was read: undone in another order, it reads the same. */
  const known = new Set<string>();
  for (let head = 0; head < queue.length; head++) {
    const { mapped, chain, depth, spelt } = queue[head]!;
    const normal = normalise(mapped);
    if (depth === 0) {
      ({ invisible } = normal);
      rewritten = normal.plain.starts !== null;
    }
    const name = (step: string): string => (chain === '' ? step : `${chain}+${step}`);
    views.push(toView(normal.plain, chain));
    if (normal.folded) views.push(toView(normal.folded, name('homoglyph')));
    if (normal.hidden) views.push(toView(normal.hidden, name('tags')));
    const follow = ({ name: step, mapped: decoded }: Layer, spelling = false): void => {
      if (known.has(decoded.text)) return;
      budget -= decoded.text.length;
      if (budget < 0 || queue.length >= VIEWS_MAX || depth >= RUNS_DEPTH_MAX) {
        unread = true;
        return;
      }
      known.add(decoded.text);
      queue.push({ mapped: decoded, chain: name(step), depth: depth + 1, spelt: spelling });
    };
    // Once there is more than is read, the text is told as unread: what is known by then is still shown.
    if (unread) continue;
    const seen = look(mapped.text);
    if (depth >= DEPTH_MAX) {
      for (const layer of findRuns(mapped, seen)) follow(layer);
      continue;
    }
    for (const find of [findEncodings, findCiphers, findHiddenBits])
      for (const layer of find(mapped, seen)) follow(layer);
    // What was put together needs it no second time; what it was put together to may be encoded.
    if (!spelt) {
      const written = normal.folded ?? normal.plain;
      for (const layer of findSpellings(written, seen.plain ? seen : look(written.text))) follow(layer, true);
    }
    if (normal.hidden) follow({ name: 'tags', mapped: normal.hidden });
  }
  return { views, rewritten, invisible, unread };
}

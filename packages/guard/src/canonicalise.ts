import { CONFUSABLES } from './confusables.ts';
import { findLayers } from './layers.ts';

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
}

/** Layers of encoding that are undone, one within the other. */
const DEPTH_MAX = 3;
/** Readings made of one text. */
const VIEWS_MAX = 32;
/** Characters over all decoded readings, as a multiple of the text, and at least. */
const GROWTH_MAX = 4;
const DECODED_MIN = 16_384;

const PLAIN = /^[\t\n\r\x20-\x7e]*$/;
/** Flags of regions are spelt with tag characters (Unicode UTS 51); they hide nothing. */
const REGION_FLAG = /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{2,6}\u{e007f}/uy;

/** Zero-width, bidirectional, variation selectors, soft hyphen, fillers, tags: seen by machines, not by people. */
function isInvisible(c: number): boolean {
  return (
    c === 0xad ||
    c === 0x34f ||
    c === 0x61c ||
    c === 0x115f ||
    c === 0x1160 ||
    c === 0x17b4 ||
    c === 0x17b5 ||
    (c >= 0x180b && c <= 0x180f) ||
    (c >= 0x200b && c <= 0x200f) ||
    (c >= 0x202a && c <= 0x202e) ||
    (c >= 0x2060 && c <= 0x206f) ||
    c === 0x3164 ||
    (c >= 0xfe00 && c <= 0xfe0f) ||
    c === 0xfeff ||
    c === 0xffa0 ||
    (c >= 0xe0000 && c <= 0xe01ef)
  );
}

/** A text and the original position of each of its characters; `null` where they are the same. */
interface Mapped {
  readonly text: string;
  readonly starts: Int32Array | null;
  readonly ends: Int32Array | null;
}

function compose(outer: Mapped, starts: number[], ends: number[], text: string): Mapped {
  const from = Int32Array.from(starts, (at) => (outer.starts ? outer.starts[at]! : at));
  const to = Int32Array.from(ends, (at) => (outer.ends ? outer.ends[at - 1]! : at));
  return { text, starts: from, ends: to };
}

interface Normalised {
  readonly plain: Mapped;
  /** With look-alikes read as Latin; only where there are any. */
  readonly folded: Mapped | null;
  /** Text hidden in tag characters (U+E0000 block); only where there is any. */
  readonly tags: Mapped | null;
  readonly invisible: { count: number; start: number; end: number } | null;
}

/** One reading under construction. */
class MappedBuilder {
  text = '';
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(piece: string, start: number, end: number): void {
    this.text += piece;
    for (let i = 0; i < piece.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }
}

function normalise(source: Mapped): Normalised {
  if (PLAIN.test(source.text)) {
    return {
      plain: { ...source, text: source.text.toLowerCase() },
      folded: null,
      tags: null,
      invisible: null,
    };
  }
  const plain = new MappedBuilder();
  const folded = new MappedBuilder();
  const tags = new MappedBuilder();
  let lookalikes = 0;
  const hidden = { count: 0, start: 0, end: 0 };
  for (let i = 0; i < source.text.length; ) {
    const c = source.text.codePointAt(i)!;
    let end = i + (c > 0xffff ? 2 : 1);
    if (c === 0x1f3f4) {
      REGION_FLAG.lastIndex = i;
      if (REGION_FLAG.test(source.text)) end = REGION_FLAG.lastIndex;
    }
    if (c < 0x80) {
      const piece = String.fromCharCode(c).toLowerCase();
      plain.add(piece, i, end);
      folded.add(piece, i, end);
    } else if (isInvisible(c)) {
      if (c >= 0xe0020 && c <= 0xe007e) tags.add(String.fromCharCode(c - 0xe0000).toLowerCase(), i, end);
      if (hidden.count++ === 0) hidden.start = i;
      hidden.end = end;
    } else {
      const character = source.text.slice(i, end);
      const apart = character.normalize('NFKD');
      // Marks go from Latin letters only: й, が and 무 are letters of their own.
      for (const piece of (apart.charCodeAt(0) < 0x80 ? apart : character.normalize('NFKC')).toLowerCase()) {
        if (piece.charCodeAt(0) >= 0x300 && piece.charCodeAt(0) <= 0x36f) continue;
        plain.add(piece, i, end);
        const latin = CONFUSABLES.get(piece.charCodeAt(0));
        if (latin) lookalikes++;
        folded.add(latin ?? piece, i, end);
      }
    }
    i = end;
  }
  const done = (builder: MappedBuilder): Mapped =>
    compose(source, builder.starts, builder.ends, builder.text);
  return {
    plain: done(plain),
    folded: lookalikes > 0 ? done(folded) : null,
    tags: tags.text.length > 0 ? done(tags) : null,
    invisible: hidden.count > 0 ? hidden : null,
  };
}

function toView(mapped: Mapped, chain: string): View {
  const { text, starts, ends } = mapped;
  return {
    text,
    chain,
    span: (start, end) => ({
      start: starts ? (starts[start] ?? 0) : start,
      end: ends ? (ends[end - 1] ?? 0) : end,
    }),
  };
}

/**
 * All readings of a text: normalised (NFKD, lower case, no marks, no invisible characters), look-alikes folded,
 * tag characters, and base64, hexadecimal, URL, HTML and JSON-escape layers decoded within bounds of depth,
 * number and size. The first view is the normalised text itself.
 */
export function canonicalise(text: string): Canonical {
  const views: View[] = [];
  let budget = Math.max(text.length * GROWTH_MAX, DECODED_MIN);
  let invisible: Canonical['invisible'] = null;
  const queue: { mapped: Mapped; chain: string; depth: number }[] = [
    { mapped: { text, starts: null, ends: null }, chain: '', depth: 0 },
  ];
  for (let head = 0; head < queue.length && views.length < VIEWS_MAX; head++) {
    const { mapped, chain, depth } = queue[head]!;
    const normal = normalise(mapped);
    if (depth === 0) invisible = normal.invisible;
    views.push(toView(normal.plain, chain));
    const name = (step: string): string => (chain === '' ? step : `${chain}+${step}`);
    if (normal.folded) views.push(toView(normal.folded, name('homoglyph')));
    if (normal.tags) views.push(toView(normal.tags, name('tags')));
    if (depth === DEPTH_MAX) continue;
    for (const layer of findLayers(mapped.text)) {
      budget -= layer.text.length;
      if (budget < 0 || queue.length >= VIEWS_MAX) break;
      queue.push({
        mapped: compose(mapped, layer.starts, layer.ends, layer.text),
        chain: name(layer.name),
        depth: depth + 1,
      });
    }
  }
  return { views, rewritten: !PLAIN.test(text), invisible };
}

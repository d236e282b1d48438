import { LiteralSet } from '../aho-corasick.ts';
import {
  CANARY_MIN,
  CODED,
  countsOf,
  lettersOf,
  READINGS,
  type Reading,
  squeeze,
} from './canary-readings.ts';

/** Tags and comments. */
const TAG = /<(?:!--[^>]{0,200}--|\/?[a-z][^<>]{0,80})>/iy;
const TAG_START = /<[!/a-z]/i;

/** Sets of canaries kept ready, one for each system. */
const READY_MAX = 256;

/** Words that stand for figures, for letters that are spelt out. */
const FIGURES = 'zero one two three four five six seven eight nine'.split(' ');

const isLetter = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c > 191;

/** First letters of words, or of lines: what an acrostic spells; figures by their names, numbers whole. */
function initials(text: string, lines: boolean): { letters: string; starts: number[] } {
  let letters = '';
  const starts: number[] = [];
  let taken = false;
  for (let i = 0; i < text.length; i++) {
    if (!isLetter(text.charCodeAt(i))) {
      if (text.charCodeAt(i) === 10) taken = false;
      continue;
    }
    const from = i;
    while (i + 1 < text.length && isLetter(text.charCodeAt(i + 1))) i++;
    if (lines && taken) continue;
    taken = true;
    const first = text.charCodeAt(from);
    let piece = text[from]!.toLowerCase();
    if (first >= 48 && first <= 57) piece = text.slice(from, i + 1).toLowerCase();
    else if (i - from >= 2 && i - from <= 4) {
      const figure = FIGURES.indexOf(text.slice(from, i + 1).toLowerCase());
      if (figure >= 0) piece = String(figure);
    }
    letters += piece;
    for (let k = 0; k < piece.length; k++) starts.push(from);
  }
  return { letters, starts };
}

/** A set of forms that is searched with one pass. */
interface Prepared {
  readonly reading: Reading;
  readonly literals: LiteralSet;
  readonly lengths: readonly number[];
  /** What ASCII characters count as, 0 for not at all. */
  readonly table: Uint16Array;
}

function prepare(reading: Reading, canaries: readonly string[], exact: boolean): Prepared {
  const forms = [...new Set(canaries.flatMap(reading.forms))].filter((form) => form.length >= CANARY_MIN);
  const table = new Uint16Array(128);
  for (let c = 0; c < 128; c++) {
    const character = String.fromCharCode(c);
    table[c] = reading.keep(exact ? character : character.toLowerCase()).charCodeAt(0) || 0;
  }
  return {
    reading,
    literals: new LiteralSet(forms, exact),
    lengths: forms.map((form) => form.length),
    table,
  };
}

/** Finds canaries however they were spelt, encoded, split or turned around. */
class CanaryFinder {
  readonly #readings: readonly Prepared[];
  readonly #squeezed: readonly string[];

  constructor(canaries: readonly string[]) {
    const used = canaries.filter((canary) => squeeze(canary).length >= CANARY_MIN);
    this.#squeezed = used.flatMap((canary) => [squeeze(canary), ...lettersOf(squeeze(canary))]);
    this.#readings = [
      ...READINGS.map((reading) => prepare(reading, used, false)),
      ...CODED.map((reading) => prepare(reading, used, true)),
    ];
  }

  /** @param text as written, or as a view has it */
  find(text: string): { start: number; end: number }[] {
    if (this.#squeezed.length === 0) return [];
    const found: { start: number; end: number }[] = [];
    const counts = countsOf(text);
    for (const one of this.#readings)
      if (one.lengths.length > 0 && one.reading.worth(counts)) this.#search(one, text, false, found);
    if (TAG_START.test(text)) this.#search(this.#readings[0]!, text, true, found);
    for (const { letters, starts } of [initials(text, false), initials(text, true)]) {
      for (const canary of this.#squeezed) {
        const at = letters.indexOf(canary);
        if (at >= 0)
          found.push({ start: starts[at]!, end: Math.min(text.length, starts[at + canary.length - 1]! + 1) });
      }
    }
    return found;
  }

  /** @param bare whether tags are passed over: what mark-up hides shows nowhere */
  #search(
    { reading, literals, lengths, table }: Prepared,
    text: string,
    bare: boolean,
    found: { start: number; end: number }[],
  ): void {
    if (codes.length < text.length * WIDEST) {
      codes = new Uint16Array(text.length * WIDEST);
      places = new Int32Array(text.length * WIDEST);
    }
    let n = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 128) {
        if (c === 60 && bare) {
          TAG.lastIndex = i;
          if (TAG.test(text)) {
            i = TAG.lastIndex - 1;
            continue;
          }
        }
        const kept = table[c]!;
        if (kept === 0) continue;
        codes[n] = kept;
        places[n++] = i;
        continue;
      }
      const lower = text[i]!.toLowerCase();
      const piece = reading.keep(lower.length === 1 ? lower : text[i]!);
      for (let k = 0; k < piece.length; k++) {
        codes[n] = piece.charCodeAt(k);
        places[n++] = i;
      }
    }
    const hits = literals.positionsIn(codes, n);
    for (let i = 0; i < hits.length; i += 2) {
      const end = hits[i + 1]!;
      found.push({ start: places[end - lengths[hits[i]!]!]!, end: places[end - 1]! + 1 });
    }
  }
}

/** Characters that one may count as. */
const WIDEST = 3;
/** Where a text is read into; reused from text to text. */
let codes = new Uint16Array(1 << 14);
let places = new Int32Array(1 << 14);
const READY_CODES_MAX = 1 << 20;

const ready = new Map<string, CanaryFinder>();

/**
 * Occurrences of canaries: whatever stands between their letters, forwards or backwards, shifted along the alphabet,
 * by numbers, in encodings at any place among other bytes, by the first letters of words. Linear in the text.
 */
export function findCanaries(text: string, canaries: readonly string[]): { start: number; end: number }[] {
  const name = canaries.join('\n');
  let finder = ready.get(name);
  if (!finder) {
    finder = new CanaryFinder(canaries);
    if (ready.size >= READY_MAX) ready.delete(ready.keys().next().value!);
    ready.set(name, finder);
  }
  const found = finder.find(text);
  // A long text's room is not kept.
  if (codes.length > READY_CODES_MAX) {
    codes = new Uint16Array(1 << 14);
    places = new Int32Array(1 << 14);
  }
  return found;
}

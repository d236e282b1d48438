import type { Layer } from './canonicalise.ts';
import type { Look } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** Invisible characters of which two stand for zero and one, others for what parts the numbers. */
const UNSEEN = /[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufe00\ufe01]/g;
/** Fewest that spell anything: two characters. */
const BITS_MIN = 14;
/** Fewest in a run that is read by itself: what is shorter says no more than a word. */
const RUN_MIN = 64;
/** Bits of a character, as text is written so. */
const WIDTHS = [8, 7, 16] as const;
/** Share of characters that are text from which a reading is believed. */
const BELIEVED = 0.9;

const isText = (code: number): boolean => code === 9 || code === 10 || (code >= 32 && code < 127);

/** Invisible characters one after the other, and where each stands. */
interface Unseen {
  readonly found: readonly string[];
  readonly places: readonly number[];
}

/** Kinds of characters of which two may be the bits: others are there to lead away from them. */
const KINDS = 4;
/** Characters after which what is next to no text is given up. */
const TRIED = 16;

/** Pairs of the characters that are there most, in either order. */
function* pairs({ found }: Unseen): Generator<readonly [zero: string, one: string]> {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, KINDS);
  for (const [zero] of most) for (const [one] of most) if (zero !== one) yield [zero, one];
}

/** Reads two characters as bits of characters of one width, by places in the text; null where next to none of it is text. */
function read(
  text: string,
  { found, places }: Unseen,
  [zero, one]: readonly [string, string],
  width: number,
): Mapped | null {
  const builder = new MappedBuilder({ text, starts: null, ends: null }, 64);
  let [texts, code, bits, start] = [0, 0, 0, 0];
  for (let n = 0; n < found.length; n++) {
    if (found[n] !== zero && found[n] !== one) continue;
    if (bits === 0) start = places[n]!;
    code = (code << 1) | (found[n] === one ? 1 : 0);
    if (++bits < width) continue;
    if (isText(code)) texts++;
    builder.code(code, start, places[n]! + 1);
    if (builder.length === TRIED && texts < TRIED * BELIEVED) return null;
    [code, bits] = [0, 0];
  }
  return builder.length >= 2 && texts >= builder.length * BELIEVED ? builder.done() : null;
}

/** All of them as one, and each run that is long enough by itself: what stands elsewhere would shift its bits. */
function sequences({ found, places }: Unseen): Unseen[] {
  const all = [{ found, places }];
  for (let from = 0, n = 1; n <= places.length; n++) {
    if (n < places.length && places[n] === places[n - 1]! + 1) continue;
    if (n - from >= RUN_MIN && n - from < places.length)
      all.push({ found: found.slice(from, n), places: places.slice(from, n) });
    from = n;
  }
  return all;
}

/**
 * Text written in two invisible characters, one for zero and one for one, in one run or spread over the text. Which of them
 * is which, and how many make a character, is told by what comes out; what is read in several runs is one text. Linear.
 */
export function* findHiddenBits(source: Mapped, { plain }: Look): Generator<Layer> {
  if (plain) return;
  const unseen = { found: [] as string[], places: [] as number[] };
  for (const { 0: one, index } of source.text.matchAll(UNSEEN)) {
    unseen.found.push(one);
    unseen.places.push(index);
  }
  if (unseen.found.length < BITS_MIN) return;
  const builder = new MappedBuilder(source, 64);
  for (const sequence of sequences(unseen))
    for (const pair of pairs(sequence))
      for (const width of WIDTHS) {
        const spelt = read(source.text, sequence, pair, width);
        if (!spelt) continue;
        builder.take(spelt, 0, spelt.text.length);
        builder.code(10, sequence.places[0]!, sequence.places[0]! + 1);
      }
  if (builder.length > 0) yield { name: 'hidden-bits', mapped: builder.done() };
}

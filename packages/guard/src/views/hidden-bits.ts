import type { Layer } from './canonicalise.ts';
import type { Look } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** Invisible characters of which two stand for nought and one, others for what parts the numbers. */
const UNSEEN = /[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufe00\ufe01]/g;
/** Fewest that spell anything: two characters. */
const BITS_MIN = 14;
/** Bits of a character, as text is written so. */
const WIDTHS = [8, 7, 16] as const;
/** Share of characters that are text from which a reading is believed. */
const BELIEVED = 0.9;

const isText = (code: number): boolean => code === 9 || code === 10 || (code >= 32 && code < 127);

/** The two characters that are there most, or fewer. */
function twoMost(found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([one]) => one);
}

/** Reads bits as characters of one width; null where next to none of it is text. @param places where each bit stands */
function read(source: Mapped, bits: string, places: readonly number[], width: number): Mapped | null {
  const builder = new MappedBuilder(source, bits.length / width);
  let texts = 0;
  for (let at = 0; at + width <= bits.length; at += width) {
    const code = Number.parseInt(bits.slice(at, at + width), 2);
    if (isText(code)) texts++;
    builder.code(code, places[at]!, places[at + width - 1]! + 1);
  }
  return builder.length >= 2 && texts >= builder.length * BELIEVED ? builder.done() : null;
}

/**
 * Text written in two invisible characters, one for nought and one for one, in one run or spread over the text. Which of them
 * is which, and how many make a character, is told by what comes out. Linear.
 */
export function* findHiddenBits(source: Mapped, { plain }: Look): Generator<Layer> {
  if (plain) return;
  const places: number[] = [];
  const found: string[] = [];
  for (const { 0: one, index } of source.text.matchAll(UNSEEN)) {
    found.push(one);
    places.push(index);
  }
  if (found.length < BITS_MIN) return;
  const two = twoMost(found);
  const kept = places.filter((_, n) => two.includes(found[n]!));
  for (const nought of two) {
    let bits = '';
    for (const one of found) if (two.includes(one)) bits += one === nought ? '0' : '1';
    for (const width of WIDTHS) {
      const mapped = read(source, bits, kept, width);
      if (mapped) yield { name: 'hidden-bits', mapped };
    }
  }
}

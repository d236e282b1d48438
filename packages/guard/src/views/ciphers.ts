import { atbash, rot47, shifted } from './alphabets.ts';
import type { Layer } from './canonicalise.ts';
import { belief, type Look } from './look.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** Characters of one text that are tried as ciphers. */
const CHARACTERS_MAX = 8_192;
/** Characters of a part that decide which cipher it is. */
const SAMPLE = 240;

/** How often letters occur in European languages, in percent, much the same in all of them. */
const FREQUENCY = [
  8.2, 1.5, 2.8, 4.3, 13, 2.2, 2, 6.1, 7, 0.2, 0.8, 4, 2.4, 6.7, 7.5, 1.9, 0.1, 6, 6.3, 9.1, 2.8, 1, 2.4, 0.2,
  2, 0.1,
];

/** How many of the likeliest substitutions are read: short parts have letters of their own. */
const TRIED = 3;

/** The shifts, and the mirror, under which the letters of a part are as frequent as they should be; none where they are already. */
function likelySubstitutions(part: string): (readonly [string, (text: string) => string])[] {
  const counts = new Float64Array(26);
  let signs = 0;
  let others = 0;
  for (let i = 0; i < part.length; i++) {
    const c = part.charCodeAt(i);
    const letter = (c | 0x20) - 97;
    if (letter >= 0 && letter < 26 && c < 128) counts[letter]!++;
    if (c >= 50 && c <= 75) signs++;
    else if (c > 32) others++;
  }
  // Lower case letters become figures, signs and the first capitals.
  if (signs > others * 2) return [['rot47', rot47]];
  const ranked: { by: number; sum: number }[] = [];
  for (let by = 0; by < 27; by++) {
    let sum = 0;
    for (let i = 0; i < 26; i++) sum += counts[i]! * FREQUENCY[by === 26 ? 25 - i : (i + by) % 26]!;
    ranked.push({ by, sum });
  }
  ranked.sort((a, b) => b.sum - a.sum);
  if (ranked[0]!.by === 0) return [];
  return ranked
    .slice(0, TRIED)
    .filter(({ by }) => by !== 0)
    .map(({ by }) =>
      by === 26
        ? (['atbash', atbash] as const)
        : ([by === 13 ? 'rot13' : 'caesar', (text: string) => shifted(text, by)] as const),
    );
}

/** The reading of a part that is believed most, if any is. @param sample of the part, from which it is guessed */
function bestReading(part: string, sample: string): { name: string; text: string } | null {
  let best: { name: string; text: string } | null = null;
  let most = BELIEVED;
  for (const [name, undo] of likelySubstitutions(sample)) {
    const text = undo(part);
    const believed = belief(text);
    if (believed >= most) {
      best = { name, text };
      most = believed + Number.EPSILON;
    }
  }
  return best;
}

/** What a reading must reach to be believed. */
const BELIEVED = 0.15;

/** Letters shifted, mirrored in the alphabet, or in reverse order. */
export function* findCiphers(source: Mapped, { strange, mirrored, parts }: Look): Generator<Layer> {
  const { text } = source;
  if (parts.length === 0 && !strange) return;
  // First the whole: ROT47 uses signs that end sentences, and short sentences say little alone.
  const short = strange && text.length <= CHARACTERS_MAX;
  const whole = short ? bestReading(text, text.slice(0, SAMPLE)) : null;
  if (whole) {
    const builder = new MappedBuilder(source, text.length);
    for (let i = 0; i < whole.text.length; i++) builder.code(whole.text.charCodeAt(i), i, i + 1);
    yield { name: whole.name, mapped: builder.done() };
    return;
  }
  if (short && mirrored > 0) {
    const turned = [...turnedAround(source, 0, text.length)];
    yield* turned;
    if (turned.length > 0) return;
  }
  if (parts.length === 0) return;
  for (const { start, end } of parts) {
    if (end - start > CHARACTERS_MAX) continue;
    const part = text.slice(start, end);
    const best = bestReading(part, part.slice(0, SAMPLE));
    if (best) {
      const builder = new MappedBuilder(source, part.length);
      for (let i = 0; i < best.text.length; i++)
        builder.code(best.text.charCodeAt(i), start + i, start + i + 1);
      yield { name: best.name, mapped: builder.done() };
    }
  }
  if (parts.reduce((sum, part) => sum + part.mirrored, 0) > 1)
    yield* turnedAround(source, parts[0]!.start, parts.at(-1)!.end);
}

/** The text from its end, and each of its words from its end: the words are the same, so both are read. */
function* turnedAround(source: Mapped, start: number, end: number): Generator<Layer> {
  const { text } = source;
  if (end - start > CHARACTERS_MAX * 2) return;
  const part = text.slice(start, end);
  const backwards = [...part].reverse().join('');
  if (belief(backwards) >= BELIEVED) {
    const builder = new MappedBuilder(source, part.length);
    for (let i = end - 1; i >= start; i--) builder.code(text.charCodeAt(i), i, i + 1);
    yield { name: 'reversed', mapped: builder.done() };
  }
  const each = part.replaceAll(/[^\s]+/g, (word) => [...word].reverse().join(''));
  if (belief(each) < BELIEVED) return;
  const builder = new MappedBuilder(source, part.length);
  for (const match of part.matchAll(/\s+|[^\s]+/g)) {
    const from = start + match.index;
    if (/^\s/.test(match[0])) builder.copy(from, from + match[0].length);
    else
      for (let i = match[0].length - 1; i >= 0; i--)
        builder.code(text.charCodeAt(from + i), from + i, from + i + 1);
  }
  yield { name: 'words-reversed', mapped: builder.done() };
}

import { atbash, rot47, shifted } from './alphabets.ts';
import type { Layer } from './canonicalise.ts';
import { JoinedLayers } from './joined-layers.ts';
import { belief, type Look } from './look.ts';
import type { Mapped } from './mapped.ts';

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

/** Whether a stretch looks like ROT47, where lower case letters become figures, signs and the first capitals. @param least of these */
function isSigned(text: string, start: number, end: number, least: number): boolean {
  let signs = 0;
  let others = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c >= 50 && c <= 75) signs++;
    else if (c > 32) others++;
  }
  return signs >= least && signs > others * 2;
}

/** The shifts, and the mirror, under which the letters of a part are as frequent as they should be; none where they are already. */
function likelySubstitutions(part: string): (readonly [string, (text: string) => string])[] {
  if (isSigned(part, 0, part.length, 1)) return [['rot47', rot47]];
  const counts = new Float64Array(26);
  for (let i = 0; i < part.length; i++) {
    const c = part.charCodeAt(i);
    const letter = (c | 0x20) - 97;
    if (letter >= 0 && letter < 26 && c < 128) counts[letter]!++;
  }
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

/** What a reading must reach to be believed. */
const BELIEVED = 0.15;

/** A way to undo a part. */
interface Reading {
  readonly name: string;
  readonly text: string;
}

/** The reading of a part that is believed most, if any is. @param sample of the part, from which it is guessed */
function bestReading(part: string, sample: string): Reading | null {
  let best: Reading | null = null;
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

/** The reading under the cipher that is used most. */
function mostCommon(part: string): Reading | null {
  const text = shifted(part, 13);
  return belief(text) >= BELIEVED ? { name: 'rot13', text } : null;
}

/** Parts of one cipher as one reading. */
class Undone extends JoinedLayers {
  /** Adds what stands at `start`, letter by letter; what follows what was added last goes on with it. */
  add({ name, text }: Reading, start: number): void {
    const builder = this.next(name, start, start + text.length);
    for (let i = 0; i < text.length; i++) builder.code(text.charCodeAt(i), start + i, start + i + 1);
  }

  /** Adds a stretch from its end. */
  turned(start: number, end: number): void {
    const builder = this.next('reversed', start, end);
    for (let i = end - 1; i >= start; i--) builder.code(this.source.text.charCodeAt(i), i, i + 1);
  }

  /** Adds a stretch, each of its words from its end. */
  eachTurned(start: number, end: number): void {
    const { text } = this.source;
    const builder = this.next('words-reversed', start, end);
    for (const match of text.slice(start, end).matchAll(/\s+|[^\s]+/g)) {
      const from = start + match.index;
      if (/^\s/.test(match[0])) builder.copy(from, from + match[0].length);
      else
        for (let i = match[0].length - 1; i >= 0; i--)
          builder.code(text.charCodeAt(from + i), from + i, from + i + 1);
    }
  }
}

/** Letters shifted, mirrored in the alphabet, or in reverse order. */
export function* findCiphers(source: Mapped, { strange, mirrored, parts, figures }: Look): Generator<Layer> {
  const { text } = source;
  const signed = figures >= SIGNED_MIN && text.length > LINE_MIN;
  if (parts.length === 0 && !strange && !signed) return;
  // First the whole: ROT47 uses signs that end sentences, and short sentences say little alone.
  const short = strange && text.length <= CHARACTERS_MAX;
  const whole = short ? bestReading(text, text.slice(0, SAMPLE)) : null;
  const undone = new Undone(source);
  if (whole) {
    undone.add(whole, 0);
    yield* undone.layers();
    if (parts.length < 2) return;
  } else if (short && mirrored > 0) {
    turnAround(undone, text, 0, text.length);
    const layers = [...undone.layers()];
    yield* layers;
    if (layers.length > 0 && parts.length < 2) return;
  }
  const rest = new Undone(source);
  for (const part of parts)
    for (const { start, end } of piecesOf(text, part.start, part.end)) {
      const own = text.slice(start, end);
      // A piece of a long part may be of two minds: what is written most is tried whatever its letters say.
      const best =
        bestReading(own, own.slice(0, SAMPLE)) ??
        (own.length < part.end - part.start ? mostCommon(own) : null);
      // What the whole reads as is read there.
      if (best && !(whole && whole.text.slice(start, end) === best.text)) rest.add(best, start);
    }
  if (signed && !whole) for (const line of linesOf(text)) signedLine(rest, text, line.start, line.end);
  if (parts.reduce((sum, part) => sum + part.mirrored, 0) > 1) {
    const [from, to] = [parts[0]!.start, parts.at(-1)!.end];
    if (to - from > CHARACTERS_MAX * 2 || !turnAround(rest, text, from, to))
      for (const { start, end } of mirroredStretches(text, parts)) turnAround(rest, text, start, end);
  }
  yield* rest.layers();
}

/** Characters of a line that are read as ROT47 by themselves, at least, and figures beside letters of the whole text. */
const LINE_MIN = 64;
const SIGNED_MIN = 8;
/** Such signs of a line that is read so, at least. */
const LINE_SIGNS_MIN = 8;

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A part in pieces that one sample can speak for, cut at spaces: one cipher behind another is another piece. */
function* piecesOf(text: string, start: number, end: number): Generator<Stretch> {
  for (let from = start; from < end; ) {
    if (end - from <= SAMPLE + SAMPLE / 2) return yield { start: from, end };
    // Never beyond the piece: a text without spaces would be gone through from its beginning each time.
    const space = text.slice(from, from + SAMPLE + 1).lastIndexOf(' ');
    const to = from + (space > 0 ? space : SAMPLE);
    yield { start: from, end: to };
    from = to;
  }
}

function* linesOf(text: string): Generator<Stretch> {
  for (let start = 0; start < text.length; ) {
    const stop = text.indexOf('\n', start);
    const end = stop < 0 ? text.length : stop;
    yield* piecesOf(text, start, end);
    start = end + 1;
  }
}

/** Reads a line as ROT47 where it looks so: its signs end sentences, which leaves no part of it. */
function signedLine(into: Undone, text: string, start: number, end: number): void {
  if (!isSigned(text, start, end, LINE_SIGNS_MIN)) return;
  const read = rot47(text.slice(start, end));
  if (belief(read) >= BELIEVED) into.add({ name: 'rot47', text: read }, start);
}

/** Stretches of neighbouring parts that say something from their ends, each by itself: other parts beside them say nothing. */
function* mirroredStretches(text: string, parts: Look['parts']): Generator<Stretch> {
  let open: { start: number; end: number } | null = null;
  for (const { start, end, mirrored } of parts) {
    if (mirrored < 2 || belief(backwards(text.slice(start, end))) < BELIEVED) continue;
    if (open && start - open.end <= 2) open.end = end;
    else {
      if (open) yield open;
      open = { start, end };
    }
  }
  if (open) yield open;
}

const backwards = (part: string): string => [...part].reverse().join('');
const eachBackwards = (part: string): string => part.replaceAll(/[^\s]+/g, backwards);

/** The text from its end, and each of its words from its end: the words are the same, so both are read. @returns whether it says something so */
function turnAround(into: Undone, text: string, start: number, end: number): boolean {
  const part = text.slice(start, end);
  const whole = belief(backwards(part)) >= BELIEVED;
  if (whole) into.turned(start, end);
  const each = belief(eachBackwards(part)) >= BELIEVED;
  if (each) into.eachTurned(start, end);
  return whole || each;
}

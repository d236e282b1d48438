import type { Layer } from './canonicalise.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** Characters of one text that are tried as ciphers. */
const CHARACTERS_MAX = 8_192;
/** Characters of a part that decide which cipher it is. */
const SAMPLE = 240;
/** Letters a part must have to be tried. */
const LETTERS_MIN = 16;

/** Words so common that a sentence without any is not written in these languages. */
const COMMON = new Set(
  (
    'the of and to in is you your all that it for on are with as this be not have from or by me my what how do can please ' +
    'ignore instructions previous system prompt password tell show write now will any no an at if we so was print reveal say ' +
    'rules guidelines instruction disregard forget everything above hidden initial secret answer answers act pretend mode developer restrictions ' +
    'without words word text repeat give letters message messages user admin only must never are new before following policy policies filter filters ' +
    'safety previous prior told given list output display respond reply send conversation bypass override disable enable role game story question code ' +
    'command execute run file data email tool assistant model chat who why where when her his they them was were has had been more about into out one two ' +
    'der die das und ist nicht ein eine mit zu den du von auf fur im wie ich sie es alle wer was hat dem des bitte deine ' +
    'le la les et des un une est pour que dans du en ne pas vous tu au sur il qui ce mon ma tes toutes ' +
    'el los las de y es una por con para del se al su mas como todas tus lo mi ' +
    'di che e il per non con sono una del della tutte tue ' +
    'o os que do da em um uma para com nao seu todas het een van dat niet voor ik je alle'
  ).split(' '),
);

/** A number for a word of lower-case letters. */
function numberOf(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash, 31) + word.charCodeAt(i);
  return hash;
}

const COMMON_NUMBERS = new Set([...COMMON].map(numberOf));
/** Common words from their ends, but those that are words both ways. */
const MIRRORED_NUMBERS = new Set(
  [...COMMON]
    .filter((word) => word.length > 2)
    .map((word) => [...word].reverse().join(''))
    .filter((word) => !COMMON.has(word))
    .map(numberOf),
);

/** Words of a text, of its letters those in common words of three letters and more, and how many such words. */
function countWords(
  text: string,
  from: number,
  to: number,
): { words: number; common: number; letters: number; believed: number; long: number; mirrored: number } {
  const out = { words: 0, common: 0, letters: 0, believed: 0, long: 0, mirrored: 0 };
  let hash = 0;
  let length = 0;
  for (let i = from; i <= to; i++) {
    const c = i < to ? text.charCodeAt(i) | 0x20 : 0;
    if (c >= 97 && c <= 122) {
      hash = Math.imul(hash, 31) + c;
      length++;
    } else if (length > 0) {
      out.words++;
      out.letters += length;
      if (COMMON_NUMBERS.has(hash)) {
        out.common++;
        if (length > 2) {
          out.believed += length;
          out.long++;
        }
      } else if (length > 2 && MIRRORED_NUMBERS.has(hash)) out.mirrored++;
      hash = 0;
      length = 0;
    }
  }
  return out;
}

/** How much of a reading is common words of three letters and more: what is undone wrongly has hardly any. */
function belief(text: string): number {
  const { letters, believed, long } = countWords(text, 0, text.length);
  return letters * 2 > text.length && long >= 2 ? believed / letters : 0;
}

const shift = (code: number, by: number): number => {
  if (code >= 97 && code <= 122) return ((code - 97 + by) % 26) + 97;
  return code >= 65 && code <= 90 ? ((code - 65 + by) % 26) + 65 : code;
};

function shifted(text: string, by: number): string {
  let out = '';
  for (let i = 0; i < text.length; i++) out += String.fromCharCode(shift(text.charCodeAt(i), by));
  return out;
}

const atbash = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (c) => String.fromCharCode((c < 'a' ? 155 : 219) - c.charCodeAt(0)));
const rot47 = (text: string): string =>
  text.replaceAll(/[!-~]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 33 + 47) % 94) + 33));

/** How often letters occur in European languages, in percent, much the same in all of them. */
const FREQUENCY = [
  8.2, 1.5, 2.8, 4.3, 13, 2.2, 2, 6.1, 7, 0.2, 0.8, 4, 2.4, 6.7, 7.5, 1.9, 0.1, 6, 6.3, 9.1, 2.8, 1, 2.4, 0.2,
  2, 0.1,
];

/** The shift, or the mirror, under which the letters of a part are as frequent as they should be; null where they are already. */
function likelySubstitution(part: string): [string, (text: string) => string] | null {
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
  if (signs > others * 2) return ['rot47', rot47];
  let best = -1;
  let most = 0;
  for (let by = 0; by < 27; by++) {
    let sum = 0;
    for (let i = 0; i < 26; i++) sum += counts[i]! * FREQUENCY[by === 26 ? 25 - i : (i + by) % 26]!;
    if (sum > most) [best, most] = [by, sum];
  }
  if (best <= 0) return null;
  if (best === 26) return ['atbash', atbash];
  const by = best;
  return [by === 13 ? 'rot13' : 'caesar', (text) => shifted(text, by)];
}

/** Share of common words below which nobody would have written a sentence as it stands. */
const STRANGE = 0.08;
/** What a reading must reach to be believed. */
const BELIEVED = 0.15;

/** Signs that end a part. */
const ENDS = new Uint8Array(128);
for (const c of '\n.!?:;"') ENDS[c.charCodeAt(0)] = 1;
/** Parts of one text that are tried. */
const PARTS_MAX = 16;

/** Parts of a text that nobody would have written as they stand: sentences without a common word. */
function strangeParts(text: string): { start: number; end: number; mirrored: number }[] {
  const out: { start: number; end: number; mirrored: number }[] = [];
  let spent = 0;
  let start = 0;
  for (let i = 0; i <= text.length && out.length < PARTS_MAX && spent < CHARACTERS_MAX; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 10;
    if (c < 128 ? ENDS[c] === 0 : c !== 0x201c && c !== 0x201d) continue;
    const end = i;
    if (end - start >= LETTERS_MIN && end - start <= CHARACTERS_MAX) {
      const { words, long, letters, mirrored } = countWords(text, start, Math.min(end, start + 400));
      if (letters >= LETTERS_MIN && long < words * STRANGE) {
        spent += end - start;
        out.push({ start, end, mirrored });
      }
    }
    start = end + 1;
  }
  return out;
}

/** Letters shifted, mirrored in the alphabet, or in reverse order. */
export function* findCiphers(source: Mapped): Generator<Layer> {
  const { text } = source;
  // First the whole: ROT47 uses signs that end sentences, and short sentences say little alone.
  const { words, long, mirrored } = countWords(text, 0, Math.min(text.length, 400));
  const strange = text.length <= CHARACTERS_MAX && long < words * STRANGE;
  const whole = strange ? likelySubstitution(text.slice(0, SAMPLE)) : null;
  if (whole && belief(whole[1](text)) >= BELIEVED) {
    const builder = new MappedBuilder(source, text.length);
    const reading = whole[1](text);
    for (let i = 0; i < reading.length; i++) builder.code(reading.charCodeAt(i), i, i + 1);
    yield { name: whole[0], mapped: builder.done() };
    return;
  }
  if (strange && mirrored > 0) {
    const turned = [...turnedAround(source, 0, text.length)];
    yield* turned;
    if (turned.length > 0) return;
  }
  const parts = strangeParts(text);
  if (parts.length === 0) return;
  for (const { start, end } of parts) {
    const part = text.slice(start, end);
    const likely = likelySubstitution(part.slice(0, SAMPLE));
    const reading = likely?.[1](part) ?? '';
    const best = likely && belief(reading) >= BELIEVED ? { name: likely[0], text: reading } : null;
    if (best) {
      const builder = new MappedBuilder(source, part.length);
      for (let i = 0; i < best.text.length; i++)
        builder.code(best.text.charCodeAt(i), start + i, start + i + 1);
      yield { name: best.name, mapped: builder.done() };
    }
  }
  if (parts.reduce((sum, { mirrored }) => sum + mirrored, 0) > 1)
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

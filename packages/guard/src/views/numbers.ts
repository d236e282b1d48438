import type { Layer } from './canonicalise.ts';
import { Runs } from './joined-layers.ts';
import type { Mapped } from './mapped.ts';
import { looksWritten, readable } from './written.ts';

/** What stands between numbers: ends of lines, too. */
const BETWEEN = String.raw`[\s,;:|/.-]`;
/** Numbers of a run from which they may spell something. */
const SPELT_MIN = 8;

/** Numbers that spell characters: how a run of them looks, how each of them does, and their base. */
const FORMS: readonly (readonly [name: string, run: RegExp, number: RegExp, base: number])[] = [
  ['binary', new RegExp(`(?:[01]{8}${BETWEEN}{0,3}){6,}`, 'g'), /[01]{8}/g, 2],
  ['binary', new RegExp(String.raw`(?:\b[01]{7}${BETWEEN}{1,3}){7,}[01]{7}\b`, 'g'), /[01]{7}/g, 2],
  [
    'hex',
    new RegExp(String.raw`(?:(?:0x|\\x)?[0-9a-f]{2}${BETWEEN}{1,3}){7,}(?:0x|\\x)?[0-9a-f]{2}`, 'gi'),
    /(?<=x|\b)[0-9a-f]{2}/gi,
    16,
  ],
  [
    'hex',
    new RegExp(String.raw`(?:\b(?:[0-9a-f]{2}){2,8}${BETWEEN}{1,3}){3,}(?:[0-9a-f]{2}){1,8}\b`, 'gi'),
    /[0-9a-f]{2}/gi,
    16,
  ],
  ['decimal', new RegExp(String.raw`(?:\b\d{1,4}${BETWEEN}{1,3}){7,}\d{1,4}\b`, 'g'), /\d+/g, 10],
  ['decimal', /(?:\bchr\(\d{2,3}\) ?(?:[+.,&] ?)?){7,}chr\(\d{2,3}\)/gi, /\d+/g, 10],
  ['octal', new RegExp(String.raw`(?:\b[01]?[0-7]{2}${BETWEEN}{1,3}){7,}[01]?[0-7]{2}\b`, 'g'), /\d+/g, 8],
];

const isPrintable = (c: number): boolean => (c >= 32 && c < 127) || c === 9 || c === 10 || c === 13;

/** What codes of characters spell: as bytes, or else those of them that print, where they are most. */
function spelt(codes: readonly number[]): string | null {
  const own = codes.every((code) => code < 256) ? readable(Uint8Array.from(codes)) : null;
  if (own !== null && looksWritten(own)) return own;
  // One number that is no character must not hide all others.
  const plain = codes.filter(isPrintable);
  if (plain.length < SPELT_MIN || plain.length * 2 < codes.length || plain.length === codes.length)
    return null;
  const text = String.fromCharCode(...plain);
  return looksWritten(text) ? text : null;
}

/** Codes that are put together at a time. */
const LOT = 4_096;

/** Runs of numbers that spell characters, all of one form as one reading. Linear in the text. */
export function* numberLayers(source: Mapped): Generator<Layer> {
  const { text } = source;
  for (const [name, run, number, base] of FORMS) {
    const runs = new Runs(source);
    for (const { 0: found, index } of text.matchAll(run)) {
      const codes: number[] = [];
      for (const [digits] of found.matchAll(number)) codes.push(Number.parseInt(digits, base));
      let said = '';
      for (let at = 0; at < codes.length; at += LOT) said += spelt(codes.slice(at, at + LOT)) ?? '';
      if (said !== '') runs.add(name, said, index, index + found.length);
    }
    yield* runs.layers();
  }
}

import { tableOf } from '@sallyport/core';
import { atbash, BRAILLE, LEET, LETTERS_AND_FIGURES, MORSE, rot47, shifted } from '../views/alphabets.ts';

/** Letters and figures that a canary needs to be looked for. */
export const CANARY_MIN = 6;
/** Letters from which a canary is known without its figures. */
const LETTERS_MIN = 10;
/** Share of a text that must be of the characters a reading keeps, before it is made. */
const SHARE_MIN = 0.2;

/** How many characters of each kind a text has. */
export interface Counts {
  readonly all: number;
  readonly digits: number;
  /** Noughts and ones. */
  readonly bits: number;
  /** Dots, dashes and their like. */
  readonly dashes: number;
  /** Signs that stand for letters in leet. */
  readonly signs: number;
  /** Letters of scripts that are read by sound, and raised dots. */
  readonly foreign: number;
}

/** Counts a text once. Linear. */
export function countsOf(text: string): Counts {
  let [digits, bits, dashes, signs, foreign] = [0, 0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 97 && c <= 122) continue;
    if (c >= 48 && c <= 57) {
      digits++;
      if (c < 50) bits++;
    } else if (c === 45 || c === 46 || c === 95 || c === 0xb7 || (c >= 0x2010 && c <= 0x2022)) dashes++;
    else if (c === 64 || c === 36 || c === 33 || c === 124) signs++;
    else if ((c >= 0x370 && c <= 0x4ff) || (c >= 0x2800 && c <= 0x28ff)) foreign++;
  }
  return { all: text.length, digits, bits, dashes, signs, foreign };
}

/** One way to read a text: which characters count, and as what. */
export interface Reading {
  readonly name: string;
  /** What a character counts as; empty when it does not. */
  readonly keep: (c: string) => string;
  /** Whether the text may be worth reading so. */
  readonly worth: (counts: Counts) => boolean;
  /** How a canary stands in such a text, in all spellings. */
  readonly forms: (canary: string) => readonly string[];
}

/** Letters and figures alone, in lower case. */
export const squeeze = (text: string): string =>
  text.toLowerCase().replaceAll(/[^a-z0-9\u0080-\uffff]+/g, '');
const reversed = (text: string): string => [...text].reverse().join('');
/** Letters alone, where enough are left: some ways to spell know no figures. */
export function lettersOf(squeezed: string): string[] {
  const letters = squeezed.replaceAll(/\d/g, '');
  return letters.length >= LETTERS_MIN && letters.length < squeezed.length ? [letters] : [];
}

/** As given, and in each case. */
const cases = (text: string): string[] => [...new Set([text, text.toLowerCase(), text.toUpperCase()])];
/** With what stands between its letters, and without. */
const spellings = (text: string): string[] => [
  ...new Set([
    ...cases(text),
    ...cases(text.replaceAll(/[^\p{L}\p{N}]+/gu, '')),
    ...cases(text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ')),
  ]),
];

const leet = (c: string): string => LEET[c] ?? (/[a-z]/.test(c) ? c : '');

/** Letters of other alphabets by their sound, and raised dots. */
const SOUNDS: Readonly<Record<string, string>> = tableOf(
  Object.fromEntries([
    ...(
      'аa бb вv гg дd еe ёe жzh зz иi йi кk лl мm нn оo пp рr сs тt уu фf хh цc чch шsh щsh ыy эe юyu яya ' +
      'αa βb γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo'
    )
      .split(' ')
      .map((pair) => [pair[0]!, pair.slice(1)]),
    ...[...BRAILLE].map((dots, n) => [dots, String.fromCharCode(97 + n)]),
  ]),
);

/** Characters of an encoding that hold nothing but the bytes of `text`, wherever among others it stands. */
function inner(text: string, group: number, width: number, encode: (bytes: Buffer) => string): string[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: group }, (_, offset) => {
    const coded = encode(Buffer.concat([Buffer.alloc(offset), bytes]));
    const from = Math.ceil((offset * 8) / width);
    return coded.slice(from, Math.floor(((offset + bytes.length) * 8) / width));
  });
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join('');
}

const morse = (text: string): string =>
  [...squeeze(text)].map((c) => MORSE[LETTERS_AND_FIGURES.indexOf(c)] ?? '').join('');

const inCodes = (text: string, digits: (c: number) => string): string =>
  [...text].map((c) => digits(c.charCodeAt(0))).join('');

/** Ways to read a text in which capitals and small letters are one. */
export const READINGS: readonly Reading[] = [
  {
    name: 'letters',
    keep: (c) => (/[a-z0-9\u0080-\uffff]/.test(c) ? c : ''),
    worth: () => true,
    forms: (canary) => {
      const plain = squeeze(canary);
      const words = squeeze(
        canary
          .split(/[^\p{L}\p{N}]+/u)
          .map(reversed)
          .join(''),
      );
      const turned = [
        plain,
        words,
        ...lettersOf(plain),
        atbash(plain),
        ...Array.from({ length: 25 }, (_, n) => shifted(plain, n + 1)),
      ];
      return [...turned, ...turned.map(reversed)];
    },
  },
  {
    name: 'leet',
    keep: leet,
    worth: ({ digits, signs }) => digits + signs > 0,
    forms: (canary) => [[...canary.toLowerCase()].map(leet).join('')],
  },
  {
    name: 'scripts',
    keep: (c) => SOUNDS[c] ?? (/[a-z0-9]/.test(c) ? c : ''),
    worth: ({ foreign }) => foreign > 0,
    forms: (canary) => [squeeze(canary), squeeze(canary).replaceAll('ch', 'h').replaceAll('c', 'k')],
  },
  {
    name: 'hex',
    keep: (c) => (/[0-9a-f]/.test(c) ? c : ''),
    worth: ({ digits, all }) => digits > (all * SHARE_MIN) / 4,
    forms: (canary) =>
      // With `0x` or `u00` before each byte a nought or two stay.
      spellings(canary).flatMap((one) =>
        ['', '0', '00'].map((lead) => inCodes(one, (c) => lead + c.toString(16).padStart(2, '0'))),
      ),
  },
  {
    name: 'decimal',
    keep: (c) => (c >= '0' && c <= '9' ? c : ''),
    worth: ({ digits, all }) => digits > all * SHARE_MIN,
    forms: (canary) =>
      spellings(canary).flatMap((one) => [
        inCodes(one, String),
        inCodes(one, (c) => String(c).padStart(3, '0')),
      ]),
  },
  {
    name: 'octal',
    keep: (c) => (c >= '0' && c <= '7' ? c : ''),
    worth: ({ digits, all }) => digits > all * SHARE_MIN,
    forms: (canary) =>
      spellings(canary).flatMap((one) => [
        inCodes(one, (c) => c.toString(8)),
        inCodes(one, (c) => c.toString(8).padStart(3, '0')),
      ]),
  },
  {
    name: 'places',
    keep: (c) => (c >= '0' && c <= '9' ? c : ''),
    worth: ({ digits, all }) => digits > all * SHARE_MIN,
    forms: (canary) => {
      const letters = [...squeeze(canary)];
      if (letters.filter((c) => /[a-z]/.test(c)).length < CANARY_MIN) return [];
      const place = (c: string): string => (/[a-z]/.test(c) ? String(c.charCodeAt(0) - 96) : c);
      return [letters.map(place).join(''), letters.map((c) => place(c).padStart(2, '0')).join('')];
    },
  },
  {
    name: 'binary',
    keep: (c) => (c === '0' || c === '1' ? c : ''),
    worth: ({ bits, all }) => bits > all * SHARE_MIN,
    forms: (canary) =>
      spellings(canary).flatMap((one) => [
        inCodes(one, (c) => c.toString(2).padStart(8, '0')),
        inCodes(one, (c) => c.toString(2).padStart(7, '0')),
      ]),
  },
  {
    name: 'morse',
    keep: (c) => ('.·•'.includes(c) ? '.' : '-–—_'.includes(c) ? '-' : ''),
    worth: ({ dashes, all }) => dashes > all * SHARE_MIN,
    forms: (canary) => [morse(canary), ...lettersOf(squeeze(canary)).map(morse)],
  },
];

const base64Forms = (canary: string): string[] =>
  [...new Set(spellings(canary).flatMap((one) => [one, reversed(one)]))].flatMap((one) =>
    inner(one, 3, 6, (bytes) => bytes.toString('base64')),
  );

/** The same over the text as written: encodings whose letters have a case. */
export const CODED: readonly Reading[] = [
  {
    name: 'base64',
    keep: (c) => (/[A-Za-z0-9+/]/.test(c) ? c : c === '-' ? '+' : c === '_' ? '/' : ''),
    worth: () => true,
    forms: base64Forms,
  },
  {
    name: 'base64, split',
    keep: (c) => (/[A-Za-z0-9+/]/.test(c) ? c : ''),
    worth: ({ dashes }) => dashes > 0,
    forms: base64Forms,
  },
  {
    name: 'base32',
    keep: (c) => (/[A-Za-z2-7]/.test(c) ? c.toUpperCase() : ''),
    worth: () => true,
    forms: (canary) => spellings(canary).flatMap((one) => inner(one, 5, 5, base32)),
  },
  {
    name: 'rot47',
    keep: (c) => (c > ' ' && c <= '~' ? c : ''),
    worth: () => true,
    forms: (canary) => spellings(canary).map((one) => rot47(one.replaceAll(' ', ''))),
  },
];

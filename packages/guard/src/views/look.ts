import { COMMON_WORDS, wordNumber } from './frequent-words.ts';

/** A sentence without common words, which nobody would have written as it stands. */
export interface StrangePart {
  readonly start: number;
  readonly end: number;
  /** Common words in it that are written from their ends. */
  readonly mirrored: number;
}

/** What one pass over a text says of how it is written: which readings are worth making. */
export interface Look {
  /** Whether the text as a whole has next to no common words, and how many of them from their ends. */
  readonly strange: boolean;
  readonly mirrored: number;
  readonly parts: readonly StrangePart[];
  /** Figures and signs beside letters. */
  readonly figures: number;
  /** Words of one letter in a row, at most. */
  readonly singles: number;
  /** Marks of mark-up and of strings between two letters. */
  readonly wraps: number;
  /** Marks in one word that join its parts, at most. */
  readonly chain: number;
  readonly digits: number;
  /** Whether there is a run of 16 characters or more of what encodings use. */
  readonly token: boolean;
  /** Whether all of it is ASCII. */
  readonly plain: boolean;
  /** Signs that begin escapes, as bits: `%`, `&`, `\`, `=`, `<`. */
  readonly signs: number;
}

/** Bits of {@link Look.signs}. */
export const [PERCENT, AMPERSAND, BACKSLASH, EQUALS, LESS] = [1, 2, 4, 8, 16] as const;

const [ALPHA, FIGURE, MARK, END, TOKEN, DIGIT, SIGN, WRAP] = [1, 2, 4, 8, 16, 32, 64, 128];
const KIND = new Uint8Array(128);
const set = (characters: string, bit: number): void => {
  for (const c of characters) KIND[c.charCodeAt(0)]! |= bit;
};
set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', ALPHA | TOKEN);
set('0123456789', DIGIT | TOKEN);
set('+/_-', TOKEN);
set('0134578@$!|+(', FIGURE);
set('_-./*,~\\`<"', MARK);
set('\n.!?:;"', END);
set('%&\\=<', SIGN);
set('*_~`<"\\', WRAP);

const SIGN_BITS: Readonly<Record<number, number>> = {
  37: PERCENT,
  38: AMPERSAND,
  92: BACKSLASH,
  61: EQUALS,
  60: LESS,
};

const [COMMON, MIRRORED] = [1, 2];
/** Bits by the low part of a word's number; the few that fall together are told apart below. */
const TABLE = new Uint8Array(16_384);
const NUMBERS = new Map<number, number>();
for (const word of COMMON_WORDS) {
  if (word.length < 3) continue;
  NUMBERS.set(wordNumber(word), COMMON);
  const turned = [...word].reverse().join('');
  if (!COMMON_WORDS.has(turned)) NUMBERS.set(wordNumber(turned), MIRRORED);
}
for (const number of NUMBERS.keys()) TABLE[number & 16_383] = 1;

/** Letters a part must have to be strange. */
const LETTERS_MIN = 16;
/** Characters from which the whole is judged, and each part. */
const SAMPLE = 400;
/** Share of common words below which nobody would have written a sentence as it stands. */
const STRANGE = 0.08;
/** Characters of the shortest run that is tried as encoded. */
export const TOKEN_MIN = 16;

/** Whether encodings of bytes use a character. */
export const isToken = (c: number): boolean => c < 128 && (KIND[c]! & TOKEN) !== 0;

/** Looks at a text once. Linear. */
export function look(text: string): Look {
  const parts: StrangePart[] = [];
  let [figures, singles, most, wraps, joined, chain, digits, signs] = [0, 0, 0, 0, 0, 0, 0, 0];
  let token = false;
  let plain = true;
  let [words, long, mirrored, letters] = [0, 0, 0, 0];
  let [allWords, allLong, allMirrored] = [0, 0, 0];
  let start = 0;
  let open = 0;
  let last = 0;
  /** Where the run of letters, and of what encodings use, began; -1 outside of one. */
  let speltFrom = -1;
  let tokenFrom = -1;
  const end = text.length;
  for (let i = 0; i <= end; ) {
    const c = i < end ? text.charCodeAt(i) : 10;
    const kind = c < 128 ? KIND[c]! : 0;
    if ((kind & ALPHA) !== 0 || c >= 128) {
      if (speltFrom < 0) speltFrom = i;
      if ((last & FIGURE) !== 0) figures++;
      if (open !== 0) {
        if ((KIND[open]! & WRAP) !== 0) wraps++;
        if (++joined > chain) chain = joined;
        open = 0;
      }
      last = ALPHA;
      if (c >= 128) {
        plain = false;
        if (tokenFrom >= 0 && i - tokenFrom >= TOKEN_MIN) token = true;
        tokenFrom = -1;
        i++;
        continue;
      }
      if (tokenFrom < 0) tokenFrom = i;
      const from = i;
      let hash = 0;
      let letter = c;
      do {
        hash = (Math.imul(hash, 31) + (letter | 0x20)) | 0;
        letter = ++i < end ? text.charCodeAt(i) : 10;
      } while (letter < 128 && (KIND[letter]! & ALPHA) !== 0);
      words++;
      letters += i - from;
      if (TABLE[hash & 16_383] === 1) {
        const known = NUMBERS.get(hash);
        if (known === COMMON) long++;
        else if (known === MIRRORED) mirrored++;
      }
      continue;
    }
    if ((kind & TOKEN) !== 0) {
      if (tokenFrom < 0) tokenFrom = i;
    } else {
      if (tokenFrom >= 0 && i - tokenFrom >= TOKEN_MIN) token = true;
      tokenFrom = -1;
    }
    const lettered = last === ALPHA;
    if (lettered && (kind & FIGURE) !== 0) figures++;
    if (lettered && (kind & MARK) !== 0) open = c;
    else if (c <= 32 && open !== 60 && open !== 34) open = 0;
    if ((kind & (MARK | DIGIT)) === 0) joined = 0;
    if (speltFrom >= 0) {
      if (i - speltFrom > 1) singles = 0;
      else if (++singles > most) most = singles;
      speltFrom = -1;
    }
    if ((kind & DIGIT) !== 0) digits++;
    if ((kind & SIGN) !== 0) signs |= SIGN_BITS[c]!;
    if ((kind & END) !== 0) {
      if (allWords < 64) {
        allWords += words;
        allLong += long;
        allMirrored += mirrored;
      }
      if (letters >= LETTERS_MIN && long < words * STRANGE) parts.push({ start, end: i, mirrored });
      [words, long, mirrored, letters] = [0, 0, 0, 0];
      start = i + 1;
    }
    last = kind & (FIGURE | MARK);
    i++;
  }
  return {
    strange: allLong < allWords * STRANGE,
    mirrored: allMirrored,
    parts,
    figures,
    singles: most,
    wraps,
    chain,
    digits,
    token,
    plain,
    signs,
  };
}

/** How much of a reading is common words of three letters and more: what is undone wrongly has hardly any. */
export function belief(text: string): number {
  let [letters, believed, count, hash, length] = [0, 0, 0, 0, 0];
  for (let i = 0; i <= Math.min(text.length, SAMPLE * 4); i++) {
    const c = i < text.length ? text.charCodeAt(i) | 0x20 : 0;
    if (c >= 97 && c <= 122) {
      hash = (Math.imul(hash, 31) + c) | 0;
      length++;
    } else if (length > 0) {
      letters += length;
      if (NUMBERS.get(hash) === COMMON) {
        believed += length;
        count++;
      }
      [hash, length] = [0, 0];
    }
  }
  return letters * 2 > Math.min(text.length, SAMPLE * 4) && count >= 2 ? believed / letters : 0;
}

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
  /** Marks between two letters. */
  readonly joints: number;
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

const [ALPHA, FIGURE, MARK, END, TOKEN, DIGIT, SIGN] = [1, 2, 4, 8, 16, 32, 64];
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
const PARTS_MAX = 16;
/** Share of common words below which nobody would have written a sentence as it stands. */
const STRANGE = 0.08;
/** Characters of the shortest run that is tried as encoded. */
export const TOKEN_MIN = 16;

/** Whether encodings of bytes use a character. */
export const isToken = (c: number): boolean => c < 128 && (KIND[c]! & TOKEN) !== 0;

/** Looks at a text once. Linear. */
export function look(text: string): Look {
  const parts: StrangePart[] = [];
  let [figures, singles, most, joints, digits, signs, run] = [0, 0, 0, 0, 0, 0, 0];
  let token = false;
  let plain = true;
  let [words, long, mirrored, letters] = [0, 0, 0, 0];
  let [allWords, allLong, allMirrored] = [0, 0, 0];
  let [hash, length, spelt] = [0, 0, 0];
  let start = 0;
  let open = 0;
  let last = 0;
  const end = text.length;
  for (let i = 0; i <= end; i++) {
    const c = i < end ? text.charCodeAt(i) : 10;
    const kind = c < 128 ? KIND[c]! : 0;
    if ((kind & ALPHA) !== 0) {
      hash = (Math.imul(hash, 31) + (c | 0x20)) | 0;
      length++;
    } else if (length > 0) {
      words++;
      letters += length;
      if (TABLE[hash & 16_383] === 1) {
        const known = NUMBERS.get(hash);
        if (known === COMMON) long++;
        else if (known === MIRRORED) mirrored++;
      }
      hash = 0;
      length = 0;
    }
    if ((kind & TOKEN) !== 0) run++;
    else {
      if (run >= TOKEN_MIN) token = true;
      run = 0;
    }
    if ((kind & ALPHA) !== 0 || c >= 128) {
      spelt++;
      if (c >= 128) plain = false;
      if ((last & FIGURE) !== 0) figures++;
      if (open !== 0) {
        joints++;
        open = 0;
      }
    } else {
      const lettered = spelt > 0 && last === ALPHA;
      if (lettered && (kind & FIGURE) !== 0) figures++;
      if (lettered && (kind & MARK) !== 0) open = c;
      else if (c <= 32 && open !== 60 && open !== 34) open = 0;
      if (spelt === 1) {
        if (++singles > most) most = singles;
      } else if (spelt > 1) singles = 0;
      spelt = 0;
      if ((kind & DIGIT) !== 0) digits++;
      if ((kind & SIGN) !== 0) signs |= SIGN_BITS[c]!;
      if ((kind & END) !== 0) {
        if (allWords < 64) {
          allWords += words;
          allLong += long;
          allMirrored += mirrored;
        }
        if (letters >= LETTERS_MIN && long < words * STRANGE && parts.length < PARTS_MAX)
          parts.push({ start, end: i, mirrored });
        [words, long, mirrored, letters] = [0, 0, 0, 0];
        start = i + 1;
      }
    }
    last = (kind & ALPHA) !== 0 || c >= 128 ? ALPHA : kind & (FIGURE | MARK);
  }
  return {
    strange: allLong < allWords * STRANGE,
    mirrored: allMirrored,
    parts,
    figures,
    singles: most,
    joints,
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

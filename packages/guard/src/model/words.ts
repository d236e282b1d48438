/**
 * Words and sentences of a canonical text, with a hash for each word. In a script without spaces each character is a word.
 */

/** Words that are read in one go; what is beyond is read in another, which begins so many words before the end of this one. */
export const WORDS_MAX = 65_536;
const WORDS_SHARED = 1_024;

/** Of the FNV-1a hash of 32 bits (Fowler, Noll, Vo). */
export const [PRIME, OFFSET] = [0x0100_0193, 0x811c_9dc5] as const;

/** Mixes a hash so that its low bits depend on all of it. */
export function mix(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

const OTHER = 0;
const LETTER = 1;
const ALONE = 2;
const STOP = 3;

/** What a character below U+0100 is; above, see {@link kindOf}. */
const KINDS = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const character = String.fromCharCode(c);
  if (/[\p{L}\p{N}_']/u.test(character)) KINDS[c] = LETTER;
  else if (/[.!?;\n]/.test(character)) KINDS[c] = STOP;
  else if (/\s/.test(character)) KINDS[c] = OTHER;
  else KINDS[c] = c > 32 && c < 127 ? ALONE : OTHER;
}

function kindOf(c: number): number {
  if (c < 0x100) return KINDS[c]!;
  if (c >= 0x2000 && c <= 0x206f) return OTHER;
  // Sentences of other scripts end with signs of their own.
  if (
    c === 0x3002 ||
    c === 0xff01 ||
    c === 0xff1f ||
    c === 0x61f ||
    c === 0x6d4 ||
    c === 0x964 ||
    c === 0x965
  )
    return STOP;
  if (c >= 0x3000 && c <= 0x303f) return OTHER;
  // Kana, ideographs, and fullwidth forms: words are not set apart.
  if ((c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff))
    return ALONE;
  if (c >= 0xff00 && c <= 0xff65) return OTHER;
  return LETTER;
}

/** Takes the words of a text, one after the other. */
export interface WordSink {
  /** @param hash of its characters; @param twin another hash, so that both together tell words apart; @param spelt whether it has letters */
  word(start: number, end: number, hash: number, twin: number, spelt: boolean): void;
  /** The sentence that began at `start` ends at `end`. */
  close(start: number, end: number): void;
}

/**
 * Sentences by their signs and words by their letters. Linear.
 * @param salt of the second hash
 * @param from where to begin: 0, or what the last call returned
 * @returns where to go on with what was not read, -1 for nowhere
 */
export function eachWord(text: string, salt: number, sink: WordSink, from = 0): number {
  const { length } = text;
  let segment = -1;
  let words = 0;
  let again = 0;
  let i = from;
  while (i < length && words < WORDS_MAX) {
    const first = text.charCodeAt(i);
    const kind = first < 0x100 ? KINDS[first]! : kindOf(first);
    if (kind === OTHER) {
      i++;
      continue;
    }
    if (kind === STOP) {
      // A point within a number or a name ends nothing.
      if (segment >= 0 && (first !== 46 || i + 1 >= length || kindOf(text.charCodeAt(i + 1)) !== LETTER)) {
        sink.close(segment, i + 1);
        segment = -1;
      }
      i++;
      continue;
    }
    if (segment < 0) segment = i;
    const start = i;
    let hash = Math.imul(OFFSET ^ first, PRIME);
    let twin = Math.imul(salt ^ first, 0x9e37_79b1);
    i++;
    if (kind === LETTER) {
      while (i < length) {
        const c = text.charCodeAt(i);
        if ((c < 0x100 ? KINDS[c]! : kindOf(c)) !== LETTER) break;
        hash = Math.imul(hash ^ c, PRIME);
        twin = Math.imul(twin ^ c, 0x9e37_79b1) ^ (twin >>> 15);
        i++;
      }
    }
    if (++words === WORDS_MAX - WORDS_SHARED) again = i;
    sink.word(start, i, hash, twin, kind === LETTER);
  }
  if (segment >= 0) sink.close(segment, i);
  return i < length ? again : -1;
}

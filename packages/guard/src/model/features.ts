/**
 * Hashed n-grams of a canonical text: words one to three at a time, and three to five characters within words. A
 * text in a script without spaces has each of its characters as a word.
 */

/** Characters of one text that are read; what is beyond is read in a text of its own by the caller. */
const WORDS_MAX = 65_536;
/** Characters of one word whose n-grams are taken. */
const WORD_CHARACTERS_MAX = 40;

const PRIME = 0x0100_0193;
const OFFSET = 0x811c_9dc5;

/** Mixes a hash so that its low bits depend on all of it. */
function mix(hash: number): number {
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

/** Set in a feature that an earlier segment of the text has too: the text as a whole counts it once. */
export const AGAIN = 0x8000_0000;

/** Features seen in the text at hand, by their low bits: which, and in which segment last. */
const SEEN = 1 << 15;
const PROBES = 8;
const seenHash = new Uint32Array(SEEN);
const seenSegment = new Uint32Array(SEEN);
/** Goes on from text to text, so that nothing need be cleared. */
let segmentNumber = 1;

/** Features of one text, segment by segment. Reused from text to text. */
export class FeatureBuffer {
  /** Hashes, in the order of the text. */
  hashes = new Uint32Array(1 << 14);
  count = 0;
  /** For each segment: where its features end, and which characters it spans. */
  readonly ends: number[] = [];
  readonly starts: number[] = [];
  readonly stops: number[] = [];

  /** Room for as many features more. */
  reserve(more: number): void {
    if (this.count + more <= this.hashes.length) return;
    const larger = new Uint32Array(Math.max(this.hashes.length * 2, this.count + more));
    larger.set(this.hashes);
    this.hashes = larger;
  }
}

/** Reads a canonical (lower-case) text into features. Linear in the text. */
export function extractFeatures(text: string, out: FeatureBuffer): void {
  out.count = 0;
  out.ends.length = 0;
  out.starts.length = 0;
  out.stops.length = 0;
  let one = 0;
  let two = 0;
  let words = 0;
  let segment = -1;
  if (segmentNumber > 0x7000_0000) {
    seenSegment.fill(0);
    segmentNumber = 1;
  }
  const firstSegment = ++segmentNumber;
  // What is said twice in a segment counts once there, and once for the whole: repeating is no argument.
  const put = (hashes: Uint32Array, n: number, hash: number): number => {
    const feature = hash & 0x7fff_ffff;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (feature + probe) & (SEEN - 1);
      const segmentSeen = seenSegment[slot]!;
      if (segmentSeen < firstSegment) {
        seenHash[slot] = feature;
        seenSegment[slot] = segmentNumber;
        hashes[n] = feature;
        return n + 1;
      }
      if (seenHash[slot] !== feature) continue;
      if (segmentSeen === segmentNumber) return n;
      seenSegment[slot] = segmentNumber;
      break;
    }
    // Seen before, or one more than there is room to remember: the whole has heard enough.
    hashes[n] = feature | AGAIN;
    return n + 1;
  };
  const close = (at: number): void => {
    if (segment >= 0) {
      out.ends.push(out.count);
      out.starts.push(segment);
      out.stops.push(at);
    }
    segment = -1;
    segmentNumber++;
    one = 0;
    two = 0;
  };
  const { length } = text;
  for (let i = 0; i < length && words < WORDS_MAX; ) {
    const kind = kindOf(text.charCodeAt(i));
    if (kind === OTHER) {
      i++;
      continue;
    }
    if (kind === STOP) {
      // A point within a number or a name ends nothing.
      const ends = text.charCodeAt(i) !== 46 || i + 1 >= length || kindOf(text.charCodeAt(i + 1)) !== LETTER;
      if (ends) close(i + 1);
      i++;
      continue;
    }
    if (segment < 0) segment = i;
    const start = i;
    let hash = OFFSET;
    if (kind === ALONE) {
      hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
      i++;
    } else {
      do {
        hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
        i++;
      } while (i < length && kindOf(text.charCodeAt(i)) === LETTER);
    }
    words++;
    const word = mix(hash);
    const taken = Math.min(i - start, WORD_CHARACTERS_MAX);
    out.reserve(taken * 3 + 12);
    const hashes = out.hashes;
    let n = out.count;
    n = put(hashes, n, word);
    if (one !== 0) {
      n = put(hashes, n, mix(Math.imul(one, 31) + word));
      if (two !== 0) n = put(hashes, n, mix(Math.imul(Math.imul(two, 31) + one, 37) + word));
    }
    two = one;
    one = word;
    if (kind === LETTER && taken > 2) {
      // Characters with the ends of the word marked, three to five at a time.
      for (let from = -1; from < taken - 1; from++) {
        let h = from < 0 ? 0x5bd1_e995 : Math.imul(OFFSET ^ text.charCodeAt(start + from), PRIME);
        for (let at = from + 1, size = 2; size <= 5 && at <= taken; at++, size++) {
          h = Math.imul(h ^ (at < taken ? text.charCodeAt(start + at) : 0x1f), PRIME);
          if (size >= 3) n = put(hashes, n, mix(h + size));
        }
      }
    }
    out.count = n;
  }
  close(length);
}

import { eachWord, mix, OFFSET, PRIME, type WordSink } from './words.ts';

/**
 * Hashed n-grams of a canonical text: words one to three at a time, and three to five characters within words. What is
 * said twice in a sentence counts once there, and once for the whole text: repeating is no argument.
 */

/** Characters of one word whose n-grams are taken. */
const WORD_CHARACTERS_MAX = 40;

const EDGE = 0x5bd1_e995;
const END = 0x1f;

/** Set in a feature that an earlier segment of the text has too: the text as a whole counts it once. */
export const AGAIN = 0x8000_0000;

/** What {@link Seen} knows of a feature. */
export const [NEW, ELSEWHERE, HERE] = [0, 1, 2] as const;

const SLOTS = 1 << 13;
const PROBES = 8;

/** Which words and groups of words the text at hand has had, and in which segment last. */
export class Seen {
  readonly #hash = new Uint32Array(SLOTS);
  readonly #segment = new Uint32Array(SLOTS);
  /** Go on from text to text, so that nothing need be cleared. */
  #current = 1;
  #first = 1;

  /** Begins a text. */
  begin(): void {
    if (this.#current > 0x7000_0000) {
      this.#segment.fill(0);
      this.#current = 1;
    }
    this.#first = ++this.#current;
  }

  /** Begins the next segment. */
  next(): void {
    this.#current++;
  }

  /** Notes a feature, and says where it was before. One more than there is room to remember was elsewhere. */
  note(feature: number): number {
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (feature + probe) & (SLOTS - 1);
      const segment = this.#segment[slot]!;
      if (segment < this.#first) {
        this.#hash[slot] = feature;
        this.#segment[slot] = this.#current;
        return NEW;
      }
      if (this.#hash[slot] !== feature) continue;
      if (segment === this.#current) return HERE;
      this.#segment[slot] = this.#current;
      return ELSEWHERE;
    }
    return ELSEWHERE;
  }
}

/** Two and three words, given the mixed hashes of all three; the third before may be 0. */
export const pairOf = (one: number, word: number): number => mix(Math.imul(one, 31) + word) & 0x7fff_ffff;
/** See {@link pairOf}. */
export const tripleOf = (two: number, one: number, word: number): number =>
  mix(Math.imul(Math.imul(two, 31) + one, 37) + word) & 0x7fff_ffff;

/**
 * Three to five characters of a word at a time, its ends marked, each once.
 * @returns how many were written to `into`
 */
export function characterGrams(text: string, start: number, end: number, into: Uint32Array): number {
  const taken = Math.min(end - start, WORD_CHARACTERS_MAX);
  if (taken < 3) return 0;
  let n = 0;
  for (let from = -1; from < taken - 1; from++) {
    let h = from < 0 ? EDGE : Math.imul(OFFSET ^ text.charCodeAt(start + from), PRIME);
    for (let at = from + 1, size = 2; size <= 5 && at <= taken; at++, size++) {
      h = Math.imul(h ^ (at < taken ? text.charCodeAt(start + at) : END), PRIME);
      if (size < 3) continue;
      const gram = mix(h + size) & 0x7fff_ffff;
      let known = 0;
      while (known < n && into[known] !== gram) known++;
      if (known === n) into[n++] = gram;
    }
  }
  return n;
}

/** Most n-grams that {@link characterGrams} finds in a word. */
export const GRAMS_MAX = WORD_CHARACTERS_MAX * 3;

/** Features of one text, segment by segment. Reused from text to text. */
export class FeatureBuffer {
  /** Hashes, in the order of the text. */
  hashes = new Uint32Array(1 << 14);
  count = 0;
  /** For each segment, where its features end. */
  readonly ends: number[] = [];

  /** Room for as many features more. */
  reserve(more: number): void {
    if (this.count + more <= this.hashes.length) return;
    const larger = new Uint32Array(Math.max(this.hashes.length * 2, this.count + more));
    larger.set(this.hashes);
    this.hashes = larger;
  }
}

/** Writes every feature of a text down; {@link WindowScorer} sums the same up without. */
class Extraction implements WordSink {
  readonly #seen = new Seen();
  readonly #grams = new Uint32Array(GRAMS_MAX);
  #out = new FeatureBuffer();
  #text = '';
  #one = 0;
  #two = 0;

  run(text: string, out: FeatureBuffer, from: number): number {
    this.#text = text;
    this.#out = out;
    out.count = 0;
    out.ends.length = 0;
    this.#one = 0;
    this.#two = 0;
    this.#seen.begin();
    return eachWord(text, 0, this, from);
  }

  word(start: number, end: number, hash: number, _twin: number, spelt: boolean): void {
    const out = this.#out;
    const word = mix(hash) & 0x7fff_ffff;
    out.reserve(GRAMS_MAX + 3);
    const { hashes } = out;
    const known = this.#seen.note(word);
    if (known !== HERE) {
      const mark = known === ELSEWHERE ? AGAIN : 0;
      hashes[out.count++] = word | mark;
      const grams = spelt ? characterGrams(this.#text, start, end, this.#grams) : 0;
      for (let i = 0; i < grams; i++) hashes[out.count++] = this.#grams[i]! | mark;
    }
    if (this.#one !== 0) {
      this.#group(pairOf(this.#one, word));
      if (this.#two !== 0) this.#group(tripleOf(this.#two, this.#one, word));
    }
    this.#two = this.#one;
    this.#one = word;
  }

  #group(feature: number): void {
    const known = this.#seen.note(feature);
    if (known !== HERE) this.#out.hashes[this.#out.count++] = feature | (known === ELSEWHERE ? AGAIN : 0);
  }

  close(): void {
    this.#out.ends.push(this.#out.count);
    this.#one = 0;
    this.#two = 0;
    this.#seen.next();
  }
}

const extraction = new Extraction();

/**
 * Reads a canonical (lower-case) text into features. Linear in the text.
 * @param from where to begin: 0, or what the last call returned
 * @returns where to go on with what was not read, -1 for nowhere
 */
export const extractFeatures = (text: string, out: FeatureBuffer, from = 0): number =>
  extraction.run(text, out, from);

import { randomInt } from 'node:crypto';
import { characterGrams, ELSEWHERE, GRAMS_MAX, HERE, NEW, pairOf, Seen, tripleOf } from './features.ts';
import { eachWord, mix, type WordSink } from './words.ts';

/** A linear model over hashed features: a weight in a byte for each bucket. The number of buckets is a power of two. */
export interface LinearWeights {
  readonly bytes: Int8Array;
  /** What a step of a byte is worth. */
  readonly scale: number;
  readonly bias: number;
}

/** A part of a text and how much like an attack it reads, as log-odds before calibration. */
export interface WindowScore {
  readonly score: number;
  /** Characters of the text, from and to. */
  readonly start: number;
  readonly end: number;
}

/** Segments that one window takes in at most; besides, the whole text is one. */
const WINDOW_SEGMENTS = 3;
/** Features that a window counts as having at least: a few words alone say little. */
export const WINDOW_FEATURES_MIN = 24;
/** What a window must exceed the whole text by, times the logarithm of the number of segments: many have more chances. */
const WINDOW_PENALTY = 0.3;

/**
 * The window that reads most like an attack: any one to {@link WINDOW_SEGMENTS} neighbouring segments, or the whole
 * text. The sum over a window is divided by the root of its number of features, so that long and short compare.
 * @param sums for each segment the sum of weights up to its end, from index 1 on
 * @param ends for each segment the number of features up to its end
 * @param once sum of weights of the whole, what is said twice counted once; @param count of those features
 * @param step what a unit of weight is worth
 */
export function worstWindow(
  segments: number,
  sums: ArrayLike<number>,
  ends: ArrayLike<number>,
  once: number,
  count: number,
  step: number,
): { first: number; last: number; score: number } {
  const penalty = segments > 1 ? (WINDOW_PENALTY * Math.log(segments)) / step : 0;
  let score = once / Math.sqrt(Math.max(count, WINDOW_FEATURES_MIN));
  let first = 0;
  let last = segments - 1;
  for (let end = 0; end < segments; end++) {
    for (let begin = Math.max(0, end - WINDOW_SEGMENTS + 1); begin <= end; begin++) {
      const features = ends[end]! - (begin === 0 ? 0 : ends[begin - 1]!);
      const here =
        (sums[end + 1]! - sums[begin]!) / Math.sqrt(Math.max(features, WINDOW_FEATURES_MIN)) - penalty;
      if (here > score) {
        score = here;
        first = begin;
        last = end;
      }
    }
  }
  return { first, last, score: score * step };
}

/** Words whose n-grams are remembered as a sum. A power of two. */
const CACHE = 1 << 15;
/** Drawn anew in each process, so that nobody can prepare two words that are taken for one. */
const SALT = randomInt(0x1_0000_0000);

/** Scores texts by a model; sums up what `extractFeatures` would list, remembering what each word adds. */
export class WindowScorer implements WordSink {
  readonly #weights: LinearWeights;
  readonly #mask: number;
  readonly #seen = new Seen();
  readonly #grams = new Uint32Array(GRAMS_MAX);
  readonly #hash = new Int32Array(CACHE);
  readonly #twin = new Int32Array(CACHE);
  readonly #sum = new Int16Array(CACHE);
  readonly #features = new Uint8Array(CACHE);
  #sums = new Float64Array(256);
  #ends = new Uint32Array(256);
  #starts = new Uint32Array(256);
  #stops = new Uint32Array(256);
  #segments = 0;
  #text = '';
  #one = 0;
  #two = 0;
  #total = 0;
  #listed = 0;
  #once = 0;
  #count = 0;

  constructor(weights: LinearWeights) {
    this.#weights = weights;
    this.#mask = weights.bytes.length - 1;
  }

  /** The window of a canonical text that reads most like an attack; a long one is read in parts. */
  score(text: string): WindowScore {
    this.#text = text;
    let [worst, next] = this.#part(text, 0);
    while (next >= 0) {
      const [here, after] = this.#part(text, next);
      if (here.score > worst.score) worst = here;
      next = after;
    }
    return worst;
  }

  #part(text: string, from: number): [WindowScore, number] {
    this.#segments = 0;
    this.#one = 0;
    this.#two = 0;
    this.#total = 0;
    this.#listed = 0;
    this.#once = 0;
    this.#count = 0;
    this.#seen.begin();
    const next = eachWord(text, SALT, this, from);
    const { scale, bias } = this.#weights;
    if (this.#segments === 0) return [{ score: bias, start: 0, end: 0 }, next];
    const { first, last, score } = worstWindow(
      this.#segments,
      this.#sums,
      this.#ends,
      this.#once,
      this.#count,
      scale,
    );
    return [{ score: score + bias, start: this.#starts[first]!, end: this.#stops[last]! }, next];
  }

  word(start: number, end: number, hash: number, twin: number, spelt: boolean): void {
    const word = mix(hash) & 0x7fff_ffff;
    const known = this.#seen.note(word);
    if (known !== HERE) {
      const slot = hash & (CACHE - 1);
      if (this.#features[slot] === 0 || this.#hash[slot] !== hash || this.#twin[slot] !== twin)
        this.#learn(slot, start, end, hash, twin, spelt ? word : -word);
      const sum = this.#sum[slot]!;
      const features = this.#features[slot]!;
      this.#total += sum;
      this.#listed += features;
      if (known === NEW) {
        this.#once += sum;
        this.#count += features;
      }
    }
    const one = this.#one;
    if (one !== 0) {
      this.#group(pairOf(one, word));
      if (this.#two !== 0) this.#group(tripleOf(this.#two, one, word));
    }
    this.#two = one;
    this.#one = word;
  }

  /** What a word and the n-grams within it add. @param word negative where it has no letters */
  #learn(slot: number, start: number, end: number, hash: number, twin: number, word: number): void {
    const { bytes } = this.#weights;
    let sum = bytes[Math.abs(word) & this.#mask]!;
    const grams = word < 0 ? 0 : characterGrams(this.#text, start, end, this.#grams);
    for (let i = 0; i < grams; i++) sum += bytes[this.#grams[i]! & this.#mask]!;
    this.#hash[slot] = hash;
    this.#twin[slot] = twin;
    this.#sum[slot] = sum;
    this.#features[slot] = grams + 1;
  }

  #group(feature: number): void {
    const known = this.#seen.note(feature);
    if (known === HERE) return;
    const weight = this.#weights.bytes[feature & this.#mask]!;
    this.#total += weight;
    this.#listed++;
    if (known === ELSEWHERE) return;
    this.#once += weight;
    this.#count++;
  }

  close(start: number, end: number): void {
    if (this.#segments + 1 >= this.#sums.length) this.#grow();
    const n = this.#segments++;
    this.#starts[n] = start;
    this.#stops[n] = end;
    this.#ends[n] = this.#listed;
    this.#sums[n + 1] = this.#total;
    this.#one = 0;
    this.#two = 0;
    this.#seen.next();
  }

  #grow(): void {
    const size = this.#sums.length * 2;
    const sums = new Float64Array(size);
    sums.set(this.#sums);
    this.#sums = sums;
    const larger = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(size);
      grown.set(old);
      return grown;
    };
    this.#ends = larger(this.#ends);
    this.#starts = larger(this.#starts);
    this.#stops = larger(this.#stops);
  }
}

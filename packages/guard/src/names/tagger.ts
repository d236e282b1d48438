import { encodeModelFile, openModelFile } from '../model-file.ts';
import { FEATURES, featuresOf, TOKENS_MAX, type Token, tokensOf } from './tokens.ts';

/** What a token may be; the first is none of them. */
export const TAGS = ['none', 'person', 'place', 'organisation', 'address', 'title', 'belief'] as const;
export type NameKind = Exclude<(typeof TAGS)[number], 'none'>;

/** A name in a text. */
export interface NameMatch {
  readonly kind: NameKind;
  readonly start: number;
  readonly end: number;
}

/** What stands before the weights of a tagger. */
export interface TaggerHeader {
  readonly format: 'sallyport-names-1';
  readonly version: string;
  readonly bits: number;
  /** For each tag what each tag before it adds, in the order of {@link TAGS}. */
  readonly transitions: readonly (readonly number[])[];
}

const MAGIC = 0x53_50_4e_4d;
/** Tokens that neighbouring parts of a long text share. */
const TOKENS_SHARED = 128;

/**
 * How much each token speaks for each tag.
 * @param features of `featuresOf`
 * @param mask by which a feature becomes the number of its row of weights, one weight for each tag
 * @returns {@link TAGS} numbers for each token
 */
export function tagScores(features: Uint32Array, weights: ArrayLike<number>, mask: number): Float32Array {
  const size = TAGS.length;
  const scores = new Float32Array((features.length / FEATURES) * size);
  for (let i = 0, at = 0; i < features.length; at += size) {
    for (const end = i + FEATURES; i < end; i++) {
      const row = (features[i]! & mask) * size;
      for (let tag = 0; tag < size; tag++) scores[at + tag]! += weights[row + tag]!;
    }
  }
  return scores;
}

/**
 * The best tags of a row of tokens (Viterbi 1967).
 * @param scores of {@link tagScores}
 */
export function bestTags(
  scores: Float32Array,
  tokens: number,
  transitions: readonly (readonly number[])[],
): Uint8Array {
  const size = TAGS.length;
  const from = new Uint8Array(tokens * size);
  let before = new Float32Array(size);
  let here = new Float32Array(size);
  for (let n = 0; n < tokens; n++) {
    for (let tag = 0; tag < size; tag++) {
      let best = Number.NEGATIVE_INFINITY;
      let which = 0;
      for (let last = 0; last < size; last++) {
        const value = n === 0 ? 0 : before[last]! + transitions[last]![tag]!;
        if (value > best) [best, which] = [value, last];
      }
      here[tag] = best + scores[n * size + tag]!;
      from[n * size + tag] = which;
    }
    [before, here] = [here, before];
  }
  const tags = new Uint8Array(tokens);
  if (tokens === 0) return tags;
  let tag = 0;
  for (let k = 1; k < size; k++) if (before[k]! > before[tag]!) tag = k;
  for (let n = tokens - 1; n >= 0; n--) {
    tags[n] = tag;
    tag = from[n * size + tag]!;
  }
  return tags;
}

/** Names of a tagged text: neighbouring tokens of one kind, without signs at their ends. */
export function namesOf(tokens: readonly Token[], tags: Uint8Array): NameMatch[] {
  const names: NameMatch[] = [];
  const bare = (n: number): boolean => /^[^\p{L}\d]$/u.test(tokens[n]!.text);
  for (let n = 0; n < tokens.length; n++) {
    const tag = tags[n]!;
    if (tag === 0) continue;
    let last = n;
    while (last + 1 < tokens.length && tags[last + 1] === tag) last++;
    let first = n;
    n = last;
    while (first <= last && bare(first)) first++;
    while (last > first && bare(last) && tokens[last]!.text !== '.') last--;
    if (first > last) continue;
    names.push({ kind: TAGS[tag] as NameKind, start: tokens[first]!.start, end: tokens[last]!.end });
  }
  return names;
}

/** Finds names of people, places and organisations, and addresses. Pure: the same text gives the same names. */
export class NameTagger {
  readonly header: TaggerHeader;
  readonly #weights: Int8Array;
  readonly #mask: number;

  private constructor(header: TaggerHeader, weights: Int8Array) {
    this.header = header;
    this.#weights = weights;
    this.#mask = 2 ** header.bits - 1;
  }

  /** Reads a model file; whether it is the right one is for the caller to verify. @throws RangeError when it is none */
  static parse(file: Uint8Array): NameTagger {
    const { header, take } = openModelFile<TaggerHeader>(file, MAGIC, 'sallyport-names-1');
    if (!(header.bits >= 8 && header.bits <= 20))
      throw new RangeError('the header of the model makes no sense');
    return new NameTagger(header, take(2 ** header.bits * TAGS.length));
  }

  /** Names in a text as written, in their order; a long one is read in parts that share some tokens. Linear. */
  find(text: string): NameMatch[] {
    const names: NameMatch[] = [];
    let from = 0;
    let first = 0;
    for (;;) {
      const tokens = tokensOf(text, from);
      const scores = tagScores(featuresOf(tokens), this.#weights, this.#mask);
      const found = namesOf(tokens, bestTags(scores, tokens.length, this.header.transitions));
      const whole = tokens.length < TOKENS_MAX;
      // A name at the end of a part is known by what follows it: the next part tells those.
      const last = whole ? text.length : tokens[TOKENS_MAX - TOKENS_SHARED / 2]!.start;
      for (const name of found) if (name.start >= first && name.start < last) names.push(name);
      if (whole) return names;
      from = tokens[TOKENS_MAX - TOKENS_SHARED]!.start;
      first = last;
    }
  }
}

/** Puts a tagger into a file. */
export const encodeTagger = (header: TaggerHeader, weights: Int8Array): Buffer =>
  encodeModelFile(MAGIC, header, [weights]);

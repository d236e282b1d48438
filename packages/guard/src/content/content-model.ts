import { AGAIN, extractFeatures, FeatureBuffer } from '../model/features.ts';
import { DENY_AT, FLAG_AT } from '../model/injection-model.ts';
import { worstWindow } from '../model/linear.ts';
import { encodeModelFile, type ModelFileHeader, openModelFile } from '../model-file.ts';

/** What an answer may be, besides an answer. After the hazards of MLCommons AILuminate, those that words give away. */
export const CONTENT_CATEGORIES = [
  'refusal',
  'violence',
  'weapons',
  'self-harm',
  'hate',
  'sexual',
  'drugs',
  'cyber-attack',
  'fraud',
] as const;
/** One of {@link CONTENT_CATEGORIES}. */
export type ContentCategory = (typeof CONTENT_CATEGORIES)[number];

/** What stands before the weights, which stand together bucket by bucket: one byte for each category. */
export interface ContentHeader extends ModelFileHeader {
  readonly format: 'sallyport-content-1';
  readonly bits: number;
  readonly categories: readonly {
    readonly name: ContentCategory;
    readonly scale: number;
    readonly bias: number;
    /** Raw scores from which a text is flagged, and from which that is grave. */
    readonly flagAt: number;
    readonly denyAt: number;
  }[];
}

/** A category that a text reads like. */
export interface ContentMatch {
  readonly category: ContentCategory;
  /** 0.5 at the lower threshold of its category, 0.9 at the higher one. */
  readonly probability: number;
}

const MAGIC = 0x53_50_43_4d;

/** A small model of what answers hold. Pure: the same text gives the same categories. */
export class ContentModel {
  readonly header: ContentHeader;
  readonly #weights: Int8Array;
  readonly #features = new FeatureBuffer();

  private constructor(header: ContentHeader, weights: Int8Array) {
    this.header = header;
    this.#weights = weights;
  }

  /** Reads a model file; whether it is the right one is for the caller to verify. @throws RangeError when it is none */
  static parse(file: Uint8Array): ContentModel {
    const { header, take } = openModelFile<ContentHeader>(file, MAGIC, 'sallyport-content-1');
    const { bits, categories } = header;
    if (!(bits >= 8 && bits <= 20) || categories.some(({ flagAt, denyAt }) => !(denyAt > flagAt)))
      throw new RangeError('the header of the model makes no sense');
    return new ContentModel(header, take(2 ** bits * categories.length));
  }

  /** Categories that a canonical text reads like; of a long one, in any part of it. Linear. */
  find(text: string): ContentMatch[] {
    const surest = new Map<ContentCategory, ContentMatch>();
    let next = 0;
    do {
      next = extractFeatures(text, this.#features, next);
      for (const match of this.#part())
        if (match.probability > (surest.get(match.category)?.probability ?? 0))
          surest.set(match.category, match);
    } while (next >= 0);
    return [...surest.values()];
  }

  #part(): ContentMatch[] {
    const { categories, bits } = this.header;
    const size = categories.length;
    const mask = 2 ** bits - 1;
    const { hashes, ends } = this.#features;
    const segments = ends.length;
    if (segments === 0) return [];
    const found: ContentMatch[] = [];
    const sums = new Float64Array(size * (segments + 1));
    const once = new Float64Array(size);
    let count = 0;
    for (let s = 0, i = 0; s < segments; s++) {
      for (let c = 0; c < size; c++) sums[c * (segments + 1) + s + 1] = sums[c * (segments + 1) + s]!;
      for (; i < ends[s]!; i++) {
        const fresh = hashes[i]! < AGAIN;
        const row = (hashes[i]! & mask) * size;
        if (fresh) count++;
        for (let c = 0; c < size; c++) {
          const weight = this.#weights[row + c]!;
          sums[c * (segments + 1) + s + 1]! += weight;
          if (fresh) once[c]! += weight;
        }
      }
    }
    categories.forEach(({ name, scale, bias, flagAt, denyAt }, c) => {
      const own = sums.subarray(c * (segments + 1), (c + 1) * (segments + 1));
      const score = worstWindow(segments, own, ends, once[c]!, count, scale).score + bias;
      const slope = Math.log(DENY_AT / (1 - DENY_AT)) / (denyAt - flagAt);
      const probability = 1 / (1 + Math.exp(-slope * (score - flagAt)));
      if (probability >= FLAG_AT) found.push({ category: name, probability });
    });
    return found;
  }
}

/** Puts a model into a file. */
export const encodeContentModel = (header: ContentHeader, weights: Int8Array): Buffer =>
  encodeModelFile(MAGIC, header, [weights]);

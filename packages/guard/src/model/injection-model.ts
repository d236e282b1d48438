import { encodeModelFile, openModelFile } from '../model-file.ts';
import { WindowScorer } from './linear.ts';

/** Which of the two heads: what a person says, or what the system reads. */
export type Head = 'user' | 'document';

/** What stands before the weights in a model file. */
export interface ModelHeader {
  readonly format: 'sallyport-injection-2';
  /** Of the training run: first characters of the digest over its corpus and settings. */
  readonly version: string;
  readonly heads: readonly {
    readonly name: Head;
    readonly bits: number;
    readonly scale: number;
    readonly bias: number;
    /** Raw scores at which 1 % and 0.1 % of the calibration texts are exceeded. */
    readonly flagAt: number;
    readonly denyAt: number;
  }[];
}

/** How much a text reads like an attack, and which part of it most. */
export interface InjectionScore {
  /** 0 to 1: {@link FLAG_AT} is where 1 in 100 everyday texts lie above, {@link DENY_AT} where 1 in 1,000 do. */
  readonly probability: number;
  readonly start: number;
  readonly end: number;
}

/** Probability at the threshold that one in a hundred harmless texts exceeds. */
export const FLAG_AT = 0.5;
/** Probability at the threshold that one in a thousand harmless texts exceeds. */
export const DENY_AT = 0.9;

const MAGIC = 0x53_50_47_4d;
const BITS_MAX = 22;

interface Loaded {
  readonly scorer: WindowScorer;
  readonly flagAt: number;
  /** Steepness of the curve through both thresholds. */
  readonly slope: number;
}

/** A trained model of injections and jailbreaks. Pure: the same text gives the same score. */
export class InjectionModel {
  readonly header: ModelHeader;
  readonly #heads = new Map<Head, Loaded>();

  private constructor(header: ModelHeader) {
    this.header = header;
  }

  /** Reads a model file; whether it is the right one is for the caller to verify. @throws RangeError when it is none */
  static parse(file: Uint8Array): InjectionModel {
    const { header, take } = openModelFile<ModelHeader>(file, MAGIC, 'sallyport-injection-2');
    const model = new InjectionModel(header);
    for (const { name, bits, scale, bias, flagAt, denyAt } of header.heads) {
      if (!(bits >= 8 && bits <= BITS_MAX) || !(denyAt > flagAt))
        throw new RangeError('the header of the model makes no sense');
      const bytes = take(2 ** bits);
      model.#heads.set(name, {
        scorer: new WindowScorer({ bytes, scale, bias }),
        flagAt,
        slope: Math.log(DENY_AT / (1 - DENY_AT)) / (denyAt - flagAt),
      });
    }
    if (model.#heads.size !== 2) throw new RangeError('the model lacks a head');
    return model;
  }

  /** Scores a canonical text, such as the first view of `canonicalise`. */
  score(text: string, head: Head): InjectionScore {
    const { scorer, flagAt, slope } = this.#heads.get(head)!;
    const { score, start, end } = scorer.score(text);
    return { probability: 1 / (1 + Math.exp(-slope * (score - flagAt))), start, end };
  }
}

/** Puts a model into a file. */
export const encodeModel = (header: ModelHeader, tables: readonly Int8Array[]): Buffer =>
  encodeModelFile(MAGIC, header, tables);

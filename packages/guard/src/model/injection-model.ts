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
const HEADER_BYTES_MAX = 65_536;
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
    const view = Buffer.from(file.buffer, file.byteOffset, file.length);
    if (view.length < 8 || view.readUInt32BE(0) !== MAGIC) throw new RangeError('not a model file');
    const headerBytes = view.readUInt32BE(4);
    if (headerBytes > HEADER_BYTES_MAX || 8 + headerBytes > view.length)
      throw new RangeError('the header of the model is cut short');
    const header = JSON.parse(view.subarray(8, 8 + headerBytes).toString()) as ModelHeader;
    if (header.format !== 'sallyport-injection-2') throw new RangeError('the format of the model is unknown');
    const model = new InjectionModel(header);
    let at = 8 + headerBytes;
    for (const { name, bits, scale, bias, flagAt, denyAt } of header.heads) {
      const size = 2 ** bits;
      if (!(bits >= 8 && bits <= BITS_MAX) || at + size > view.length || !(denyAt > flagAt))
        throw new RangeError('the model is cut short');
      const bytes = new Int8Array(view.buffer, view.byteOffset + at, size);
      model.#heads.set(name, {
        scorer: new WindowScorer({ bytes, scale, bias }),
        flagAt,
        slope: Math.log(DENY_AT / (1 - DENY_AT)) / (denyAt - flagAt),
      });
      at += size;
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
export function encodeModel(header: ModelHeader, tables: readonly Int8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeUInt32BE(MAGIC, 0);
  start.writeUInt32BE(json.length, 4);
  return Buffer.concat([
    start,
    json,
    ...tables.map((table) => Buffer.from(table.buffer, table.byteOffset, table.length)),
  ]);
}

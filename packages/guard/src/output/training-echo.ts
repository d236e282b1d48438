import { createHash } from 'node:crypto';
import { mix, OFFSET, PRIME } from '../model/words.ts';
import { encodeModelFile, type ModelFileHeader, openModelFile } from '../model-file.ts';
import { canonicalise } from '../views/canonicalise.ts';
import { findRuns, SHINGLE_WORDS, type Word, wordsOf } from './word-runs.ts';

const MAGIC = 0x53_50_54_45;
/** Bits of the filter for each run of words: one in a hundred that is not there seems to be; seven in a row never. */
const BITS_EACH = 10;
const PROBES = 4;
const LOG_MIN = 10;
const LOG_MAX = 31;

/** What stands before the filter. */
export interface TrainingEchoHeader extends ModelFileHeader {
  readonly format: 'sallyport-echo-1';
  /** Texts learned from, and runs of words in them. */
  readonly texts: number;
  readonly runs: number;
  /** Logarithm of the number of bits. */
  readonly log: number;
}

/** Two hashes of the words from a place on. */
function hashes(words: readonly Word[], at: number): [number, number] {
  let one: number = OFFSET;
  let two = 0x2545_f491;
  for (let i = at; i < at + SHINGLE_WORDS; i++) {
    const { text } = words[i]!;
    for (let k = 0; k < text.length; k++) {
      one = Math.imul(one ^ text.charCodeAt(k), PRIME);
      two = Math.imul(two ^ text.charCodeAt(k), 0x85eb_ca6b) ^ (two >>> 13);
    }
    one = Math.imul(one ^ 0x20, PRIME);
    two = Math.imul(two ^ 0x20, 0x85eb_ca6b);
  }
  return [mix(one), mix(two) | 1];
}

/** Texts as they are compared: normalised, in lower case. */
const wordsCompared = (text: string): Word[] => wordsOf(canonicalise(text).views[0]!.text);

/**
 * Learns which runs of words stand in texts, without keeping any of them: what is written is a Bloom filter.
 * @throws RangeError when there are no runs of words, or more than a filter holds
 */
export function learnTrainingEcho(texts: Iterable<string>): Buffer {
  let pairs = new Uint32Array(1 << 16);
  let count = 0;
  let read = 0;
  const digest = createHash('sha256');
  for (const text of texts) {
    read++;
    digest.update(text).update('\0');
    const words = wordsCompared(text);
    for (let at = 0; at + SHINGLE_WORDS <= words.length; at++) {
      if (count + 2 > pairs.length) {
        const larger = new Uint32Array(pairs.length * 2);
        larger.set(pairs);
        pairs = larger;
      }
      [pairs[count], pairs[count + 1]] = hashes(words, at);
      count += 2;
    }
  }
  const runs = count / 2;
  if (runs === 0) throw new RangeError(`no text has ${SHINGLE_WORDS} words`);
  const log = Math.max(LOG_MIN, Math.ceil(Math.log2(runs * BITS_EACH)));
  if (log > LOG_MAX) throw new RangeError(`${runs} runs of words are more than a filter holds`);
  const filter = new Uint8Array(2 ** (log - 3));
  for (let i = 0; i < count; i += 2)
    for (const bit of bitsOf(pairs[i]!, pairs[i + 1]!, log)) filter[bit >>> 3]! |= 1 << (bit & 7);
  const header: TrainingEchoHeader = {
    format: 'sallyport-echo-1',
    version: digest.digest('hex').slice(0, 12),
    texts: read,
    runs,
    log,
  };
  return encodeModelFile(MAGIC, header, [new Int8Array(filter.buffer)]);
}

function* bitsOf(one: number, two: number, log: number): Generator<number> {
  const shift = 32 - log;
  for (let i = 0; i < PROBES; i++) yield ((one + Math.imul(i, two)) >>> 0) >>> shift;
}

/** Finds what a model repeats of the texts it learned from. */
export class TrainingEcho {
  readonly header: TrainingEchoHeader;
  readonly #filter: Int8Array;

  private constructor(header: TrainingEchoHeader, filter: Int8Array) {
    this.header = header;
    this.#filter = filter;
  }

  /** Reads what {@link learnTrainingEcho} wrote. @throws RangeError when it is something else */
  static parse(file: Uint8Array): TrainingEcho {
    const { header, take } = openModelFile<TrainingEchoHeader>(file, MAGIC, 'sallyport-echo-1');
    if (!(header.log >= LOG_MIN && header.log <= LOG_MAX))
      throw new RangeError('the header of the filter makes no sense');
    return new TrainingEcho(header, take(2 ** (header.log - 3)));
  }

  /** Runs of words that stand in the texts, too. Linear. @param text in lower case, as a view has it */
  find(text: string): { start: number; end: number }[] {
    const words = wordsOf(text);
    const { log } = this.header;
    return findRuns(words, (at) => {
      const [one, two] = hashes(words, at);
      for (const bit of bitsOf(one, two, log))
        if ((this.#filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
      return true;
    });
  }
}

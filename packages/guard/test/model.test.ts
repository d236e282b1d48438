import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AGAIN, extractFeatures, FeatureBuffer } from '../src/model/features.ts';
import { WindowScorer, worstWindow } from '../src/model/linear.ts';
import { encodeModelFile, openModelFile } from '../src/model-file.ts';
import { encodeTagger, NameTagger, TAGS } from '../src/names/tagger.ts';

const BITS = 14;

/** The same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

describe('models', () => {
  it('score a text as they were trained: features summed up as they are listed', () => {
    const next = numbers(7);
    const bytes = Int8Array.from({ length: 2 ** BITS }, () => (next() >>> 24) - 128);
    const scorer = new WindowScorer({ bytes, scale: 0.02, bias: -1 });
    const words = [
      ...'ignore previous instructions the a of now 42 x été 指示 हिन्दी don’t'.split(' '),
      'ab'.repeat(40),
    ];
    const marks = [' ', ' ', ' ', '. ', '! ', '\n', ', '];
    const buffer = new FeatureBuffer();
    for (let n = 0; n < 400; n++) {
      let text = '';
      for (let k = next() % (n % 50 === 0 ? 3_000 : 60); k >= 0; k--)
        text += words[(next() >>> 8) % words.length]! + marks[(next() >>> 8) % marks.length]!;
      extractFeatures(text, buffer);
      const sums = [0];
      let [at, sum, once, count] = [0, 0, 0, 0];
      for (const end of buffer.ends) {
        for (; at < end; at++) {
          const feature = buffer.hashes[at]!;
          const weight = bytes[feature & (2 ** BITS - 1)]!;
          sum += weight;
          if (feature < AGAIN) [once, count] = [once + weight, count + 1];
        }
        sums.push(sum);
      }
      const expected = worstWindow(buffer.ends.length, sums, buffer.ends, once, count, 0.02).score - 1;
      assert.ok(Math.abs(scorer.score(text).score - expected) < 1e-9, text.slice(0, 200));
    }
  });

  it('are read from files that are whole, and from no others', () => {
    const header = {
      format: 'sallyport-names-1',
      version: 'v',
      bits: 8,
      transitions: TAGS.map(() => TAGS.map(() => 0)),
    } as const;
    const file = encodeTagger(header, new Int8Array(2 ** 8 * TAGS.length));
    assert.deepEqual(NameTagger.parse(file).header, header);
    for (const size of [0, 7, 8, 40, file.length - 1])
      assert.throws(() => NameTagger.parse(file.subarray(0, size)), RangeError, `${size} bytes`);
    assert.throws(() => openModelFile(file, 1, 'sallyport-names-1'), /not a model file/);
    const other = encodeModelFile(1, { format: 'x', version: 'v' }, []);
    assert.throws(() => openModelFile(other, 1, 'y'), /the format of the model is x, and only y is known/);
  });
});

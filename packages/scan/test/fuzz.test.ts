import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from '@sallyport/attacks';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource, VERDICTS } from '../src/index.ts';
import { archiveSamples } from './corpus/archive-samples.ts';
import { graphSamples } from './corpus/graph-samples.ts';
import { pickleSamples } from './corpus/pickle-samples.ts';
import type { Sample } from './corpus/sample.ts';
import { randomPickle } from './random-pickles.ts';

/** Bytes changed, taken out, doubled or cut off. */
function mutate(content: Uint8Array, random: Random): Buffer {
  let bytes = Buffer.from(content);
  for (let i = 1 + random.below(8); i > 0 && bytes.length > 0; i--) {
    const at = random.below(bytes.length);
    const how = random.below(5);
    if (how === 0) bytes[at] = random.below(256);
    else if (how === 1) bytes[at]! ^= 1 << random.below(8);
    else if (how === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
    else if (how === 3)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.below(64)))]);
    else bytes.fill(random.below(2) * 255, at, Math.min(bytes.length, at + 1 + random.below(8)));
  }
  return bytes;
}

const BUDGET = { timeMs: 10_000, expandedBytesMax: 64 * 1024 * 1024 };

describe('broken files', () => {
  it('of every kind end in a verdict, within their budget', async () => {
    const random = new Random(7);
    const samples: Sample[] = [];
    for (const corpus of [pickleSamples(), archiveSamples(), graphSamples()])
      for await (const sample of corpus) if (sample.bytes.length < 65_536) samples.push(sample);
    for (let i = 0; i < 4000; i++) {
      const sample = samples[random.below(samples.length)]!;
      const started = performance.now();
      const { verdict } = await scanSource(sample.file, new BytesSource(mutate(sample.bytes, random)), {
        budget: BUDGET,
      });
      assert.ok(VERDICTS.includes(verdict));
      assert.ok(performance.now() - started < 2 * BUDGET.timeMs, sample.name);
    }
    for (let i = 0; i < 2000; i++)
      await scanSource('a.pkl', new BytesSource(mutate(randomPickle(random), random)), { budget: BUDGET });
  });
});

import assert from 'node:assert/strict';
import { BytesSource } from '../../../scan/src/bytes/byte-source.ts';
import { scanSource, VERDICTS } from '../../../scan/src/index.ts';
import { archiveSamples } from '../../../scan/test/corpus/archive-samples.ts';
import { graphSamples } from '../../../scan/test/corpus/graph-samples.ts';
import { pickleSamples } from '../../../scan/test/corpus/pickle-samples.ts';
import type { Sample } from '../../../scan/test/corpus/sample.ts';
import { randomPickle } from '../../../scan/test/random-pickles.ts';
import type { Boundary } from './boundary.ts';
import { mutateBytes } from './mutate.ts';

const BUDGET = { timeMs: 5_000, expandedBytesMax: 64 * 1024 * 1024 };
const BYTES_MAX = 65_536;
/** What Python's reader runs as it reads: `os.system('id')`. */
const HOSTILE = Buffer.from("cos\nsystem\n(S'id'\ntR.");

/** Files of models, archives and graphs, broken. */
export async function brokenFiles(): Promise<Boundary> {
  const samples: Sample[] = [];
  for (const corpus of [pickleSamples(), archiveSamples(), graphSamples()])
    for await (const sample of corpus) if (sample.bytes.length < BYTES_MAX) samples.push(sample);
  const scan = (file: string, bytes: Uint8Array) =>
    scanSource(file, new BytesSource(bytes), { budget: BUDGET });
  return {
    name: 'broken files',
    deadlineMs: 2 * BUDGET.timeMs,
    send: async (random) => {
      const { file, bytes } = random.chance(0.3)
        ? { file: 'a.pkl', bytes: randomPickle(random) }
        : random.pick(samples);
      const { verdict } = await scan(file, mutateBytes(bytes, random));
      assert.ok(VERDICTS.includes(verdict));
    },
    honest: async () => {
      assert.equal((await scan('a.pkl', HOSTILE)).verdict, 'malicious');
    },
    close: async () => {},
  };
}

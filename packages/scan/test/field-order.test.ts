import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { type Field, fieldsOf } from '../src/bytes/protobuf.ts';
import { scanSource } from '../src/index.ts';
import { benignSamples } from './corpus/benign-samples.ts';
import { graphSamples } from './corpus/graph-samples.ts';

const NAMES = /\.(?:pb|onnx|meta|mlmodel|pdmodel)$|__model__$/;
/** A field that no reader knows, of one byte. */
const UNKNOWN = Buffer.from([0xfa, 0x3f, 0x01, 0x41]);

const fields = (content: Uint8Array): Field[] => {
  try {
    return [...fieldsOf(new BytesSource(content))];
  } catch {
    return [];
  }
};
const verdictOf = async (name: string, content: Uint8Array): Promise<string> =>
  (await scanSource(name, new BytesSource(content))).verdict;

describe('a message is known whatever order its fields have', () => {
  it('in every sample of the corpus, by its name and by what it holds', async () => {
    let count = 0;
    const wrong: string[] = [];
    for (const samples of [graphSamples(), benignSamples()])
      for await (const { file, name, bytes } of samples) {
        if (!NAMES.test(file)) continue;
        const cut = fields(bytes)[1]?.offset;
        if (cut === undefined) continue;
        count++;
        const turned = Buffer.concat([bytes.subarray(cut), bytes.subarray(0, cut)]);
        const first = Buffer.concat([UNKNOWN, bytes]);
        const expected = await verdictOf(file, bytes);
        for (const [what, content] of Object.entries({ turned, first })) {
          const got = await verdictOf(file, content);
          if (got !== expected) wrong.push(`${name}, ${what}: ${got}, not ${expected}`);
        }
        if (!/^(?:saved_model\.pb|.*\.onnx)$/.test(file)) continue;
        for (const content of [bytes, turned, first]) {
          const got = await verdictOf('weights.dat', content);
          if (got === 'unrecognised') wrong.push(`${name} under another name: ${got}`);
        }
      }
    assert.ok(count >= 30, `${count} samples`);
    assert.deepEqual(wrong, []);
  });

  it('and nothing else is one for beginning like it', async () => {
    for (const text of ['\nplain words, line by line\n', '\x08\x01\x12\x00', 'a table\tof\tnumbers\n'])
      assert.equal(await verdictOf('a.dat', Buffer.from(text)), 'unrecognised');
    assert.equal(await verdictOf('a.meta', Buffer.from('guid: 0a1b\n')), 'unrecognised');
  });
});

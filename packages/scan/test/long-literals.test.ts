import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import { little, stackGlobal as named, type Part, pickle, reduce, stream } from './corpus/assembler.ts';

const report = async (...parts: readonly Part[]): Promise<string> => {
  const { verdict, detections } = await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)));
  return [verdict, ...detections.map(({ technique }) => technique)].join(' ');
};

describe('whole numbers that are longer than anyone writes them', () => {
  it('are as large as they say', async () => {
    const zeros = '0'.repeat(40);
    const shapes: Readonly<Record<string, Part>> = {
      'a long line': `I${zeros}2000000000\n`,
      'a long line of a long number': `L${zeros}2000000000L\n`,
      'a long number': stream(OP.LONG4, little(8, 4), little(2_000_000_000, 8)),
      'a number of many bytes': stream(OP.LONG4, little(5000, 4), Buffer.alloc(5000, 1)),
    };
    const tensor = named('torch._tensor', 'Tensor');
    for (const [name, shape] of Object.entries(shapes))
      assert.match(await report(reduce(tensor, shape)), /large-allocation/, name);
    assert.equal(await report(reduce(tensor, stream(OP.LONG4, little(4, 4), little(20, 4)))), 'clean');
    assert.equal(await report(reduce(tensor, 'I20\n')), 'clean');
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { rCall, rds, rList, rNumbers, rSymbol } from './corpus/graphs.ts';

const told = async (content: Uint8Array): Promise<string> => {
  const { verdict, detections } = await scanSource('.RData', new BytesSource(content));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};
const word = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
/** A workspace of one name, as `save` writes it: a list of pairs. */
const saved = (name: string, value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('RDX2\n'), rds(Buffer.concat([word(0x402), rSymbol(name), value, word(254)]))]);

it('what R runs by itself when it starts or ends is told of a workspace', async () => {
  // A function: its environment, its arguments, and what it does.
  const run = Buffer.concat([word(3), word(253), word(254), rCall('system', 'x')]);
  for (const name of ['.First', '.Last', '.Last.sys'])
    assert.equal(await told(saved(name, run)), 'review startup-code', name);
  for (const name of ['first', '.Firsts', 'model']) assert.equal(await told(saved(name, run)), 'clean', name);
  assert.equal(await told(rds(rList(rSymbol('.First'), rNumbers(1)))), 'clean');
  const words = ['RDA2\nA\n2', 262_144, 131_840, 1026, 1, 9, 6, '\\056First', 14, 1, 1, 254].join('\n');
  assert.equal(await told(Buffer.from(`${words}\n`)), 'review startup-code');
});

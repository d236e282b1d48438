import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import { global, stream, text } from './corpus/assembler.ts';

const SECONDS_MAX = 20;
const scan = async (content: Uint8Array): Promise<string> => {
  const started = performance.now();
  const { verdict } = await scanSource('model.pkl', new BytesSource(content));
  const seconds = (performance.now() - started) / 1000;
  assert.ok(seconds < SECONDS_MAX, `${seconds} s for ${content.length} bytes`);
  return verdict;
};

describe('a small file takes a short time', () => {
  it('where it begins like a pickle at every third byte', async () => {
    const content = Buffer.concat([Buffer.from('N.'), Buffer.from('80046380'.repeat(40_000), 'hex')]);
    assert.notEqual(await scan(content), 'clean');
    const lines = Buffer.concat([Buffer.from('N.'), Buffer.from('800463'.repeat(40_000), 'hex')]);
    assert.notEqual(await scan(lines), 'clean');
  });

  it('where it holds many pickles', async () => {
    assert.equal(await scan(Buffer.from('N.'.repeat(90_000))), 'clean');
    assert.equal(await scan(Buffer.from('N.'.repeat(200_000))), 'incomplete');
  });

  it('and is searched no less for that', async () => {
    const call = stream(OP.PROTO, 4, global('posix', 'system'), text('x'), OP.TUPLE1, OP.REDUCE, OP.STOP);
    const noise = Buffer.from('80044b'.repeat(1000), 'hex');
    assert.equal(await scan(Buffer.concat([Buffer.from('N.\0'), noise, call])), 'suspicious');
  });
});

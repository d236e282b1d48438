import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import { pickle, reduce, stackGlobal, stream, text } from './corpus/assembler.ts';

const verdictOf = async (bytes: Uint8Array): Promise<string> =>
  (await scanSource('a.pkl', new BytesSource(bytes))).verdict;
const nested = (count: number): Buffer =>
  Buffer.from([OP.EMPTY_TUPLE, ...Array<number>(count).fill(OP.TUPLE1)]);

it('tuples within tuples take no memory without end, and hide nothing', async () => {
  assert.equal(await verdictOf(pickle(4, nested(500))), 'clean');
  assert.equal(await verdictOf(pickle(4, nested(5_000))), 'clean');
  const bad = reduce(stackGlobal('os', 'system'), text('x'));
  assert.equal(await verdictOf(pickle(4, stream(nested(5_000), OP.POP, bad))), 'malicious');
  assert.equal(await verdictOf(pickle(4, stream(bad, Buffer.alloc(5_000, OP.TUPLE1)))), 'malicious');
  const before = process.memoryUsage().heapUsed;
  assert.equal(await verdictOf(pickle(4, nested(4_000_000))), 'clean');
  assert.ok(process.memoryUsage().heapUsed - before < 300 * 1024 * 1024);
});

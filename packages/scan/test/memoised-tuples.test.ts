import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  global,
  little,
  type Part,
  pickle,
  stackGlobal,
  stream,
  text,
  tuple,
  whole,
} from './corpus/assembler.ts';

const verdictOf = async (...parts: readonly Part[]): Promise<string> =>
  (await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)))).verdict;
const get = (place: number): Part => stream(OP.BINGET, place);
const lookUp = stackGlobal('numpy.core', '_ufunc_reconstruct');
const MODULE: Part = text('builtins');
const EVIL: Part = text('exec');
const GOOD: Part = text('complex');
const run = stream(tuple(text('import sallyport_corpus')), OP.REDUCE);

/** Tuples of `builtins` and `exec`, memoised at place 1, whose items do not lie one behind another. */
const TUPLES: Readonly<Record<string, Part>> = {
  'an item from the memo': stream(
    stream(MODULE, OP.MEMOIZE, GOOD, OP.TUPLE2, OP.POP),
    stream(get(0), EVIL, OP.TUPLE2, OP.MEMOIZE, OP.POP),
  ),
  'both items from the memo': stream(
    stream(EVIL, OP.BINPUT, 2, OP.POP, MODULE, OP.BINPUT, 0, GOOD, OP.TUPLE2, OP.POP),
    stream(get(0), get(2), OP.TUPLE2, OP.BINPUT, 1, OP.POP),
  ),
  'items above a mark': stream(
    stream(MODULE, OP.MEMOIZE, GOOD, OP.TUPLE2, OP.POP),
    stream(OP.MARK, get(0), EVIL, OP.TUPLE, OP.MEMOIZE, OP.POP),
  ),
  'an item between that is popped': stream(
    stream(MODULE, OP.BINPUT, 0, GOOD, OP.POP, EVIL, OP.TUPLE2, OP.BINPUT, 1, OP.POP),
  ),
};

describe('a tuple from the memo', () => {
  for (const [how, made] of Object.entries(TUPLES))
    it(`holds what it was made of: ${how}`, async () => {
      assert.equal(await verdictOf(made, lookUp, get(1), OP.REDUCE, run), 'malicious');
      assert.equal(
        await verdictOf(made, get(1), OP.BINPUT, 9, OP.POP, lookUp, get(9), OP.REDUCE, run),
        'malicious',
      );
    });

  it('holds truth values and None as they are', async () => {
    const memoised = stream(OP.NONE, OP.NEWTRUE, text('a'), OP.TUPLE3, OP.MEMOIZE, OP.POP, get(0));
    assert.equal(await verdictOf(memoised), 'clean');
    const partial = stackGlobal('functools', 'partial');
    assert.equal(await verdictOf(partial, memoised, OP.REDUCE), 'suspicious');
  });

  it('takes memory once, however often it is memoised', async () => {
    const items = Array.from({ length: 60 }, (_, at) => whole(at));
    const before = process.memoryUsage().arrayBuffers;
    const places = Buffer.alloc(2_000_000, OP.MEMOIZE);
    assert.equal(await verdictOf(OP.MARK, ...items, OP.TUPLE, places), 'clean');
    assert.ok(process.memoryUsage().arrayBuffers - before < 200 * 1024 * 1024);
  });

  it('is read in a second stream of its own', async () => {
    const first = pickle(4, text('a'), text('b'), OP.TUPLE2, OP.MEMOIZE, OP.POP, get(0));
    const second = pickle(
      4,
      stream(MODULE, OP.MEMOIZE, EVIL, OP.TUPLE2, OP.BINPUT, 1, OP.POP),
      stream(global('numpy.core', '_ufunc_reconstruct'), stream(OP.LONG_BINGET, little(1, 4)), OP.REDUCE),
      run,
    );
    const report = await scanSource('model.pkl', new BytesSource(stream(first, second)));
    assert.equal(report.verdict, 'malicious');
  });
});

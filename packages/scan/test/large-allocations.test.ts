import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  bytes,
  list,
  little,
  stackGlobal as named,
  type Part,
  pickle,
  reduce,
  stream,
  text,
  tuple,
  whole,
} from './corpus/assembler.ts';

const asksFor = async (...parts: readonly Part[]): Promise<string> => {
  const report = await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)));
  return report.detections.some(({ technique }) => technique === 'large-allocation')
    ? 'large'
    : report.verdict;
};
const dtype = (type: string): Buffer => reduce(named('numpy', 'dtype'), text(type));
const ndarray = named('numpy', 'ndarray');
const array = (shape: Part, type: Part): Buffer =>
  reduce(named('numpy.core.multiarray', '_reconstruct'), ndarray, shape, type);
const BYTE = bytes(Buffer.from('b'));

describe('a large allocation', () => {
  it('is a memo place far beyond what the stream holds', async () => {
    for (const place of [1_000_000, 2 ** 31 - 1, 2 ** 32 - 1])
      assert.equal(await asksFor(OP.EMPTY_LIST, OP.LONG_BINPUT, little(place, 4)), 'large', `${place}`);
    assert.equal(await asksFor(OP.EMPTY_LIST, 'p16000000\n'), 'large');
    for (const place of [0, 255, 65_535])
      assert.equal(await asksFor(OP.EMPTY_LIST, OP.LONG_BINPUT, little(place, 4)), 'clean', `${place}`);
    const many = Array.from({ length: 300_000 }, (_, at) =>
      stream(OP.NONE, OP.LONG_BINPUT, little(at, 4), OP.POP),
    );
    assert.equal(await asksFor(Buffer.concat(many), OP.NONE), 'clean');
  });

  it('is an element that large, or that many of them', async () => {
    const scalar = named('numpy.core.multiarray', 'scalar');
    for (const type of ['V2000000000', '|S2000000000', '<U500000000', '(100000,100000)f8', 'f8,V2000000000'])
      assert.equal(await asksFor(reduce(scalar, dtype(type))), 'large', type);
    for (const type of ['f8', '<U12', '|S64', 'O', 'V16', '<M8[ns]'])
      assert.equal(await asksFor(dtype(type)), 'clean', type);
    const state = (size: number): Part =>
      stream(
        OP.MARK,
        whole(3),
        text('|'),
        OP.NONE,
        OP.NONE,
        OP.NONE,
        whole(size),
        whole(1),
        whole(0),
        OP.TUPLE,
      );
    assert.equal(await asksFor(dtype('V8'), state(2_000_000_000), OP.BUILD), 'large');
    assert.equal(await asksFor(dtype('V8'), state(8), OP.BUILD), 'clean');
    assert.equal(await asksFor(array(whole(2_000_000_000), BYTE)), 'large');
    assert.equal(await asksFor(array(tuple(whole(1)), text('V2000000000'))), 'large');
    assert.equal(await asksFor(array(reduce(named('builtins', 'tuple'), list(whole(9))), BYTE)), 'large');
    assert.equal(await asksFor(array(tuple(whole(0)), BYTE)), 'clean');
    const objects = stream(
      OP.MARK,
      whole(1),
      tuple(whole(2_000_000_000)),
      dtype('O'),
      OP.NEWFALSE,
      list(),
      OP.TUPLE,
    );
    assert.equal(await asksFor(array(tuple(whole(0)), BYTE), objects, OP.BUILD), 'large');
    const masked = named('numpy.ma.core', '_mareconstruct');
    const of = named('numpy.ma', 'MaskedArray');
    assert.equal(await asksFor(reduce(masked, of, ndarray, whole(2_000_000_000), BYTE)), 'large');
    assert.equal(await asksFor(reduce(named('torch._tensor', 'Tensor'), whole(2_000_000_000))), 'large');
  });
});

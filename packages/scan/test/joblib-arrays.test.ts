import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  bytes,
  dict,
  list,
  stackGlobal as named,
  type Part,
  pickle,
  reduce,
  stream,
  text,
  tuple,
  whole,
} from './corpus/assembler.ts';

const verdictOf = async (content: Uint8Array): Promise<string> =>
  (await scanSource('model.joblib', new BytesSource(content))).verdict;

const dtype = (type: Part): Buffer => reduce(named('numpy', 'dtype'), type, OP.NEWFALSE, OP.NEWTRUE);
const dtypeState = (size: number, flags = 0, more: readonly Part[] = [OP.NONE, OP.NONE, OP.NONE]): Buffer =>
  stream(
    stream(OP.MARK, whole(3), text('|'), ...more, whole(size), whole(size < 0 ? -1 : 1), whole(flags)),
    OP.TUPLE,
  );
const built = (type: string, size: number, flags = 0): Buffer =>
  stream(dtype(text(type)), dtypeState(size, flags), OP.BUILD);

const NEW = stream(named('joblib.numpy_pickle', 'NumpyArrayWrapper'), OP.EMPTY_TUPLE, OP.NEWOBJ);
const entries = (of: Readonly<Record<string, Part>>): Buffer =>
  stream(...Object.entries(of).flatMap(([key, value]) => [text(key), value]));
const fields = (type: Part, more: Readonly<Record<string, Part>> = {}): Readonly<Record<string, Part>> => ({
  subclass: named('numpy', 'ndarray'),
  shape: tuple(whole(1)),
  order: text('C'),
  dtype: type,
  allow_mmap: OP.NEWFALSE,
  ...more,
});
const stateOf = (of: Readonly<Record<string, Part>>): Buffer =>
  stream(OP.EMPTY_DICT, OP.MARK, entries(of), OP.SETITEMS);
const wrapper = (type: Part, more: Readonly<Record<string, Part>> = {}): Buffer =>
  stream(NEW, stateOf(fields(type, more)), OP.BUILD);
const file = (...parts: readonly Part[]): Buffer => stream(OP.PROTO, 4, ...parts, OP.STOP);

const RUN = stream(
  OP.POP,
  'X\x05\0\0\0posixX\x06\0\0\0system',
  OP.STACK_GLOBAL,
  text('echo sallyport-corpus'),
);
const EVIL = stream(RUN, OP.TUPLE1, OP.REDUCE);
/** `read` bytes that joblib passes over; who passes over `skipped` of them comes to an end at once. */
const hidden = (read: number, skipped: number): Buffer =>
  stream('A'.repeat(skipped), '.', 'A'.repeat(read - skipped - 1), EVIL);
const attack = (wrapped: Part, read: number, skipped: number): Buffer => file(wrapped, hidden(read, skipped));

describe('an array of joblib', () => {
  const long = dtype(text('V60'));
  const eight = fields(dtype(text('i8')));
  const pad = { numpy_array_alignment_bytes: whole(16) };
  const attacks: Readonly<Record<string, Buffer>> = {
    'a type of several': attack(wrapper(dtype(text('i4,V60'))), 64, 4),
    'a type several times': attack(wrapper(dtype(text('2V8'))), 16, 0),
    'a type with a shape': attack(wrapper(dtype(text('(2,2)i4'))), 16, 0),
    'a type that is given a size later': attack(wrapper(built('V4', 60)), 60, 4),
    'a type that is given two states': attack(
      wrapper(stream(built('V4', 60), dtypeState(4), OP.BUILD)),
      60,
      4,
    ),
    'a type within a type': attack(
      wrapper(
        stream(
          dtype(text('V4')),
          dtypeState(60, 0, [tuple(dtype(text('V30')), whole(2)), OP.NONE, OP.NONE]),
          OP.BUILD,
        ),
      ),
      60,
      4,
    ),
    'a type by another name': attack(wrapper(reduce(named('numpy', 'void'), text('V4'))), 60, 4),
    'numbers that are objects by their flags': file(
      wrapper(built('i8', -1, 63)),
      pickle(2, 'cposix\nsystem\n', text('echo sallyport-corpus', 'long'), OP.TUPLE1, OP.REDUCE).subarray(
        0,
        8,
      ),
      EVIL,
    ),
    'padding that is false': attack(
      wrapper(dtype(text('i8')), { numpy_array_alignment_bytes: OP.NEWFALSE }),
      1 + 65 + 8,
      8,
    ),
    'padding that was set before': attack(
      stream(
        NEW,
        OP.EMPTY_DICT,
        OP.MARK,
        entries(pad),
        OP.SETITEMS,
        OP.MARK,
        entries(eight),
        OP.SETITEMS,
        OP.BUILD,
      ),
      1 + 65 + 8,
      8,
    ),
    'padding that is set through the memo': attack(
      stream(
        stream(NEW, OP.EMPTY_DICT, OP.BINPUT, 3, OP.MARK, entries(eight)),
        stream(OP.BINGET, 3, OP.MARK, entries(pad), OP.SETITEMS, OP.POP, OP.SETITEMS, OP.BUILD),
      ),
      1 + 65 + 8,
      8,
    ),
    'padding under a name that is computed': attack(
      stream(
        stream(NEW, OP.EMPTY_DICT, OP.MARK, entries(eight)),
        reduce(named('builtins', 'str'), text('numpy_array_alignment_bytes')),
        stream(whole(16), OP.SETITEMS, OP.BUILD),
      ),
      1 + 65 + 8,
      8,
    ),
    'a state that is memoised before it is set': attack(
      stream(NEW, stateOf(eight), OP.MEMOIZE, OP.BUILD),
      8,
      0,
    ),
    'a state from the memo': attack(
      stream(stateOf(fields(long)), OP.BINPUT, 3, OP.POP, NEW, OP.BINGET, 3, OP.BUILD),
      60,
      0,
    ),
    'a shape with zeros in front': attack(
      wrapper(dtype(text('V1')), { shape: tuple(`I${'0'.repeat(40)}60\n`) }),
      60,
      0,
    ),
    'a shape beyond all numbers': attack(
      wrapper(dtype(text('V1')), { shape: tuple(whole(2 ** 52), whole(2 ** 52)) }),
      1,
      0,
    ),
  };
  for (const [how, content] of Object.entries(attacks))
    it(`is not passed over by a length that is not its own: ${how}`, async () => {
      assert.notEqual(await verdictOf(content), 'clean');
    });

  it('of plain elements is passed over as it is written', async () => {
    const record = stream(
      reduce(named('numpy', 'dtype'), named('numpy', 'record'), OP.NEWFALSE, OP.NEWTRUE),
      dtypeState(12, 16, [
        OP.NONE,
        tuple(text('a'), text('b')),
        dict({ a: tuple(built('i4', -1), whole(0)), b: tuple(built('f8', -1), whole(4)) }),
      ]),
      OP.BUILD,
    );
    const dates = stream(
      dtype(text('M8')),
      stream(OP.MARK, whole(4), text('<'), OP.NONE, OP.NONE, OP.NONE, whole(-1), whole(-1), whole(0)),
      tuple(OP.NONE, stream(OP.MARK, bytes(Buffer.from('ns')), whole(1), whole(1), whole(1), OP.TUPLE)),
      stream(OP.TUPLE, OP.BUILD),
    );
    const types: readonly (readonly [Part, number])[] = [
      [dtype(text('f8')), 8],
      [built('f8', -1), 8],
      [built('b1', -1), 1],
      [built('U5', 20, 8), 20],
      [built('S5', 5), 5],
      [built('V16', 16), 16],
      [built('c16', -1), 16],
      [dates, 8],
      [record, 12],
    ];
    for (const [type, size] of types) {
      const content = Buffer.alloc(size, OP.STOP);
      assert.equal(await verdictOf(file(wrapper(type), content)), 'clean');
      const padded = stream(5, Buffer.alloc(5, 0xff), content);
      assert.equal(await verdictOf(file(wrapper(type, pad), padded)), 'clean');
      // What lies behind it is read.
      assert.equal(await verdictOf(file(wrapper(type), content, EVIL)), 'malicious');
    }
    const four = { shape: stream(OP.MARK, whole(1), whole(2), whole(2), whole(2), OP.TUPLE) };
    assert.equal(await verdictOf(file(wrapper(dtype(text('f8')), four), Buffer.alloc(64))), 'clean');
  });

  it('of objects is a pickle of its own', async () => {
    const objects = built('O8', -1, 63);
    const inner = pickle(4, list(text('a')));
    assert.equal(await verdictOf(file(wrapper(objects), inner)), 'clean');
    assert.equal(await verdictOf(file(wrapper(objects), pickle(4, OP.NONE, EVIL))), 'malicious');
    assert.equal(await verdictOf(file(wrapper(objects), inner, EVIL)), 'malicious');
    // joblib puts what it read in the place of the wrapper: another state is not that of an array.
    const again = stream(stateOf(fields(long)), OP.BUILD, hidden(60, 0));
    assert.notEqual(await verdictOf(file(wrapper(objects), inner, again)), 'clean');
  });
});

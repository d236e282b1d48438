import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  bytes,
  dict,
  instance,
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

const verdictOf = async (...parts: readonly Part[]): Promise<string> =>
  (await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)))).verdict;

const many = (...items: readonly Part[]): Buffer => stream(OP.MARK, ...items, OP.TUPLE);
const dtype = (type: Part): Buffer => reduce(named('numpy', 'dtype'), type, OP.NEWFALSE, OP.NEWTRUE);
interface State {
  readonly base?: Part;
  readonly names?: Part;
  readonly fields?: Part;
  readonly size?: number;
  readonly alignment?: number;
  readonly flags?: number;
}
const state = ({ base, names, fields, size = -1, alignment, flags = 0 }: State): Buffer =>
  many(
    whole(3),
    text('|'),
    base ?? OP.NONE,
    names ?? OP.NONE,
    fields ?? OP.NONE,
    whole(size),
    whole(alignment ?? (size < 0 ? -1 : 1)),
    whole(flags),
  );
const built = (type: Part, of: State): Buffer => stream(dtype(type), state(of), OP.BUILD);
const plain = (type: string): Buffer => built(text(type), {});
const objects = built(text('O8'), { flags: 63 });
const field = (type: Part, at: number): Buffer => tuple(type, whole(at));
const record = (type: Part, at: number, flags: number, size = 8): State => ({
  names: tuple(text('a')),
  fields: dict({ a: field(type, at) }),
  size,
  flags,
});
/** An array of one element. */
const array = (type: Part, content: Part): Buffer =>
  stream(
    reduce(
      named('numpy._core.multiarray', '_reconstruct'),
      named('numpy', 'ndarray'),
      tuple(whole(0)),
      bytes(Buffer.from('b')),
    ),
    many(whole(1), tuple(whole(1)), type, OP.NEWFALSE, content),
    OP.BUILD,
  );
const raw = bytes(Buffer.alloc(8, 0x41));

describe('a type of numpy', () => {
  const lies: Readonly<Record<string, Part>> = {
    'of bytes, with a field of objects': built(text('V8'), record(dtype(text('O8')), 0, 0)),
    'of bytes, with a field of objects that says so': built(text('V8'), record(objects, 0, 16)),
    'of bytes, with a field within a field': built(
      text('V8'),
      record(built(text('V8'), record(objects, 0, 27)), 0, 16),
    ),
    'of bytes, with an array of objects': built(text('V8'), {
      base: tuple(objects, tuple(whole(1))),
      size: 8,
    }),
    'of bytes, with fields from the memo': stream(
      stream(dict({ a: field(objects, 0) }), OP.BINPUT, 5, OP.POP),
      built(text('V8'), { names: tuple(text('a')), fields: stream(OP.BINGET, 5), size: 8 }),
    ),
    'of bytes, with a state from the memo': stream(
      state(record(objects, 0, 0)),
      stream(OP.BINPUT, 5, OP.POP, dtype(text('V8')), OP.BINGET, 5, OP.BUILD),
    ),
    'of bytes, with fields that are computed': built(text('V8'), {
      names: tuple(text('a')),
      fields: reduce(named('builtins', 'dict'), list(tuple(text('a'), field(objects, 0)))),
      size: 8,
    }),
    'of objects that says it has none': built(text('O8'), { flags: 0 }),
    'of numbers that says they are objects': built(text('f8'), { flags: 63 }),
    'of records that says they are objects': built(text('V8'), record(plain('f8'), 0, 63)),
    'with a field outside': built(text('V8'), record(plain('f8'), 1000, 16)),
    'with a field before it': built(text('V8'), record(plain('f8'), -8, 16)),
    'with a field that is larger': built(text('V8'), record(built(text('V60'), { size: 60 }), 0, 16)),
    'with an array that is larger': built(text('V8'), {
      base: tuple(plain('f8'), tuple(whole(1000))),
      size: 8,
    }),
    'of another size': built(text('V8'), { size: 60 }),
    'of less than nothing': built(text('V8'), { size: -5, alignment: 1 }),
    'that lies between all places': built(text('V8'), { size: 8, alignment: 0 }),
    'of numbers with fields': built(text('f8'), record(plain('f8'), 0, 16, -1)),
    'with a state from the call that makes it': reduce(
      named('torch._tensor', '_rebuild_from_type_v2'),
      named('numpy', 'dtype'),
      named('numpy', 'dtype'),
      tuple(text('V8'), OP.NEWFALSE, OP.NEWTRUE),
      state(record(objects, 0, 16)),
    ),
    'with a second state': stream(built(text('V8'), record(objects, 0, 27)), state({ size: 8 }), OP.BUILD),
    'with a state of something else': stream(dtype(text('f8')), dict({ flags: whole(63) }), OP.BUILD),
  };
  for (const [how, type] of Object.entries(lies))
    it(`that lies is suspicious: ${how}`, async () => {
      assert.equal(await verdictOf(array(type, raw)), 'suspicious');
    });

  it('as numpy writes it is clean', async () => {
    const number = plain('f8');
    const pair = (first: Part, second: Part, of: State): State => ({
      names: tuple(text('a'), text('b')),
      fields: dict({ a: field(first, 0), b: field(second, 8) }),
      ...of,
    });
    const types: Readonly<Record<string, Part>> = {
      number,
      text: built(text('U5'), { size: 20, alignment: 4, flags: 8 }),
      bytes: built(text('S5'), { size: 5 }),
      truth: plain('b1'),
      objects,
      record: built(text('V8'), record(number, 0, 16)),
      'records of texts': built(
        text('V28'),
        pair(number, built(text('U5'), { size: 20, flags: 8 }), { size: 28, flags: 24 }),
      ),
      'records of objects': built(text('V16'), pair(objects, number, { size: 16, flags: 27 })),
      'records of records': built(text('V8'), record(built(text('V8'), record(objects, 0, 27)), 0, 27)),
      'aligned records': built(
        text('V16'),
        pair(plain('i1'), number, { size: 16, alignment: 8, flags: 144 }),
      ),
      'records of arrays': built(
        text('V16'),
        record(
          built(text('V16'), { base: tuple(number, tuple(whole(2))), size: 16, alignment: 8 }),
          0,
          16,
          16,
        ),
      ),
      'a class of records': built(
        named('numpy', 'record'),
        pair(number, plain('f8'), { size: 16, flags: 16 }),
      ),
      titles: built(text('V8'), {
        names: tuple(text('a')),
        // One tuple under both names.
        fields: dict({
          a: stream(tuple(number, whole(0), text('T')), OP.BINPUT, 8),
          T: stream(OP.BINGET, 8),
        }),
        size: 8,
        flags: 16,
      }),
    };
    for (const [name, type] of Object.entries(types))
      assert.equal(await verdictOf(array(type, raw)), 'clean', name);
    // Records of objects before records of numbers, which share a type.
    assert.equal(
      await verdictOf(
        stream(number, OP.BINPUT, 9, OP.POP),
        tuple(
          array(built(text('V8'), record(objects, 0, 27)), list(tuple(OP.NONE))),
          array(built(text('V8'), record(stream(OP.BINGET, 9), 0, 16)), raw),
        ),
      ),
      'clean',
    );
  });
});

describe('an object that numpy takes for an array', () => {
  const address = dict({
    data: tuple(whole(1 << 20), OP.NEWFALSE),
    typestr: text('|O'),
    shape: tuple(whole(1)),
    version: whole(3),
  });
  const special = text('__array_interface__');
  const pair = (key: Part, value: Part): Buffer => stream(OP.EMPTY_DICT, key, value, OP.SETITEM);
  const space = reduce(named('types', 'SimpleNamespace'));
  const scalar = (of: string): Buffer =>
    reduce(
      named('numpy._core.multiarray', 'scalar'),
      built(text(`U${of.length}`), { size: 4 * of.length, alignment: 4, flags: 8 }),
      bytes(Buffer.concat([...of].map((letter) => Buffer.from([letter.charCodeAt(0), 0, 0, 0])))),
    );
  const ways: Readonly<Record<string, Part>> = {
    'in a dictionary': stream(space, dict({ __array_interface__: address }), OP.BUILD),
    'one by one': stream(space, pair(special, address), OP.BUILD),
    'in slots': stream(space, tuple(OP.NONE, pair(special, address)), OP.BUILD),
    'as a dictionary that is made': stream(
      space,
      pair(special, reduce(named('collections', 'OrderedDict'))),
      OP.BUILD,
    ),
    'under a name that is computed': stream(
      space,
      pair(reduce(named('builtins', 'str'), special), address),
      OP.BUILD,
    ),
    'under a name of numpy': stream(space, pair(scalar('__array_interface__'), address), OP.BUILD),
    'by its constructor': reduce(named('types', 'SimpleNamespace'), list(tuple(special, address))),
    'as a struct': stream(space, pair(text('__array_struct__'), space), OP.BUILD),
    'as bytes of numpy of old': stream(
      space,
      pair(
        reduce(
          named('numpy.core.multiarray', 'scalar'),
          dtype(text('U19')),
          reduce(
            named('_codecs', 'encode'),
            text([...'__array_interface__'].map((letter) => `${letter}\0\0\0`).join('')),
            text('latin1'),
          ),
        ),
        address,
      ),
      OP.BUILD,
    ),
    'for other devices': stream(space, pair(text('__cuda_array_interface__'), address), OP.BUILD),
    'in a model': instance('sklearn.svm._classes', 'SVC', dict({ __array_interface__: address })),
  };
  for (const [how, part] of Object.entries(ways))
    it(`is suspicious: ${how}`, async () => {
      assert.equal(await verdictOf(part), 'suspicious');
    });

  it('is none where its names are those of data', async () => {
    for (const key of [scalar('cats'), reduce(named('numpy', 'str_'), text('a')), text('typestr')])
      assert.equal(
        await verdictOf(stream(space, pair(text('counts'), pair(key, dict({ a: whole(1) }))), OP.BUILD)),
        'clean',
      );
    assert.equal(
      await verdictOf(stream(space, dict({ shape: tuple(whole(1)), data: list() }), OP.BUILD)),
      'clean',
    );
  });
});

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

const verdictOf = async (...parts: readonly Part[]): Promise<string> =>
  (await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)))).verdict;
const build = (target: Part, state: Part): Buffer => stream(target, state, OP.BUILD);
const space = reduce(named('argparse', 'Namespace'));
const typeOf = (of: Part): Buffer => reduce(named('builtins', 'type'), of);
const partial = (of: Part, ...args: readonly Part[]): Buffer =>
  reduce(named('functools', 'partial'), of, ...args);
const len = named('builtins', 'len');
const getattr = named('builtins', 'getattr');
const pair = (key: Part, value: Part): Buffer => stream(OP.EMPTY_DICT, key, value, OP.SETITEM);
const special = text('__setstate__');
const str = (of: Part): Buffer => reduce(named('builtins', 'str'), of);

/** Dictionaries with `__setstate__` under a key that is not written out where it is set. */
const COMPUTED: Readonly<Record<string, (value: Part) => Buffer>> = {
  'str of a text': (value) => pair(str(special), value),
  'str of bytes': (value) =>
    pair(reduce(named('builtins', 'str'), bytes(Buffer.from('__setstate__')), text('ascii')), value),
  'str of encoded text': (value) =>
    pair(
      reduce(
        named('builtins', 'str'),
        reduce(named('_codecs', 'encode'), special, text('latin1')),
        text('ascii'),
      ),
      value,
    ),
  'numpy.str_': (value) => pair(reduce(named('numpy', 'str_'), special), value),
  'a scalar of numpy': (value) =>
    pair(
      reduce(
        named('numpy.core.multiarray', 'scalar'),
        reduce(named('numpy', 'dtype'), text('<U12')),
        bytes(Buffer.from('__setstate__')),
      ),
      value,
    ),
  'dict of pairs': (value) => reduce(named('builtins', 'dict'), list(list(special, value))),
  'OrderedDict of pairs': (value) => reduce(named('collections', 'OrderedDict'), list(list(special, value))),
  'dict of a deque': (value) =>
    reduce(named('builtins', 'dict'), reduce(named('collections', 'deque'), list(tuple(special, value)))),
};

describe('what a call gives', () => {
  it('is a class where it is the type of something: no state is set on it', async () => {
    const linear = stream(named('torch.nn.modules.linear', 'Linear'), OP.EMPTY_TUPLE, OP.NEWOBJ);
    assert.equal(
      await verdictOf(build(typeOf(linear), tuple(OP.NONE, pair(text('forward'), len)))),
      'malicious',
    );
    assert.equal(await verdictOf(build(typeOf(space), pair(text('x'), whole(1)))), 'malicious');
    assert.equal(await verdictOf(stream(typeOf(space), text('x'), whole(1), OP.SETITEM)), 'malicious');
    const rebuild = named('torch._tensor', '_rebuild_from_type_v2');
    const type = named('builtins', 'type');
    assert.equal(
      await verdictOf(reduce(rebuild, type, type, tuple(space), pair(text('x'), whole(1)))),
      'malicious',
    );
    assert.equal(await verdictOf(typeOf(space)), 'clean');
  });

  for (const [how, made] of Object.entries(COMPUTED))
    it(`may be the name of a special attribute: ${how}`, async () => {
      assert.equal(await verdictOf(build(space, made(len))), 'suspicious');
      assert.equal(await verdictOf(build(space, tuple(OP.NONE, made(len)))), 'suspicious');
      assert.equal(await verdictOf(build(typeOf(space), tuple(OP.NONE, made(len)))), 'malicious');
    });

  it('is not what partial calls, nor what partial is set to', async () => {
    const state = (of: Part, args: Part): Part => tuple(of, args, dict({}), OP.NONE);
    assert.equal(await verdictOf(partial(getattr, len, text('__self__'))), 'suspicious');
    assert.equal(
      await verdictOf(build(partial(len), state(getattr, tuple(len, text('__self__'))))),
      'suspicious',
    );
    const load = named('torch.storage', '_load_from_bytes');
    assert.equal(await verdictOf(partial(load, bytes(Buffer.from('N.')))), 'suspicious');
    // What it calls is what it was set to, not what it was made with.
    const set = build(partial(named('builtins', 'complex')), state(len, tuple(text('x'))));
    assert.equal(await verdictOf(stream(set, OP.EMPTY_TUPLE, OP.REDUCE)), 'suspicious');
    assert.equal(await verdictOf(build(partial(len), state(named('numpy', 'log1p'), tuple()))), 'clean');
  });

  it('is shared by the process where it is a member, a singleton or out of a cache', async () => {
    const utc = reduce(named('dateutil.tz.tz', 'tzutc'));
    const safe = reduce(named('uuid', 'SafeUUID'), whole(0));
    const shared: Readonly<Record<string, Part>> = {
      utc,
      safe,
      offset: reduce(named('dateutil.tz.tz', 'tzoffset'), OP.NONE, whole(3600)),
      logger: reduce(named('logging', 'getLogger')),
      zone: reduce(named('zoneinfo', 'ZoneInfo._unpickle'), text('UTC'), whole(1)),
      pytz: reduce(named('pytz', '_UTC')),
      pattern: reduce(named('re', '_compile'), text('x'), whole(0)),
      layout: reduce(named('torch.serialization', '_get_layout'), text('torch.strided')),
      kind: reduce(named('peft.utils.peft_types', 'PeftType'), text('LORA')),
      tagged: reduce(named('torch.jit._pickle', 'restore_type_tag'), list(), text('x')),
      period: reduce(named('pandas', 'PeriodDtype'), text('D')),
    };
    for (const [name, of] of Object.entries(shared)) {
      assert.equal(await verdictOf(of), 'clean', name);
      assert.equal(await verdictOf(build(of, pair(text('x'), whole(1)))), 'suspicious', name);
      assert.equal(await verdictOf(stream(of, text('x'), whole(1), OP.SETITEM)), 'suspicious', name);
      assert.equal(await verdictOf(stream(of, whole(1), OP.APPEND)), 'suspicious', name);
    }
    const rebuild = named('torch._tensor', '_rebuild_from_type_v2');
    const member = named('uuid', 'SafeUUID');
    assert.equal(
      await verdictOf(reduce(rebuild, member, member, tuple(whole(0)), pair(text('_value_'), whole(1)))),
      'suspicious',
    );
  });

  it('may be what methods of texts compute, which a stream only holds', async () => {
    const split = named('builtins', 'str.split');
    const looked = reduce(getattr, named('builtins', 'str'), text('lower'));
    for (const held of [split, looked]) {
      const state = pair(text('tokenizer'), held);
      assert.equal(await verdictOf(build(space, state)), 'clean');
    }
    assert.equal(await verdictOf(reduce(split, text('a b'))), 'suspicious');
    assert.equal(await verdictOf(named('builtins', 'str.format')), 'suspicious');
  });

  it('is its own where a constructor gave it', async () => {
    const state = pair(text('x'), whole(1));
    for (const of of [
      space,
      reduce(named('numpy.random._pickle', '__randomstate_ctor'), text('MT19937')),
      reduce(named('collections', 'OrderedDict')),
      reduce(
        named('copyreg', '_reconstructor'),
        named('dateutil.tz.tz', 'tzlocal'),
        named('builtins', 'object'),
        OP.NONE,
      ),
      stream(named('uuid', 'UUID'), OP.EMPTY_TUPLE, OP.NEWOBJ),
    ])
      assert.equal(await verdictOf(build(of, state)), 'clean');
    // An array as protocol 5 has it, in a state of two parts: a column of categories of pandas.
    const array = reduce(
      named('numpy._core.numeric', '_frombuffer'),
      bytes(Buffer.from([0, 1])),
      reduce(named('numpy', 'dtype'), text('i1')),
      tuple(whole(2)),
      text('C'),
    );
    const column = stream(named('pandas.core.arrays.categorical', 'Categorical'), OP.EMPTY_TUPLE, OP.NEWOBJ);
    assert.equal(await verdictOf(build(column, tuple(array, OP.EMPTY_DICT))), 'clean');
    // Keys that numpy made, with models or numbers under them.
    const key = reduce(named('numpy', 'str_'), text('a'));
    const model = stream(named('sklearn.svm._classes', 'SVC'), OP.EMPTY_TUPLE, OP.NEWOBJ);
    assert.equal(await verdictOf(build(space, pair(text('models'), pair(key, model)))), 'clean');
  });
});

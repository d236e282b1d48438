import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { type AllowedGroup, AllowList, RULES, shippedGroups, TAKING } from '../src/pickle/allow-list.ts';
import { parseAllowedGroups } from '../src/pickle/allowed-groups.ts';
import { ANY } from '../src/pickle/argument-rules.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  bytes,
  dict,
  instance,
  list,
  type Part,
  pickle,
  reduce,
  stackGlobal,
  text,
  tuple,
  whole,
} from './corpus/assembler.ts';

const BUILD = Buffer.from('b');
const verdict = async (...parts: Part[]): Promise<string> =>
  (await scanSource('model.pkl', new BytesSource(pickle(4, ...parts)))).verdict;
const held = async (name: string, ...parts: Part[]): Promise<void> =>
  assert.match(await verdict(...parts), /^(?:malicious|suspicious)$/, name);
const clean = async (name: string, ...parts: Part[]): Promise<void> =>
  assert.equal(await verdict(...parts), 'clean', name);

describe('allowed names', () => {
  const inner = bytes(pickle(4, dict({})));
  const range = (...of: number[]): Buffer => reduce(stackGlobal('builtins', 'range'), ...of.map(whole));

  it('that call an argument call nothing but what their library writes', async () => {
    for (const module of ['numpy.random', 'numpy.random._pickle'])
      for (const name of ['__randomstate_ctor', '__generator_ctor', '__bit_generator_ctor']) {
        if (module === 'numpy.random' && name !== '__randomstate_ctor') continue;
        const ctor = stackGlobal(module, name);
        const own = stackGlobal('numpy.random._pickle', '__bit_generator_ctor');
        const loader = stackGlobal('torch.storage', '_load_from_bytes');
        await held(name, reduce(ctor, inner, loader));
        await held(name, reduce(ctor, text('9'.repeat(5000)), stackGlobal('fractions', 'Fraction')));
        await held(name, reduce(ctor, text('MT19937'), stackGlobal('builtins', 'list')));
        await held(name, reduce(ctor, stackGlobal('collections', 'OrderedDict')));
        await held(name, reduce(ctor, inner));
        await clean(name, reduce(ctor, text('MT19937')));
        if (name === '__bit_generator_ctor') continue;
        await clean(name, reduce(ctor, text('PCG64'), own));
        await clean(name, reduce(ctor, reduce(own, text('PCG64'))));
      }
  });

  it('open no file that an argument names', async () => {
    for (const name of ['BPE', 'WordPiece', 'WordLevel', 'Unigram']) {
      const model = stackGlobal('tokenizers.models', name);
      await held(name, reduce(model, text('/dev/zero'), text('/etc/passwd')));
      await held(name, reduce(model, reduce(stackGlobal('pathlib', 'PosixPath'), text('/etc/passwd'))));
      await clean(name, reduce(model));
      await held(name, reduce(model, dict({ a: whole(1) }), text('/dev/zero')));
      await clean(name, instance('tokenizers.models', name, bytes(Buffer.from('{}'))));
    }
  });

  it('go through no more than memory holds', async () => {
    const of: Readonly<Record<string, (range: Buffer) => Buffer>> = {
      array: (one) => reduce(stackGlobal('array', 'array'), text('q'), one),
      size: (one) => reduce(stackGlobal('torch', 'Size'), one),
      counts: (one) => reduce(stackGlobal('nltk.probability', 'FreqDist'), one),
      counter: (one) => reduce(stackGlobal('collections', 'Counter'), one),
      deque: (one) => reduce(stackGlobal('collections', 'deque'), one),
      set: (one) => reduce(stackGlobal('builtins', 'set'), one),
      list: (one) => reduce(stackGlobal('builtins', 'list'), one),
      bytes: (one) => reduce(stackGlobal('builtins', 'bytearray'), one),
    };
    for (const [name, make] of Object.entries(of)) {
      await held(name, make(range(2_000_000_000)));
      await held(name, make(range(-2_000_000_000, 2_000_000_000, 2)));
    }
    await clean('a range', range(1000));
    await clean('a Size', reduce(stackGlobal('torch', 'Size'), list(whole(3))));
    await clean('a shape', reduce(stackGlobal('torch', 'Size'), tuple(whole(3), whole(4))));
    await clean('an array', reduce(stackGlobal('array', 'array'), text('q'), list(whole(1), whole(2))));
    await clean('bytes', reduce(stackGlobal('array', 'array'), text('q'), bytes(Buffer.alloc(16))));
    await clean('counts', reduce(stackGlobal('nltk.probability', 'FreqDist'), dict({ a: whole(2) })));
  });

  it('are called with a tuple, of which each item is judged', async () => {
    const call = (module: string, name: string, args: Part): Buffer =>
      Buffer.concat([stackGlobal(module, name), args as Buffer, Buffer.from('R')]);
    const calls: Readonly<Record<string, readonly [string, string, readonly Part[]]>> = {
      'a class': ['builtins', 'type', [text('A'), tuple(), dict({})]],
      'a number without end': ['fractions', 'Fraction', [text('1e999999999')]],
      'a codec': ['_codecs', 'encode', [text('a'), text('rot13')]],
      'a factory': ['collections', 'defaultdict', [stackGlobal('builtins', 'len')]],
    };
    for (const [name, [module, of, args]] of Object.entries(calls)) {
      await held(name, call(module, of, list(...args)));
      await held(name, call(module, of, tuple(...args)));
    }
    await held('a text', call('builtins', 'type', text('A')));
  });

  it('make an array of its own class, and of no other', async () => {
    const array = (kind: Part, ...more: Part[]): Buffer =>
      reduce(
        stackGlobal('array', '_array_reconstructor'),
        kind,
        text('d'),
        whole(16),
        bytes(Buffer.alloc(8)),
        ...more,
      );
    await clean('as Python writes it from protocol 3 on', array(stackGlobal('array', 'array')));
    const others = ['fractions Fraction', 'builtins list', 'builtins eval', 'os system', 'mine Array'];
    for (const other of others) {
      const [module = '', name = ''] = other.split(' ');
      await held(other, array(stackGlobal(module, name)));
    }
    await held('a call', array(reduce(stackGlobal('os', 'system'), text('x'))));
  });

  it('that are members of enumerations of Python are data, whatever their module is known for', async () => {
    await clean('a status', reduce(stackGlobal('http', 'HTTPStatus'), whole(200)));
    await clean('a family', reduce(stackGlobal('socket', 'AddressFamily'), whole(2)));
    await clean('an interface', reduce(stackGlobal('ipaddress', 'IPv4Interface'), text('192.0.2.1/24')));
    await held('a socket', reduce(stackGlobal('socket', 'socket'), whole(2)));
    await held('a client', reduce(stackGlobal('http.client', 'HTTPConnection'), text('x')));
  });

  it('that give what the whole process shares are given no state', async () => {
    const shared: Readonly<Record<string, Buffer>> = {
      logger: reduce(stackGlobal('logging', 'getLogger')),
      named: reduce(stackGlobal('logging', 'getLogger'), text('app')),
      zone: reduce(stackGlobal('pytz', '_p'), text('Europe/Zurich')),
      utc: reduce(stackGlobal('pytz', '_UTC')),
    };
    for (const [name, object] of Object.entries(shared)) {
      await clean(name, object);
      await held(name, object, dict({ disabled: whole(1) }), BUILD);
      await held(name, object, tuple(dict({}), dict({ disabled: whole(1) })), BUILD);
    }
  });

  it('take what their entry says and nothing else, given by place', async () => {
    const call = (module: string, name: string, ...of: Part[]): Buffer =>
      reduce(stackGlobal(module, name), ...of);
    const net = call('ipaddress', 'IPv4Network', text('0.0.0.0/0'));
    const named = (kind: Buffer, names: Buffer, ...of: Part[]): Buffer =>
      Buffer.concat([kind, tuple(...of) as Buffer, names, Buffer.from([OP.NEWOBJ_EX])]);
    const bpe = stackGlobal('tokenizers.models', 'BPE');
    const paths = dict({ vocab: text('/dev/zero'), merges: text('/etc/passwd') });
    const hostile: Readonly<Record<string, Buffer>> = {
      'a network as a time': call('time', 'struct_time', net),
      'networks as pairs': call('builtins', 'dict', list(net, net)),
      'networks as pairs of an ordered one': call('collections', 'OrderedDict', tuple(net, net)),
      'files by name': named(bpe, paths),
      'files by place': named(bpe, dict({}), text('/dev/zero'), text('/etc/passwd')),
      'files through copyreg': call('copyreg', '__newobj_ex__', bpe, tuple(), paths),
      'files through an index': call('pandas.core.indexes.base', '_new_Index', bpe, paths),
      'a class through an array': call(
        'numpy.core.multiarray',
        '_reconstruct',
        bpe,
        tuple(whole(0)),
        bytes(Buffer.from('b')),
      ),
      'a class through a masked array': call(
        'numpy.ma.core',
        '_mareconstruct',
        bpe,
        stackGlobal('numpy', 'ndarray'),
        tuple(whole(0)),
        text('b'),
      ),
      'a function as a text': call('pathlib', 'PosixPath', stackGlobal('builtins', 'len')),
      'a zone out of its folder': call('zoneinfo', 'ZoneInfo._unpickle', text('../../etc/passwd'), whole(1)),
      'a class of an enumeration made': call('uuid', 'SafeUUID', text('A'), text('b c')),
      'attributes of a parameter': call(
        'torch._utils',
        '_rebuild_parameter_with_state',
        call('torch._utils', '_rebuild_tensor_v2'),
        whole(1),
        call('collections', 'OrderedDict'),
        call('builtins', 'dict', list(tuple(text('__class__'), text('x')))),
      ),
    };
    for (const [name, stream] of Object.entries(hostile)) await held(name, stream);
    const honest: Readonly<Record<string, Buffer>> = {
      'a network': net,
      'a time': call('time', 'struct_time', tuple(...Array.from({ length: 9 }, () => whole(1))), dict({})),
      'a fault that holds a network': call('builtins', 'ValueError', text('no'), net),
      'a part': call('builtins', 'slice', whole(1), call('numpy', 'int64', whole(3)), net),
      'a zone': call('zoneinfo', 'ZoneInfo._unpickle', text('America/Argentina/Buenos_Aires'), whole(1)),
      'a moment in a zone': call(
        'datetime',
        'datetime',
        bytes(Buffer.alloc(10, 1)),
        call('datetime', 'timezone', call('datetime', 'timedelta', whole(0), whole(3600), whole(0))),
      ),
      'a member': call('uuid', 'SafeUUID', whole(0)),
    };
    for (const [name, stream] of Object.entries(honest)) await clean(name, stream);
    // A type that the whole process shares, and an array, are the state of an array of periods.
    const periods = call(
      'pandas._libs.arrays',
      '__pyx_unpickle_NDArrayBacked',
      stackGlobal('pandas.arrays', 'PeriodArray'),
      whole(82_904_607),
      Buffer.from('N'),
    );
    const array = call(
      'numpy.core.multiarray',
      '_reconstruct',
      stackGlobal('numpy', 'ndarray'),
      tuple(whole(0)),
      bytes(Buffer.from('b')),
    );
    const months = call('pandas', 'PeriodDtype', text('period[M]'));
    await clean('periods', periods, tuple(months, array), BUILD);
    // A dictionary with attributes, as protocol 0 writes it: a copy of the stream's own, and a state.
    const bunch = call(
      'copyreg',
      '_reconstructor',
      stackGlobal('sklearn.utils._bunch', 'Bunch'),
      stackGlobal('builtins', 'dict'),
      dict({ a: whole(1) }),
    );
    await clean('a bunch', bunch, dict({ b: whole(2) }), BUILD);
    const filled = call('builtins', 'dict', list(tuple(text('__class__'), text('x'))));
    const other = call(
      'copyreg',
      '_reconstructor',
      stackGlobal('sklearn.utils._bunch', 'Bunch'),
      stackGlobal('builtins', 'dict'),
      filled,
    );
    await held('a bunch of what is computed', other, dict({ b: whole(2) }), BUILD);
  });

  it('each say what they take, or do not load', () => {
    const group = { library: 'x', provenance: 'read', globals: { 'x.y': 'Z' } };
    for (const rule of RULES) {
      const says = { ...group, rule, takes: {} } as AllowedGroup;
      const silent = { ...group, rule } as AllowedGroup;
      const [good, bad] = TAKING.has(rule) ? [says, silent] : [silent, says];
      assert.equal(new AllowList([good]).size, 1, rule);
      assert.throws(() => new AllowList([bad]), /what it takes/, rule);
      assert.equal(parseAllowedGroups([good]).length, 1, rule);
      assert.throws(() => parseAllowedGroups([bad]), /`takes`/, rule);
    }
    const known = new Set(shippedGroups().map(({ library }) => library));
    for (const { library, takes } of shippedGroups())
      for (const one of `${takes?.instances ?? ''} ${takes?.names ?? ''}`.split(' '))
        assert.ok(one === '' || one === ANY || known.has(one), `${library} takes ${one}`);
  });
});

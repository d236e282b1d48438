import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
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
});

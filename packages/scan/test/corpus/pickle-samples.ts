import { OP } from '../../src/pickle/opcodes.ts';
import {
  bytes,
  dict,
  framed,
  global,
  instance,
  list,
  little,
  type Part,
  pickle,
  reduce,
  stackGlobal,
  stream,
  text,
  tuple,
  whole,
} from './assembler.ts';
import { GADGETS } from './gadgets.ts';
import { type Sample, sample } from './sample.ts';

/** What a payload says: nothing that does anything where it would be run. */
const WORD = 'echo sallyport-corpus';
const evil = (parts: Part = text(WORD)): Buffer => reduce(global('posix', 'system'), parts);

function* gadgetSamples(): Generator<Sample> {
  for (const [row, names] of Object.entries(GADGETS))
    for (const [index, full] of names.entries()) {
      const [module, name] = full.split(' ') as [string, string];
      const protocol = row === 'dotted names' ? 4 : [0, 2, 4, 5, 1, 3][index % 6]!;
      const forms: Part[] = [
        stream(global(module, name), OP.MARK, text(WORD, 'string'), OP.TUPLE, OP.REDUCE),
        reduce(global(module, name), text(WORD, 'long')),
        reduce(stackGlobal(module, name), text(WORD)),
        stream(OP.MARK, stackGlobal(module, name), text(WORD), OP.OBJ),
      ];
      const form = protocol < 2 ? forms[0]! : protocol < 4 ? forms[1]! : forms[2 + (index % 2)]!;
      yield sample(row, full, `${row}-${index}.pkl`.replaceAll(' ', '-'), pickle(protocol, form), true);
    }
}

/** Chains of calls of which none alone looks bad. */
function* chains(): Generator<Sample> {
  const get = (of: Part, name: string): Buffer => reduce(stackGlobal('builtins', 'getattr'), of, text(name));
  const cases: Record<string, Part> = {
    'getattr of a module': reduce(
      get(reduce(stackGlobal('importlib', 'import_module'), text('os')), 'system'),
      text(WORD),
    ),
    'getattr of a class': reduce(
      get(stackGlobal('pathlib', 'PosixPath'), 'unlink'),
      reduce(stackGlobal('pathlib', 'PosixPath'), text('/tmp/x')),
    ),
    'method of a path': get(reduce(stackGlobal('pathlib', 'PosixPath'), text('/tmp/x')), 'unlink'),
    'partial of a system call': reduce(
      reduce(stackGlobal('functools', 'partial'), stackGlobal('os', 'system'), text(WORD)),
    ),
    'partial whose function is replaced': stream(
      reduce(stackGlobal('functools', 'partial'), stackGlobal('builtins', 'len')),
      tuple(stackGlobal('os', 'system'), tuple(text(WORD)), dict({}), OP.NONE),
      OP.BUILD,
      OP.EMPTY_TUPLE,
      OP.REDUCE,
    ),
    'map over a list': reduce(
      stackGlobal('builtins', 'list'),
      reduce(stackGlobal('builtins', 'map'), stackGlobal('os', 'system'), list(text(WORD))),
    ),
    'reduce over a list': reduce(
      stackGlobal('functools', 'reduce'),
      stackGlobal('builtins', 'getattr'),
      list(text('a')),
    ),
    'default factory': reduce(stackGlobal('collections', 'defaultdict'), stackGlobal('os', 'getcwd')),
    'default factory of a partial': reduce(
      stackGlobal('collections', 'defaultdict'),
      reduce(stackGlobal('functools', 'partial'), stackGlobal('builtins', 'eval'), text('1')),
    ),
    'attrgetter of a module': reduce(
      reduce(stackGlobal('operator', 'attrgetter'), text('system')),
      reduce(stackGlobal('builtins', '__import__'), text('os')),
    ),
    methodcaller: reduce(
      reduce(stackGlobal('operator', 'methodcaller'), text('system'), text(WORD)),
      reduce(stackGlobal('builtins', '__import__'), text('os')),
    ),
    'itemgetter of globals': reduce(
      reduce(stackGlobal('operator', 'itemgetter'), text('eval')),
      reduce(stackGlobal('builtins', 'globals')),
    ),
    'a name from a module table': reduce(
      reduce(stackGlobal('builtins', 'getattr'), stackGlobal('sys', 'modules'), text('get')),
      text('os'),
    ),
    'ufunc by module and name': reduce(
      reduce(stackGlobal('numpy._core', '_ufunc_reconstruct'), text('os'), text('system')),
      text(WORD),
    ),
    'rebuild that calls': reduce(
      stackGlobal('torch._tensor', '_rebuild_from_type_v2'),
      stackGlobal('os', 'system'),
      stackGlobal('torch', 'Tensor'),
      tuple(text(WORD)),
      OP.NONE,
    ),
    'array that calls': reduce(
      stackGlobal('dill._dill', '_create_array'),
      stackGlobal('os', 'system'),
      tuple(text(WORD)),
      OP.NONE,
      OP.NONE,
    ),
    'reconstructor of a class': stream(
      stackGlobal('copyreg', '_reconstructor'),
      tuple(stackGlobal('subprocess', 'Popen'), stackGlobal('builtins', 'object'), OP.NONE),
      OP.REDUCE,
    ),
    'new object by name': reduce(
      stackGlobal('copyreg', '__newobj__'),
      stackGlobal('subprocess', 'Popen'),
      text(WORD),
    ),
    'type with a body': reduce(
      stackGlobal('builtins', 'type'),
      text('X'),
      tuple(stackGlobal('builtins', 'object')),
      dict({ __del__: stackGlobal('os', 'getcwd') }),
    ),
    'codec that computes': reduce(stackGlobal('_codecs', 'encode'), text('cbfvk'), text('rot13')),
    'codec of zeros': reduce(stackGlobal('_codecs', 'encode'), text('x'), text('zip')),
    'name computed by a join': stream(
      reduce(reduce(stackGlobal('builtins', 'getattr'), text(''), text('join')), list(text('o'), text('s'))),
      text('system'),
      OP.STACK_GLOBAL,
      tuple(text(WORD)),
      OP.REDUCE,
    ),
    'name from an encoder': stream(
      reduce(stackGlobal('_codecs', 'encode'), text('os'), text('utf-8')),
      text('system'),
      OP.STACK_GLOBAL,
      tuple(text(WORD)),
      OP.REDUCE,
    ),
    'list without end': reduce(stackGlobal('builtins', 'list'), reduce(stackGlobal('itertools', 'count'))),
    'list of a long range': reduce(
      stackGlobal('builtins', 'list'),
      reduce(stackGlobal('builtins', 'range'), whole(2 ** 40)),
    ),
    'fraction without end': reduce(stackGlobal('fractions', 'Fraction'), text('1e999999999')),
    'bytes without end': reduce(stackGlobal('builtins', 'bytearray'), whole(2 ** 31 - 1)),
    'array without end': reduce(
      stackGlobal('numpy._core.multiarray', '_reconstruct'),
      stackGlobal('numpy', 'ndarray'),
      tuple(whole(2 ** 31 - 1), whole(1000)),
      bytes(Buffer.from('b')),
    ),
    'distribution with a template': instance(
      'scipy.stats._continuous_distns',
      'norm_gen',
      dict({ _parse_arg_template: text('import os\ndef _parse_args(self): pass') }),
    ),
    'distribution with a template in two steps': stream(
      stackGlobal('scipy.stats._continuous_distns', 'norm_gen'),
      OP.EMPTY_TUPLE,
      OP.NEWOBJ,
      OP.EMPTY_DICT,
      text('_parse_arg_template'),
      text('x=1'),
      OP.SETITEM,
      OP.MARK,
      text('a'),
      whole(1),
      OP.SETITEMS,
      OP.BUILD,
    ),
    'formula of a model': instance(
      'statsmodels.base.data',
      'ModelData',
      dict({ formula: text('y ~ __import__("os")'), frame: OP.NONE }),
    ),
    'class by its persistent id': stream(
      tuple(text('module'), stackGlobal('subprocess', 'Popen'), text('a'), text('b')),
      OP.BINPERSID,
      tuple(text(WORD)),
      OP.REDUCE,
    ),
  };
  for (const [name, part] of Object.entries(cases))
    yield sample('chains', name, `chain-${name.replaceAll(' ', '-')}.pkl`, pickle(4, part), true);
}

/** The same call written in every way that an unpickler reads. */
function* forms(): Generator<Sample> {
  const module = 'posix';
  const cases: Record<string, Buffer> = {};
  for (const form of ['short', 'long', 'eight', 'line', 'string', 'binstring', 'short-binstring'] as const)
    cases[`names as ${form}`] = pickle(
      4,
      text(module, form),
      text('system', form),
      OP.STACK_GLOBAL,
      tuple(text(WORD, form)),
      OP.REDUCE,
    );
  const name = global(module, 'system');
  const memo: Record<string, [Part, Part]> = {
    'text memo': ['p0\n', 'g0\n'],
    'binary memo': [stream(OP.BINPUT, 7), stream(OP.BINGET, 7)],
    'long memo': [stream(OP.LONG_BINPUT, little(70_000, 4)), stream(OP.LONG_BINGET, little(70_000, 4))],
    'counted memo': [stream(OP.MEMOIZE), stream(OP.BINGET, 0)],
    'memo with blanks': ['p 12 \n', 'g12\n'],
    'memo with underscores': ['p1_0\n', 'g10\n'],
    'memo with a sign': ['p+3\n', 'g3\n'],
  };
  for (const [how, [put, get]] of Object.entries(memo))
    cases[`called from a ${how}`] = pickle(4, name, put, OP.POP, get, tuple(text(WORD)), OP.REDUCE);
  Object.assign(cases, {
    'memo overwritten': pickle(
      4,
      text('collections'),
      stream(OP.BINPUT, 0),
      OP.POP,
      text(module),
      stream(OP.BINPUT, 0),
      OP.POP,
      stream(OP.BINGET, 0),
      text('system'),
      OP.STACK_GLOBAL,
      tuple(text(WORD)),
      OP.REDUCE,
    ),
    'counted memo after a far one': pickle(
      4,
      text('x'),
      stream(OP.LONG_BINPUT, little(500, 4)),
      OP.POP,
      text(module),
      OP.MEMOIZE,
      OP.POP,
      stream(OP.BINGET, 1),
      text('system'),
      OP.STACK_GLOBAL,
      tuple(text(WORD)),
      OP.REDUCE,
    ),
    'memo beyond its own place': pickle(
      2,
      name,
      stream(OP.LONG_BINPUT, little(3_000_000, 4)),
      OP.POP,
      stream(OP.LONG_BINGET, little(3_000_000, 4)),
      tuple(text(WORD)),
      OP.REDUCE,
    ),
    inst: pickle(0, OP.MARK, text(WORD, 'string'), 'iposix\nsystem\n'),
    'inst with unused below': pickle(1, whole(1), OP.MARK, text(WORD, 'string'), 'iposix\nsystem\n'),
    obj: pickle(1, OP.MARK, name, text(WORD, 'string'), OP.OBJ),
    newobj: pickle(2, global('subprocess', 'Popen'), tuple(text(WORD)), OP.NEWOBJ),
    'newobj with names': pickle(
      4,
      stackGlobal('subprocess', 'Popen'),
      tuple(text(WORD)),
      dict({ shell: OP.NEWTRUE }),
      OP.NEWOBJ_EX,
    ),
    'newobj without arguments': pickle(2, global('ctypes', 'CDLL'), OP.EMPTY_TUPLE, OP.NEWOBJ),
    'arguments as a list': pickle(2, name, list(text(WORD)), OP.REDUCE),
    'arguments as a text': pickle(2, name, text('x'), OP.REDUCE),
    'arguments by mark': pickle(0, name, OP.MARK, text(WORD, 'line'), OP.TUPLE, OP.REDUCE),
    'arguments from a memo': pickle(
      2,
      tuple(text(WORD)),
      stream(OP.BINPUT, 0),
      OP.POP,
      name,
      stream(OP.BINGET, 0),
      OP.REDUCE,
    ),
    duplicated: pickle(2, name, OP.DUP, tuple(text(WORD)), OP.REDUCE),
    'popped again': pickle(2, evil(), OP.POP, OP.NONE),
    'popped with a mark': pickle(2, OP.MARK, evil(), OP.POP_MARK, OP.NONE),
    'mark popped alone': pickle(2, OP.MARK, OP.POP, evil()),
    'within a list': pickle(2, list(evil())),
    'within a dictionary': pickle(2, dict({ a: evil() })),
    'as a key': pickle(4, OP.EMPTY_DICT, evil(), OP.NONE, OP.SETITEM),
    'within a set': pickle(4, OP.EMPTY_SET, OP.MARK, evil(), OP.ADDITEMS),
    'within a frozen set': pickle(4, OP.MARK, evil(), OP.FROZENSET),
    'within a tuple': pickle(2, tuple(OP.NONE, evil())),
    'within a state': pickle(
      4,
      instance('sklearn.linear_model._base', 'LinearRegression', dict({ coef_: evil() })),
    ),
    'within a persistent id': pickle(2, evil(), OP.BINPERSID),
    'protocol said twice': stream(OP.PROTO, 4, OP.PROTO, 2, evil(), OP.STOP),
    'protocol in the middle': pickle(2, whole(1), stream(OP.PROTO, 4), OP.POP, evil()),
    'no protocol': stream(evil(), OP.STOP),
    'frame that ends within bytes': stream(
      OP.PROTO,
      4,
      OP.FRAME,
      little(4, 8),
      OP.SHORT_BINBYTES,
      6,
      'xy',
      'abcd',
      0x2e,
    ),
    'frame that ends within a name': stream(
      OP.PROTO,
      4,
      OP.FRAME,
      little(10, 8),
      'cposix\nnot',
      'system\n',
      tuple(text(WORD)),
      OP.REDUCE,
      OP.STOP,
    ),
    'frame that ends within a text': stream(
      OP.PROTO,
      4,
      text('posix'),
      OP.FRAME,
      little(3, 8),
      OP.SHORT_BINUNICODE,
      6,
      'x',
      'system',
      OP.STACK_GLOBAL,
      tuple(text(WORD)),
      OP.REDUCE,
      OP.STOP,
    ),
    'frame too short': stream(OP.PROTO, 4, OP.FRAME, little(3, 8), evil(), OP.STOP),
    'frame too long': stream(OP.PROTO, 4, OP.FRAME, little(10_000, 8), evil(), OP.STOP),
    'frame of nothing': stream(OP.PROTO, 4, OP.FRAME, little(0, 8), evil(), OP.STOP),
    'frames within frames': framed(4, framed(4, stream(evil(), OP.STOP))),
    'extension code': pickle(2, stream(OP.EXT1, 5), tuple(text(WORD)), OP.REDUCE),
    'long extension code': pickle(2, stream(OP.EXT4, little(70_000, 4)), tuple(text(WORD)), OP.REDUCE),
    'build on a module': pickle(
      4,
      reduce(stackGlobal('builtins', '__import__'), text('os')),
      dict({ sep: text('x') }),
      OP.BUILD,
    ),
    'build on a class': pickle(
      4,
      stackGlobal('sklearn.tree._classes', 'DecisionTreeClassifier'),
      dict({ predict: stackGlobal('builtins', 'len') }),
      OP.BUILD,
    ),
    'build of a setter': pickle(
      4,
      instance(
        'sklearn.tree._classes',
        'DecisionTreeClassifier',
        dict({ __setstate__: stackGlobal('builtins', 'len') }),
      ),
      text('x'),
      OP.BUILD,
    ),
    'build of a class in slots': pickle(
      4,
      stackGlobal('sklearn.tree._classes', 'DecisionTreeClassifier'),
      OP.EMPTY_TUPLE,
      OP.NEWOBJ,
      tuple(OP.NONE, dict({ __class__: stackGlobal('sklearn.pipeline', 'Pipeline') })),
      OP.BUILD,
    ),
    'items of a name': pickle(4, stackGlobal('sys', 'modules'), text('os'), OP.NONE, OP.SETITEM),
    'items appended to a name': pickle(4, stackGlobal('sys', 'path'), text('/tmp'), OP.APPEND),
    'names with other letters': pickle(4, stackGlobal('po\u0073ix', 'system')),
    'lists within lists': pickle(
      2,
      OP.EMPTY_LIST,
      ...Array.from({ length: 60 }, (_, i) =>
        stream(
          OP.MARK,
          OP.NONE,
          OP.LIST,
          OP.POP,
          OP.BINPUT,
          i,
          OP.POP,
          OP.MARK,
          OP.BINGET,
          i,
          OP.BINGET,
          i,
          OP.LIST,
        ),
      ),
    ),
    'tuples within tuples': pickle(
      2,
      whole(1),
      OP.EMPTY_LIST,
      OP.TUPLE2,
      ...Array.from({ length: 60 }, () => stream(OP.DUP, OP.TUPLE2)),
    ),
  });
  for (const [what, content] of Object.entries(cases))
    yield sample('forms', what, `form-${what.replaceAll(' ', '-')}.pkl`, content, true);
}

/** Streams that break, and streams behind streams. */
function* broken(): Generator<Sample> {
  const good = pickle(4, dict({ a: whole(1) }));
  const bad = pickle(4, evil());
  const body = stream(OP.PROTO, 2, evil());
  const cases: Record<string, Buffer> = {
    'no stop': body,
    'ends within a text': stream(body, OP.BINUNICODE, little(1000, 4), 'abc'),
    'ends within a number': stream(body, OP.BININT, 1),
    'unknown opcode behind': stream(body, 0xff),
    'unknown opcode and stop': stream(body, 0x01, OP.STOP),
    'empty stack behind': stream(body, OP.POP, OP.POP, OP.POP, OP.STOP),
    'missing memo behind': stream(body, OP.BINGET, 99, OP.STOP),
    'no mark behind': stream(body, OP.APPENDS, OP.STOP),
    'a bad text behind': stream(body, OP.STRING, 'abc\n', OP.STOP),
    'a bad number behind': stream(body, OP.INT, 'abc\n', OP.STOP),
    'a protocol too high behind': stream(body, OP.PROTO, 77, OP.STOP),
    'a negative length behind': stream(body, OP.LONG4, little(0xffffffff, 4), OP.STOP),
    'odd dictionary behind': stream(body, OP.MARK, OP.NONE, OP.DICT, OP.STOP),
    'second stream': stream(good, bad),
    'third stream': stream(good, good, bad),
    'twentieth stream': stream(...Array.from({ length: 19 }, () => good), bad),
    'second stream of protocol 0': stream(good, pickle(0, OP.MARK, text(WORD, 'string'), 'iposix\nsystem\n')),
    'first of two': stream(bad, good),
    'memo of an earlier stream': stream(
      pickle(2, text('collections'), OP.BINPUT, 0),
      pickle(
        2,
        text('posix'),
        OP.BINPUT,
        0,
        OP.POP,
        OP.BINGET,
        0,
        text('system'),
        OP.STACK_GLOBAL,
        tuple(text(WORD)),
        OP.REDUCE,
      ),
    ),
    'behind zeros': stream(good, Buffer.alloc(64), bad),
    'behind noise': stream(good, Buffer.from('a0f1e2d3c4b5', 'hex'), bad),
    'behind a text': stream(good, '\n# end of the model\n', bad),
    'behind a broken stream': stream(good, OP.PROTO, 4, 0xff, bad),
    'text form behind noise': stream(good, Buffer.from('ffff', 'hex'), "cposix\nsystem\n(S'x'\ntR."),
    'in front of noise': stream(bad, Buffer.from('ffeeddcc', 'hex')),
    'under a picture': stream(Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(32), bad),
    'behind a mark of order': stream(Buffer.from('efbbbf', 'hex'), bad),
    'old torch': stream(
      Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
      pickle(2, whole(1001)),
      pickle(2, dict({})),
      bad,
      pickle(2, list()),
    ),
    'old torch, in the keys': stream(
      Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
      pickle(2, whole(1001)),
      pickle(2, dict({})),
      good,
      pickle(2, list(evil())),
    ),
    'old torch, in the system': stream(
      Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
      pickle(2, whole(1001)),
      pickle(2, dict({ little_endian: evil() })),
      good,
      pickle(2, list()),
    ),
    'very long behind': stream(
      good,
      pickle(4, list(...Array.from({ length: 5000 }, (_, i) => whole(i)), evil())),
    ),
    'a gigabyte that is not there': stream(body, OP.BINBYTES8, little(2 ** 30, 8)),
    'lower than its frame': stream(OP.PROTO, 4, OP.FRAME, little(2 ** 40, 8), evil(), OP.STOP),
    'two protocols': stream(OP.PROTO, 0, OP.PROTO, 5, evil(), OP.STOP),
    'global that ends the file': stream(OP.PROTO, 2, evil(), 'cos\nsys'),
    'stop twice': stream(bad, OP.STOP, OP.STOP),
    'stop before': stream(OP.NONE, OP.STOP, bad),
    'empty stream before': stream(OP.STOP, bad),
    'joblib array that hides': joblibThatHides(),
  };
  for (const [what, content] of Object.entries(cases))
    yield sample(
      'broken and stacked',
      what,
      `broken-${what.replaceAll(' ', '-').replaceAll(',', '')}.${what.startsWith('old torch') ? 'pth' : 'pkl'}`,
      content,
      true,
    );
}

/** joblib passes over what a plain unpickler runs. */
function joblibThatHides(): Buffer {
  const hidden = stream(OP.POP, evil(), OP.STOP);
  const wrapper = instance(
    'joblib.numpy_pickle',
    'NumpyArrayWrapper',
    dict({
      subclass: stackGlobal('numpy', 'ndarray'),
      shape: tuple(whole(hidden.length)),
      order: text('C'),
      dtype: reduce(stackGlobal('numpy', 'dtype'), text('u1'), OP.NEWFALSE, OP.NEWTRUE),
      allow_mmap: OP.NEWFALSE,
    }),
  );
  return stream(OP.PROTO, 4, wrapper, hidden, OP.NONE, OP.STOP);
}

/** Pickles within pickles. */
function* nested(): Generator<Sample> {
  const bad = pickle(4, evil());
  const inner: Record<string, Part> = {
    'loads of pickle': reduce(stackGlobal('pickle', 'loads'), bytes(bad)),
    'loads of _pickle': reduce(stackGlobal('_pickle', 'loads'), bytes(bad)),
    'loads of dill': reduce(stackGlobal('dill', 'loads'), bytes(bad)),
    'loads of cloudpickle': reduce(stackGlobal('cloudpickle', 'loads'), bytes(bad)),
    'loads of marshal': reduce(stackGlobal('marshal', 'loads'), bytes(bad)),
    Unpickler: reduce(stackGlobal('pickle', 'Unpickler'), bytes(bad)),
    'load of torch storage': reduce(stackGlobal('torch.storage', '_load_from_bytes'), bytes(bad)),
    'load of torch storage, twice': reduce(
      stackGlobal('torch.storage', '_load_from_bytes'),
      bytes(pickle(2, reduce(global('torch.storage', '_load_from_bytes'), bytes(bad)))),
    ),
    'load of torch storage, as text': reduce(
      stackGlobal('torch.storage', '_load_from_bytes'),
      reduce(stackGlobal('_codecs', 'encode'), text(bad.toString('latin1'), 'long'), text('latin1')),
    ),
    'load of torch storage, computed': reduce(
      stackGlobal('torch.storage', '_load_from_bytes'),
      reduce(stackGlobal('builtins', 'bytes'), list(whole(128))),
    ),
    'load of joblib': reduce(stackGlobal('joblib', 'load'), text('x.joblib')),
    'load of numpy': reduce(stackGlobal('numpy', 'load'), text('x.npy')),
    'load of torch': reduce(stackGlobal('torch', 'load'), text('x.pt')),
    'read of pandas': reduce(stackGlobal('pandas', 'read_pickle'), text('x.pkl')),
    'model of keras': reduce(
      stackGlobal('keras.src.saving.pickle_utils', 'deserialize_model_from_bytecode'),
      bytes(bad),
    ),
  };
  for (const [what, part] of Object.entries(inner))
    yield sample(
      'nested',
      what,
      `nested-${what.replaceAll(' ', '-').replaceAll(',', '')}.pkl`,
      pickle(4, part),
      true,
    );
}

/** Every pickle of the corpus that runs something, hangs or takes more than there is. */
export function* pickleSamples(): Generator<Sample> {
  yield* gadgetSamples();
  yield* chains();
  yield* forms();
  yield* broken();
  yield* nested();
}

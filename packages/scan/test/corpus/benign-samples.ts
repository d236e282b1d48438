import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { OP } from '../../src/pickle/opcodes.ts';
import { objectArray } from './archive-samples.ts';
import { lz4, sevenZip, tar, xz, zip } from './archives.ts';
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
import { GOOD_TEMPLATES } from './graph-samples.ts';
import {
  field,
  gguf,
  ggufString,
  ggufTexts,
  ggufWhole,
  onnxExternal,
  onnxModel,
  onnxNode,
  rds,
  rList,
  rNumbers,
  safetensors,
  savedModel,
  savedObjects,
  tfGraph,
  tfNode,
} from './graphs.ts';
import { h5 } from './hdf5-files.ts';
import { type Sample, sample } from './sample.ts';

/** Names by protocol: on lines up to 3, from the stack after. */
const named = (protocol: number, module: string, name: string): Buffer =>
  protocol < 4 ? global(module, name) : stackGlobal(module, name);

/** A numpy array as `ndarray.__reduce__` writes it. */
function array(protocol: number, values: readonly number[]): Buffer {
  const content = Buffer.from(new Float64Array(values).buffer);
  const core = protocol < 4 ? 'numpy.core.multiarray' : 'numpy._core.multiarray';
  const raw =
    protocol < 3
      ? reduce(
          named(protocol, '_codecs', 'encode'),
          text(content.toString('latin1'), 'long'),
          text('latin1', 'long'),
        )
      : bytes(content);
  const type = stream(
    reduce(named(protocol, 'numpy', 'dtype'), text('f8', 'long'), OP.NEWFALSE, OP.NEWTRUE),
    OP.MARK,
    whole(3),
    text('<', 'long'),
    OP.NONE,
    OP.NONE,
    OP.NONE,
    whole(-1),
    whole(-1),
    whole(0),
    OP.TUPLE,
    OP.BUILD,
  );
  return stream(
    reduce(
      named(protocol, core, '_reconstruct'),
      named(protocol, 'numpy', 'ndarray'),
      tuple(whole(0)),
      bytes(Buffer.from('b')),
    ),
    OP.MARK,
    whole(1),
    tuple(whole(values.length)),
    type,
    OP.NEWFALSE,
    raw,
    OP.TUPLE,
    OP.BUILD,
  );
}

const scalar = (protocol: number, value: number): Buffer =>
  reduce(
    named(protocol, protocol < 4 ? 'numpy.core.multiarray' : 'numpy._core.multiarray', 'scalar'),
    reduce(named(protocol, 'numpy', 'dtype'), text('f8', 'long'), OP.NEWFALSE, OP.NEWTRUE),
    bytes(Buffer.from(new Float64Array([value]).buffer)),
  );

/** An instance of a class, by the way of its protocol. */
function made(protocol: number, module: string, name: string, state: Part): Buffer {
  if (protocol < 2)
    return stream(
      reduce(
        global('copy_reg', '_reconstructor'),
        global(module, name),
        global('__builtin__', 'object'),
        OP.NONE,
      ),
      state,
      OP.BUILD,
    );
  return stream(named(protocol, module, name), OP.EMPTY_TUPLE, OP.NEWOBJ, state, OP.BUILD);
}

const ESTIMATORS: readonly string[] = [
  'sklearn.linear_model._base LinearRegression',
  'sklearn.linear_model._logistic LogisticRegression',
  'sklearn.linear_model._ridge Ridge',
  'sklearn.linear_model._coordinate_descent Lasso',
  'sklearn.linear_model._stochastic_gradient SGDClassifier',
  'sklearn.svm._classes SVC',
  'sklearn.svm._classes LinearSVC',
  'sklearn.neighbors._classification KNeighborsClassifier',
  'sklearn.naive_bayes GaussianNB',
  'sklearn.naive_bayes MultinomialNB',
  'sklearn.cluster._kmeans KMeans',
  'sklearn.decomposition._pca PCA',
  'sklearn.preprocessing._data StandardScaler',
  'sklearn.preprocessing._data MinMaxScaler',
  'sklearn.preprocessing._encoders OneHotEncoder',
  'sklearn.preprocessing._label LabelEncoder',
  'sklearn.feature_extraction.text TfidfVectorizer',
  'sklearn.feature_extraction.text CountVectorizer',
  'sklearn.ensemble._forest RandomForestClassifier',
  'sklearn.ensemble._forest RandomForestRegressor',
  'sklearn.ensemble._gb GradientBoostingClassifier',
  'sklearn.ensemble._iforest IsolationForest',
  'sklearn.neural_network._multilayer_perceptron MLPClassifier',
  'sklearn.mixture._gaussian_mixture GaussianMixture',
  'lightgbm.sklearn LGBMClassifier',
  'xgboost.sklearn XGBClassifier',
  'catboost.core CatBoostClassifier',
  'scipy.interpolate._bsplines BSpline',
  'torch.nn.modules.linear Linear',
  'pandas.core.indexes.frozen FrozenList',
];

function* estimators(): Generator<Sample> {
  const states = (protocol: number): Record<string, Part> => ({
    n_features_in_: whole(4),
    coef_: array(protocol, [0.5, -1, 2]),
    classes_: array(protocol, [0, 1]),
    intercept_: scalar(protocol, 0.25),
    penalty: text('l2', 'long'),
    verbose: OP.NEWFALSE,
    random_state: OP.NONE,
    vocabulary_: dict({ cats: whole(0), dogs: whole(1) }),
    _sklearn_version: text('1.9.1', 'long'),
  });
  for (const full of ESTIMATORS) {
    const [module, name] = full.split(' ') as [string, string];
    for (const protocol of [0, 1, 2, 3, 4, 5])
      yield sample(
        'benign pickles',
        `${name} of protocol ${protocol}`,
        `${name}.p${protocol}.pkl`,
        pickle(protocol, made(protocol, module, name, dict(states(protocol)))),
      );
    const pipeline = made(
      4,
      'sklearn.pipeline',
      'Pipeline',
      dict({
        steps: list(
          tuple(
            text('scale'),
            made(4, 'sklearn.preprocessing._data', 'StandardScaler', dict({ mean_: array(4, [1, 2]) })),
          ),
          tuple(text('model'), made(4, module, name, dict(states(4)))),
        ),
      }),
    );
    yield sample('benign pickles', `${name} in a pipeline`, `${name}.pipeline.pkl`, pickle(5, pipeline));
    const packed = joblib(
      made(
        4,
        module,
        name,
        stream(dict({ a: whole(1) }), OP.MARK, text('coef_'), wrapped([1, 2, 3, 4]), OP.SETITEMS),
      ),
    );
    yield sample('benign joblib', name, `${name}.joblib`, packed);
    yield sample('benign joblib', `${name}, compressed`, `${name}.joblib.z`, deflateSync(packed));
    yield sample('benign joblib', `${name}, gzip`, `${name}.joblib.gz`, gzipSync(packed));
    yield sample(
      'benign containers',
      `${name}, several ways`,
      `${name}.pkl.zst`,
      zstdCompressSync(pickle(4, made(4, module, name, dict(states(4))))),
    );
  }
}

/** A file of joblib: arrays lie between the opcodes. */
const joblib = (part: Part): Buffer => stream(OP.PROTO, 4, part, OP.STOP);

function wrapped(values: readonly number[]): Buffer {
  const raw = Buffer.from(new Float64Array(values).buffer);
  const padding = Buffer.concat([Buffer.from([5]), Buffer.alloc(5, 0xff)]);
  return stream(
    instance(
      'joblib.numpy_pickle',
      'NumpyArrayWrapper',
      dict({
        subclass: stackGlobal('numpy', 'ndarray'),
        shape: tuple(whole(values.length)),
        order: text('C'),
        dtype: reduce(stackGlobal('numpy', 'dtype'), text('f8'), OP.NEWFALSE, OP.NEWTRUE),
        allow_mmap: OP.NEWTRUE,
        numpy_array_alignment_bytes: whole(16),
      }),
    ),
    padding,
    raw,
  );
}

function* plain(): Generator<Sample> {
  const values: Record<string, Part> = {
    numbers: list(...Array.from({ length: 40 }, (_, i) => whole(i * 1000))),
    'a vocabulary': dict(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`word${i}`, whole(i)]))),
    ordered: reduce(stackGlobal('collections', 'OrderedDict')),
    'default lists': reduce(stackGlobal('collections', 'defaultdict'), stackGlobal('builtins', 'list')),
    'default numbers': reduce(stackGlobal('collections', 'defaultdict'), stackGlobal('builtins', 'int')),
    counter: reduce(stackGlobal('collections', 'Counter'), dict({ a: whole(1) })),
    set: stream(OP.EMPTY_SET, OP.MARK, whole(1), whole(2), OP.ADDITEMS),
    'frozen set': stream(OP.MARK, whole(1), OP.FROZENSET),
    path: reduce(stackGlobal('pathlib', 'PosixPath'), text('/'), text('tmp')),
    time: reduce(stackGlobal('datetime', 'datetime'), bytes(Buffer.from('07ea0b1601020300000000', 'hex'))),
    decimal: reduce(stackGlobal('decimal', 'Decimal'), text('1.5')),
    fraction: reduce(stackGlobal('fractions', 'Fraction'), text('1/3')),
    complex: reduce(stackGlobal('builtins', 'complex'), whole(1), whole(2)),
    slice: reduce(stackGlobal('builtins', 'slice'), whole(1), whole(2), OP.NONE),
    range: reduce(stackGlobal('builtins', 'range'), whole(0), whole(2 ** 20), whole(1)),
    'bytes array': reduce(stackGlobal('builtins', 'bytearray'), bytes(Buffer.from('xy'))),
    'bytes of old': reduce(stackGlobal('_codecs', 'encode'), text('xy'), text('latin1')),
    partial: reduce(stackGlobal('functools', 'partial'), stackGlobal('numpy', 'log1p')),
    'a bound method': reduce(stackGlobal('builtins', 'getattr'), list(whole(1)), text('count')),
    'the type of nothing': reduce(stackGlobal('builtins', 'type'), OP.NONE),
    namespace: reduce(stackGlobal('argparse', 'Namespace')),
    generator: reduce(stackGlobal('numpy.random._pickle', '__generator_ctor'), text('PCG64')),
    frame: made(
      4,
      'pandas.core.frame',
      'DataFrame',
      dict({
        _mgr: reduce(
          stackGlobal('pandas.core.internals.managers', 'BlockManager'),
          tuple(
            reduce(
              stackGlobal('pandas._libs.internals', '_unpickle_block'),
              array(4, [1, 2]),
              reduce(stackGlobal('builtins', 'slice'), whole(0), whole(1), whole(1)),
              whole(2),
            ),
          ),
          list(
            reduce(
              stackGlobal('pandas.core.indexes.base', '_new_Index'),
              stackGlobal('pandas', 'Index'),
              dict({ data: array(4, [1]) }),
            ),
          ),
        ),
      }),
    ),
    'a distribution': made(
      4,
      'scipy.stats._continuous_distns',
      'norm_gen',
      dict({
        name: text('norm'),
        _parse_arg_template: text(
          "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\ndef _parse_args_rvs(self,  loc=0, scale=1, size=None):\n    return self._argcheck_rvs( loc, scale, size=size)\n\ndef _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n",
        ),
      }),
    ),
  };
  for (const [what, part] of Object.entries(values))
    for (const protocol of [4, 5])
      yield sample('benign pickles', `${what} of protocol ${protocol}`, 'value.pkl', pickle(protocol, part));
  yield sample(
    'benign pickles',
    'several streams',
    'values.pkl',
    stream(...[1, 2, 3].map((n) => pickle(4, whole(n)))),
  );
  yield sample(
    'benign pickles',
    'a frame around all',
    'value.pkl',
    framed(5, stream(dict({ a: whole(1) }), OP.STOP)),
  );
}

const STORAGES = [
  'FloatStorage',
  'HalfStorage',
  'BFloat16Storage',
  'LongStorage',
  'DoubleStorage',
  'IntStorage',
  'ByteStorage',
  'BoolStorage',
];

/** Numbers of eight bytes, for the storages that hold such; for the rest, records may be longer than they must. */
const ARRAYS: Readonly<Record<string, typeof Float64Array>> = {
  LongStorage: Float64Array,
  DoubleStorage: Float64Array,
};

function torchTensor(storage: string, key: string): Buffer {
  const id = tuple(
    text('storage', 'long'),
    global('torch', storage),
    text(key, 'long'),
    text('cpu', 'long'),
    whole(4),
  );
  return reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    stream(id, OP.BINPERSID),
    whole(0),
    tuple(whole(2), whole(2)),
    tuple(whole(2), whole(1)),
    OP.NEWFALSE,
    reduce(global('collections', 'OrderedDict')),
  );
}

function* torch(): Generator<Sample> {
  for (const storage of STORAGES)
    for (const layers of [1, 2, 5]) {
      const state = stream(
        reduce(global('collections', 'OrderedDict')),
        OP.MARK,
        ...Array.from({ length: layers }, (_, i) => [
          text(`layer${i}.weight`, 'long'),
          torchTensor(storage, String(i)),
        ]).flat(),
        OP.SETITEMS,
      );
      const pkl = pickle(2, state);
      const members = [
        { name: 'archive/data.pkl', content: pkl, aligned: true },
        { name: 'archive/byteorder', content: Buffer.from('little'), aligned: true },
        ...Array.from({ length: layers }, (_, i) => ({
          name: `archive/data/${i}`,
          content: Buffer.from(new (ARRAYS[storage] ?? Float32Array)([1, -2, 3, i]).buffer),
          aligned: true,
        })),
        { name: 'archive/version', content: Buffer.from('3\n'), aligned: true },
      ];
      yield sample('benign torch', `${layers} layers of ${storage}`, 'pytorch_model.bin', zip(members));
      const legacy = stream(
        Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
        pickle(2, whole(1001)),
        pickle(2, dict({ protocol_version: whole(1001), little_endian: OP.NEWTRUE })),
        pkl,
        pickle(2, list(...Array.from({ length: layers }, (_, i) => text(String(i), 'long')))),
        ...Array.from({ length: layers }, () =>
          stream(little(4, 8), Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)),
        ),
      );
      yield sample('benign torch', `${layers} layers of ${storage}, as of old`, 'model.pth', legacy);
    }
}

function* graphs(): Generator<Sample> {
  const arch: readonly [string, ReturnType<typeof ggufString>] = [
    'general.architecture',
    ggufString('llama'),
  ];
  for (const [index, template] of GOOD_TEMPLATES.entries()) {
    yield sample(
      'benign templates',
      `template ${index}`,
      'tokenizer_config.json',
      Buffer.from(JSON.stringify({ tokenizer_class: 'LlamaTokenizer', chat_template: template })),
    );
    yield sample(
      'benign templates',
      `template ${index} on its own`,
      'chat_template.jinja',
      Buffer.from(template),
    );
    yield sample(
      'benign GGUF',
      `template ${index}`,
      'model.gguf',
      gguf(
        [
          arch,
          ['tokenizer.chat_template', ggufString(template)],
          ['tokenizer.ggml.tokens', ggufTexts(['a', 'b'])],
          ['llama.block_count', ggufWhole(2)],
        ],
        [
          { name: 'a', dimensions: [32, 4] },
          { name: 'b', dimensions: [32], offset: 512 },
        ],
      ),
    );
  }
  for (const [type, block] of [
    [0, 1],
    [1, 1],
    [2, 32],
    [8, 32],
    [12, 256],
    [14, 256],
  ] as const)
    yield sample(
      'benign GGUF',
      `tensors of type ${type}`,
      'model.gguf',
      gguf([arch], [{ name: 'a', dimensions: [block, 2], type }], { dataBytes: 65_536 }),
    );
  for (const [dtype, size] of [
    ['F32', 4],
    ['F16', 2],
    ['BF16', 2],
    ['I64', 8],
    ['U8', 1],
    ['BOOL', 1],
    ['F8_E4M3', 1],
  ] as const)
    for (const count of [0, 1, 3]) {
      const header: Record<string, object> = count === 3 ? { __metadata__: { format: 'pt' } } : {};
      for (let i = 0; i < count; i++)
        header[`layer.${i}`] = { dtype, shape: [2, 2], data_offsets: [i * 4 * size, (i + 1) * 4 * size] };
      yield sample(
        'benign safetensors',
        `${count} tensors of ${dtype}`,
        'model.safetensors',
        safetensors(header, Buffer.alloc(count * 4 * size)),
      );
    }
  for (const operators of [
    ['MatMul', 'Relu'],
    ['Conv', 'BatchNormalization'],
    ['Gather', 'Softmax'],
    ['LSTM'],
    ['Add', 'Mul', 'Sub'],
  ]) {
    const inTensorFlow = operators.map((one) => (one === 'LSTM' ? 'BlockLSTMV2' : one));
    yield sample(
      'benign ONNX',
      operators.join(' '),
      'model.onnx',
      onnxModel(operators.map((one) => onnxNode(one))),
    );
    yield sample(
      'benign ONNX',
      `${operators.join(' ')} with data beside`,
      'model.onnx',
      onnxModel(
        operators.map((one) => onnxNode(one)),
        [onnxExternal('model.onnx.data', { offset: '0', length: '16' })],
      ),
    );
    yield sample(
      'benign TensorFlow',
      operators.join(' '),
      'saved_model.pb',
      savedModel(
        tfGraph(
          [tfNode('p', 'Placeholder'), ...inTensorFlow.map((one, i) => tfNode(`n${i}`, one, 'p'))],
          [[tfNode('s', 'SaveV2', 'prefix'), tfNode('r', 'RestoreV2', 'prefix')]],
        ),
        savedObjects('{"class_name": "Dense", "config": {"units": 4, "activation": "relu"}}', 'a note'),
      ),
    );
    yield sample(
      'benign TensorFlow',
      `${operators.join(' ')}, frozen`,
      'frozen.pb',
      tfGraph([tfNode('x', 'Placeholder'), ...inTensorFlow.map((one, i) => tfNode(`n${i}`, one, 'x'))]),
    );
  }
  yield sample(
    'benign ONNX',
    'operators of Microsoft',
    'model.onnx',
    onnxModel([onnxNode('Gelu', 'com.microsoft'), onnxNode('Scaler', 'ai.onnx.ml')]),
  );
  yield sample(
    'benign ONNX',
    'functions of its own',
    'model.onnx',
    onnxModel(
      [onnxNode('Own', 'own.domain')],
      [],
      [Buffer.concat([field(1, 'Own'), field(7, onnxNode('Relu')), field(10, 'own.domain')])],
    ),
  );
}

async function* kerasModels(): AsyncGenerator<Sample> {
  const layer = (name: string, config: object) => ({
    class_name: name,
    module: 'keras.layers',
    config,
    registered_name: null,
  });
  for (const name of [
    'Dense',
    'Conv2D',
    'LSTM',
    'Embedding',
    'Dropout',
    'BatchNormalization',
    'MultiHeadAttention',
    'Rescaling',
    'LayerNormalization',
    'GRU',
  ]) {
    const config = {
      class_name: 'Sequential',
      module: 'keras',
      config: {
        name: 's',
        layers: [
          layer('InputLayer', { batch_shape: [null, 4], name: 'lambda_input' }),
          layer(name, {
            name: 'get_file_head',
            activation: 'relu',
            kernel_initializer: {
              module: 'keras.initializers',
              class_name: 'GlorotUniform',
              config: { seed: null },
              registered_name: null,
            },
          }),
        ],
      },
      registered_name: null,
      compile_config: { optimizer: 'adam', loss: 'mse' },
    };
    yield sample(
      'benign Keras',
      name,
      'model.keras',
      zip([
        { name: 'metadata.json', content: Buffer.from('{"keras_version": "3.15.1"}') },
        { name: 'config.json', content: Buffer.from(JSON.stringify(config)) },
        { name: 'model.weights.h5', content: await h5({ datasets: { w: [1, 2, 3] } }) },
      ]),
    );
    yield sample(
      'benign Keras',
      `${name}, h5`,
      'model.h5',
      await h5({
        attributes: { model_config: JSON.stringify(config), keras_version: '3.15.1', backend: 'tensorflow' },
        datasets: { w: [1, 2, 3, 4] },
      }),
    );
  }
  yield sample(
    'benign Keras',
    'weights alone',
    'model.weights.h5',
    await h5({ datasets: { a: [1], b: [2, 3] } }),
  );
}

function* others(): Generator<Sample> {
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const numbers = (type: string, content: Uint8Array): Buffer => objectArray(content, type);
  for (const [type, size] of [
    ['<f8', 8],
    ['<f4', 4],
    ['<i8', 8],
    ['|u1', 1],
    ['|b1', 1],
    ['<U3', 12],
    ['|S5', 5],
    ['<M8[D]', 8],
  ] as const) {
    const one = numbers(type, Buffer.alloc(size));
    yield sample('benign arrays', `npy of ${type}`, 'a.npy', one);
    yield sample(
      'benign arrays',
      `npz of ${type}`,
      'a.npz',
      zip([
        { name: 'a.npy', content: one },
        { name: 'b.npy', content: one, method: 8 },
      ]),
    );
  }
  const objects = numbers('|O', pickle(4, list(whole(1), text('a'))));
  yield sample('benign arrays', 'npy of objects', 'a.npy', objects);
  const estimator = pickle(
    4,
    made(4, 'sklearn.linear_model._base', 'LinearRegression', dict({ coef_: array(4, [1]) })),
  );
  const packed: Record<string, readonly [string, Uint8Array]> = {
    tar: [
      'a.tar',
      tar([
        { name: 'model.pkl', content: estimator },
        { name: 'folder/', type: '5' },
      ]),
    ],
    'tar.gz': ['a.tar.gz', gzipSync(tar([{ name: 'model.pkl', content: estimator }]))],
    '7z': ['a.7z', sevenZip([{ name: 'model.pkl', content: estimator }])],
    '7z of LZMA2': [
      'a.7z',
      sevenZip(
        [
          { name: 'a.txt', content: Buffer.from('a') },
          { name: 'model.pkl', content: estimator },
        ],
        { coder: 'lzma2' },
      ),
    ],
    xz: ['model.pkl.xz', xz(estimator)],
    lz4: ['model.pkl.lz4', lz4(estimator)],
    'zip in zip': [
      'a.zip',
      zip([{ name: 'b.zip', content: zip([{ name: 'model.pkl', content: estimator, method: 8 }]) }]),
    ],
    'a link within': [
      'a.zip',
      zip([
        { name: 'd/x', content: Buffer.from('y'), mode: 0o120777 },
        { name: 'd/y', content: Buffer.from('y') },
      ]),
    ],
  };
  for (const [what, [file, content]] of Object.entries(packed))
    yield sample('benign containers', what, file, content);
  const documents: Record<string, readonly [string, Uint8Array]> = {
    config: ['config.json', json({ model_type: 'bert', architectures: ['BertModel'], hidden_size: 8 })],
    'generation config': ['generation_config.json', json({ do_sample: true, eos_token_id: 2 })],
    tokenizer: [
      'tokenizer.json',
      json({ version: '1.0', model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }),
    ],
    index: [
      'model.safetensors.index.json',
      json({ metadata: {}, weight_map: { a: 'model-00001-of-00002.safetensors' } }),
    ],
    adapter: [
      'adapter_config.json',
      json({
        peft_type: 'LORA',
        auto_mapping: {
          base_model_class: 'BertModel',
          parent_library: 'transformers.models.bert.modeling_bert',
        },
      }),
    ],
    diffusers: [
      'model_index.json',
      json({
        _class_name: 'StableDiffusionPipeline',
        unet: ['diffusers', 'UNet2DConditionModel'],
        text_encoder: ['transformers', 'CLIPTextModel'],
      }),
    ],
    sentences: [
      'modules.json',
      json([
        { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
        { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      ]),
    ],
    requirements: ['requirements.txt', Buffer.from('numpy==2.4.6\nscikit-learn>=1.5\n')],
    conda: [
      'conda.yaml',
      Buffer.from(
        'channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip:\n  - scikit-learn==1.9.1\n',
      ),
    ],
    MLmodel: [
      'MLmodel',
      Buffer.from(
        'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n  sklearn:\n    pickled_model: model.pkl\n',
      ),
    ],
    hydra: ['config.yaml', Buffer.from('optimizer:\n  _target_: torch.optim.Adam\n  lr: 0.001\n')],
    readme: ['README.md', Buffer.from('# A model\n\nIt was trained on text.\n')],
    notebook: [
      'x.ipynb',
      json({ nbformat: 4, cells: [{ cell_type: 'code', source: ['import numpy as np\n'], outputs: [] }] }),
    ],
    python: ['modeling.py', Buffer.from('import torch\n\nclass Model(torch.nn.Module):\n    pass\n')],
    lightgbm: ['model.txt', Buffer.from('tree\nversion=v4\nnum_class=1\n')],
    pmml: [
      'model.pmml',
      Buffer.from(
        '<?xml version="1.0"?><PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><TreeModel/></PMML>',
      ),
    ],
    openvino: [
      'model.xml',
      Buffer.from(
        '<?xml version="1.0"?><net name="x" version="11"><layers><layer id="0" name="a" type="Parameter" version="opset1"/></layers></net>',
      ),
    ],
    rds: ['model.rds', gzipSync(rds(rList(rNumbers(1, 2, 3), rNumbers(4)), 3))],
    csv: ['data.csv', Buffer.from('count,value\n1,2\n')],
    'text that begins like a name': ['notes.txt', Buffer.from('count\nvalue\nother\n')],
    skops: [
      'model.skops',
      zip([
        {
          name: 'schema.json',
          content: json({
            __class__: 'LogisticRegression',
            __module__: 'sklearn.linear_model._logistic',
            __loader__: 'ObjectNode',
            content: {},
          }),
        },
      ]),
    ],
    flax: ['model.msgpack', Buffer.from('81a6706172616d7381a16bc70301930100', 'hex')],
  };
  for (const [what, [file, content]] of Object.entries(documents))
    yield sample('benign documents', what, file, content);
}

/** Files as libraries write them: nothing in them does harm. */
export async function* benignSamples(): AsyncGenerator<Sample> {
  yield* estimators();
  yield* plain();
  yield* torch();
  yield* graphs();
  yield* kerasModels();
  yield* others();
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { field, onnxExternal, onnxModel, onnxNode, savedModel, tfGraph, tfNode } from './corpus/graphs.ts';

const verdictOf = async (name: string, content: string | Uint8Array): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;
const inSavedModel = (...nodes: readonly Uint8Array[]): Promise<string> =>
  verdictOf('saved_model.pb', savedModel(tfGraph(nodes)));

describe('an operator of TensorFlow', () => {
  it('that does not come with it is for a person to see, as are those that read words from a file or print', async () => {
    for (const operator of [
      'MyUnknownOp',
      'Addons>GeluOp',
      'SentencepieceOp',
      'InitializeTableFromTextFile',
      'InitializeTableFromTextFileV2',
      'Print',
      'PrintV2',
    ]) {
      assert.equal(await inSavedModel(tfNode('a', operator, 'b')), 'review', operator);
      assert.equal(
        await verdictOf('graph.pbtxt', `node { name: "a" op: "${operator}" }`),
        'review',
        operator,
      );
    }
    for (const operator of ['ReadFile', 'WriteFile', 'EagerPyFunc'])
      assert.equal(await inSavedModel(tfNode('a', operator)), 'malicious', operator);
  });

  it('that comes with it, or is a function of the graph, is clean', async () => {
    const common =
      'Add AddV2 AddN ArgMax Assign AssignVariableOp BatchMatMulV2 BatchToSpaceND BiasAdd Cast ConcatV2 Const Conv2D Cumsum ' +
      'DepthwiseConv2dNative Einsum Elu Enter Equal Erf Exit Exp ExpandDims Fill Floor FusedBatchNormV3 GatherV2 GatherNd Greater ' +
      'HashTableV2 Identity IdentityN If IteratorGetNext LeakyRelu LookupTableFindV2 LoopCond MatMul Max MaxPool Mean Merge Mul ' +
      'MutableHashTableV2 Neg NextIteration NoOp NonMaxSuppressionV5 OneHot Pack Pad PadV2 ParseExampleV2 PartitionedCall Placeholder ' +
      'Pow Prod RandomUniform Range Rank ReadVariableOp RealDiv Relu Relu6 Reshape ResizeBilinear ReverseV2 Rsqrt Select SelectV2 Shape ' +
      'ShardedFilename Sigmoid Slice Softmax Softplus SpaceToBatchND Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall ' +
      'StaticRegexFullMatch StatelessIf StatelessWhile StopGradient StridedSlice StringJoin StringSplitV2 Sub Sum Switch Tanh TensorListStack ' +
      'TensorArrayV3 Tile TopKV2 Transpose Unpack VarHandleOp VariableV2 Where While ZerosLike DecodeJpeg MapDataset RaggedTensorToTensor ' +
      'LogSoftmax Minimum Maximum BroadcastTo Bincount Atan2 Angle Complex FFT Round Selu InTopKV2 L2Loss LRN CTCGreedyDecoder Unique';
    for (const operator of common.split(' '))
      assert.equal(await inSavedModel(tfNode('a', operator)), 'clean', operator);
    const graph = tfGraph([tfNode('a', 'f')], [[tfNode('b', 'AddV2')]]);
    assert.equal(await verdictOf('saved_model.pb', savedModel(graph)), 'clean');
    const text = 'library { function { signature { name: "mine" } } }\nnode { name: "a" op: "mine" }';
    assert.equal(await verdictOf('graph.pbtxt', text), 'clean');
    assert.equal(
      await verdictOf('graph.pbtxt', text.replaceAll('mine', 'ReadFile')),
      'malicious',
      'a function may not take the name of what TensorFlow has',
    );
  });
});

const FORMS = ['x.pbtxt', 'x.textproto', 'x.prototxt', 'x.onnxtxt'];
const asText = (node: string, entry = 'key: "location" value: "w.bin"'): string =>
  `ir_version: 8\ngraph {\n  node { input: "a" ${node} }\n  initializer { external_data { ${entry} } }\n}\n`;

describe('ONNX', () => {
  it('as text is what it is as bytes', async () => {
    for (const name of FORMS) {
      assert.equal(await verdictOf(name, asText('op_type: "Add"')), 'clean', name);
      assert.equal(await verdictOf(name, asText('op_type: "PyOp" domain: "x"')), 'malicious', name);
      assert.equal(await verdictOf(name, asText('op_type: "A" domain: "evil"')), 'suspicious', name);
      for (const entry of [
        'key: "location" value: "../../etc/passwd"',
        'value: "/etc/passwd" key: "location"',
        'value: "/etc/passwd", key: \'loc\' "ation"',
      ])
        assert.equal(await verdictOf(name, asText('op_type: "Add"', entry)), 'malicious', entry);
      assert.equal(
        await verdictOf(name, asText('op_type: "Add"', 'key: "__class__" value: "x"')),
        'suspicious',
      );
    }
  });

  it('as JSON too', async () => {
    const model = (node: object, externalData: readonly object[]): string =>
      JSON.stringify({
        irVersion: '8',
        graph: { node: [node], initializer: [{ dims: ['1'], dataType: 1, externalData }] },
      });
    const location = (value: string) => [{ key: 'location', value }];
    for (const name of ['x.json', 'x.onnxjson']) {
      assert.equal(await verdictOf(name, model({ opType: 'Add' }, location('w.bin'))), 'clean');
      assert.equal(await verdictOf(name, model({ opType: 'PyOp', domain: 'x' }, [])), 'malicious');
      assert.equal(await verdictOf(name, model({ opType: 'A', domain: 'evil' }, [])), 'suspicious');
      assert.equal(await verdictOf(name, model({ opType: 'Add' }, location('/etc/passwd'))), 'malicious');
    }
  });

  it('says of external data nothing but where it lies, within what memory can hold', async () => {
    const external = (more: Readonly<Record<string, string>>): Promise<string> =>
      verdictOf('m.onnx', onnxModel([onnxNode('Add')], [onnxExternal('w.bin', more)]));
    assert.equal(await external({ offset: '4096', length: '8000000000', checksum: 'ab' }), 'clean');
    assert.equal(await external({ __class__: 'x' }), 'suspicious');
    assert.equal(await external({ basepath: '/etc' }), 'malicious');
    assert.equal(await external({ length: '100000000000000' }), 'suspicious');
  });
});

it('a layer of Keras whose name is a folder elsewhere is malicious (CVE-2026-12479)', async () => {
  const model = (name: string, inner = name): string =>
    JSON.stringify({
      class_name: 'Functional',
      module: 'keras',
      registered_name: 'Functional',
      config: {
        name: 'm',
        layers: [{ class_name: 'Dense', module: 'keras.layers', name, config: { name: inner, units: 1 } }],
      },
    });
  for (const name of ['..', '../x', 'a/../../b', '/etc', 'C:\\x', '..\\x'])
    for (const text of [model(name), model('dense', name), model(name, 'dense')])
      assert.equal(await verdictOf('config.json', text), 'malicious', name);
  for (const name of ['dense', 'block/conv_1', 'a..b', '...'])
    assert.equal(await verdictOf('config.json', model(name)), 'clean', name);
});

it('templates are read under every name by which they are kept', async () => {
  const evil = "{{ ''.__class__.__mro__[1].__subclasses__() }}";
  for (const name of ['a.template', 'a.tmpl', 'a.tpl', 'template', 'Modelfile', 'chat_template'])
    for (const text of [evil, "{% set x = ''|attr('\\x5f\\x5fclass\\x5f\\x5f') %}{{ x }}"])
      assert.equal(await verdictOf(name, text), 'malicious', `${name} ${text}`);
  for (const text of [
    `chat_template = "${evil}"\n`,
    `[model]\nchat-template = """${evil}"""\n`,
    `chat_template = "${evil.replaceAll('_', '\\u005f')}"\n`,
  ])
    assert.equal(await verdictOf('config.toml', text), 'malicious', text);
  const go =
    '{{ if .System }}<|system|>{{ .System | quote }}{{ end }}{{ range .Messages }}{{ .Content }}{{ end }}';
  for (const name of ['a.tmpl', 'a.tpl', 'Modelfile', 'template'])
    assert.ok(['clean', 'unrecognised'].includes(await verdictOf(name, go)), name);
});

describe('a graph within the texts of a graph', () => {
  const attribute = (key: string, value: Uint8Array): Buffer =>
    field(5, Buffer.concat([field(1, key), field(2, value)]));
  const tensor = (...texts: readonly Uint8Array[]): Buffer =>
    field(8, Buffer.concat([field(1, 7), ...texts.map((text) => field(8, text))]));
  const constant = (name: string, ...texts: readonly Uint8Array[]): Buffer =>
    Buffer.concat([tfNode(name, 'Const'), attribute('value', tensor(...texts))]);
  const harmful = tfGraph([tfNode('w', 'WriteFile', 'a', 'b')]);
  const harmless = tfGraph([tfNode('w', 'AddV2', 'a', 'b')]);

  it('is judged as one, wherever it stands', async () => {
    const content = Buffer.concat([Buffer.from([3, harmful.length]), Buffer.from('abc'), harmful]);
    const packed = Buffer.concat([
      tfNode('c', 'Const'),
      attribute('value', field(8, Buffer.concat([field(4, content), field(1, 7)]))),
    ]);
    const inCall = Buffer.concat([
      tfNode('c', 'PartitionedCall'),
      attribute(
        'f',
        field(
          10,
          Buffer.concat([field(1, 'f'), field(2, Buffer.concat([field(1, 'v'), field(2, tensor(harmful))]))]),
        ),
      ),
    ]);
    const half = Math.floor(harmful.length / 2);
    const joined = (operator: string, ...inputs: readonly string[]): Buffer[] => [
      constant('a', harmful.subarray(0, half)),
      constant('b', harmful.subarray(half)),
      tfNode('i', 'Identity', 'b'),
      tfNode('j', operator, ...inputs),
    ];
    const cases: Readonly<Record<string, readonly Buffer[]>> = {
      'a constant': [constant('c', harmful)],
      'one of several': [constant('c', Buffer.from('a word'), harmful)],
      'in a graph in a graph': [constant('c', tfGraph([constant('c', harmful)]))],
      'in its functions': [constant('c', tfGraph([tfNode('a', 'f')], [[tfNode('w', 'ReadFile')]]))],
      'as content': [packed],
      'an attribute': [Buffer.concat([tfNode('c', 'Identity'), attribute('x', field(2, harmful))])],
      'a list': [Buffer.concat([tfNode('c', 'Identity'), attribute('x', field(1, field(2, harmful)))])],
      'what a call is given': [inCall],
      'two that are joined': joined('StringJoin', 'a:0', 'i:0'),
      'a row that is joined': [
        constant('c', harmful.subarray(0, half), harmful.subarray(half)),
        tfNode('j', 'ReduceJoin', 'c'),
      ],
      'in base64': [
        constant('c', Buffer.from(harmful.toString('base64url'))),
        tfNode('d', 'DecodeBase64', 'c'),
      ],
    };
    for (const [name, nodes] of Object.entries(cases)) {
      assert.equal(await inSavedModel(...nodes), 'malicious', name);
      assert.equal(await verdictOf('saved_model.pb', savedModel(tfGraph([], [nodes]))), 'malicious', name);
    }
    const octal = [...harmful].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    const node = `node { name: "a" op: "Const" attr { key: "value" value { tensor { dtype: DT_STRING string_val: "${octal}" } } } }`;
    assert.equal(await verdictOf('graph.pbtxt', node), 'malicious');
    let deep = harmful;
    for (let depth = 0; depth < 12; depth++) deep = tfGraph([constant('c', deep)]);
    assert.equal(await inSavedModel(constant('c', deep)), 'incomplete');
  });

  it('and is clean where that graph is, as are texts of any other kind', async () => {
    assert.equal(await inSavedModel(constant('c', harmless)), 'clean');
    const words = [
      'WriteFile',
      '\nWriteFile',
      '\n\x12WriteFile',
      'a\nb\x12',
      '日本語のテキストです',
      '{"name": "ReadFile"}',
    ];
    assert.equal(await inSavedModel(constant('c', ...words.map((word) => Buffer.from(word)))), 'clean');
    assert.equal(
      await inSavedModel(
        constant('a', Buffer.from('ab')),
        tfNode('j', 'StringJoin', 'a', 'j'),
        tfNode('k', 'StringJoin', 'j', 'j'),
      ),
      'clean',
    );
    const many = Buffer.concat(Array.from({ length: 200_000 }, (_, at) => field(8, `word\n\x12 ${at} 日本`)));
    const vocabulary = Buffer.concat([tfNode('c', 'Const'), attribute('value', field(8, many))]);
    const before = performance.now();
    assert.equal(await inSavedModel(vocabulary), 'clean');
    assert.ok(performance.now() - before < 20_000);
  });

  it('that is made out of data is never clean', async () => {
    for (const operator of ['DatasetFromGraph', 'MlirPassthroughOp', 'RemoteFusedGraphExecute']) {
      assert.equal(await inSavedModel(tfNode('a', operator, 'b')), 'suspicious', operator);
      assert.equal(
        await verdictOf('x.pbtxt', `node { name: "a" op: "${operator}" }`),
        'suspicious',
        operator,
      );
    }
    assert.equal(await inSavedModel(tfNode('a', 'DatasetToGraphV2', 'b')), 'clean');
  });
});

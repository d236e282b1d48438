import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { onnxExternal, onnxModel, onnxNode, savedModel, tfGraph, tfNode } from './corpus/graphs.ts';

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

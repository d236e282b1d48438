import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (name: string, content: string): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;
const saved = (node: string): string =>
  `saved_model_schema_version: 1\nmeta_graphs {\n  graph_def {\n    node { name: "f" op: "Const" }\n    ${node}\n  }\n}\n`;

it('graphs of TensorFlow in their form as text are read', async () => {
  for (const name of ['saved_model.pbtxt', 'graph.pbtxt', 'graph.prototxt']) {
    assert.equal(await verdictOf(name, saved('node { name: "a" op: "AddV2" input: "f" }')), 'clean');
    for (const node of [
      'node { name: "r" op: "ReadFile" input: "f" }',
      "node { op: 'WriteFile' }",
      'node < op : "Py" \'Func\' >',
      'node { op: # the name\n "\\x50yFunc" }',
      'node { op: "Read\\106ile" }',
    ])
      assert.equal(await verdictOf(name, saved(node)), 'malicious', node);
    for (const node of ['# node { op: "ReadFile" }', 'node { name: "op: \\"ReadFile\\"" op: "NoOp" }'])
      assert.equal(await verdictOf(name, saved(node)), 'clean', node);
  }
  assert.equal(await verdictOf('config.pbtxt', 'name: "x"\nplatform: "onnxruntime_onnx"\n'), 'unrecognised');
});

it('behind comments of any length, as other formats that are told by their words', async () => {
  const comments = '# a comment\n'.repeat(1000);
  assert.equal(await verdictOf('graph.pbtxt', `${comments}node { name: "a" op: "PyFunc" }\n`), 'malicious');
  const before = `<?xml version="1.0"?><!--${' a comment'.repeat(1000)}-->`;
  const layer = '<layer id="0" type="A" version="custom"/>';
  assert.equal(
    await verdictOf('model.xml', `${before}<net name="x" version="11">${layer}</net>`),
    'suspicious',
  );
  const apply = '<PMML version="4.4"><Apply function="java.lang.Runtime"/></PMML>';
  for (const name of ['model.xml', 'model.pmml'])
    assert.equal(await verdictOf(name, before + apply), 'suspicious', name);
});

it('and layers of Caffe that are Python', async () => {
  const layer = 'layer { name: "a" type: "Python" python_param { module: "pyloss" layer: "L" } }';
  assert.equal(await verdictOf('deploy.prototxt', layer), 'suspicious');
  assert.equal(await verdictOf('deploy.prototxt', 'layer { name: "a" type: "ReLU" top: "b" }'), 'clean');
});

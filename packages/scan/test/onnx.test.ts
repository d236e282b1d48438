import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { field, onnxExternal, onnxModel, onnxNode } from './corpus/graphs.ts';

const message = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const told = async (content: Uint8Array): Promise<string> => {
  const { verdict, detections } = await scanSource('model.onnx', new BytesSource(content));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};
const sparse = (values: Uint8Array): Buffer => message(field(1, values), field(3, 1));
const constant = (...parts: readonly Uint8Array[]): Buffer =>
  onnxNode('Constant', '', [message(field(1, 'value'), ...parts)]);
const relu = onnxNode('Relu');

/** Every place of `onnx.proto` where a tensor may stand. */
const PLACES: Readonly<Record<string, (tensor: Uint8Array) => Buffer>> = {
  initializer: (tensor) => onnxModel([relu], [tensor]),
  'sparse initializer': (tensor) => model(field(15, sparse(tensor))),
  'indices of a sparse initializer': (tensor) => model(field(15, message(field(2, tensor), field(3, 1)))),
  attribute: (tensor) => onnxModel([constant(field(5, tensor))]),
  'attribute of several': (tensor) => onnxModel([constant(field(10, tensor))]),
  'sparse attribute': (tensor) => onnxModel([constant(field(22, sparse(tensor)))]),
  'sparse attribute of several': (tensor) => onnxModel([constant(field(23, sparse(tensor)))]),
  'graph in an attribute': (tensor) => onnxModel([constant(field(6, message(field(5, tensor))))]),
  'graphs in an attribute': (tensor) => onnxModel([constant(field(11, message(field(15, sparse(tensor)))))]),
  'node of a function': (tensor) => onnxModel([relu], [], [message(field(7, constant(field(5, tensor))))]),
  'default of a function': (tensor) =>
    onnxModel([relu], [], [message(field(11, message(field(1, 'a'), field(5, tensor))))]),
  'start of a training': (tensor) =>
    message(onnxModel([relu]), field(20, message(field(1, message(field(5, tensor)))))),
  'step of a training': (tensor) =>
    message(onnxModel([relu]), field(20, message(field(2, message(field(15, sparse(tensor))))))),
};
const model = (part: Uint8Array): Buffer =>
  message(
    field(1, 8),
    field(7, message(field(1, relu), part)),
    field(8, message(field(1, ''), field(2, 17))),
  );

describe('ONNX', () => {
  for (const [where, at] of Object.entries(PLACES))
    it(`keeps no tensor outside its folder: ${where}`, async () => {
      assert.equal(await told(at(onnxExternal('weights.bin'))), 'clean');
      assert.equal(await told(at(onnxExternal('../../etc/shadow'))), 'malicious path-traversal');
      assert.match(
        await told(at(onnxExternal('*/_ORT_MEM_ADDR_/*', { offset: '4096' }))),
        /header-arithmetic/,
      );
    });

  it('needs a library for what no function of its own is, whatever domain that has', async () => {
    const own = message(field(1, 'F'), field(7, relu), field(10, 'own'));
    const uses = (...operators: readonly string[]): Buffer =>
      onnxModel(
        operators.map((one) => onnxNode(one, 'own')),
        [],
        [own],
      );
    assert.equal(await told(uses('F')), 'clean');
    assert.equal(await told(uses('F', 'G')), 'suspicious custom-operator');
    assert.equal(
      await told(message(uses('F'), field(25, message(field(10, 'b'), field(1, 'F'), field(7, relu))))),
      'clean',
    );
  });

  it('says where it holds compiled code, and from where it takes it', async () => {
    const context = (content: string, mode: number): Buffer =>
      onnxModel([
        onnxNode('EPContext', 'com.microsoft', [
          message(field(1, 'ep_cache_context'), field(4, content), field(20, 3)),
          message(field(1, 'embed_mode'), field(3, mode), field(20, 2)),
        ]),
      ]);
    assert.equal(await told(context('ptrt\0\0', 1)), 'review opaque-engine');
    assert.equal(await told(context('engine.bin', 0)), 'review opaque-engine');
    assert.equal(await told(context('../engine.bin', 0)), 'malicious opaque-engine path-traversal');
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { little } from './corpus/assembler.ts';
import { field } from './corpus/graphs.ts';

/** A value in a flatbuffer: a number in its field, a text or bytes, a table by its fields, or a list of tables. */
type Value = number | string | Buffer | readonly (Value | null)[] | { readonly list: readonly Value[] };

/** Puts a value behind what is there, and what it leads to behind it (FlatBuffers, "Internals"). @returns where it lies */
function put(out: Buffer[], value: Exclude<Value, number>): number {
  const size = (): number => out.reduce((sum, { length }) => sum + length, 0);
  const align = (): void => void out.push(Buffer.alloc((4 - (size() % 4)) % 4));
  align();
  if (typeof value === 'string' || Buffer.isBuffer(value)) {
    const bytes = Buffer.from(value);
    const at = size();
    out.push(Buffer.concat([little(bytes.length, 4), bytes, Buffer.alloc(1)]));
    return at;
  }
  const isList = 'list' in value;
  const parts: readonly (Value | null)[] = isList ? value.list : value;
  if (!isList) {
    const places = parts.map((part, i) => little(part === null ? 0 : 4 + 4 * i, 2));
    out.push(Buffer.concat([little(4 + 2 * parts.length, 2), little(4 + 4 * parts.length, 2), ...places]));
    align();
  }
  const at = size();
  const vtable = 4 + 2 * parts.length;
  const own = Buffer.alloc(4 + 4 * parts.length);
  if (isList) own.writeUInt32LE(parts.length);
  else own.writeInt32LE(vtable + ((4 - (vtable % 4)) % 4));
  out.push(own);
  for (const [i, part] of parts.entries())
    if (typeof part === 'number') own.writeInt32LE(part, 4 + 4 * i);
    else if (part !== null) own.writeUInt32LE(put(out, part) - at - 4 - 4 * i, 4 + 4 * i);
  return at;
}

const CUSTOM = 32;
/** A model of one graph: operators by the names of their codes, each with what it is told. */
function model(...operators: readonly { code: string; options?: Buffer }[]): Buffer {
  const codes = operators.map(({ code }) => [CUSTOM, code, 1, CUSTOM]);
  const nodes = operators.map(({ options }, index) => [index, null, null, null, null, options ?? null]);
  const head = Buffer.from('\0\0\0\0TFL3', 'latin1');
  const out = [head];
  head.writeUInt32LE(put(out, [3, { list: codes }, { list: [[{ list: [] }, null, null, { list: nodes }]] }]));
  return Buffer.concat(out);
}
/** What the converter writes: the name of the operator, and its node. */
const node = (operator: string): Buffer =>
  Buffer.concat([
    Buffer.from(`${operator}\0`),
    field(1, 'model/part'),
    field(2, operator),
    Buffer.from([0x14, 0x02]),
  ]);

const told = async (content: Uint8Array): Promise<string> => {
  const { verdict, detections } = await scanSource('m.tflite', new BytesSource(content));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};

it('an operator of TensorFlow within a model of its small kind is the one whose node it brings', async () => {
  assert.equal(await told(model({ code: 'FlexAddV2', options: node('AddV2') })), 'clean');
  assert.equal(await told(model({ code: 'FlexAddV2' }, { code: 'Mfcc' })), 'clean');
  assert.equal(
    await told(model({ code: 'FlexWriteFile', options: node('WriteFile') })),
    'malicious graph-file',
  );
  for (const [operator, technique] of [
    ['WriteFile', 'graph-file'],
    ['PyFunc', 'python-operator'],
    ['RpcCall', 'graph-network'],
  ] as const)
    for (const operators of [
      [{ code: 'FlexAddV2', options: node(operator) }],
      [
        { code: 'FlexMul', options: node('Mul') },
        { code: 'FlexAddV2', options: node(operator) },
      ],
    ]) {
      const [verdict, ...techniques] = (await told(model(...operators))).split(' ');
      assert.notEqual(verdict, 'clean', operator);
      assert.deepEqual(techniques, [technique], operator);
    }
  // What is no operator of TensorFlow is told what it likes.
  assert.equal(await told(model({ code: 'Mfcc', options: node('WriteFile') })), 'clean');
});

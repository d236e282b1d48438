/** Writes the few ONNX constructs a small network needs, in the protobuf wire format of onnx.proto3 (IR version 8). */

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Buffer | string): Buffer => {
  const content = Buffer.from(value as string);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};

const FLOAT = 1;

/** A tensor of 32-bit floats. */
function tensor(name: string, dims: readonly number[], values: readonly number[]): Buffer {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => void data.writeFloatLE(value, i * 4));
  return Buffer.concat([
    ...dims.map((dim) => number(1, dim)),
    number(2, FLOAT),
    bytes(8, name),
    bytes(9, data),
  ]);
}

const node = (type: string, inputs: readonly string[], output: string): Buffer =>
  Buffer.concat([
    ...inputs.map((input) => bytes(1, input)),
    bytes(2, output),
    bytes(3, output),
    bytes(4, type),
  ]);

/** A matrix of floats whose first dimension is the batch. */
const valueInfo = (name: string, columns: number): Buffer => {
  const shape = Buffer.concat([bytes(1, bytes(2, 'batch')), bytes(1, number(1, columns))]);
  return Buffer.concat([
    bytes(1, name),
    bytes(2, bytes(1, Buffer.concat([number(1, FLOAT), bytes(2, shape)]))),
  ]);
};

/** One dense layer: weights by input, then by output. */
export interface Layer {
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** A network of dense layers, ReLU between them and a sigmoid at the end, as an ONNX file. */
export function encodeNetwork(layers: readonly Layer[], input: string, output: string): Buffer {
  const nodes: Buffer[] = [];
  const tensors: Buffer[] = [];
  let from = input;
  layers.forEach(({ weights, bias }, i) => {
    tensors.push(
      tensor(`w${i}`, [weights.length, bias.length], weights.flat()),
      tensor(`b${i}`, [bias.length], bias),
    );
    nodes.push(node('Gemm', [from, `w${i}`, `b${i}`], `dense${i}`));
    const last = i === layers.length - 1;
    nodes.push(node(last ? 'Sigmoid' : 'Relu', [`dense${i}`], last ? output : `relu${i}`));
    from = `relu${i}`;
  });
  const graph = Buffer.concat([
    ...nodes.map((item) => bytes(1, item)),
    bytes(2, 'lending'),
    ...tensors.map((item) => bytes(5, item)),
    bytes(11, valueInfo(input, layers[0]!.weights.length)),
    bytes(12, valueInfo(output, 1)),
  ]);
  return Buffer.concat([number(1, 8), bytes(2, 'sallyport'), bytes(7, graph), bytes(8, number(2, 17))]);
}

import { little } from './assembler.ts';

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
};

/** A field of a protobuf message: a number, a text, or a message within. */
export const field = (number: number, value: number | string | Uint8Array): Buffer => {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
};
const message = (...fields: readonly Uint8Array[]): Buffer => Buffer.concat(fields);

/** One operator of a TensorFlow graph. */
export const tfNode = (name: string, operator: string, ...inputs: readonly string[]): Buffer =>
  message(field(1, name), field(2, operator), ...inputs.map((input) => field(3, input)));

/** A TensorFlow graph, with functions. */
export const tfGraph = (
  nodes: readonly Uint8Array[],
  functions: readonly (readonly Uint8Array[])[] = [],
): Buffer =>
  message(
    ...nodes.map((node) => field(1, node)),
    ...(functions.length > 0
      ? [
          field(
            2,
            message(
              ...functions.map((own) =>
                field(1, message(field(1, field(1, 'f')), ...own.map((node) => field(3, node)))),
              ),
            ),
          ),
        ]
      : []),
  );

/** A SavedModel of one graph. */
export const savedModel = (graph: Uint8Array, ...more: readonly Uint8Array[]): Buffer =>
  message(field(1, 1), field(2, message(field(1, field(4, 'serve')), field(2, graph), ...more)));

/** Objects of a SavedModel, each with what Keras up to 2.4 said of it there. */
export const savedObjects = (...metadata: readonly string[]): Buffer =>
  field(
    7,
    message(
      ...metadata.map((one) =>
        field(1, field(4, message(field(1, '_tf_keras_layer'), field(2, field(1, 1)), field(3, one)))),
      ),
    ),
  );

/** An ONNX operator. */
export const onnxNode = (operator: string, domain = '', attributes: readonly Uint8Array[] = []): Buffer =>
  message(
    field(1, 'x'),
    field(2, 'y'),
    field(4, operator),
    ...attributes.map((one) => field(5, one)),
    ...(domain === '' ? [] : [field(7, domain)]),
  );

/** A tensor whose content lies in another file. */
export const onnxExternal = (location: string, more: Readonly<Record<string, string>> = {}): Buffer =>
  message(
    field(1, 4),
    field(2, 1),
    field(8, 'w'),
    ...Object.entries({ location, ...more }).map(([key, value]) =>
      field(13, message(field(1, key), field(2, value))),
    ),
    field(14, 1),
  );

/** An ONNX model. */
export const onnxModel = (
  nodes: readonly Uint8Array[],
  tensors: readonly Uint8Array[] = [],
  functions: readonly Uint8Array[] = [],
): Buffer =>
  message(
    field(1, 8),
    field(2, 'corpus'),
    field(
      7,
      message(...nodes.map((node) => field(1, node)), field(2, 'g'), ...tensors.map((one) => field(5, one))),
    ),
    field(8, message(field(1, ''), field(2, 17))),
    ...functions.map((one) => field(25, one)),
  );

/** A value of GGUF metadata: a type and its bytes. */
export type GgufValue = readonly [number, Uint8Array];
const ggufText = (value: string): Buffer =>
  Buffer.concat([little(Buffer.byteLength(value), 8), Buffer.from(value)]);
/** A text value. */
export const ggufString = (value: string): GgufValue => [8, ggufText(value)];
/** A whole number of 32 bits. */
export const ggufWhole = (value: number): GgufValue => [4, little(value, 4)];
/** A list of texts. */
export const ggufTexts = (values: readonly string[]): GgufValue => [
  9,
  Buffer.concat([little(8, 4), little(values.length, 8), ...values.map(ggufText)]),
];

/** A tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  readonly dimensions: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset?: number | bigint;
  readonly dimensionCount?: number;
}

const long = (value: number | bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
};

/** A GGUF file (ggml `docs/gguf.md`), with whatever its header shall say. */
export function gguf(
  values: readonly (readonly [string, GgufValue])[],
  tensors: readonly GgufTensor[] = [],
  { version = 3, counts = null as readonly (number | bigint)[] | null, dataBytes = 4096 } = {},
): Buffer {
  const [tensorCount, valueCount] = counts ?? [tensors.length, values.length];
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    little(version, 4),
    long(tensorCount!),
    long(valueCount!),
    ...values.map(([key, [type, value]]) => Buffer.concat([ggufText(key), little(type, 4), value])),
    ...tensors.map(({ name, dimensions, type = 0, offset = 0, dimensionCount }) =>
      Buffer.concat([
        ggufText(name),
        little(dimensionCount ?? dimensions.length, 4),
        ...dimensions.map(long),
        little(type, 4),
        long(offset),
      ]),
    ),
  ]);
  return Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), Buffer.alloc(dataBytes)]);
}

/** A safetensors file: a header as text or as an object, and data. */
export function safetensors(
  header: string | object,
  data: Uint8Array = new Uint8Array(0),
  headerBytes: number | null = null,
): Buffer {
  const content = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return Buffer.concat([long(headerBytes ?? content.length), content, data]);
}

const xdr = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
};
/** A name in R's serialization. */
export const rSymbol = (name: string): Buffer =>
  Buffer.concat([xdr(1), xdr(0x40009), xdr(name.length), Buffer.from(name)]);
/** A call in R's serialization. */
export const rCall = (name: string, argument: string): Buffer =>
  Buffer.concat([
    xdr(6),
    rSymbol(name),
    xdr(2),
    xdr(16),
    xdr(1),
    xdr(0x40009),
    xdr(argument.length),
    Buffer.from(argument),
    xdr(254),
  ]);
/** A promise: an expression that is run when it is looked at. */
export const rPromise = (expression: Uint8Array): Buffer => Buffer.concat([xdr(5), xdr(251), expression]);
/** A list. */
export const rList = (...items: readonly Uint8Array[]): Buffer =>
  Buffer.concat([xdr(19), xdr(items.length), ...items]);
/** Numbers. */
export const rNumbers = (...values: readonly number[]): Buffer =>
  Buffer.concat([
    xdr(14),
    xdr(values.length),
    ...values.map((value) => {
      const out = Buffer.alloc(8);
      out.writeDoubleBE(value);
      return out;
    }),
  ]);
/** An `.rds` file, not compressed (R Internals, "Serialization Formats"). */
export const rds = (item: Uint8Array, version = 2): Buffer =>
  Buffer.concat([
    Buffer.from('X\n'),
    xdr(version),
    xdr(0x00040301),
    xdr(0x00020300),
    ...(version === 3 ? [xdr(5), Buffer.from('UTF-8')] : []),
    item,
  ]);

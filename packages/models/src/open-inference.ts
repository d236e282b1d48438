import { CodedError } from '@sallyport/core';
import { collectTexts, type Dialect, objectBody, type Tensor } from './dialect.ts';
import { sse } from './sse.ts';

const DATATYPES = new Set([
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
]);
const MODEL = '/v2/models/(\\w[\\w.-]{0,127})(?:/versions/\\w[\\w.-]{0,63})?';

/** @param fail called with what is wrong */
function validateTensor(tensor: unknown, fail: (what: string) => never): void {
  if (typeof tensor !== 'object' || tensor === null) fail('must be an object');
  const { name, shape, datatype, data } = tensor as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') fail('`name` is missing');
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && (n as number) >= 0))
    fail('`shape` must be whole numbers');
  if (typeof datatype !== 'string' || !DATATYPES.has(datatype)) fail('`datatype` is unknown');
  if (!Array.isArray(data)) fail('`data` must be a list; the binary extension cannot be inspected');
  const elements = (shape as number[]).reduce((product, n) => product * n, 1);
  const flat = (data as unknown[]).flat(Number.POSITIVE_INFINITY);
  if (flat.length !== elements) fail(`\`data\` holds ${flat.length} values, \`shape\` says ${elements}`);
  const type = datatype === 'BYTES' ? 'string' : datatype === 'BOOL' ? 'boolean' : 'number';
  if (!flat.every((value) => typeof value === type)) fail(`\`data\` must hold values of type ${type}`);
}

/** A validated tensor, flat; its data may be nested as its shape says. */
function readTensor(
  { name, shape, data }: { name: string; shape: number[]; data: unknown[] },
  at: string,
): Tensor {
  const nested = Array.isArray(data[0]);
  return {
    name,
    shape,
    values: nested ? data.flat(Number.POSITIVE_INFINITY) : data,
    pointerOf: (index) => {
      if (!nested) return `${at}/data/${index}`;
      let path = '';
      for (let rest = index, k = shape.length - 1; k >= 0; k--) {
        path = `/${rest % shape[k]!}${path}`;
        rest = Math.floor(rest / shape[k]!);
      }
      return `${at}/data${path}`;
    },
  };
}

/** Tensors that a classifier answers with. @throws CodedError `upstream-invalid` naming the tensor */
export function readOutputTensors(body: unknown): Tensor[] {
  const outputs = (body as { outputs?: unknown } | null)?.outputs;
  const fail = (what: string): never => {
    throw new CodedError('upstream-invalid', what);
  };
  if (!Array.isArray(outputs)) return fail('`outputs` must be a list of tensors');
  return outputs.map((tensor, i) => {
    validateTensor(tensor, (what) => fail(`\`outputs.${i}\`: ${what}`));
    return readTensor(tensor, `/outputs/${i}`);
  });
}

/** Open Inference Protocol v2 over HTTP/REST. Source: github.com/kserve/open-inference-protocol, required API. */
export const openInference: Dialect = {
  name: 'oip',
  framing: sse,
  operations: [
    {
      id: 'infer',
      method: 'POST',
      path: new RegExp(`^${MODEL}/infer$`),
      modelGroup: 1,
      bodyBytesMax: 8 * 1024 * 1024,
    },
    { id: 'model.metadata', method: 'GET', path: new RegExp(`^${MODEL}$`), modelGroup: 1 },
    { id: 'model.ready', method: 'GET', path: new RegExp(`^${MODEL}/ready$`), modelGroup: 1 },
    { id: 'server.metadata', method: 'GET', path: /^\/v2$/ },
    { id: 'server.live', method: 'GET', path: /^\/v2\/health\/(?:live|ready)$/ },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest(_operation, raw) {
    const body = objectBody(raw);
    const inputs = body['inputs'];
    if (!Array.isArray(inputs) || inputs.length === 0)
      throw new CodedError('body-invalid', '`inputs` must be a list of tensors');
    inputs.forEach((tensor, i) =>
      validateTensor(tensor, (what) => {
        throw new CodedError('body-invalid', `\`inputs.${i}\`: ${what}`);
      }),
    );
    const parts = collectTexts(body, () => ({ channel: 'user', system: false, stream: null }));
    const tensors = inputs.map((tensor, i) => readTensor(tensor, `/inputs/${i}`));
    return { model: null, stream: false, parts, attachments: [], tensors, outputTokensMax: 0 };
  },

  readResponse: (_operation, body) =>
    collectTexts(body, () => ({ channel: 'output', system: false, stream: null })),
  readEvent: (_operation, data) =>
    collectTexts(data, () => ({ channel: 'output', system: false, stream: null })),
  toolPieces: () => [],
  usage: () => null,
  modelList: (ids) => JSON.stringify({ models: ids }),
  errorBody: (error) =>
    JSON.stringify({
      error: `sallyport: ${error.message}`,
      code: error.code,
      exchange: error.exchange,
      detectors: error.detectors,
    }),
  errorEvent: (_operation, error) =>
    `data: ${JSON.stringify({ error: `sallyport: ${error.message}`, code: error.code })}\n\n`,
};

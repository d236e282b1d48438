import { isWholeIn, NUMBER_LIMITS } from '@sallyport/core';
import type { Tensor } from './dialect.ts';

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
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
]);

/** Whether a value is a tensor as the protocol has it. @param fail called with what is wrong */
export function validateTensor(tensor: unknown, fail: (what: string) => never): void {
  if (typeof tensor !== 'object' || tensor === null) fail('must be an object');
  const { name, shape, datatype, data } = tensor as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') fail('`name` is missing');
  if (!Array.isArray(shape) || !shape.every((n) => isWholeIn(n, 0, NUMBER_LIMITS.sideMax)))
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
export function readTensor(
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

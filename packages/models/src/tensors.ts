import { isWholeIn, NUMBER_LIMITS, tableOf } from '@sallyport/core';
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

/** Whether lists stand within lists as a shape says, and values only in the innermost. */
function isNested(list: unknown, shape: readonly number[], depth: number): boolean {
  if (!Array.isArray(list)) return depth === shape.length;
  return list.length === shape[depth] && list.every((one) => isNested(one, shape, depth + 1));
}

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
  const nested = (data as unknown[]).some(Array.isArray);
  const flat = nested ? (data as unknown[]).flat(Number.POSITIVE_INFINITY) : (data as unknown[]);
  if (flat.length !== elements) fail(`\`data\` holds ${flat.length} values, \`shape\` says ${elements}`);
  // A value within a list of its own is another place for each reader.
  if (nested && !isNested(data, shape as number[], 0))
    fail('`data` must be one flat list, or lists within lists exactly as `shape` says');
  const type = datatype === 'BYTES' ? 'string' : datatype === 'BOOL' ? 'boolean' : 'number';
  if (!flat.every((value) => typeof value === type)) fail(`\`data\` must hold values of type ${type}`);
}

/** Whole numbers that a type holds, first and last; those of 64 bits as exactly as JSON readers have them. */
const WHOLE: Readonly<Record<string, readonly [number, number]>> = tableOf({
  INT8: [-128, 127],
  UINT8: [0, 255],
  INT16: [-32_768, 32_767],
  UINT16: [0, 65_535],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT32: [0, 4_294_967_295],
  INT64: [-(2 ** 63), 2 ** 63],
  UINT64: [0, 2 ** 64],
});
/** Numbers from which on a type with a fraction has none, as it rounds them. */
const INFINITE: Readonly<Record<string, number>> = tableOf({
  FP16: 65_520,
  BF16: 3.396e38,
  FP32: 3.402_823_6e38,
});

/**
 * Refuses numbers that their type does not hold: a system makes others of them, or none, than were judged here.
 * @param fail called with what is wrong
 */
export function checkValues(
  { datatype }: { datatype: string },
  values: readonly unknown[],
  fail: (what: string) => never,
): void {
  const whole = WHOLE[datatype];
  const infinite = INFINITE[datatype] ?? Number.POSITIVE_INFINITY;
  for (const [n, value] of values.entries()) {
    if (typeof value !== 'number') return;
    const fits = whole
      ? Number.isInteger(value) && value >= whole[0] && value <= whole[1]
      : Math.abs(value) < infinite;
    if (!fits) fail(`value ${n} of \`data\` is none that ${datatype} holds`);
  }
}

/** Refuses two tensors of one name: readers take one or the other. @param fail called with what is wrong */
export function checkNames(
  tensors: readonly { name: string }[],
  fail: (n: number, what: string) => never,
): void {
  const names = new Set<string>();
  for (const [n, { name }] of tensors.entries())
    if (names.size === names.add(name).size) fail(n, 'another tensor has the same `name`');
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

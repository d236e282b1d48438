import type { ByteSource } from '../bytes/byte-source.ts';
import type { Literals } from './literals.ts';
import { elementOf } from './numpy-types.ts';
import { GlobalName, isOpaque, Made, NONE, type Value } from './value.ts';

/**
 * How many bytes behind `BUILD` joblib reads as the array that the wrapper describes (`joblib/numpy_pickle.py`,
 * `NumpyArrayWrapper.read_array`): padding, then elements, or a pickle of its own where they are objects.
 * @param state all that the wrapper is set to, `null` where that is not known
 * @param nested runs a pickle at an offset and says how long it is, or `null` when it does not end
 * @returns 0 where the target is no such wrapper, `null` where it cannot be told
 */
export function arrayAfter(
  source: ByteSource,
  target: Made,
  state: ReadonlyMap<string, Value> | null,
  next: number,
  literals: Literals,
  nested: (offset: number) => number | null,
): number | null {
  if (!(target.of instanceof GlobalName) || target.of.name !== 'NumpyArrayWrapper') return 0;
  // joblib puts the array in the place of the wrapper, and keeps the wrapper in the memo.
  const shape = state?.get('shape');
  if (!state || shape === undefined || target.states > 1) return null;
  const element = elementOf(state.get('dtype'), literals);
  const sizes = literals.itemsOf(shape);
  if (!element || !sizes) return null;
  if (element.objects) return nested(next);
  let bytes = element.bytes;
  for (const size of sizes) {
    const whole = literals.whole(size);
    if (whole === null || whole < 0) return null;
    bytes *= whole;
  }
  const alignment = state.get('numpy_array_alignment_bytes') ?? NONE;
  if (isOpaque(alignment) || alignment instanceof Made || !Number.isSafeInteger(bytes)) return null;
  const padding = alignment === NONE ? 0 : 1 + (source.read(next, 1)[0] ?? 0);
  return padding + bytes;
}

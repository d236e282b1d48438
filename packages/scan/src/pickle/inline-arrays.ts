import type { ByteSource } from '../bytes/byte-source.ts';
import type { Literals } from './literals.ts';
import { ATOM, GlobalName, Made, Tuple, type Value } from './value.ts';

/** Bytes of one element of a numpy type such as `f8`, `<U5` or `V16`; `null` for objects, 0 for what it does not know. */
function itemBytes(type: string): number | null {
  const match = /^[<>|=]?([?bBhHiIlLqQefdgFDGSUVaMmOuc])(\d*)/.exec(type);
  if (!match) return 0;
  const [, kind, digits] = match;
  if (kind === 'O') return null;
  if (digits !== '') return Number(digits) * (kind === 'U' ? 4 : 1);
  const single = {
    '?': 1,
    b: 1,
    B: 1,
    h: 2,
    H: 2,
    e: 2,
    i: 4,
    I: 4,
    f: 4,
    l: 8,
    L: 8,
    q: 8,
    Q: 8,
    d: 8,
    F: 8,
    g: 16,
    D: 16,
    G: 32,
  };
  return single[kind as keyof typeof single] ?? 0;
}

/**
 * How many bytes behind `BUILD` joblib reads as the array that the wrapper describes (`joblib/numpy_pickle.py`,
 * `NumpyArrayWrapper.read_array`): padding, then elements, or a pickle of its own where they are objects.
 * @param nested runs a pickle at an offset and says how long it is, or `null` when it does not end
 * @returns 0 where the target is no such wrapper, `null` where it cannot be told
 */
export function arrayAfter(
  source: ByteSource,
  target: Made,
  state: ReadonlyMap<string, Value>,
  next: number,
  literals: Literals,
  nested: (offset: number) => number | null,
): number | null {
  if (!(target.of instanceof GlobalName) || target.of.name !== 'NumpyArrayWrapper') return 0;
  const type = state.get('dtype');
  const shape = state.get('shape');
  if (!(type instanceof Made) || !(type.args instanceof Tuple) || shape === undefined) return null;
  const text = type.args.items[0] === undefined ? null : literals.string(type.args.items[0]);
  if (text === null) return null;
  const bytes = itemBytes(text);
  if (bytes === null) return nested(next);
  let count = 1;
  const sizes = literals.itemsOf(shape);
  if (sizes)
    for (const size of sizes) {
      const whole = literals.whole(size);
      if (whole === null || whole < 0) return null;
      count *= whole;
    }
  else return null;
  const alignment = state.get('numpy_array_alignment_bytes');
  const padded = alignment !== undefined && alignment !== ATOM;
  const padding = padded ? 1 + (source.read(next, 1)[0] ?? 0) : 0;
  return padding + count * bytes;
}

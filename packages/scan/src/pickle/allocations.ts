import type { Literals } from './literals.ts';
import { isOpaque, Made, offsetOf, Tuple, type Value } from './value.ts';

/** Elements an array may be asked for that is filled afterwards, and bytes of one of them. */
export const ELEMENTS_MAX = 1_000_000;

/** At most how many bytes one element of a numpy type has, by its text: all numbers in it, multiplied. */
export function itemBytesOf(type: string): number {
  let bytes = 1;
  for (const [digits] of type.matchAll(/\d+/g)) bytes *= Math.max(1, Number(digits));
  return bytes;
}

/** The same of a type as an argument: its text, or a call with it. */
export function typeBytes(type: Value | undefined, literals: Literals): number {
  const of = type instanceof Made && type.args instanceof Tuple ? type.args.items[0] : type;
  const text = of === undefined ? null : literals.string(of);
  return text === null ? 1 : itemBytesOf(text);
}

/** How many elements a shape says: a tuple of whole numbers, or one. What is computed has no end that is known. */
export function elementsOf(shape: Value | undefined, literals: Literals): number {
  if (shape === undefined) return 1;
  const whole = literals.whole(shape);
  if (whole !== null) return Math.max(0, whole);
  const isNumber = offsetOf(shape) >= 0 && literals.span(shape) === null;
  if (shape instanceof Made || isOpaque(shape) || isNumber) return Number.POSITIVE_INFINITY;
  let elements = 1;
  for (const size of literals.itemsOf(shape) ?? [])
    elements *= Math.max(0, literals.whole(size) ?? Number.POSITIVE_INFINITY);
  return elements;
}

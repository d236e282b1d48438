import { type EntryOf, mayBeCalled, mayBeText, textOfKey } from './identity.ts';
import type { Literals } from './literals.ts';
import { GlobalName, isDict, Made, offsetOf, type Value } from './value.ts';

/** Attributes that Python calls without being asked. */
const SPECIAL = new Set(
  (
    'setstate reduce reduce_ex getattr getattribute del class init new call iter len ' +
    'hash eq enter exit getitem array_wrap array_finalize array_ufunc array_function array_struct array buffer dlpack ' +
    'torch_function index int bool repr str '
  ).split(' '),
);
/** Attributes that say where the numbers of an array lie in memory. */
const INTERFACES = new Set(['__array_interface__', '__cuda_array_interface__']);
/** Attributes that a loader calls to fill what it made. */
const FILLING = new Set(['append', 'extend', 'add']);

/** Whether it is a function that does nothing but compute, or a class that holds data. */
const isHarmless = (value: Value, entryOf: EntryOf): boolean => {
  const of = value instanceof Made ? value.of : value;
  const rule = of instanceof GlobalName ? entryOf(of)?.rule : undefined;
  return value instanceof Made ? rule === 'partial' : rule === 'mention' || rule === 'data';
};

/**
 * The special name under which a dictionary is given a value that acts under it.
 * @returns an empty text where the name is computed, `null` where nothing acts
 */
export function specialName(key: Value, value: Value, entryOf: EntryOf, literals: Literals): string | null {
  if (isDict(value) || value instanceof Made) {
    const name = textOfKey(key, literals);
    if (name === undefined) return '';
    if (name !== null && INTERFACES.has(name)) return name;
  }
  // Only what can be called can do harm under another special name.
  if (typeof value === 'number' || value.kind === 'tuple') return null;
  const acts = mayBeCalled(value, entryOf);
  if (offsetOf(key) < 0) return acts && mayBeText(key, entryOf, (of) => literals.string(of)) ? '' : null;
  const name = literals.string(key);
  if (name === null) return null;
  if (FILLING.has(name) && acts && !isHarmless(value, entryOf)) return name;
  return /^__\w+__$/.test(name) && SPECIAL.has(name.slice(2, -2)) ? name : null;
}

import type { Literals } from './literals.ts';
import { GlobalName, isContainer, Made, NONE, type Tuple, type Value } from './value.ts';

/** An element of an array. */
export interface ElementType {
  /** Bytes of one, as numpy reads them. */
  readonly bytes: number;
  /** Whether it is, or holds, references to objects. */
  readonly objects: boolean;
}

/** Types as `numpy.dtype.__reduce__` writes them: kind and bytes, or letters in place of bytes. */
const SIZED = /^[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32))$/;
const DATES = /^[<>|=]?[mM]8(?:\[(?:generic|\d{0,9}(?:[YMWDhms]|[munpfa]s))\])?$/;
const FLEXIBLE = /^[<>|=]?([SUV])(\d{1,9})$/;
const OBJECT = /^[<>|=]?O[48]?$/;
const RECORDS = /^numpy(?:\.rec|\.(?:_?core)\.records)?\.record$/;
/** Flags of `numpy/ndarraytypes.h`: elements are references, are written as a list, are pointers. */
const REFERENCES = 0x01;
const OBJECTS = 0x03;
const OBJECTS_OR_POINTERS = 0x07;

const asDtype = (type: Value | undefined): Made | null =>
  type instanceof Made && type.of instanceof GlobalName && type.of.full === 'numpy.dtype' ? type : null;

/** What a type is called with says: bytes of it, `-1` where its state says how many. */
function named(type: Made, literals: Literals): (ElementType & { readonly isSized: boolean }) | null {
  const items = literals.itemsOf(type.args);
  const first = items?.[0];
  if (first === undefined || items!.length > 3) return null;
  if (first instanceof GlobalName)
    return RECORDS.test(first.full) ? { bytes: -1, objects: false, isSized: true } : null;
  const text = literals.string(first) ?? '';
  const flexible = FLEXIBLE.exec(text);
  if (flexible)
    return { bytes: Number(flexible[2]) * (flexible[1] === 'U' ? 4 : 1), objects: false, isSized: true };
  const objects = OBJECT.test(text);
  if (objects || DATES.test(text)) return { bytes: 8, objects, isSized: false };
  return SIZED.test(text) ? { bytes: Number(/\d+/.exec(text)![0]), objects, isSized: false } : null;
}

/** State of a type as numpy writes it, since version 1.0 of it. */
interface TypeState {
  readonly base: Value;
  readonly fields: Value;
  readonly bytes: number;
  readonly flags: number;
}

function stateOf(state: Value, literals: Literals): TypeState | null {
  const items = literals.itemsOf(state);
  if (!items || items.length < 8 || items.length > 9) return null;
  const [version, bytes, alignment, flags] = [0, 5, 6, 7].map((at) => literals.whole(items[at]!));
  if ((version !== 3 && version !== 4) || bytes === null || flags === null || alignment === null) return null;
  if (alignment! !== -1 && ![1, 2, 4, 8, 16].includes(alignment!)) return null;
  return { base: items[2]!, fields: items[4]!, bytes: bytes!, flags: flags! };
}

/**
 * What an element of a type is.
 * @returns `null` where that cannot be told, or the type is one of arrays
 */
export function elementOf(type: Value | undefined, literals: Literals): ElementType | null {
  const made = asDtype(type);
  const own = made && named(made, literals);
  if (!made || !own) return null;
  if (made.states === 0) return own.bytes < 0 ? null : own;
  const state = stateOf(made.state, literals);
  if (!state || made.states > 1 || state.base !== NONE) return null;
  const bytes = own.isSized ? state.bytes : own.bytes;
  if (own.bytes >= 0 && bytes !== own.bytes) return null;
  return { bytes, objects: (state.flags & REFERENCES) !== 0 };
}

/** How many bytes an array has that is the element of another: a type, and a length or a tuple of such. */
function arrayElement(base: Value, literals: Literals): ElementType | null {
  const [type, shape] = literals.itemsOf(base) ?? [];
  const of = elementOf(type, literals);
  if (!of || shape === undefined) return null;
  let { bytes } = of;
  for (const size of literals.itemsOf(shape) ?? [shape]) {
    const whole = literals.whole(size);
    if (whole === null || whole < 0) return null;
    bytes *= whole;
  }
  return { bytes, objects: of.objects };
}

/**
 * Types of numpy, whose state is believed by numpy: one that says that its elements are numbers, while a field of them is an
 * object, or lies outside of them, has the loader take numbers for addresses.
 */
export class NumpyTypes {
  readonly #literals: () => Literals;
  /** Where fields were given to a dictionary, with where they end in the element: of these, none ends further than those before. */
  readonly #ends: { readonly at: number; readonly end: number }[] = [];
  #objectAt = -1;
  #fetchedAt = -1;

  constructor(literals: () => Literals) {
    this.#literals = literals;
  }

  /** A dictionary, or what may hold one, came from the memo. */
  fetched(offset: number): void {
    this.#fetchedAt = offset;
  }

  /** A dictionary is given a value, which may be a field: its type, its place and its title. */
  added(value: Tuple, offset: number): void {
    const [type, place] = value.items;
    const made = asDtype(type);
    if (!made || place === undefined) return;
    const literals = this.#literals();
    const state = stateOf(made.state, literals);
    const of =
      state && state.base !== NONE
        ? { bytes: state.bytes, objects: (state.flags & REFERENCES) !== 0 }
        : elementOf(made, literals);
    const start = literals.whole(place);
    const isSound = of !== null && start !== null && start >= 0;
    const end = isSound ? start + of.bytes : Number.POSITIVE_INFINITY;
    if (!of || of.objects) this.#objectAt = offset;
    const ends = this.#ends;
    while (ends.length > 0 && ends[ends.length - 1]!.end <= end) ends.pop();
    ends.push({ at: offset, end });
  }

  /** Where the fields end that were given behind an offset. */
  #endBehind(offset: number): number {
    const ends = this.#ends;
    let low = 0;
    for (let high = ends.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (ends[middle]!.at > offset) high = middle;
      else low = middle + 1;
    }
    return ends[low]?.end ?? 0;
  }

  /** @param offset where the state is set @returns in words why it is none that numpy writes for the type, or `null` */
  fault(type: Made, given: Value, offset: number): string | null {
    const literals = this.#literals();
    const own = named(type, literals);
    const state = stateOf(given, literals);
    if (!own || !state) return 'is no state that numpy writes';
    if (type.states > 1) return 'is the second one';
    const { bytes, flags, base, fields } = state;
    if (own.isSized ? bytes < 0 || (own.bytes >= 0 && bytes !== own.bytes) : bytes !== -1)
      return 'says another size than its type';
    const inner = base === NONE ? null : arrayElement(base, literals);
    const hasFields = fields !== NONE;
    if ((base !== NONE || hasFields) && !own.isSized) return 'divides what has no parts';
    if (base !== NONE && (!inner || inner.bytes !== bytes || hasFields))
      return 'holds arrays of another size';
    // A call that sets the state of what it makes was given a state from before.
    const isElsewhere = offset === type.offset || this.#fetchedAt > type.offset;
    if (hasFields && (isElsewhere || !isContainer(fields))) return 'has fields that are given elsewhere';
    if (hasFields && this.#endBehind(type.offset) > bytes) return 'has fields outside of its elements';
    const objects = own.objects || inner?.objects === true || (hasFields && this.#objectAt > type.offset);
    if (objects ? (flags & OBJECTS) !== OBJECTS : (flags & OBJECTS_OR_POINTERS) !== 0)
      return 'says of objects that they are none, or of numbers that they are objects';
    return null;
  }
}

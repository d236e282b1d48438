import {
  CodedError,
  LIMITS,
  type PathPart,
  Pointers,
  type Steps,
  stringEnd,
  toPointer,
} from '@sallyport/core';
import type { PlaceNode } from './places.ts';

/** Figures from which a number of a request may be somebody's. */
const FIGURES_MIN = 9;
/** A number of a few characters or more. */
const MAYBE = /(?:^|[\s:,[])-?\d[\d.eE+-]{5,}/;
/** Characters of a body that are read from one step to the next. */
const STEP = 64 * 1024;
/** Figures that an exponent may make of a number. */
const FIGURES_MAX = 40;

/** A long number as it is written. */
export interface LongNumber {
  readonly pointer: string;
  /** Name of the member that it stands at or within. */
  readonly key: string;
  /** Its figures, an exponent undone. */
  readonly text: string;
}

/**
 * The figures of a number, its exponent undone; null where its whole part has few. Behind the point stands a fraction, which
 * says that it is a measurement; one of zeros is none, as some programs write whole numbers.
 */
export function figuresOf(literal: string, least = FIGURES_MIN): string | null {
  const sign = literal.startsWith('-') ? 1 : 0;
  const e = literal.search(/e/i);
  const mantissa = literal.slice(sign, e < 0 ? literal.length : e);
  const point = mantissa.indexOf('.');
  const whole = point < 0 ? mantissa : mantissa.slice(0, point);
  const power = e < 0 ? 0 : Number(literal.slice(e + 1));
  const length = whole.length + power;
  if (length < least || (power !== 0 && length > whole.length + FIGURES_MAX)) return null;
  const digits = point < 0 ? mantissa : whole + mantissa.slice(point + 1);
  const fraction = digits.slice(length);
  const figures = digits.slice(0, length).padEnd(length, '0').replace(/^0+/, '');
  return /[1-9]/.test(fraction) ? `${figures}.${fraction}` : figures;
}

/** An object or a list that is open, and what its place says. */
interface Open {
  /** The name as it is written, or the position. */
  at: string | number;
  /** The same as a part of a path, once it is asked for. */
  part: PathPart | null;
  /** Pointer of the object or list itself, once it is asked for. */
  pointer: string | null;
  readonly node: PlaceNode | null;
  /** Whether all numbers within are the protocol's. */
  readonly numbers: boolean;
}

function partOf(open: Open): PathPart {
  open.part ??= typeof open.at === 'number' ? open.at : (JSON.parse(open.at) as string);
  return open.part;
}

/** The place that comes next within an open object or list. */
function within(open: Open): PlaceNode | null {
  const { node } = open;
  if (node === null) return null;
  const part = partOf(open);
  return typeof part === 'number' ? node.item : (node.members.get(part) ?? node.any);
}

const isNumbers = (node: PlaceNode | null): boolean =>
  node?.place?.kind === 'numbers' || node?.place?.kind === 'tokens';

/**
 * Long numbers of a body that stand where no number of the protocol does, in steps.
 * @param source valid JSON text
 * @param least figures of a number that is long
 * @throws CodedError `body-invalid` past {@link LIMITS.jsonStringsMax}, {@link LIMITS.pointersCharactersMax}
 */
export function* longNumbers(source: string, tree: PlaceNode, least = FIGURES_MIN): Steps<LongNumber[]> {
  if (!MAYBE.test(source)) return [];
  const found: LongNumber[] = [];
  const path: Open[] = [];
  const pointers = new Pointers();
  const literal = /-?\d[\d.eE+-]*/y;
  let name = false;
  let next = STEP;
  for (let i = 0; i < source.length; i++) {
    if (i > next) {
      yield;
      next = i + STEP;
    }
    const c = source.charCodeAt(i);
    const last = path.at(-1);
    if (c === 123 || c === 91) {
      const node = last ? within(last) : tree;
      const numbers = last?.numbers === true || isNumbers(node);
      path.push({ at: c === 123 ? '""' : 0, part: null, pointer: null, node, numbers });
      name = c === 123;
    } else if (c === 125 || c === 93) {
      path.pop();
      name = false;
    } else if (c === 44) {
      if (last) last.part = null;
      if (typeof last?.at === 'number') last.at++;
      else name = true;
    } else if (c === 58) name = false;
    else if (c === 34) {
      const end = stringEnd(source, i);
      if (name && last) {
        last.at = source.slice(i, end);
        last.part = null;
      }
      i = end - 1;
    } else if (c === 45 || (c >= 48 && c <= 57)) {
      literal.lastIndex = i;
      const [text] = literal.exec(source)!;
      i += text.length - 1;
      if (!last || last.numbers || text.length < least) continue;
      const number = figuresOf(text, least);
      if (number === null || isNumbers(within(last))) continue;
      if (found.length >= LIMITS.jsonStringsMax)
        throw new CodedError('body-invalid', 'the body holds too many long numbers');
      found.push({ pointer: pointers.kept(pointerOf(path)), key: keyOf(path), text: number });
    }
  }
  return found;
}

/** Where it stands: what leads to an open object or list is put together once. */
function pointerOf(path: readonly Open[]): string {
  let last: Open | null = null;
  for (const open of path) {
    open.pointer ??= last ? placeIn(last) : '';
    last = open;
  }
  return last ? placeIn(last) : '';
}

/** Pointer of what comes next within an open object or list. */
const placeIn = (open: Open): string => open.pointer! + toPointer([partOf(open)]);

/** Name of the member that it stands at or within. */
function keyOf(path: readonly Open[]): string {
  const open = path.findLast(({ at }) => typeof at === 'string');
  return open ? String(partOf(open)).slice(0, 48) : '';
}

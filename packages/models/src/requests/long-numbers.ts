import { CodedError, LIMITS, type Steps, toPointer } from '@sallyport/core';
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

/** The whole part of a number, its exponent undone; null where it has few figures. Fractions are measurements. */
export function figuresOf(literal: string, least = FIGURES_MIN): string | null {
  const sign = literal.startsWith('-') ? 1 : 0;
  const e = literal.search(/e/i);
  const mantissa = literal.slice(sign, e < 0 ? literal.length : e);
  const point = mantissa.indexOf('.');
  const whole = point < 0 ? mantissa : mantissa.slice(0, point);
  if (e < 0) return whole.length >= least ? whole : null;
  const power = Number(literal.slice(e + 1));
  const length = whole.length + power;
  if (length < least || Math.abs(power) > FIGURES_MAX) return null;
  const digits = point < 0 ? mantissa : whole + mantissa.slice(point + 1);
  return digits.slice(0, length).padEnd(length, '0').replace(/^0+/, '');
}

/** Index just past the string that opens at `open`, in valid JSON. */
function stringEnd(source: string, open: number): number {
  for (let at = source.indexOf('"', open + 1); at >= 0; at = source.indexOf('"', at + 1)) {
    let slashes = 0;
    while (source[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return source.length;
}

/** An object or a list that is open, and what its place says. */
interface Open {
  /** The name as it is written, or the position. */
  at: string | number;
  readonly node: PlaceNode | null;
  /** Whether all numbers within are the protocol's. */
  readonly numbers: boolean;
}

/** The place that comes next within an open object or list. */
function within({ at, node }: Open): PlaceNode | null {
  if (node === null) return null;
  if (typeof at === 'number') return node.item;
  const name = JSON.parse(at) as string;
  return node.members.get(name) ?? node.any;
}

const isNumbers = (node: PlaceNode | null): boolean =>
  node?.place?.kind === 'numbers' || node?.place?.kind === 'tokens';

/**
 * Long numbers of a body that stand where no number of the protocol does, in steps.
 * @param source valid JSON text
 * @param least figures of a number that is long
 * @throws CodedError `body-invalid` past {@link LIMITS.jsonStringsMax}
 */
export function* longNumbers(source: string, tree: PlaceNode, least = FIGURES_MIN): Steps<LongNumber[]> {
  if (!MAYBE.test(source)) return [];
  const found: LongNumber[] = [];
  const path: Open[] = [];
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
      path.push({ at: c === 123 ? '""' : 0, node, numbers });
      name = c === 123;
    } else if (c === 125 || c === 93) {
      path.pop();
      name = false;
    } else if (c === 44) {
      if (typeof last?.at === 'number') last.at++;
      else name = true;
    } else if (c === 58) name = false;
    else if (c === 34) {
      const end = stringEnd(source, i);
      if (name && last) last.at = source.slice(i, end);
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
      found.push(told(number, path));
    }
  }
  return found;
}

function told(text: string, open: readonly Open[]): LongNumber {
  const path = open.map(({ at }) => (typeof at === 'number' ? at : (JSON.parse(at) as string)));
  const key = String(path.findLast((part) => typeof part === 'string') ?? '').slice(0, 48);
  return { pointer: toPointer(path), key, text };
}

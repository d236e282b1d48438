import { toPointer } from '@sallyport/core';
import type { PlaceNode } from './places.ts';

/** Figures from which a number may be somebody's. */
const FIGURES_MIN = 9;
const MAYBE = /(?:^|[\s:,[])-?\d[\d.eE+-]{8,}/;
/** Numbers that are looked at. */
const NUMBERS_MAX = 4_096;
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

/** The figures of a number; null where they are few. */
function figures(literal: string): string | null {
  const [mantissa = '', exponent] = literal.toLowerCase().split('e');
  const [whole = '', part = ''] = mantissa.replace('-', '').split('.');
  if (exponent === undefined && part === '') return whole.length >= FIGURES_MIN ? whole : null;
  const power = Number(exponent ?? 0);
  if (!Number.isInteger(power) || power < part.replace(/(?<!0)0+$/, '').length || power > FIGURES_MAX) {
    // Not whole: its parts by themselves.
    const longest = part.length > whole.length ? part : whole;
    return exponent === undefined && part.length < FIGURES_MIN && longest.length >= FIGURES_MIN
      ? longest
      : null;
  }
  const out = whole + part.replace(/(?<!0)0+$/, '').padEnd(power, '0');
  return out.length >= FIGURES_MIN ? out.replace(/^0+/, '') : null;
}

function isProtocol(path: readonly (string | number)[], tree: PlaceNode): boolean {
  let node: PlaceNode | null = tree;
  for (const part of path) {
    if (node.place?.kind === 'numbers') return true;
    node = typeof part === 'number' ? node.item : (node.members.get(part) ?? node.any);
    if (node === null) return false;
  }
  return node.place?.kind === 'numbers' || node.place?.kind === 'tokens';
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

/** Long numbers of a body that stand where no number of the protocol does. @param source valid JSON text */
export function longNumbers(source: string, tree: PlaceNode): LongNumber[] {
  if (!MAYBE.test(source)) return [];
  const found: LongNumber[] = [];
  // Names as they are written, positions in lists as numbers.
  const path: (string | number)[] = [];
  let name = false;
  for (let i = 0; i < source.length && found.length < NUMBERS_MAX; i++) {
    const c = source[i]!;
    if (c === '{' || c === '[') {
      path.push(c === '{' ? '""' : 0);
      name = c === '{';
    } else if (c === '}' || c === ']') {
      path.pop();
      name = false;
    } else if (c === ',') {
      const last = path.at(-1);
      if (typeof last === 'number') path[path.length - 1] = last + 1;
      else name = true;
    } else if (c === ':') name = false;
    else if (c === '"') {
      const end = stringEnd(source, i);
      if (name) path[path.length - 1] = source.slice(i, end);
      i = end - 1;
    } else if (c === '-' || (c >= '0' && c <= '9')) {
      let end = i + 1;
      while (end < source.length && /[\d.eE+-]/.test(source[end]!)) end++;
      const number = read(source.slice(i, end), path, tree);
      if (number) found.push(number);
      i = end - 1;
    }
  }
  return found;
}

function read(literal: string, written: readonly (string | number)[], tree: PlaceNode): LongNumber | null {
  const text = literal.length < FIGURES_MIN && !/e/i.test(literal) ? null : figures(literal);
  if (text === null) return null;
  const path = written.map((part) => (typeof part === 'number' ? part : (JSON.parse(part) as string)));
  if (isProtocol(path, tree)) return null;
  const key = String(path.findLast((part) => typeof part === 'string') ?? '').slice(0, 48);
  return { pointer: toPointer(path), key, text };
}

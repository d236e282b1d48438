import { PLACE } from './lexer.ts';
import {
  NOTHING,
  ORIGIN,
  originOf,
  TEXT_CHARACTERS_MAX,
  type Value,
  valueFrom,
  wordOf,
  wordsOf,
} from './values.ts';

/** A text with what is put in the places of its `%s` or `{}`, in order; `…` for what is not known. */
export function filled(text: string, place: RegExp, values: readonly Value[]): string {
  let next = 0;
  return text.replace(place, (sign) => (sign === '%%' ? '%' : wordsOf(values[next++] ?? NOTHING) || '…'));
}

/** A formatted text with what its expressions say, where that is known and each has its place. */
export function formatted(text: string, values: readonly Value[]): string {
  const parts = text.split(PLACE);
  const said = values
    .slice(0, parts.length - 1)
    .map((one) => one.text ?? (wordOf(one) === 'python' ? 'python' : ''));
  // Behind the last expression stands its end, and formats have expressions of their own.
  if (values.length > parts.length) return parts.join('');
  return parts
    .map((part, at) => part + (said[at] ?? ''))
    .join('')
    .slice(0, TEXT_CHARACTERS_MAX + 1);
}

const PLACES = /%%|%(?:\(\w{0,64}\))?[-+ #0-9.]{0,8}[a-zA-Z]/g;

const ALWAYS = /^[\^~]=?$/;
const isArithmetic = (sign: string): boolean => /^(?:[-+*%^~&|<>]|\*\*|\/\/)=?$/.test(sign);
/** Whether signs compute with numbers, one after the other: `b ^ 23`, `b + 1 for b in data`, `lambda b: b - 1`. */
const isComputed = (signs: readonly string[]): boolean =>
  signs.some((sign) => ALWAYS.test(sign) || sign === 'for' || sign === 'lambda');

/** What values with signs between them come to. */
export function joined(values: readonly Value[], signs: readonly string[]): Value {
  const [only] = values;
  if (values.length === 1 && signs.every((sign) => sign === 'await' || sign === 'return' || sign === '*'))
    return only!;
  const origin = originOf(values) | (signs.some(isArithmetic) && isComputed(signs) ? ORIGIN.numbers : 0);
  const isSum = signs.length > 0 && signs.every((sign) => sign === '+' || sign === '+=');
  // Parts of a path: `Path.home() / ".ssh" / "id_rsa"`.
  if (signs.length > 0 && signs.every((sign) => sign === '/'))
    return valueFrom(null, origin, values.map((one) => wordsOf(one) || '…').join('/'));
  if (isSum && values.some((one) => one.text !== null || one.items))
    return valueFrom(null, origin, values.map((one) => wordsOf(one) || '…').join(''));
  if (signs[0] !== '%' || only?.text == null) return valueFrom(null, origin);
  return valueFrom(null, origin, filled(only.text, PLACES, values[1]?.items ?? values.slice(1)));
}

import type { Takes, TextForm } from './allow-list.ts';
import type { EntryOf } from './identity.ts';
import type { Literals } from './literals.ts';
import { isOwnClass } from './unlisted.ts';
import { GlobalName, isOpaque, Made, Persistent, Tuple, type Value } from './value.ts';

/** Stands in `instances` for a class that keeps what it is given and touches none of it. */
export const ANY = '*';
/** Forms that the texts of a call may be held to: what its function looks up under them stays where it belongs. */
export const TEXT_FORMS: Readonly<Record<TextForm, RegExp>> = {
  zone: /^[A-Za-z0-9_+-]{1,32}(?:\/[A-Za-z0-9_+-]{1,32}){0,3}$/,
};
/** Tuples within tuples of arguments that are looked into. */
const DEPTH_MAX = 32;
/** Rules whose calls give what can be called, or a class. */
const GIVES_CALLABLE = new Set(['partial', 'public-name', 'type-of', 'attribute', 'ufunc']);
/** Networks have as many addresses as they say, and are gone through like a list. */
const NETWORKS = /^ipaddress\.IPv[46]Network$/;

/** What rules about arguments ask of the judge of a stream. */
export interface ArgumentJudge {
  readonly literals: Literals;
  /** The entry of an allowed name. */
  readonly entryOf: EntryOf;
}

/** Whether what a call gave has as many elements as a few bytes say. */
export const isNetwork = (value: Value): boolean =>
  value instanceof Made && value.of instanceof GlobalName && NETWORKS.test(value.of.full);

const has = (libraries: string | undefined, library: string): boolean =>
  libraries?.split(' ').includes(library) ?? false;

/** Numbers, texts, bytes and `None`, containers, tuples of these, and what plain types made of such. */
export function isData(value: Value, judge: ArgumentJudge, depth = 0): boolean {
  if (typeof value === 'number') return !isOpaque(value);
  if (value instanceof Tuple)
    return depth < DEPTH_MAX && value.items.every((item) => isData(item, judge, depth + 1));
  if (!(value instanceof Made) || !(value.of instanceof GlobalName)) return false;
  return /^(?:plain|bytes|encode)$/.test(judge.entryOf(value.of)?.rule ?? '');
}

/** Whether an instance is one of those that may be handed over: nothing that can be called, nothing without end. */
function isInstance(value: Made, takes: Takes, judge: ArgumentJudge): boolean {
  const { of } = value;
  if (!(of instanceof GlobalName)) return false;
  const any = has(takes.instances, ANY);
  const entry = judge.entryOf(of);
  // A bare instance of a class of a project is told where it is made.
  if (!entry) return any && isOwnClass(of.module, of.name);
  const [first] = judge.literals.itemsOf(value.args) ?? [];
  if (entry.rule === 'attribute' && first instanceof GlobalName) {
    const owner = judge.entryOf(first);
    return owner?.rule === 'enum' && (any || has(takes.instances, owner.group.library));
  }
  if (any) return true;
  if (GIVES_CALLABLE.has(entry.rule) || isNetwork(value)) return false;
  return has(takes.instances, entry.group.library);
}

/** Whether an argument is one that `takes` says. @param depth tuples around it */
function fits(value: Value, takes: Takes, judge: ArgumentJudge, depth: number): boolean {
  if (isData(value, judge)) return true;
  if (value instanceof Tuple)
    return depth < DEPTH_MAX && value.items.every((item) => fits(item, takes, judge, depth + 1));
  if (value instanceof Persistent) return has(takes.instances, ANY) || has(takes.instances, 'torch');
  if (value instanceof Made) return isInstance(value, takes, judge);
  return value instanceof GlobalName && isNamed(value, takes, judge);
}

/** Whether a name, as it stands, is one that `takes` says: a type, a class that holds data, a constant. */
export function isNamed(name: GlobalName, takes: Takes, judge: ArgumentJudge): boolean {
  const entry = judge.entryOf(name);
  return (
    entry !== undefined &&
    /^(?:mention|data|call|distribution|no-formula)$/.test(entry.rule) &&
    has(takes.names, entry.group.library)
  );
}

/** @returns in words why a call is refused what it is given, or `null` */
export function faultOfArguments(
  items: readonly Value[] | null,
  takes: Takes,
  judge: ArgumentJudge,
): string | null {
  if (items === null) return null;
  for (const [at, item] of items.entries()) {
    if (at === takes.state || fits(item, takes, judge, 0)) continue;
    if (item instanceof GlobalName && judge.entryOf(item) === undefined)
      return 'is given a class that is not known';
    return item instanceof GlobalName ? 'is given a name to act on' : 'is given what it does not take';
  }
  return faultOfTexts(items, takes, judge.literals);
}

/** @returns in words what is wrong with the texts of a call, or `null` */
function faultOfTexts(items: readonly Value[], takes: Takes, literals: Literals): string | null {
  const form = takes.texts && TEXT_FORMS[takes.texts];
  if (!form) return null;
  const isOdd = (text: string | null): boolean => text !== null && !form.test(text);
  return items.some((item) => isOdd(literals.string(item))) ? 'is given a text of another form' : null;
}

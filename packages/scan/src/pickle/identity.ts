import type { AllowedName, RuleName } from './allow-list.ts';
import { GlobalName, isOpaque, Made, PLAIN_TUPLE, Tuple, type Value } from './value.ts';

/** What is known of a name that a stream uses, if it is allowed. */
export type EntryOf = (name: GlobalName) => AllowedName | undefined;

/** What a call gave: something new, a class, or something that the rest of the process has, too. */
export type Identity = 'fresh' | 'class' | 'shared';

/** The last part of a name that is a class by the custom of Python. */
const CLASS_NAME = /(?:^|\.)_*[A-Z]\w*$/;
/** All capitals behind an underscore: a function that gives a constant, such as `pytz._UTC`. */
const CONSTANT_NAME = /(?:^|\.)_+[A-Z0-9]+$/;
/** Dictionaries, some of which look up attributes among their keys. */
const MAPPINGS = /(?:^|\.)(?:dict|OrderedDict|Counter|defaultdict|UserDict|ChainMap|AttributeDict|Bunch)$/;
/** Objects whose attributes are what they were called with. */
const BAGS = /(?:^|\.)(?:AttributeDict|Bunch|Namespace|SimpleNamespace)$/;
/** Rules by which the arguments decide nothing: `functools.partial` may keep such a name. */
const PARTIAL: ReadonlySet<RuleName> = new Set<RuleName>([
  'mention',
  'call',
  'data',
  'plain',
  'bytes',
  'enum',
  'shared',
]);

const ruleOf = (value: Made, entryOf: EntryOf): RuleName | undefined =>
  value.of instanceof GlobalName ? entryOf(value.of)?.rule : undefined;

const hasArguments = ({ args }: Made): boolean =>
  args instanceof Tuple
    ? args.items.length > 0
    : args === PLAIN_TUPLE || typeof args !== 'number' || args > 0;

/**
 * What a call of an allowed name gave. A function is taken to give what others have, too (a singleton, a member, something out
 * of a cache), unless its entry says otherwise; a class, to give something new.
 */
export function identityOf(made: Made, entryOf: EntryOf): Identity {
  const entry = made.of instanceof GlobalName ? entryOf(made.of) : undefined;
  if (!entry) return 'fresh';
  const { name } = made.of as GlobalName;
  if (entry.rule === 'type-of') return 'class';
  if (entry.rule === 'enum' || entry.rule === 'attribute' || entry.rule === 'shared') return 'shared';
  if (entry.result === 'shared') return made.how === 'call' || hasArguments(made) ? 'shared' : 'fresh';
  if (entry.rule !== 'call' || entry.result === 'fresh' || made.how === 'new') return 'fresh';
  return CLASS_NAME.test(name) && !CONSTANT_NAME.test(name) ? 'fresh' : 'shared';
}

/** Whether `functools.partial` may keep it: calling it later does what calling it now would be let do. */
export function mayBePartial(of: Value | undefined, entryOf: EntryOf): boolean {
  if (of instanceof Made) return ruleOf(of, entryOf) === 'partial';
  if (!(of instanceof GlobalName)) return false;
  const rule = entryOf(of)?.rule;
  return rule !== undefined && PARTIAL.has(rule);
}

/** Whether something can be called to some effect: a name, or what an earlier call may have given of that kind. */
export function mayBeCalled(value: Value, entryOf: EntryOf): boolean {
  if (value instanceof GlobalName || isOpaque(value)) return true;
  if (!(value instanceof Made)) return false;
  const rule = ruleOf(value, entryOf);
  return (
    rule === undefined || rule === 'partial' || rule === 'type-of' || identityOf(value, entryOf) === 'shared'
  );
}

/** Whether it could be a text, though none that is written out. */
export function mayBeText(key: Value, entryOf: EntryOf, textOf: (value: Value) => string | null): boolean {
  if (isOpaque(key)) return true;
  if (!(key instanceof Made)) return false;
  if (ruleOf(key, entryOf) === 'enum') return false;
  if (!(key.of instanceof GlobalName) || key.of.name !== 'scalar' || !(key.args instanceof Tuple))
    return true;
  // A number of numpy is none.
  const type = key.args.items[0];
  const kind = type instanceof Made && type.args instanceof Tuple ? type.args.items[0] : undefined;
  const text = kind === undefined ? null : textOf(kind);
  return text === null || !/^[<>|=]?[?bBhHiIlLqQefdgFDGMm]\d{0,2}$/.test(text);
}

/** Whether a state may hold names that the stream does not write out where it sets them. */
export function isComputedState(state: Value, entryOf: EntryOf): boolean {
  if (state instanceof Tuple)
    return state.items.length === 2 && state.items.some((item) => isMapping(item, entryOf));
  return isMapping(state, entryOf);
}

function isMapping(value: Value, entryOf: EntryOf): boolean {
  if (!(value instanceof Made)) return false;
  if (!(value.of instanceof GlobalName) || !entryOf(value.of)) return true;
  return identityOf(value, entryOf) !== 'fresh' || (MAPPINGS.test(value.of.name) && hasArguments(value));
}

/** Whether its attributes are what a call gave it, under names that were not judged. */
export const isFilledBag = (made: Made): boolean =>
  made.of instanceof GlobalName && BAGS.test(made.of.name) && hasArguments(made);

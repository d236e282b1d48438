import type { AllowedName, RuleName } from './allow-list.ts';
import { innerBytes } from './inner-bytes.ts';
import type { Literals } from './literals.ts';
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
/** Bytes of a key of numpy that are read. */
const KEY_BYTES_MAX = 4096;
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

/**
 * The text that a key of a dictionary is: `null` where it is none, `undefined` where nobody can say.
 * A number of numpy is none; an element of a type of texts is what its bytes say.
 */
export function textOfKey(key: Value, literals: Literals): string | null | undefined {
  if (isOpaque(key)) return undefined;
  if (!(key instanceof Made)) return literals.string(key);
  if (!(key.of instanceof GlobalName)) return undefined;
  const items = literals.itemsOf(key.args) ?? [];
  const { full, name } = key.of;
  if (full === 'builtins.str' || full === 'numpy.str_')
    return items.length === 1 ? (literals.string(items[0]!) ?? undefined) : undefined;
  if (full === 'builtins.getattr') return items[0] instanceof GlobalName ? null : undefined;
  if (name !== 'scalar') return null;
  const kind = items[0] instanceof Made ? literals.itemsOf(items[0].args)?.[0] : undefined;
  const type = kind === undefined ? null : literals.string(kind);
  if (type === null) return undefined;
  if (!/^[<>|=]?U/.test(type)) return null;
  const bytes = items[1] === undefined ? null : innerBytes(items[1], literals);
  if (!bytes) return undefined;
  const read =
    bytes instanceof Uint8Array ? bytes : literals.bytes(bytes.start, Math.min(bytes.length, KEY_BYTES_MAX));
  // Four bytes for each letter, in either order: those of the names that matter have one that is not zero.
  return Buffer.from(read.filter((byte) => byte !== 0)).toString('latin1');
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
  if (MAPPINGS.test(value.of.name) && hasArguments(value)) return true;
  // An instance of a class that is no mapping is none, though others have it too.
  const isInstance = entryOf(value.of)!.rule === 'call' && CLASS_NAME.test(value.of.name);
  return identityOf(value, entryOf) !== 'fresh' && (!isInstance || MAPPINGS.test(value.of.name));
}

/** Whether its attributes are what a call gave it, under names that were not judged. */
export const isFilledBag = (made: Made): boolean =>
  made.of instanceof GlobalName && BAGS.test(made.of.name) && hasArguments(made);

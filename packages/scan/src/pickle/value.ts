/**
 * What the abstract machine keeps of a value. A pickle may hold millions of values of which a handful matter, so most
 * are numbers: below zero, a literal, by the offset of the opcode that pushed it (`-offset - 1`), to be read again when
 * somebody asks; from zero on, a container or something without interest, `kind + 8 * (level + 64 * (memo + 1))`, where
 * `level` says how often it holds the same container twice over, one inside another, and `memo` where it is memoised. A
 * memoised tuple of literals is the place where its items are kept.
 */
export type Value = number | Thing;

/** What matters: names, calls and what holds them. */
export type Thing = GlobalName | Tuple | Made | Persistent;

/** A name that was looked up in a module. */
export class GlobalName {
  readonly kind = 'global';
  /** As it resolves on Python 3. */
  readonly module: string;
  readonly name: string;
  readonly offset: number;

  constructor(module: string, name: string, offset: number) {
    this.module = module;
    this.name = name;
    this.offset = offset;
  }

  get full(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A tuple that holds more than numbers and containers. */
export class Tuple {
  /** A tuple of nothing, of which one serves all. */
  static readonly EMPTY: Tuple = new Tuple([], 0);
  readonly kind = 'tuple';
  readonly items: readonly Value[];
  readonly level: number;
  /** Tuples within each other, this one among them. */
  readonly depth: number;

  constructor(items: readonly Value[], level: number, depth = 1) {
    this.items = items;
    this.level = level;
    this.depth = depth;
  }
}

/** What a call or a construction gave. */
export class Made {
  readonly kind = 'made';
  readonly of: Value;
  readonly args: Value;
  /** Constructed without `__init__`, or by a call. */
  readonly how: CallKind;
  readonly offset: number;
  /** What was set as its state last, and how often one was. */
  state: Value = 0;
  states = 0;

  constructor(of: Value, args: Value, how: CallKind, offset: number) {
    this.of = of;
    this.args = args;
    this.how = how;
    this.offset = offset;
  }
}

/** What the loader's own `persistent_load` makes of an id. */
export class Persistent {
  readonly kind = 'persistent';
  readonly id: Value;

  constructor(id: Value) {
    this.id = id;
  }
}

/** How something is called: `REDUCE` and the like call; `NEWOBJ` asks the class for a bare instance, `NEWOBJ_EX` for one by names. */
export type CallKind = 'call' | 'new' | 'named';

const NONE_KIND = 0;
const LIST_KIND = 1;
const DICT_KIND = 2;
const SET_KIND = 3;
const TUPLE_KIND = 4;
const OPAQUE_KIND = 5;
const KEPT_KIND = 6;
/** The deepest level that is told apart. */
const LEVEL_MAX = 63;

/** `None`. */
export const NONE = NONE_KIND;
/** A fresh list. */
export const LIST = LIST_KIND;
/** A fresh dictionary. */
export const DICT = DICT_KIND;
/** A set. */
export const SET = SET_KIND;
/** A tuple of nothing that matters. */
export const PLAIN_TUPLE = TUPLE_KIND;
/** Could be anything. */
export const OPAQUE = OPAQUE_KIND;

/** The literal whose opcode lies at `offset`. */
export const literalAt = (offset: number): number => -offset - 1;

/** Where the opcode of a literal lies, or -1 for what is no literal. */
export const offsetOf = (value: Value): number => (typeof value === 'number' && value < 0 ? -value - 1 : -1);

const kindOf = (value: Value): number => (typeof value === 'number' && value >= 0 ? value % 8 : -1);

/** Whether nothing is known of it. */
export const isOpaque = (value: Value): boolean => value === OPAQUE_KIND;
/** Whether it is a list, dictionary or set, to which can be added. */
export const isContainer = (value: Value): boolean => {
  const kind = kindOf(value);
  return kind >= LIST_KIND && kind <= SET_KIND;
};

/** Whether it is a dictionary, or a tuple of which nothing is kept. */
export const isDict = (value: Value): boolean => kindOf(value) === DICT_KIND || kindOf(value) === TUPLE_KIND;

/** Whether it is a tuple, of whatever. */
export const isTuple = (value: Value): boolean =>
  value instanceof Tuple || kindOf(value) === TUPLE_KIND || kindOf(value) === KEPT_KIND;

/** How often the same container is held twice, one inside another. */
export function levelOf(value: Value): number {
  if (typeof value === 'number') return value < 8 || value % 8 === KEPT_KIND ? 0 : Math.floor(value / 8) % 64;
  return value.kind === 'tuple' ? value.level : 0;
}

/** A memoised tuple whose items are kept at `place`. */
export const keptAt = (place: number): number => KEPT_KIND + 8 * place;

/** Where the items of a memoised tuple are kept, or -1 for what is none. */
export const placeOfKept = (value: Value): number =>
  typeof value === 'number' && value >= 0 && value % 8 === KEPT_KIND ? Math.floor(value / 8) : -1;

/** Where a container is memoised, or -1. */
export const memoOf = (value: number): number => (value < 512 ? -1 : Math.floor(value / 512) - 1);

/** The same container with another level. */
export const withLevel = (value: number, level: number): number =>
  (value % 8) + 8 * (Math.min(level, LEVEL_MAX) + 64 * (memoOf(value) + 1));

/** The same container, memoised. */
export const withMemo = (value: number, memo: number): number =>
  (value % 8) + 8 * (levelOf(value) + 64 * (memo + 1));

/** The level of what holds `items`: one more where it holds the same container twice. */
export function levelOver(items: readonly Value[], start: number, end: number): number {
  let level = 0;
  let last: Value = NONE;
  for (let i = start; i < end; i++) {
    const item = items[i]!;
    if (typeof item === 'number' ? item < LIST_KIND || item === OPAQUE_KIND : item.kind !== 'tuple') continue;
    const own = levelOf(item) + (item === last ? 1 : 0);
    if (own > level) level = own;
    last = item;
  }
  return level;
}

import { ELEMENTS_MAX, elementsOf, typeBytes } from './allocations.ts';
import type { RuleName, Takes } from './allow-list.ts';
import { type ArgumentJudge, faultOfArguments, isData, isNamed, isNetwork } from './argument-rules.ts';
import { isPlainCodec } from './inner-bytes.ts';
import {
  type CallKind,
  GlobalName,
  isContainer,
  isOpaque,
  Made,
  NONE,
  OPAQUE,
  PLAIN_TUPLE,
  Tuple,
  type Value,
} from './value.ts';

/** What a rule may ask of the judge of a stream. */
export interface CallJudge extends ArgumentJudge {
  /** Whether the stream holds a network or range that has more elements than memory holds. */
  readonly holdsEndless: boolean;
  /** Judges another call in place of this one. */
  call(of: Value, args: Value, how: CallKind, offset: number, opcode: number): Value;
  /** Judges a name that a call looks up. */
  lookUp(module: string, name: string, offset: number, opcode: number): Value;
  /** Whether it is an allowed name that is a class or may be called. */
  isKnown(value: Value, ...rules: readonly RuleName[]): boolean;
  /** Whether `functools.partial` may keep it. */
  mayBePartial(value: Value | undefined): boolean;
  /** A call sets the state of what it made, as `BUILD` does. */
  setState(target: Value, state: Value, offset: number): void;
  /** A model within the stream, as bytes or as text of one character for a byte. */
  nested(bytes: Value, offset: number): void;
  /** Loading asks for `count` bytes or elements. */
  allocates(count: number, offset: number): void;
}

/** One call of an allowed name. */
export interface Call {
  readonly of: GlobalName;
  /** What its entry says of arguments. */
  readonly takes: Takes;
  /** `null` where the machine did not keep them. */
  readonly items: readonly Value[] | null;
  readonly how: CallKind;
  readonly offset: number;
  readonly opcode: number;
}

/** What a rule says: what the call gives, or in words why it is refused. */
export type Ruling = { readonly gives: Value } | { readonly refused: string };

type Rule = (call: Call, judge: CallJudge) => Ruling;

const refused = (why: string): Ruling => ({ refused: why });
const gives = (value: Value): Ruling => ({ gives: value });
const make = ({ of, items, how, offset }: Call): Made =>
  new Made(of, items ? new Tuple(items, 0) : PLAIN_TUPLE, how, offset);
const made = (call: Call): Ruling => gives(make(call));

/** What classes are built upon that a stream may make bare instances of. */
const BASES = new Set(
  'object dict list tuple set frozenset int float complex str bytes'
    .split(' ')
    .map((name) => `builtins.${name}`),
);
/** Elements that one pass may go through: more than any checkpoint holds in one container. */
const PASS_MAX = 100_000_000;
/** Types that go through what their argument holds, too: pairs. */
const PAIRS = /^(?:dict|OrderedDict|UserDict|ChainMap)$/;
const RANGES = new Set(['builtins.range', '__builtin__.range', '__builtin__.xrange']);
const BIT_GENERATORS = /^(?:MT19937|PCG64|PCG64DXSM|Philox|SFC64)$/;
const BIT_GENERATOR_CTOR = /^numpy\.random(?:\._pickle)?\.__bit_generator_ctor$/;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Methods of texts that take no argument. */
const isOfText = (name: string): boolean =>
  /^(?:upper|lower|strip|lstrip|rstrip|title|capitalize|casefold|swapcase|split|splitlines|is[a-z]{5,10})$/.test(
    name,
  );

const data: Rule = (call) => (call.items?.length === 0 ? made(call) : refused('takes state, not arguments'));

/** How many elements a range has that an earlier call made; 0 for all else. */
function rangeOf(value: Value, { literals }: CallJudge): number {
  if (!(value instanceof Made) || !(value.of instanceof GlobalName) || !RANGES.has(value.of.full)) return 0;
  const [first, second, third] = (literals.itemsOf(value.args) ?? []).map((item) => literals.whole(item));
  if (first === undefined) return 0;
  const [from, to, step] = second === undefined ? [0, first, 1] : [first, second, third ?? 1];
  // What is computed, or larger than a number holds, has no end that is known.
  if (from === null || to === null || step === null || step === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil((to - from) / step));
}

/** Whether what a call gave has more elements than memory holds. */
export const isEndless = (value: Value, judge: CallJudge): boolean =>
  isNetwork(value) || rangeOf(value, judge) > PASS_MAX;

/** Reports a call that goes through more than memory holds: a few bytes of a stream say `range(10**12)`. */
export function reportPasses({ of, items, offset }: Call, judge: CallJudge): void {
  if (of.full === 'numpy.dtype') {
    const bytes = typeBytes(items?.[0], judge.literals);
    if (bytes > ELEMENTS_MAX) judge.allocates(bytes, offset);
  }
  // Masked arrays are made of a class, a shape and a type, behind the class they look like.
  if (of.name === '_mareconstruct' || of.full === 'torch._tensor.Tensor') {
    const at = of.name === 'Tensor' ? 0 : 2;
    const elements = elementsOf(items?.[at], judge.literals) * typeBytes(items?.[at + 1], judge.literals);
    if (elements > ELEMENTS_MAX) judge.allocates(elements, offset);
  }
  for (const item of items ?? []) {
    const count = rangeOf(item, judge);
    if (count > PASS_MAX) judge.allocates(count, offset);
  }
}

/** Whether a value is a generator of bits of numpy, its class or its name. */
function isBitGenerator(value: Value, judge: CallJudge): boolean {
  if (value instanceof GlobalName)
    return value.module.startsWith('numpy.random.') && BIT_GENERATORS.test(value.name);
  if (value instanceof Made)
    return value.of instanceof GlobalName
      ? BIT_GENERATOR_CTOR.test(value.of.full) || isBitGenerator(value.of, judge)
      : false;
  return BIT_GENERATORS.test(judge.literals.string(value) ?? '');
}

/** Whether a class is one of plain data of a library that a call takes classes of: `array.array`. */
const isPlainClass = (kind: GlobalName, { takes, of }: Call, judge: CallJudge): boolean => {
  const entry = judge.entryOf(kind);
  return entry?.rule === 'plain' && takes.names === entry.group.library && kind.module === of.module;
};

/** What was made, with the states that follow from the argument at `from` on. */
function withState(call: Call, judge: CallJudge, target: Value, from: number): Value {
  for (const state of call.items?.slice(from) ?? [])
    if (state !== NONE) judge.setState(target, state, call.offset);
  return target;
}

/** What each rule lets through. A stream decides the arguments, so a rule looks at every one that matters. */
export const CALL_RULES: Readonly<Record<RuleName, Rule>> = {
  mention: () => refused('may be named, not called'),
  data,
  distribution: data,
  'no-formula': data,
  call: (call, judge) => {
    const fault = faultOfArguments(call.items, call.takes, judge);
    if (fault !== null) return refused(fault);
    const given = make(call);
    const state = call.takes.state === undefined ? undefined : call.items?.[call.takes.state];
    if (state !== undefined && state !== NONE) judge.setState(given, state, call.offset);
    return gives(given);
  },
  plain: (call, judge) => {
    // Arguments that are not kept are containers.
    if (PAIRS.test(call.of.name) && judge.holdsEndless && call.items?.length !== 0)
      return refused('goes through what an earlier call gave');
    for (const item of call.items ?? []) {
      // What an earlier call gave may never end, or may do something when it is gone through.
      if (!isData(item, judge)) return refused('goes through what an earlier call gave');
      const text = call.of.full === 'fractions.Fraction' ? judge.literals.string(item) : null;
      if (text !== null && !/^[-+]?\d{1,4000}(?:\/\d{1,4000})?$/.test(text))
        return refused('computes a number without end');
    }
    return made(call);
  },
  enum: (call, judge) =>
    call.items?.length === 1 && isData(call.items[0]!, judge)
      ? made(call)
      : refused('takes one value, of numbers and texts'),
  reconstructor: (call, judge) => {
    const [kind, base] = call.items ?? [];
    if (kind === undefined || base === undefined) return refused('lacks its class');
    if (!judge.isKnown(kind)) return refused('is given a class that is not known');
    if (!(base instanceof GlobalName) || !BASES.has(base.full))
      return refused('is given a base that is not built in');
    if (!call.items!.slice(2).every((item) => isData(item, judge)))
      return refused('goes through what an earlier call gave');
    // What it copies is the stream's own, and was judged where the stream filled it.
    const given = call.items!.slice(2).filter((item) => !isContainer(item));
    return gives(new Made(kind, new Tuple(given, 0), 'new', call.offset));
  },
  'new-object': (call, judge) => {
    const [kind, ...args] = call.items ?? [];
    if (kind === undefined) return refused('lacks its class');
    return gives(judge.call(kind, new Tuple(args, 0), 'new', call.offset, call.opcode));
  },
  'new-object-named': (call, judge) => {
    const [kind, args] = call.items ?? [];
    if (kind === undefined) return refused('lacks its class');
    return gives(judge.call(kind, args ?? PLAIN_TUPLE, 'named', call.offset, call.opcode));
  },
  'class-first': (call, judge) => {
    const kind = call.items?.[0];
    if (
      !(kind instanceof GlobalName) ||
      !(isNamed(kind, call.takes, judge) || isPlainClass(kind, call, judge))
    )
      return refused('is given a class that is not known');
    const fault = faultOfArguments(call.items!.slice(1), call.takes, judge);
    if (fault !== null) return refused(fault);
    return gives(new Made(kind, new Tuple(call.items!.slice(1), 0), 'new', call.offset));
  },
  apply: (call, judge) => {
    const [of, kind, args] = call.items ?? [];
    if (of === undefined || args === undefined) return refused('lacks what it calls');
    if (kind !== undefined && kind !== NONE && !judge.isKnown(kind))
      return refused('is given a class that is not known');
    return gives(withState(call, judge, judge.call(of, args, 'call', call.offset, call.opcode), 3));
  },
  'apply-first': (call, judge) => {
    const [of, args] = call.items ?? [];
    if (of === undefined || args === undefined) return refused('lacks what it calls');
    return gives(withState(call, judge, judge.call(of, args, 'call', call.offset, call.opcode), 2));
  },
  partial: (call, judge) => {
    const of = call.items?.[0];
    if (!judge.mayBePartial(of))
      return refused('is given a function that is not harmless with any arguments');
    return made(call);
  },
  attribute: (call, judge) => {
    const [of, name] = call.items ?? [];
    const text = name === undefined ? null : judge.literals.string(name);
    if (of === undefined || text === null) return refused('reaches for a name that it computes');
    if (!IDENTIFIER.test(text) && !(of instanceof GlobalName)) return refused('reaches for a special name');
    if (of instanceof GlobalName) {
      if (judge.isKnown(of, 'enum') && IDENTIFIER.test(text)) return made(call);
      return gives(judge.lookUp(of.module, `${of.name}.${text}`, call.offset, call.opcode));
    }
    // A method of what was made stays harmless only where the class itself does nothing but hold data.
    if (
      of instanceof Made
        ? !judge.isKnown(of.of, 'data', 'distribution', 'array')
        : isOpaque(of) || typeof of !== 'number'
    )
      return refused('reaches into something that is not known');
    return made(call);
  },
  'type-of': (call) =>
    call.items === null || call.items.length === 1 ? made(call) : refused('makes a class'),
  encode: (call, judge) => {
    const encoding = call.items?.[1] === undefined ? 'utf-8' : judge.literals.string(call.items[1]);
    return encoding !== null && isPlainCodec(encoding) ? made(call) : refused('uses a codec that computes');
  },
  'default-factory': (call, judge) => {
    const [factory, ...more] = call.items ?? [];
    if (call.items === null) return made(call);
    if (!more.every((item) => isData(item, judge)) || (more.length > 0 && judge.holdsEndless))
      return refused('goes through what an earlier call gave');
    if (factory === undefined || factory === NONE) return made(call);
    return factory instanceof GlobalName &&
      /^(?:builtins|collections)$/.test(factory.module) &&
      judge.isKnown(factory, 'call', 'plain', 'bytes', 'default-factory')
      ? made(call)
      : refused('calls what is no plain type for every missing key');
  },
  array: (call, judge) => {
    const [kind, shape, type] = call.items ?? [];
    if (kind === undefined || !judge.isKnown(kind, 'data'))
      return refused('is given a class that is not known');
    if (!isData(shape ?? NONE, judge)) return refused('is given what it does not take');
    const elements = elementsOf(shape, judge.literals) * typeBytes(type, judge.literals);
    if (elements > ELEMENTS_MAX) judge.allocates(elements, call.offset);
    return gives(new Made(kind, new Tuple(call.items!.slice(1), 0), 'new', call.offset));
  },
  bytes: (call, judge) => {
    const [count] = call.items ?? [];
    if (!(call.items ?? []).every((item) => isData(item, judge)))
      return refused('goes through what an earlier call gave');
    const whole = count === undefined ? null : judge.literals.whole(count);
    if (whole !== null && whole > 100 * ELEMENTS_MAX) judge.allocates(whole, call.offset);
    return made(call);
  },
  ufunc: (call, judge) => {
    const [module, name] = (call.items ?? []).map((item) => judge.literals.string(item));
    if (!module || !name) return refused('looks up a name that it computes');
    return gives(judge.lookUp(module, name, call.offset, call.opcode));
  },
  // numpy calls the second argument on the first: both are what numpy itself writes, or nothing is clean.
  generator: (call, judge) => {
    if (call.items === null) return refused('calls what it computes');
    const [bits, ctor, ...more] = call.items;
    if (bits !== undefined && !isBitGenerator(bits, judge))
      return refused('is given what is no generator of numpy');
    if (ctor !== undefined && !(ctor instanceof GlobalName && BIT_GENERATOR_CTOR.test(ctor.full)))
      return refused("calls a function that is not numpy's own");
    return more.length > 0 ? refused('is given more than it takes') : made(call);
  },
  'no-paths': (call, judge) => {
    for (const item of call.items ?? [OPAQUE])
      if (!isContainer(item) && item !== NONE && judge.literals.whole(item) === null)
        return refused('reads the files that its arguments name');
    return made(call);
  },
  shared: (call, judge) =>
    (call.items ?? []).every((item) => isData(item, judge))
      ? made(call)
      : refused('is given what it does not take'),
  // `attrgetter('name')` and `methodcaller('upper')` do nothing until they are called, and then no more than their names say.
  'public-name': (call, judge) => {
    const names = call.items?.map((item) => judge.literals.string(item)) ?? [];
    const isCalled = call.of.name === 'methodcaller';
    const isPlain =
      names.length > 0 &&
      names.every((one) => one !== null && (isCalled ? isOfText(one) : IDENTIFIER.test(one)));
    return isPlain && (!isCalled || names.length === 1)
      ? made(call)
      : refused('reaches for more than a plain name');
  },
  'nested-model': (call, judge) => {
    const bytes = call.items?.[0];
    if (bytes === undefined) return refused('loads something that it computes');
    judge.nested(bytes, call.offset);
    return made(call);
  },
};

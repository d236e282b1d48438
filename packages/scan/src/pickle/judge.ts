import type { TechniqueName } from '../techniques.ts';
import { ELEMENTS_MAX, elementsOf } from './allocations.ts';
import type { AllowedName, AllowList, RuleName } from './allow-list.ts';
import { CALL_RULES, type Call, type CallJudge, isEndless, type Ruling, reportPasses } from './call-rules.ts';
import { dangerOf } from './danger.ts';
import { type EntryOf, identityOf, isComputedState, isFilledBag, mayBePartial } from './identity.ts';
import { type InnerBytes, innerBytes } from './inner-bytes.ts';
import type { Literals } from './literals.ts';
import type { PickleHost } from './machine-contract.ts';
import { NumpyTypes } from './numpy-types.ts';
import { OP, OPCODE_NAMES } from './opcodes.ts';
import { specialName } from './special-names.ts';
import { STATE_RULES } from './state-rules.ts';
import { isTensor, reachesBehind, type StorageClaim, storageOf } from './storages.ts';
import { allowEntry, isEmpty, isOwnClass } from './unlisted.ts';
import {
  type CallKind,
  GlobalName,
  isOpaque,
  isTuple,
  Made,
  OPAQUE,
  Persistent,
  Tuple,
  type Value,
} from './value.ts';

/** One thing seen in a stream. */
export interface PickleSighting {
  readonly technique: TechniqueName;
  readonly message: string;
  readonly offset: number;
  readonly opcode: string;
}

/** What a judge passes on. */
export interface JudgeOutlets {
  /** A model within the stream: a place in the source, or its bytes. */
  nested(bytes: InnerBytes, offset: number): void;
  /** What the loader reads on its own behind `BUILD`; see {@link PickleHost.build}. */
  inline(
    target: Made,
    state: ReadonlyMap<string, Value> | null,
    next: number,
    literals: Literals,
  ): number | null;
  /** A storage is asked for. */
  storage(claim: StorageClaim, offset: number): void;
  /** Asked now and then. @returns whether to go on */
  goOn(): boolean;
}

/** Names of one stream that are told apart; what is beyond them is counted as seen. */
const SIGHTINGS_MAX = 256;

/** A name as it may be shown: nothing but what a name is made of, and not too long. */
export function shown(text: string): string {
  const plain = text.replace(/[^\x21-\x7e]/g, '?');
  return plain.length > 96 ? `${plain.slice(0, 95)}…` : plain;
}

/** Decides what the names and calls of a stream mean. */
export class Judge implements PickleHost, CallJudge {
  readonly #allowed: AllowList;
  readonly #outlets: JudgeOutlets;
  readonly #sightings = new Map<string, PickleSighting>();
  readonly #bad = new WeakSet<object>();
  readonly #entries = new WeakMap<GlobalName, AllowedName>();
  readonly entryOf: EntryOf = (name) => this.#entries.get(name);
  #endless = false;
  readonly #types = new NumpyTypes(() => this.literals);
  /** Those of the stream being read; set by whoever runs it. */
  literals!: Literals;

  constructor(allowed: AllowList, outlets: JudgeOutlets) {
    this.#allowed = allowed;
    this.#outlets = outlets;
  }

  /** What was seen, in the order of its first sight. */
  get sightings(): PickleSighting[] {
    return [...this.#sightings.values()];
  }

  #see(technique: TechniqueName, about: string, message: string, offset: number, opcode: number): void {
    const key = `${technique} ${about}`;
    if (!this.#sightings.has(key) && this.#sightings.size >= SIGHTINGS_MAX) return;
    this.#sightings.set(key, {
      technique,
      message,
      offset,
      opcode: OPCODE_NAMES.get(opcode) ?? String(opcode),
    });
  }

  /** What was seen in an earlier run counts no more. */
  forget(): void {
    this.#sightings.clear();
  }

  goOn(): boolean {
    return this.#outlets.goOn();
  }

  global(name: GlobalName, opcode: number): void {
    const entry = this.#allowed.lookup(name.module, name.name);
    if (entry) {
      this.#entries.set(name, entry);
      return;
    }
    this.#bad.add(name);
    this.#unlisted(name, 'names', isOwnClass(name.module, name.name), name.offset, opcode);
  }

  /** A name that is not on the list. @param isMild whether all that speaks against it is that it was never reviewed */
  #unlisted(name: GlobalName, does: string, isMild: boolean, offset: number, opcode: number): void {
    const danger = dangerOf(name.module, name.name);
    const technique = danger ?? (isMild ? 'unlisted-class' : 'unknown-global');
    const full = shown(name.full);
    const key = `${technique} ${full}`;
    if (does === 'names' && this.#sightings.has(key)) return;
    const allow =
      technique === 'unlisted-class'
        ? `; \`sallyport scan --allow FILE\` allows it: ${allowEntry(name)}`
        : '';
    this.#see(technique, full, `${does} \`${full}\`${allow}`, offset, opcode);
  }

  computedGlobal(offset: number, opcode: number): void {
    const extension = opcode === OP.EXT1 || opcode === OP.EXT2 || opcode === OP.EXT4;
    this.#see(
      'computed-name',
      extension ? 'extension' : 'stack',
      extension
        ? 'looks up a name by a code of the extension registry'
        : 'looks up a name that is not written out',
      offset,
      opcode,
    );
  }

  lookUp(module: string, name: string, offset: number, opcode: number): Value {
    const found = new GlobalName(module, name, offset);
    this.global(found, opcode);
    return found;
  }

  get holdsEndless(): boolean {
    return this.#endless;
  }

  isKnown(value: Value, ...rules: readonly RuleName[]): boolean {
    if (value instanceof Made)
      return value.of instanceof GlobalName && this.#entries.get(value.of)?.rule === 'partial';
    if (!(value instanceof GlobalName)) return false;
    const entry = this.#entries.get(value);
    return (
      entry !== undefined && (rules.length === 0 ? entry.rule !== 'public-name' : rules.includes(entry.rule))
    );
  }

  mayBePartial(value: Value | undefined): boolean {
    return mayBePartial(value, this.entryOf);
  }

  setState(target: Value, state: Value, offset: number): void {
    this.build(target, state, null, offset, 0);
  }

  call(of: Value, args: Value, how: CallKind, offset: number, opcode: number): Value {
    if (of instanceof Made) return this.#callMade(of, args, offset, opcode);
    if (!(of instanceof GlobalName)) {
      if (isOpaque(of) || of instanceof Tuple || typeof of !== 'number')
        this.#see('unknown-call', 'opaque', 'calls something that it computed', offset, opcode);
      // A number or a text cannot be called: every loader stops here.
      return new Made(of, args, how, offset);
    }
    const entry = this.#entries.get(of);
    if (!entry) {
      const isBare = how === 'new' && isEmpty(this.literals.itemsOf(args)) && isOwnClass(of.module, of.name);
      this.#unlisted(of, how !== 'call' ? 'makes an instance of' : 'calls', isBare, offset, opcode);
      const given = new Made(of, args, how, offset);
      this.#bad.add(given);
      return given;
    }
    const items = this.literals.itemsOf(args);
    // Only the Python reader takes a list or text of arguments, of which nothing is known.
    if (items === null && !isTuple(args)) {
      const full = shown(of.full);
      this.#see('refused-call', full, `calls \`${full}\` with arguments that are no tuple`, offset, opcode);
    }
    const asked: Call = { of, takes: entry.group.takes ?? {}, items, how, offset, opcode };
    reportPasses(asked, this);
    if (reachesBehind(of, items, this.literals))
      this.#see('refused-call', 'tensor', 'makes a tensor that reaches behind its storage', offset, opcode);
    const ruling: Ruling =
      how === 'named' ? { refused: 'is given arguments by name' } : CALL_RULES[entry.rule](asked, this);
    if ('gives' in ruling) {
      this.#endless ||= isEndless(ruling.gives, this);
      return ruling.gives;
    }
    const full = shown(of.full);
    const danger = entry.rule === 'public-name' ? dangerOf(of.module, of.name) : null;
    this.#see(danger ?? 'refused-call', full, `calls \`${full}\`, which ${ruling.refused}`, offset, opcode);
    const given = new Made(of, args, how, offset);
    this.#bad.add(given);
    return given;
  }

  /** What a call gave is called in turn. */
  #callMade(of: Made, args: Value, offset: number, opcode: number): Value {
    if (
      of.of instanceof GlobalName &&
      this.#entries.get(of.of)?.rule === 'partial' &&
      of.args instanceof Tuple
    ) {
      // What it calls is what it was set to last.
      const isSet = of.state instanceof Tuple;
      const [inner, ...given] = isSet ? (of.state as Tuple).items : of.args.items;
      const first = isSet ? (this.literals.itemsOf(given[0] ?? OPAQUE) ?? [OPAQUE]) : given;
      const rest = this.literals.itemsOf(args) ?? [OPAQUE];
      return this.call(inner ?? OPAQUE, new Tuple([...first, ...rest], 0), 'call', offset, opcode);
    }
    this.#see('unknown-call', 'made', 'calls what an earlier call gave', offset, opcode);
    const given = new Made(of, args, 'call', offset);
    this.#bad.add(given);
    return given;
  }

  build(
    target: Value,
    state: Value,
    items: readonly Value[] | null,
    offset: number,
    next: number,
  ): number | null {
    if (target instanceof GlobalName) {
      const full = shown(target.full);
      this.#see('state-on-class', full, `sets attributes of \`${full}\` itself`, offset, OP.BUILD);
      return 0;
    }
    if (!(target instanceof Made)) {
      if (isOpaque(target))
        this.#see(
          'state-on-unknown',
          'opaque',
          'sets the state of something that it computed',
          offset,
          OP.BUILD,
        );
      return 0;
    }
    const isBad = this.#bad.has(target);
    const rule = target.of instanceof GlobalName ? this.#entries.get(target.of)?.rule : undefined;
    if (!isBad && rule === undefined)
      this.#see('state-on-unknown', 'made', 'sets the state of what an earlier call gave', offset, OP.BUILD);
    this.#changes(target, 'sets attributes of', offset, OP.BUILD);
    if (isFilledBag(target))
      this.#see('state-on-unknown', 'bag', 'sets the state of what it filled by a call', offset, OP.BUILD);
    if (isComputedState(state, this.entryOf))
      this.#see('special-attribute', 'state', 'sets attributes by names it computes', offset, OP.BUILD);
    if (rule === 'partial') {
      if (!(state instanceof Tuple) || !this.mayBePartial(state.items[0]))
        this.#see(
          'refused-call',
          'partial state',
          'replaces the function of a `functools.partial`',
          offset,
          OP.BUILD,
        );
    }
    if (state instanceof Tuple && state.items.length === 2 && state.items.some(isOpaque) && rule === 'data')
      this.#see('state-on-unknown', 'state', 'sets a state that it computed', offset, OP.BUILD);
    target.state = state;
    target.states++;
    this.#sizes(target, state, offset);
    const named = items === null ? null : this.#named(items);
    const isType = target.of instanceof GlobalName && target.of.full === 'numpy.dtype';
    const why = isType
      ? this.#types.fault(target, state, offset)
      : rule === undefined
        ? null
        : (STATE_RULES[rule]?.(named, this.literals) ?? null);
    if (why !== null) {
      const full = shown((target.of as GlobalName).full);
      this.#see('refused-call', full, `sets the state of \`${full}\`, which ${why}`, offset, OP.BUILD);
    }
    return this.#outlets.inline(target, named, next, this.literals);
  }

  /** The state of a type of numpy says how large an element is; that of an array, how many there are. */
  #sizes(target: Made, state: Value, offset: number): void {
    if (!(target.of instanceof GlobalName)) return;
    const items = this.literals.itemsOf(state);
    if (items === null) return;
    if (target.of.full === 'numpy.dtype') {
      const bytes = items[5] === undefined ? null : this.literals.whole(items[5]);
      const base = items[2] instanceof Tuple ? elementsOf(items[2].items[1], this.literals) : 1;
      const most = Math.max(bytes ?? 1, base);
      if (most > ELEMENTS_MAX) this.allocates(most, offset);
    } else if (target.of.full === 'numpy.ndarray' && items.length === 5) {
      // Elements that are objects lie in a list of the stream, which has a byte for each at least.
      const elements = this.literals.span(items[4]!) === null ? elementsOf(items[1], this.literals) : 0;
      if (elements > ELEMENTS_MAX && elements > offset) this.allocates(elements, offset);
    }
  }

  /** Something is set on, or added to, what a call gave: it must be the stream's own. */
  #changes(target: Made, does: string, offset: number, opcode: number): void {
    if (!(target.of instanceof GlobalName)) return;
    const identity = identityOf(target, this.entryOf);
    const full = shown(target.of.full);
    if (identity === 'class')
      this.#see('state-on-class', 'made', `${does} the class of something`, offset, opcode);
    else if (identity === 'shared')
      this.#see(
        'state-on-unknown',
        full,
        `${does} what \`${full}\` gave, which others may have, too`,
        offset,
        opcode,
      );
  }

  /** What a state sets, by name; `null` where a name is computed. */
  #named(items: readonly Value[]): ReadonlyMap<string, Value> | null {
    const named = new Map<string, Value>();
    for (let i = 0; i + 1 < items.length; i += 2) {
      const key = this.literals.string(items[i]!);
      if (key === null) return null;
      named.set(key, items[i + 1]!);
    }
    return named;
  }

  fetched(offset: number): void {
    this.#types.fetched(offset);
  }

  added(target: Value, offset: number, opcode: number): void {
    if (target instanceof GlobalName) {
      const full = shown(target.full);
      this.#see('state-on-class', full, `adds to \`${full}\` itself`, offset, opcode);
    } else if (isTensor(target))
      this.#see('state-on-unknown', 'tensor', 'adds to a tensor, or sets items of one', offset, opcode);
    else if (this.#isBytes(target))
      this.#see('state-on-unknown', 'bytes', 'adds to bytes that it holds', offset, opcode);
    else if (isOpaque(target) || (target instanceof Made && !(target.of instanceof GlobalName)))
      this.#see('state-on-unknown', 'added', 'adds to something that it computed', offset, opcode);
    else if (target instanceof Made) this.#changes(target, 'adds to', offset, opcode);
  }

  /** Whether it is bytes that can be added to, or would be in another reading. */
  #isBytes(value: Value): boolean {
    if (value instanceof Made)
      return value.of instanceof GlobalName && value.of.full === 'builtins.bytearray';
    return this.literals.span(value)?.text === false;
  }

  items(items: readonly Value[], start: number, offset: number): void {
    for (let i = start; i + 1 < items.length; i += 2) {
      const value = items[i + 1]!;
      if (value instanceof Tuple) this.#types.added(value, offset);
      const name = specialName(items[i]!, value, this.entryOf, this.literals);
      if (name === null) continue;
      const what = name === '' ? 'something under a name it computes' : `\`${name}\``;
      this.#see('special-attribute', name, `sets ${what}`, offset, OP.SETITEMS);
    }
  }

  persistent(id: Value, offset: number): Value {
    // Old PyTorch names the class of a module this way, with its source beside it.
    if (id instanceof Tuple && id.items.length >= 2 && this.literals.string(id.items[0]!) === 'module')
      return id.items[1]!;
    const claim = storageOf(id, this.literals);
    if (claim) this.#outlets.storage(claim, offset);
    return new Persistent(id);
  }

  doubled(level: number, offset: number): void {
    this.#see('expansion', '', `holds a container twice over, ${level} levels deep`, offset, OP.TUPLE);
  }

  allocates(count: number, offset: number): void {
    this.#see('large-allocation', '', `asks for ${count} elements at once`, offset, OP.REDUCE);
  }

  nested(given: Value, offset: number): void {
    const bytes = innerBytes(given, this.literals);
    if (bytes) this.#outlets.nested(bytes, offset);
    else this.#see('refused-call', 'nested', 'loads a model from bytes that it computes', offset, OP.REDUCE);
  }
}

import type { KeptTuples } from './kept-tuples.ts';
import type { PickleEnd, PickleHost } from './machine-contract.ts';
import { Memo } from './memo.ts';
import { OP } from './opcodes.ts';
import {
  isContainer,
  isDict,
  levelOf,
  levelOver,
  memoOf,
  NONE,
  OPAQUE,
  PLAIN_TUPLE,
  placeOfKept,
  Tuple,
  type Value,
  withLevel,
  withMemo,
} from './value.ts';

/** The highest memo place: CPython's memo is an array that grows to it. */
const MEMO_MAX = 0xffff_ffff;
/** Places beyond the bytes that were read: each place that a writer fills takes a byte at least. */
const MEMO_GAP_MAX = 65_536;
/** Containers doubled this often have over 65,000 times their own size. */
export const DOUBLED_MAX = 16;

/** Tuples within each other: no pickler comes as deep, and of what is deeper nothing is known. */
const DEPTH_MAX = 4096;

/** No memo place, where -1 is none. */
const UNKNOWN = -2;

/** Items of a tuple that are looked at each time it comes from the memo. */
const FEW = 3;

/** Whether it is a dictionary or a tuple that may hold one: those of a few items that are none do not. */
function mayHoldDict(value: Value): boolean {
  if (typeof value === 'number') return isDict(value);
  if (value.kind !== 'tuple') return false;
  return value.items.length > FEW || value.items.some((item) => isDict(item) || item instanceof Tuple);
}

/** A run ends. */
export class Halt extends Error {
  readonly why: PickleEnd['why'];
  readonly cut: PickleEnd['cut'];

  constructor(why: PickleEnd['why'], message: string, cut?: PickleEnd['cut']) {
    super(message);
    this.why = why;
    this.cut = cut;
  }
}

/** An argument that begins at `from` reaches over the end of its frame at `to`, whose length is written at `frame`. */
export const straddled = (from: number, to: number, frame: number): Halt =>
  new Halt('straddled', 'an argument reaches over the end of its frame', { from, to, frame });

/** Stack, marks and memo of one run. */
export class Memory {
  readonly stack: Value[] = [];
  readonly #marks: number[] = [];
  /** For each mark, where the new dictionary below it is memoised; `UNKNOWN` where no new one lies below it. */
  readonly #dicts: number[] = [];
  /** Where dictionaries are memoised that came from there. */
  readonly #reached = new Set<number>();
  /** Whether the dictionary below the mark that was taken last was new and could not be reached since. */
  holdsAll = false;
  /** Where the values begin that are within reach. */
  fence = 0;
  readonly #memo = new Memo();
  readonly #host: PickleHost;
  readonly #lenient: boolean;
  readonly #kept: KeptTuples;

  constructor(host: PickleHost, lenient: boolean, kept: KeptTuples) {
    this.#host = host;
    this.#kept = kept;
    this.#lenient = lenient;
  }

  /** The place that `MEMOIZE` fills. */
  get next(): number {
    return this.#memo.count;
  }

  /** Marks the stack; what lies below is out of reach until the mark is gone. @param aboveNew whether above a new dictionary */
  mark(aboveNew = false): void {
    const below = this.stack[this.stack.length - 1];
    this.fence = this.stack.length;
    this.#marks.push(this.fence);
    this.#dicts.push(aboveNew && typeof below === 'number' ? memoOf(below) : UNKNOWN);
  }

  /** Whether the last mark lies on top of the stack. */
  get markOnTop(): boolean {
    return this.#marks.length > 0 && this.fence === this.stack.length;
  }

  pop(): Value {
    if (this.stack.length <= this.fence) {
      if (this.#lenient) return OPAQUE;
      throw new Halt('error', 'takes from an empty stack');
    }
    return this.stack.pop()!;
  }

  top(): Value {
    if (this.stack.length <= this.fence) {
      if (this.#lenient) return OPAQUE;
      throw new Halt('error', 'looks at an empty stack');
    }
    return this.stack[this.stack.length - 1]!;
  }

  setTop(value: Value): void {
    if (this.stack.length > this.fence) this.stack[this.stack.length - 1] = value;
  }

  /** Where the values above the last mark begin; the mark is gone. */
  popMark(): number {
    const mark = this.#marks.pop();
    if (mark !== undefined) {
      const dict = this.#dicts.pop()!;
      this.holdsAll = dict !== UNKNOWN && !this.#reached.has(dict);
      this.fence = this.#marks.length > 0 ? this.#marks[this.#marks.length - 1]! : 0;
      return mark;
    }
    if (this.#lenient) return 0;
    throw new Halt('error', 'there is no mark');
  }

  /** Takes all values from `start` on. One by one: an array whose length is set gives its room back and must grow anew. */
  drop(start: number): void {
    const { stack } = this;
    while (stack.length > start) stack.pop();
  }

  tuple(start: number, offset: number): Value {
    const stack = this.stack;
    const count = stack.length - start;
    let matters = false;
    let level = 0;
    let depth = 0;
    let last: Value = NONE;
    for (let i = start; i < stack.length; i++) {
      const item = stack[i]!;
      if (typeof item === 'number') {
        if (item < 0 || item === OPAQUE || placeOfKept(item) >= 0) matters = true;
        if (item <= NONE || item === OPAQUE) continue;
      } else {
        matters = true;
        if (item.kind !== 'tuple') continue;
        depth = Math.max(depth, item.depth);
      }
      const own = levelOf(item) + (item === last ? 1 : 0);
      if (own > level) level = own;
      last = item;
    }
    if (level > DOUBLED_MAX) this.#host.doubled(level, offset);
    if (!matters && count > 0) {
      this.drop(start);
      return withLevel(PLAIN_TUPLE, level);
    }
    if (depth >= DEPTH_MAX) {
      this.drop(start);
      return OPAQUE;
    }
    const items = new Array<Value>(count);
    for (let i = 0; i < count; i++) items[i] = stack[start + i]!;
    this.drop(start);
    return new Tuple(items, level, depth + 1);
  }

  put(index: number, offset: number): void {
    if (index < 0 || index > MEMO_MAX) throw new Halt('error', 'a memo place out of range');
    // The memo of CPython is an array that grows to twice the place.
    if (index > offset + MEMO_GAP_MAX) this.#host.allocates(2 * index, offset);
    let value = this.top();
    if (typeof value === 'number') {
      if (value > NONE && isContainer(value) && memoOf(value) < 0) {
        value = withMemo(value, index);
        this.setTop(value);
      }
    } else if (value.kind === 'tuple') {
      value = this.#kept.keep(value);
      this.setTop(value);
    }
    this.#memo.set(index, value);
  }

  get(index: number, offset: number): Value {
    const value = this.#memo.get(index);
    if (value !== undefined) {
      if (mayHoldDict(value)) {
        this.#host.fetched(offset);
        if (typeof value === 'number') this.#reached.add(memoOf(value));
      }
      return value;
    }
    if (this.#lenient) return OPAQUE;
    throw new Halt('error', 'a memo place that is empty');
  }

  /** Adds what lies from `start` on to the container below it. */
  add(start: number, offset: number, opcode: number): void {
    const stack = this.stack;
    const keyed = opcode === OP.SETITEM || opcode === OP.SETITEMS;
    if (keyed) this.#host.items(stack, start, offset);
    const level = levelOver(stack, start, stack.length);
    this.drop(start);
    const target = this.top();
    if (typeof target !== 'number' || !isContainer(target)) {
      this.#host.added(target, offset, opcode);
      return;
    }
    if (level <= levelOf(target)) return;
    if (level > DOUBLED_MAX) this.#host.doubled(level, offset);
    const raised = withLevel(target, level);
    this.setTop(raised);
    const memo = memoOf(raised);
    if (memo >= 0) this.#memo.set(memo, raised);
  }
}

import type { PickleEnd, PickleHost } from './machine-contract.ts';
import { Memo } from './memo.ts';
import { OP } from './opcodes.ts';
import {
  ATOM,
  isContainer,
  levelOf,
  levelOver,
  literalsOr,
  memoOf,
  OPAQUE,
  PLAIN_TUPLE,
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
  /** Where the values begin that are within reach. */
  fence = 0;
  readonly #memo = new Memo();
  readonly #host: PickleHost;
  readonly #lenient: boolean;

  constructor(host: PickleHost, lenient: boolean) {
    this.#host = host;
    this.#lenient = lenient;
  }

  /** The place that `MEMOIZE` fills. */
  get next(): number {
    return this.#memo.count;
  }

  /** Marks the stack; what lies below is out of reach until the mark is gone. */
  mark(): void {
    this.fence = this.stack.length;
    this.#marks.push(this.fence);
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
    let last: Value = ATOM;
    for (let i = start; i < stack.length; i++) {
      const item = stack[i]!;
      if (typeof item === 'number') {
        if (item < 0 || item === OPAQUE) matters = true;
        if (item <= ATOM || item === OPAQUE) continue;
      } else {
        matters = true;
        if (item.kind !== 'tuple') continue;
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
    const items = new Array<Value>(count);
    for (let i = 0; i < count; i++) items[i] = stack[start + i]!;
    this.drop(start);
    return new Tuple(items, level);
  }

  put(index: number, offset: number): void {
    if (index < 0 || index > MEMO_MAX) throw new Halt('error', 'a memo place out of range');
    // The memo of CPython is an array that grows to twice the place.
    if (index > offset + MEMO_GAP_MAX) this.#host.allocates(2 * index, offset);
    let value = this.top();
    if (typeof value === 'number') {
      if (value > ATOM && isContainer(value) && memoOf(value) < 0) {
        value = withMemo(value, index);
        this.setTop(value);
      }
    } else if (value.kind === 'tuple') value = literalsOr(value);
    this.#memo.set(index, value);
  }

  get(index: number): Value {
    const value = this.#memo.get(index);
    if (value !== undefined) return value;
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

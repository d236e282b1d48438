import type { PickleEnd, PickleHost } from './machine-contract.ts';
import { OP } from './opcodes.ts';
import {
  isContainer,
  levelOf,
  levelOver,
  memoOf,
  OPAQUE,
  PLAIN_TUPLE,
  Tuple,
  type Value,
  withLevel,
  withMemo,
} from './value.ts';

/** Memo places a stream may use; CPython's own memo is an array that grows to the highest. */
const MEMO_MAX = 64 * 1024 * 1024;
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
  readonly marks: number[] = [];
  readonly #memo: (Value | undefined)[] = [];
  readonly #host: PickleHost;
  readonly #lenient: boolean;
  #memoCount = 0;

  constructor(host: PickleHost, lenient: boolean) {
    this.#host = host;
    this.#lenient = lenient;
  }

  /** The place that `MEMOIZE` fills. */
  get next(): number {
    return this.#memoCount;
  }

  fence(): number {
    return this.marks.length > 0 ? this.marks[this.marks.length - 1]! : 0;
  }

  pop(): Value {
    if (this.stack.length <= this.fence()) {
      if (this.#lenient) return OPAQUE;
      throw new Halt('error', 'takes from an empty stack');
    }
    return this.stack.pop()!;
  }

  top(): Value {
    if (this.stack.length <= this.fence()) {
      if (this.#lenient) return OPAQUE;
      throw new Halt('error', 'looks at an empty stack');
    }
    return this.stack[this.stack.length - 1]!;
  }

  setTop(value: Value): void {
    if (this.stack.length > this.fence()) this.stack[this.stack.length - 1] = value;
  }

  /** Where the values above the last mark begin; the mark is gone. */
  popMark(): number {
    const mark = this.marks.pop();
    if (mark !== undefined) return mark;
    if (this.#lenient) return 0;
    throw new Halt('error', 'there is no mark');
  }

  tuple(start: number, offset: number): Value {
    const stack = this.stack;
    let matters = false;
    for (let i = start; i < stack.length && !matters; i++) {
      const item = stack[i]!;
      matters = typeof item !== 'number' || item < 0 || item === OPAQUE;
    }
    const level = levelOver(stack, start, stack.length);
    if (level > DOUBLED_MAX) this.#host.doubled(level, offset);
    if (!matters && start < stack.length) {
      stack.length = start;
      return withLevel(PLAIN_TUPLE, level);
    }
    return new Tuple(stack.splice(start), level);
  }

  put(index: number): void {
    if (index < 0 || index > MEMO_MAX) throw new Halt('error', 'a memo place out of range');
    let value = this.top();
    if (typeof value === 'number' && isContainer(value) && memoOf(value) < 0) {
      value = withMemo(value, index);
      this.setTop(value);
    }
    const memo = this.#memo;
    // An array with far places would be stored as a table of strings: one with gaps filled stays fast.
    while (memo.length < index && memo.length < MEMO_MAX) memo.push(undefined);
    if (memo[index] === undefined) this.#memoCount++;
    memo[index] = value;
  }

  get(index: number): Value {
    const value = this.#memo[index];
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
    stack.length = start;
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
    if (memo >= 0) this.#memo[memo] = raised;
  }
}

import type { ByteSource } from '../bytes/byte-source.ts';
import { Frames } from './frames.ts';
import { Literals, NUMBER_BEGINS, STRING_BEGINS } from './literals.ts';
import type { PickleEnd, PickleHost, Reading } from './machine-contract.ts';
import { DOUBLED_MAX, Halt, Memory } from './memory.ts';
import { OP } from './opcodes.ts';
import { nameOnPython3 } from './python2-names.ts';
import {
  DICT,
  GlobalName,
  LIST,
  levelOver,
  literalAt,
  NONE,
  OPAQUE,
  SET,
  Tuple,
  type Value,
  withLevel,
} from './value.ts';
import { lengthOfEight, Window } from './window.ts';

/** Opcodes between two looks at the budget. */
const TICK = 0xffff;
const PUTS: ReadonlySet<number> = new Set([OP.PUT, OP.BINPUT, OP.LONG_BINPUT, OP.MEMOIZE]);

/**
 * Runs a pickle without making anything: the union of what CPython's C and pure-Python unpicklers do (`Modules/_pickle.c`,
 * `Lib/pickle.py`, protocols 0 to 5). Where the two read a stream differently, one of them stops and the other goes on, and
 * this one goes on: frame lengths are not believed, arguments need not be tuples, lines may be any text.
 */
export class PickleMachine {
  readonly literals: Literals;
  readonly #source: ByteSource;
  readonly #host: PickleHost;
  readonly #lenient: boolean;
  readonly #reading: Reading;
  #memory: Memory;
  #window: Window | null = null;

  constructor(source: ByteSource, host: PickleHost, reading: Reading = { lenient: false }) {
    this.#source = source;
    this.#host = host;
    this.#lenient = reading.lenient;
    this.#reading = reading;
    this.literals = new Literals(source);
    this.#memory = new Memory(host, this.#lenient, this.literals.begin());
  }

  /** Bytes that all runs so far read again, or went through for lines. */
  get spent(): number {
    return this.#window?.spent ?? 0;
  }

  /** Runs from `start` to the first `STOP` or to where it cannot go on. Each run has a memo of its own. */
  run(start: number): PickleEnd {
    this.#memory = new Memory(this.#host, this.#lenient, this.literals.begin());
    const at = { offset: start, opcodes: 0, crossed: false };
    try {
      const result = this.#loop(at);
      return { why: 'stop', message: '', result, ...at };
    } catch (fault) {
      if (!(fault instanceof Halt)) throw fault;
      const { why, message, cut } = fault;
      return { why, message, result: OPAQUE, ...at, ...(cut ? { cut } : {}) };
    }
  }

  #global(module: string, name: string, offset: number, opcode: number): GlobalName {
    const resolved = nameOnPython3(module, name);
    const found = new GlobalName(resolved.module, resolved.name, offset);
    this.#host.global(found, opcode);
    return found;
  }

  /** The name on two lines. What is left of them at the end of a stream is looked up before it stops. */
  #namedOnLines(window: Window, start: number, frames: Frames, offset: number, opcode: number) {
    const { module, name, next } = window.twoLines(start, frames);
    const of = this.#global(module, name, offset, opcode);
    if (next < 0) throw new Halt('truncated', 'a line does not end');
    return { of, next };
  }

  #loop(at: { offset: number; opcodes: number; crossed: boolean }): Value {
    const host = this.#host;
    const memory = this.#memory;
    this.#window ??= new Window(this.#source, at.offset);
    const window = this.#window.beginAt(at.offset);
    const { size } = this.#source;
    const stack = memory.stack;
    let buf = window.buf;
    let base = window.base;
    let p = at.offset - base;
    let end = buf.length;
    let opcodes = 0;
    let here = at.offset;
    /** Where the run ends, if not at the opcode it came to. */
    let ends = -1;
    /** The longest part of an opcode that is read from the window without a look: opcode and eight bytes. */
    let safe = base + end >= size ? end : end - 16;
    /** What the last `SETITEMS` added, where that is all that its dictionary holds. */
    let lastItems: readonly Value[] | null = null;
    let lastItemsEnd = -1;
    /** Behind the last `EMPTY_DICT`, and where it was memoised. */
    let newDictEnd = -1;
    const frames = new Frames(this.#reading);

    try {
      for (;;) {
        if (p >= safe) {
          const offset = base + p;
          if (offset >= size) {
            ends = Math.min(offset, size);
            throw new Halt('truncated', 'ends without STOP');
          }
          if (base + end < size || p >= end) {
            window.moveTo(offset);
            buf = window.buf;
            base = window.base;
            p = 0;
            end = buf.length;
            safe = base + end >= size ? end : end - 16;
          }
        }
        here = base + p;
        const opcode = buf[p++]!;
        if ((++opcodes & TICK) === 0 && !host.goOn(here)) throw new Halt('budget', 'the budget is used up');
        // Numbers, not names: a switch over literals is a jump, one over names of an object tries each in turn.
        switch (opcode) {
          case 0x28 /* MARK */:
            memory.mark(newDictEnd === here);
            break;
          case 0x2e: /* STOP */ {
            const result = this.#lenient && stack.length === 0 ? OPAQUE : memory.pop();
            ends = base + p;
            return result;
          }
          case 0x30 /* POP */:
            if (memory.markOnTop) memory.popMark();
            else memory.pop();
            break;
          case 0x31 /* POP_MARK */:
            memory.drop(memory.popMark());
            break;
          case 0x32 /* DUP */:
            stack.push(memory.top());
            break;
          case 0x4e /* NONE */:
            stack.push(NONE);
            break;
          case 0x88: /* NEWTRUE */
          case 0x89 /* NEWFALSE */:
            stack.push(literalAt(here));
            break;
          case 0x46: /* FLOAT */
          case 0x49: /* INT */
          case 0x4c: /* LONG */
          case 0x53: /* STRING */
          case 0x56: /* UNICODE */ {
            const begins =
              opcode === OP.UNICODE ? null : opcode === OP.STRING ? STRING_BEGINS : NUMBER_BEGINS;
            if (begins && !begins[buf[p]!]) throw new Halt('error', 'a number or text that is none');
            p = window.lineEnd(base + p) - base;
            stack.push(literalAt(here));
            break;
          }
          case 0x4b: /* BININT1 */
          case 0x4d: /* BININT2 */
          case 0x4a: /* BININT */
          case 0x47 /* BINFLOAT */:
            stack.push(literalAt(here));
            p += opcode === OP.BININT1 ? 1 : opcode === OP.BININT2 ? 2 : opcode === OP.BININT ? 4 : 8;
            break;
          case 0x8a: /* LONG1 */
          case 0x55: /* SHORT_BINSTRING */
          case 0x43: /* SHORT_BINBYTES */
          case 0x8c /* SHORT_BINUNICODE */:
            stack.push(literalAt(here));
            p += 1 + (buf[p] ?? 0);
            break;
          case 0x8b: /* LONG4 */
          case 0x54: /* BINSTRING */
          case 0x42: /* BINBYTES */
          case 0x58: /* BINUNICODE */ {
            const length = (buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)) >>> 0;
            if (length > 0x7fff_ffff && (opcode === OP.LONG4 || opcode === OP.BINSTRING))
              throw new Halt('error', 'a negative length');
            stack.push(literalAt(here));
            p += 4 + length;
            break;
          }
          case 0x8d: /* BINUNICODE8 */
          case 0x8e: /* BINBYTES8 */
          case 0x96: /* BYTEARRAY8 */ {
            const length = lengthOfEight(buf, p);
            stack.push(literalAt(here));
            p += 8 + length;
            break;
          }
          case 0x5d /* EMPTY_LIST */:
            stack.push(LIST);
            break;
          case 0x7d /* EMPTY_DICT */:
            stack.push(DICT);
            newDictEnd = base + p;
            break;
          case 0x8f /* EMPTY_SET */:
            stack.push(SET);
            break;
          case 0x29 /* EMPTY_TUPLE */:
            stack.push(Tuple.EMPTY);
            break;
          case 0x74 /* TUPLE */:
            stack.push(memory.tuple(memory.popMark(), here));
            break;
          case 0x85: /* TUPLE1 */
          case 0x86: /* TUPLE2 */
          case 0x87: /* TUPLE3 */ {
            const count = opcode - OP.TUPLE1 + 1;
            if (stack.length - memory.fence < count) {
              if (!this.#lenient) throw new Halt('error', 'takes from an empty stack');
              while (stack.length - memory.fence < count) stack.push(OPAQUE);
            }
            stack.push(memory.tuple(stack.length - count, here));
            break;
          }
          case 0x6c: /* LIST */
          case 0x64: /* DICT */ {
            const start = memory.popMark();
            if (opcode === OP.DICT) host.items(stack, start, here);
            const level = levelOver(stack, start, stack.length);
            if (level > DOUBLED_MAX) host.doubled(level, here);
            memory.drop(start);
            stack.push(withLevel(opcode === OP.LIST ? LIST : DICT, level));
            break;
          }
          case 0x91 /* FROZENSET */:
            memory.drop(memory.popMark());
            stack.push(SET);
            break;
          case 0x61: /* APPEND */
          case 0x73: /* SETITEM */ {
            const count = opcode === OP.APPEND ? 1 : 2;
            if (stack.length - memory.fence <= count && !this.#lenient)
              throw new Halt('error', 'takes from an empty stack');
            const start = Math.max(memory.fence, stack.length - count);
            memory.add(start, here, opcode);
            break;
          }
          case 0x65: /* APPENDS */
          case 0x75: /* SETITEMS */
          case 0x90: /* ADDITEMS */ {
            const start = memory.popMark();
            // What `BUILD` is about to set is kept for whoever wants to know it.
            if (opcode === OP.SETITEMS && buf[p] === OP.BUILD && memory.holdsAll) {
              lastItems = stack.slice(start);
              lastItemsEnd = base + p;
            }
            memory.add(start, here, opcode);
            break;
          }
          case 0x67: /* GET */ {
            const next = window.lineEnd(base + p);
            stack.push(memory.get(window.number(base + p, next), here));
            p = next - base;
            break;
          }
          case 0x70: /* PUT */ {
            const next = window.lineEnd(base + p);
            memory.put(window.number(base + p, next), here);
            p = next - base;
            break;
          }
          case 0x68 /* BINGET */:
            stack.push(memory.get(buf[p++]!, here));
            break;
          case 0x71 /* BINPUT */:
            memory.put(buf[p++]!, here);
            break;
          case 0x6a: /* LONG_BINGET */
          case 0x72: /* LONG_BINPUT */ {
            const index = (buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)) >>> 0;
            p += 4;
            if (opcode === OP.LONG_BINGET) stack.push(memory.get(index, here));
            else memory.put(index, here);
            break;
          }
          case 0x94 /* MEMOIZE */:
            memory.put(memory.next, here);
            break;
          case 0x63: /* GLOBAL */ {
            const { of, next } = this.#namedOnLines(window, base + p, frames, here, opcode);
            stack.push(of);
            p = next - base;
            break;
          }
          case 0x93: /* STACK_GLOBAL */ {
            const name = this.literals.string(memory.pop());
            const module = this.literals.string(memory.pop());
            if (name === null || module === null) {
              host.computedGlobal(here, opcode);
              stack.push(OPAQUE);
            } else stack.push(this.#global(module, name, here, opcode));
            break;
          }
          case 0x82: /* EXT1 */
          case 0x83: /* EXT2 */
          case 0x84 /* EXT4 */:
            p += opcode === OP.EXT1 ? 1 : opcode === OP.EXT2 ? 2 : 4;
            host.computedGlobal(here, opcode);
            stack.push(OPAQUE);
            break;
          case 0x52: /* REDUCE */ {
            const args = memory.pop();
            const of = memory.pop();
            stack.push(host.call(of, args, 'call', here, opcode));
            break;
          }
          case 0x81: /* NEWOBJ */ {
            const args = memory.pop();
            const of = memory.pop();
            stack.push(host.call(of, args, 'new', here, opcode));
            break;
          }
          case 0x92: /* NEWOBJ_EX */ {
            const named = memory.pop();
            const args = memory.pop();
            const of = memory.pop();
            stack.push(host.call(of, new Tuple([args, named], 0), 'named', here, opcode));
            break;
          }
          case 0x69: /* INST */ {
            const { of, next } = this.#namedOnLines(window, base + p, frames, here, opcode);
            const args = memory.tuple(memory.popMark(), here);
            p = next - base;
            stack.push(host.call(of, args, 'call', here, opcode));
            break;
          }
          case 0x6f: /* OBJ */ {
            const start = memory.popMark();
            if (stack.length <= start && !this.#lenient) throw new Halt('error', 'takes from an empty stack');
            const args = memory.tuple(Math.min(start + 1, stack.length), here);
            const of = stack.length > start ? stack.pop()! : OPAQUE;
            stack.push(host.call(of, args, 'call', here, opcode));
            break;
          }
          case 0x62: /* BUILD */ {
            const state = memory.pop();
            const items = lastItemsEnd === here ? lastItems : null;
            const skipped = host.build(memory.top(), state, items, here, base + p);
            if (skipped === null) {
              ends = base + p;
              throw new Halt('error', 'what follows is read by the loader itself');
            }
            p += skipped;
            break;
          }
          case 0x50: /* PERSID */ {
            const next = window.lineEnd(base + p);
            stack.push(host.persistent(literalAt(here), here));
            p = next - base;
            break;
          }
          case 0x51: /* BINPERSID */ {
            const id = memory.pop();
            stack.push(host.persistent(id, here));
            break;
          }
          case 0x80 /* PROTO */:
            if (buf[p]! > 5 && !this.#lenient) throw new Halt('error', `protocol ${buf[p]} is not known`);
            p += 1;
            break;
          case 0x95 /* FRAME */:
            frames.open(here, lengthOfEight(buf, p));
            p += 8;
            break;
          case 0x97 /* NEXT_BUFFER */:
            stack.push(OPAQUE);
            break;
          case 0x98 /* READONLY_BUFFER */:
            break;
          default:
            throw new Halt('error', `there is no opcode ${opcode}`);
        }
        if (newDictEnd === here && PUTS.has(opcode)) newDictEnd = base + p;
        if (base + p > frames.end && here < frames.end) frames.check(opcode, here);
        if (p > end && base + p > size) throw new Halt('truncated', 'a value ends early');
      }
    } finally {
      at.offset = ends >= 0 ? ends : here;
      at.opcodes = opcodes;
      at.crossed = frames.crossed;
    }
  }
}

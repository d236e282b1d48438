import type { CallKind, GlobalName, Value } from './value.ts';

/** What the machine tells of, and asks, as it goes. Offsets are those of opcodes in the source. */
export interface PickleHost {
  /** A name is looked up: its module is imported. */
  global(name: GlobalName, opcode: number): void;
  /** A module or name comes from the stack and is no literal, or comes from the extension registry. */
  computedGlobal(offset: number, opcode: number): void;
  /** Something is called, or asked for a bare instance. @returns what it gives */
  call(of: Value, args: Value, how: CallKind, offset: number, opcode: number): Value;
  /**
   * State is set.
   * @param items keys and values, in turn, of the dictionary that is the state: all of them, or `null` where that is not known
   * @returns how many bytes behind the opcode the loader reads on its own, `null` if all of it
   */
  build(
    target: Value,
    state: Value,
    items: readonly Value[] | null,
    offset: number,
    next: number,
  ): number | null;
  /** Something is added to what is no plain list, dictionary or set. */
  added(target: Value, offset: number, opcode: number): void;
  /** Keys and values, in turn, that go into a dictionary. */
  items(items: readonly Value[], start: number, offset: number): void;
  /** A dictionary, or a tuple that may hold one, comes from the memo. */
  fetched(offset: number): void;
  /** @returns what the loader makes of the id */
  persistent(id: Value, offset: number): Value;
  /** A container holds itself twice over, `level` times. */
  doubled(level: number, offset: number): void;
  /** Loading asks for room for `count` elements at once. */
  allocates(count: number, offset: number): void;
  /** Asked now and then. @returns whether to go on */
  goOn(offset: number): boolean;
}

/** Why a run ended. */
export interface PickleEnd {
  readonly why: 'stop' | 'error' | 'truncated' | 'budget' | 'straddled';
  /** Behind the last opcode that was understood. */
  readonly offset: number;
  readonly message: string;
  /** Opcodes that ran. */
  readonly opcodes: number;
  /** Whether bytes lay over the end of a frame, which versions of CPython read differently. */
  readonly crossed: boolean;
  /** Of a straddled argument: where it begins, where the frame ends, and where the length of the frame is written. */
  readonly cut?: { readonly from: number; readonly to: number; readonly frame: number };
  /** What `STOP` gave. */
  readonly result: Value;
}

/** How a stream is read. */
export interface Reading {
  /** What cannot be (an empty stack, a missing memo) is taken as anything at all instead of ending the run. */
  readonly lenient: boolean;
  /**
   * The run ends where an argument reaches over the end of a frame. CPython's C reader, reading a file, drops what the
   * frame still holds and takes the argument from behind it; reading bytes, it goes on.
   */
  readonly watchFrames?: boolean;
  /** Bytes that were dropped at the ends of frames, by where the length of the frame is written. */
  readonly dropped?: ReadonlyMap<number, number>;
}

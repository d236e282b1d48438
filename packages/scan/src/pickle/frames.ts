import type { Reading } from './machine-contract.ts';
import { straddled } from './memory.ts';
import { OP } from './opcodes.ts';

/** Bytes of the length that some opcodes have before their content. */
const LENGTH_BYTES: ReadonlyMap<number, number> = new Map<number, number>([
  [OP.LONG1, 1],
  [OP.SHORT_BINSTRING, 1],
  [OP.SHORT_BINBYTES, 1],
  [OP.SHORT_BINUNICODE, 1],
  [OP.LONG4, 4],
  [OP.BINSTRING, 4],
  [OP.BINBYTES, 4],
  [OP.BINUNICODE, 4],
  [OP.BINUNICODE8, 8],
  [OP.BINBYTES8, 8],
  [OP.BYTEARRAY8, 8],
]);

const BYTES: ReadonlySet<number> = new Set<number>([
  OP.SHORT_BINBYTES,
  OP.BINBYTES,
  OP.BINBYTES8,
  OP.BYTEARRAY8,
]);

/** Where the argument begins that lies over `boundary`: behind the opcode, or behind the length that comes first. */
function argumentStart(opcode: number, here: number, boundary: number): number {
  const lengthBytes = LENGTH_BYTES.get(opcode) ?? 0;
  return boundary < here + 1 + lengthBytes ? here + 1 : here + 1 + lengthBytes;
}

/**
 * Where the frame that is being read ends. CPython's C reader takes a frame from a file as a whole; what of it is left when an
 * argument needs more is lost, and the argument is taken from behind it.
 */
export class Frames {
  /** Behind its last byte; infinite where no frame is open or nobody watches. */
  end = Number.POSITIVE_INFINITY;
  /** Whether bytes lay over the end of a frame, which versions read differently. */
  crossed = false;
  #at = 0;
  #dropped = 0;
  readonly #watched: boolean;
  readonly #all: ReadonlyMap<number, number>;

  constructor({ watchFrames, dropped }: Reading) {
    this.#watched = watchFrames ?? false;
    this.#all = dropped ?? new Map();
  }

  /** A frame opens at `here`. Within another that has room for it, the other stays. @throws Halt */
  open(here: number, length: number): void {
    if (!this.#watched) return;
    const begin = here + 9;
    if (here + 1 >= this.end || begin === this.end || this.end === Number.POSITIVE_INFINITY) {
      this.#at = here + 1;
      this.#dropped = this.#all.get(this.#at) ?? 0;
      this.end = begin + length - this.#dropped;
    } else if (begin + length > this.end + this.#dropped && begin < this.end)
      throw straddled(begin, this.end, this.#at);
  }

  /** An opcode at `here` reached over the end. What the loader itself reads behind `BUILD` is not part of it. @throws Halt */
  check(opcode: number, here: number): void {
    const from = argumentStart(opcode, here, this.end);
    // Bytes are read into their place: what the frame still holds comes first.
    // (CPython before 3.8 drops it here too.)
    const isBytes = BYTES.has(opcode) && from > here + 1;
    if (isBytes && from < this.end) this.crossed = true;
    if (opcode === OP.BUILD || isBytes) this.end = Number.POSITIVE_INFINITY;
    else if (from < this.end) throw straddled(from, this.end, this.#at);
  }

  /** Two lines, from `start` and from `middle`, up to `next`. @throws Halt */
  checkLines(start: number, middle: number, next: number): void {
    if (start < this.end && next > this.end && this.end !== middle)
      throw straddled(middle > this.end ? start : middle, this.end, this.#at);
    // The second line began where the frame ended: both were read whole.
    if (next > this.end) this.end = Number.POSITIVE_INFINITY;
  }
}

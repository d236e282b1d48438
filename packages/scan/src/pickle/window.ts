import type { ByteSource } from '../bytes/byte-source.ts';
import { Halt } from './memory.ts';
import { OP } from './opcodes.ts';

const WINDOW_BYTES = 1024 * 1024;
/** The longest line a name may be on. */
const LINE_BYTES_MAX = 1024 * 1024;

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

/** The part of a stream that is in memory. */
export class Window {
  readonly #source: ByteSource;
  buf: Uint8Array;
  /** Where `buf` begins in the source. */
  base: number;

  constructor(source: ByteSource, offset: number) {
    this.#source = source;
    this.base = offset;
    this.buf = source.read(offset, WINDOW_BYTES);
  }

  moveTo(offset: number): void {
    this.base = offset;
    this.buf = this.#source.read(offset, WINDOW_BYTES);
  }

  /** The offset behind the line that begins at `offset`, or -1 where it does not end. */
  lineEndOrNone(offset: number): number {
    const found = this.buf.indexOf(10, offset - this.base);
    if (found >= 0) return this.base + found + 1;
    const end = this.#source.read(offset, LINE_BYTES_MAX).indexOf(10);
    return end < 0 ? -1 : offset + end + 1;
  }

  /** The offset behind the line that begins at `offset`. @throws Halt */
  lineEnd(offset: number): number {
    const end = this.lineEndOrNone(offset);
    if (end < 0) throw new Halt('truncated', 'a line does not end');
    return end;
  }
}

/** Where the argument begins that lies over `boundary`: behind the opcode, or behind the length that comes first. */
export function argumentStart(opcode: number, here: number, boundary: number): number {
  const lengthBytes = LENGTH_BYTES.get(opcode) ?? 0;
  return boundary < here + 1 + lengthBytes ? here + 1 : here + 1 + lengthBytes;
}

/** A length of eight bytes. Beyond what a number holds exactly nothing is that long. */
export function lengthOfEight(buf: Uint8Array, p: number): number {
  const low = (buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)) >>> 0;
  const high = (buf[p + 4]! | (buf[p + 5]! << 8) | (buf[p + 6]! << 16) | (buf[p + 7]! << 24)) >>> 0;
  return high * 0x1_0000_0000 + low;
}

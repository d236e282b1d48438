import type { ByteSource } from '../bytes/byte-source.ts';
import { Halt } from './memory.ts';

const WINDOW_BYTES = 1024 * 1024;
/** The longest line a name may be on. */
const LINE_BYTES_MAX = 1024 * 1024;

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

  /** The offset behind the line that begins at `offset`. @throws Halt */
  lineEnd(offset: number): number {
    const found = this.buf.indexOf(10, offset - this.base);
    if (found >= 0) return this.base + found + 1;
    const end = this.#source.read(offset, LINE_BYTES_MAX).indexOf(10);
    if (end < 0) throw new Halt('truncated', 'a line does not end');
    return offset + end + 1;
  }
}

/** A length of eight bytes. Beyond what a number holds exactly nothing is that long. */
export function lengthOfEight(buf: Uint8Array, p: number): number {
  const low = (buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)) >>> 0;
  const high = (buf[p + 4]! | (buf[p + 5]! << 8) | (buf[p + 6]! << 16) | (buf[p + 7]! << 24)) >>> 0;
  return high * 0x1_0000_0000 + low;
}

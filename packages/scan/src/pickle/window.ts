import type { ByteSource } from '../bytes/byte-source.ts';
import type { Frames } from './frames.ts';
import { Halt } from './memory.ts';

const WINDOW_BYTES = 256 * 1024;
/** The longest line a name may be on. */
const LINE_BYTES_MAX = 1024 * 1024;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The part of a stream that is in memory. */
export class Window {
  readonly #source: ByteSource;
  readonly #room: Uint8Array;
  buf: Uint8Array;
  /** Where `buf` begins in the source. */
  base: number;
  /** Bytes that were read or gone through for lines so far. */
  spent = 0;

  constructor(source: ByteSource, offset: number) {
    this.#source = source;
    this.base = offset;
    this.#room = new Uint8Array(Math.min(WINDOW_BYTES, source.size));
    this.buf = source.read(offset, this.#room.length, this.#room);
  }

  /** Another run begins at `offset`: what is in memory is not read again. */
  beginAt(offset: number): this {
    if (offset < this.base || offset >= this.base + this.buf.length) this.moveTo(offset);
    return this;
  }

  moveTo(offset: number): void {
    this.base = offset;
    this.buf = this.#source.read(offset, this.#room.length, this.#room);
    this.spent += this.buf.length;
  }

  /** The offset behind the line that begins at `offset`, or -1 where it does not end. */
  lineEndOrNone(offset: number): number {
    const found = this.buf.indexOf(10, offset - this.base);
    if (found >= 0) return this.base + found + 1;
    const line = this.#source.read(offset, LINE_BYTES_MAX);
    this.spent += this.buf.length + 2 * line.length;
    const end = line.indexOf(10);
    return end < 0 ? -1 : offset + end + 1;
  }

  /** The offset behind the line that begins at `offset`. @throws Halt */
  lineEnd(offset: number): number {
    const end = this.lineEndOrNone(offset);
    if (end < 0) throw new Halt('truncated', 'a line does not end');
    return end;
  }

  /** The line from `start` up to the newline before `end`. */
  line(start: number, end: number): string {
    return UTF8.decode(this.#source.read(start, Math.min(end - 1 - start, LINE_BYTES_MAX)));
  }

  /** A number on a line, as Python's `int()` reads it. @throws Halt */
  number(start: number, end: number): number {
    const text = this.line(start, end).trim();
    if (!/^[+-]?\d+(?:_\d+)*$/.test(text)) throw new Halt('error', 'a memo place that is no number');
    return Number(text.replaceAll('_', ''));
  }

  /**
   * A module and a name, each on a line. At the end of a stream the pure-Python reader takes what there is without its last
   * letter: then `next` is -1. @throws Halt
   */
  twoLines(start: number, frames: Frames): { module: string; name: string; next: number } {
    const middle = this.lineEndOrNone(start);
    const next = middle < 0 ? -1 : this.lineEndOrNone(middle);
    if (next < 0) {
      const rest = this.line(middle < 0 ? start : middle, this.#source.size);
      return middle < 0
        ? { module: rest, name: '', next }
        : { module: this.line(start, middle), name: rest, next };
    }
    frames.checkLines(start, middle, next);
    return { module: this.line(start, middle), name: this.line(middle, next), next };
  }
}

/** A length of eight bytes. Beyond what a number holds exactly nothing is that long. */
export function lengthOfEight(buf: Uint8Array, p: number): number {
  const low = (buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)) >>> 0;
  const high = (buf[p + 4]! | (buf[p + 5]! << 8) | (buf[p + 6]! << 16) | (buf[p + 7]! << 24)) >>> 0;
  return high * 0x1_0000_0000 + low;
}

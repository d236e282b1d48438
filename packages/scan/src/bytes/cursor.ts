import type { ByteSource } from './byte-source.ts';

/** A structure asks for bytes that are not there. */
export class Truncated extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super(`ends early at ${offset}`);
    this.offset = offset;
  }
}

/** A structure that says something impossible. */
export class Malformed extends Error {
  readonly offset: number;

  constructor(offset: number, why: string) {
    super(why);
    this.offset = offset;
  }
}

const WINDOW_BYTES = 64 * 1024;
const TEXT = new TextDecoder('utf-8');

/** Reads numbers and texts one after another. Every read throws {@link Truncated} at the end of the source. */
export class Cursor {
  readonly source: ByteSource;
  offset: number;
  /** Numbers are big-endian. */
  big: boolean;
  #window: Uint8Array = new Uint8Array(0);
  #view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));
  #base = 0;

  constructor(source: ByteSource, offset = 0, big = false) {
    this.source = source;
    this.offset = offset;
    this.big = big;
  }

  get left(): number {
    return this.source.size - this.offset;
  }

  #need(count: number): number {
    const at = this.offset - this.#base;
    if (at < 0 || at + count > this.#window.length) {
      this.#window = this.source.read(this.offset, Math.max(count, WINDOW_BYTES));
      this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.byteLength);
      this.#base = this.offset;
      if (this.#window.length < count) throw new Truncated(this.offset);
      this.offset += count;
      return 0;
    }
    this.offset += count;
    return at;
  }

  u8(): number {
    const at = this.#need(1);
    return this.#window[at]!;
  }

  u16(): number {
    const at = this.#need(2);
    return this.#view.getUint16(at, !this.big);
  }

  u32(): number {
    const at = this.#need(4);
    return this.#view.getUint32(at, !this.big);
  }

  i32(): number {
    const at = this.#need(4);
    return this.#view.getInt32(at, !this.big);
  }

  /** 64 bits as a number: beyond 2^53 it is only about right, which no size or offset of a real file reaches. */
  u64(): number {
    const at = this.#need(8);
    return Number(this.#view.getBigUint64(at, !this.big));
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  unsigned(width: number): number {
    if (width === 1) return this.u8();
    if (width === 2) return this.u16();
    if (width === 4) return this.u32();
    return this.u64();
  }

  /** A copy of `count` bytes. */
  bytes(count: number): Uint8Array {
    if (count > this.left || count < 0) throw new Truncated(this.offset);
    const at = this.#need(count);
    return this.#window.slice(at, at + count);
  }

  text(count: number): string {
    return TEXT.decode(this.bytes(count));
  }

  skip(count: number): void {
    if (count < 0 || count > this.left) throw new Truncated(this.offset);
    this.offset += count;
  }

  /** A variable-length unsigned number (LEB128), at most 10 bytes; see {@link u64} for what is over 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Malformed(this.offset, 'a number of more than ten bytes');
  }
}

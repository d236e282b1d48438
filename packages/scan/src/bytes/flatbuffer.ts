import { type ByteSource, SliceSource } from './byte-source.ts';
import { Cursor, Malformed } from './cursor.ts';

/** A table of a flatbuffer. Every read throws Truncated or Malformed of `cursor.ts` where it is none. */
export class Table {
  readonly #source: ByteSource;
  readonly #at: number;
  readonly #fields: number;
  readonly #count: number;

  constructor(source: ByteSource, at: number) {
    this.#source = source;
    this.#at = at;
    this.#fields = at - new Cursor(source, at).i32();
    if (this.#fields < 0 || this.#fields >= source.size)
      throw new Malformed(at, 'a table whose fields lie outside the file');
    this.#count = (new Cursor(source, this.#fields).u16() - 4) / 2;
  }

  #place(field: number): number {
    if (field >= this.#count) return 0;
    const offset = new Cursor(this.#source, this.#fields + 4 + field * 2).u16();
    return offset === 0 ? 0 : this.#at + offset;
  }

  whole(field: number, bytes: 1 | 4): number {
    const at = this.#place(field);
    if (at === 0) return 0;
    const cursor = new Cursor(this.#source, at);
    return bytes === 1 ? cursor.u8() : cursor.i32();
  }

  text(field: number): string {
    const at = this.#place(field);
    if (at === 0) return '';
    const start = at + new Cursor(this.#source, at).u32();
    const cursor = new Cursor(this.#source, start);
    return cursor.text(Math.min(cursor.u32(), 4096));
  }

  /** Bytes of a list of bytes, from `0` on. */
  bytes(field: number): ByteSource | null {
    const at = this.#place(field);
    if (at === 0) return null;
    const start = at + new Cursor(this.#source, at).u32();
    const count = new Cursor(this.#source, start).u32();
    if (count > this.#source.size - start - 4)
      throw new Malformed(start, 'a list that is longer than the file');
    return new SliceSource(this.#source, start + 4, start + 4 + count);
  }

  /** A whole number of 64 bits. */
  long(field: number): number {
    const at = this.#place(field);
    return at === 0 ? 0 : new Cursor(this.#source, at).u64();
  }

  tables(field: number): Table[] {
    const at = this.#place(field);
    if (at === 0) return [];
    const start = at + new Cursor(this.#source, at).u32();
    const cursor = new Cursor(this.#source, start);
    const count = cursor.u32();
    if (count * 4 > cursor.left) throw new Malformed(start, 'a list that is longer than the file');
    return Array.from({ length: count }, () => {
      const place = cursor.offset;
      return new Table(this.#source, place + cursor.u32());
    });
  }
}

/** A text and the original position of each of its characters; `null` where they are the same. */
export interface Mapped {
  readonly text: string;
  readonly starts: Int32Array | null;
  readonly ends: Int32Array | null;
}

/** Where a character of a mapped text begins in the original. */
export const startOf = (mapped: Mapped, at: number): number => (mapped.starts ? mapped.starts[at]! : at);

/** Where the character before `end` ends in the original. */
export const endOf = (mapped: Mapped, end: number): number => (mapped.ends ? mapped.ends[end - 1]! : end);

/** A mapped text under construction, from pieces of another. */
export class MappedBuilder {
  readonly #source: Mapped;
  #codes: Uint16Array;
  #starts: Int32Array;
  #ends: Int32Array;
  length = 0;

  /** @param size characters expected */
  constructor(source: Mapped, size: number) {
    const room = Math.max(size, 16);
    this.#source = source;
    this.#codes = new Uint16Array(room);
    this.#starts = new Int32Array(room);
    this.#ends = new Int32Array(room);
  }

  #grow(more: number): void {
    if (this.length + more <= this.#codes.length) return;
    const room = Math.max(this.#codes.length * 2, this.length + more);
    const [codes, starts, ends] = [new Uint16Array(room), new Int32Array(room), new Int32Array(room)];
    codes.set(this.#codes);
    starts.set(this.#starts);
    ends.set(this.#ends);
    [this.#codes, this.#starts, this.#ends] = [codes, starts, ends];
  }

  /** Adds a character that stands for `[start, end)` of the source. */
  code(code: number, start: number, end: number): void {
    if (this.length === this.#codes.length) this.#grow(1);
    const at = this.length++;
    this.#codes[at] = code;
    this.#starts[at] = startOf(this.#source, start);
    this.#ends[at] = endOf(this.#source, end);
  }

  /** Adds characters that all stand for `[start, end)` of the source. */
  piece(piece: string, start: number, end: number): void {
    this.#grow(piece.length);
    const [from, to] = [startOf(this.#source, start), endOf(this.#source, end)];
    for (let i = 0; i < piece.length; i++) {
      const at = this.length++;
      this.#codes[at] = piece.charCodeAt(i);
      this.#starts[at] = from;
      this.#ends[at] = to;
    }
  }

  /** Copies `[from, to)` of the source. */
  copy(from: number, to: number): void {
    this.#grow(to - from);
    const { text, starts, ends } = this.#source;
    const at = this.length;
    for (let i = from; i < to; i++) this.#codes[at + i - from] = text.charCodeAt(i);
    if (starts && ends) {
      this.#starts.set(starts.subarray(from, to), at);
      this.#ends.set(ends.subarray(from, to), at);
    } else
      for (let i = from; i < to; i++) {
        this.#starts[at + i - from] = i;
        this.#ends[at + i - from] = i + 1;
      }
    this.length += to - from;
  }

  /** Adds `[from, to)` of a text that was made of the source. */
  take({ text, starts, ends }: Mapped, from: number, to: number): void {
    if (starts === null || ends === null) return this.copy(from, to);
    this.#grow(to - from);
    const at = this.length;
    const source = this.#source;
    for (let i = from; i < to; i++) this.#codes[at + i - from] = text.charCodeAt(i);
    if (source.starts === null) {
      this.#starts.set(starts.subarray(from, to), at);
      this.#ends.set(ends.subarray(from, to), at);
    } else
      for (let i = from; i < to; i++) {
        this.#starts[at + i - from] = startOf(source, starts[i]!);
        this.#ends[at + i - from] = endOf(source, ends[i]!);
      }
    this.length += to - from;
  }

  done(): Mapped {
    const { length } = this;
    const text = Buffer.from(this.#codes.buffer, 0, length * 2).toString('utf16le');
    return { text, starts: this.#starts.subarray(0, length), ends: this.#ends.subarray(0, length) };
  }
}

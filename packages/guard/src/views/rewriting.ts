import type { Layer } from './canonicalise.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

/** A place in a text: what stands there and where. */
export interface Found {
  readonly 0: string;
  readonly index: number;
}

/** Writes what a place means; returns whether it means something else than it says. */
export type Write = (builder: MappedBuilder, found: string, at: number) => boolean;

/**
 * Several ways of writing undone one after the other over the whole text, read with what stands around them: far from any the
 * text needs no second reading.
 */
export class Rewriting {
  readonly #source: Mapped;
  readonly #around: number;
  readonly #names: string[] = [];
  /** The text so far, by places in the source. */
  #local: Mapped;

  /** @param around characters that are read with what was undone */
  constructor(source: Mapped, around: number) {
    this.#source = source;
    this.#around = around;
    this.#local = { text: source.text, starts: null, ends: null };
  }

  /** The text so far. */
  get text(): string {
    return this.#local.text;
  }

  /** Undoes one way. @param believes asked at the end whether it was meant so */
  undo(name: string, matches: Iterable<Found>, write: Write, believes: () => boolean = () => true): void {
    let builder: MappedBuilder | null = null;
    let at = 0;
    let changed = false;
    for (const match of matches) {
      builder ??= new MappedBuilder(this.#local, this.#local.text.length);
      builder.copy(at, match.index);
      at = match.index + match[0].length;
      if (write(builder, match[0], match.index)) changed = true;
      else builder.copy(match.index, at);
    }
    if (!builder || !changed || !believes()) return;
    builder.copy(at, this.#local.text.length);
    this.#local = builder.done();
    this.#names.push(name);
  }

  /** What was undone, and what stands around it; null where nothing was. */
  layer(): Layer | null {
    if (this.#names.length === 0) return null;
    const { text, starts, ends } = this.#local;
    const source = this.#source;
    const builder = new MappedBuilder(source, Math.min(text.length, 4_096));
    const { length } = text;
    /** Up to where the text was taken over, and is read with what was undone. */
    let at = 0;
    let until = 0;
    for (let i = 0; i <= length; i++) {
      const start = i < length ? starts![i]! : source.text.length;
      const gap = start - (i > 0 ? ends![i - 1]! : 0);
      // What goes on as it stands was not undone; nor does a piece of several characters leave a gap within.
      const plain =
        (i === length || (ends![i]! - start === 1 && text.charCodeAt(i) === source.text.charCodeAt(start))) &&
        gap <= 0;
      if (plain) continue;
      const from = Math.max(at, i - this.#around);
      if (from > until) {
        builder.take(this.#local, at, Math.max(at, until));
        if (builder.length > 0) builder.code(10, Math.max(0, start - 1), Math.max(1, start));
        at = from;
      }
      builder.take(this.#local, at, Math.min(length, i + 1));
      at = Math.min(length, i + 1);
      until = Math.min(length, at + this.#around);
    }
    builder.take(this.#local, at, Math.max(at, until));
    return { name: this.#names.join('+'), mapped: builder.done() };
  }
}

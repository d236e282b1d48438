import { atOnce, type Steps } from '@sallyport/core';
import type { Literal } from './json-text.ts';
import type { Reader, Stretch } from './place.ts';
import { type PlainReader, TextReader } from './text-reader.ts';

/** Characters that are read from one step to the next. */
const STEP = 8_192;
/** Nesting of JSON within JSON that is followed; what is deeper is text. */
const DEPTH_MAX = 8;

/** A stretch of a text that says something: running text, or a string or a literal of the JSON in it. */
export interface Leaf extends Stretch {
  /** How many JSON strings it is inside of. */
  readonly depth: number;
  /** Whether it is a number, `true`, `false` or `null`. */
  readonly literal: boolean;
  /** Whether more of it may come. */
  readonly open: boolean;
}

interface Growing extends Leaf {
  end: number;
  open: boolean;
  /** Beginnings and ends of characters that take more than one, each after the other. */
  readonly escapes: number[];
}

/** How many of an ascending list are at most `most`. */
function countTo(length: number, at: (n: number) => number, most: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Notes the stretches of one text that are no JSON. */
class Notes implements PlainReader {
  readonly open = Number.POSITIVE_INFINITY;
  readonly #depth: number;
  readonly #all: Growing[];
  #leaf: Growing;

  constructor(depth: number, at: number, all: Growing[]) {
    this.#depth = depth;
    this.#all = all;
    this.#leaf = this.#begin(at);
  }

  #begin(at: number): Growing {
    const leaf = { start: at, end: at, depth: this.#depth, literal: false, open: true, escapes: [] };
    this.#all.push(leaf);
    return leaf;
  }

  feed(_character: string, start: number, end: number): void {
    const leaf = this.#leaf;
    if (!leaf.open) return;
    leaf.end = end;
    if (end - start > 1) leaf.escapes.push(start, end);
  }

  pass(): void {}

  enter(at: number): void {
    this.#leaf.end = at;
    this.#leaf.open = false;
  }

  leave(at: number): void {
    this.#leaf = this.#begin(at);
  }

  end(): void {
    this.#leaf.open = false;
  }
}

/** What a text that comes in pieces consists of: running text, and the strings and literals of JSON, JSON in them included. */
export class Leaves {
  readonly #reader: Reader;
  #all: Growing[] = [];
  #at: number;

  /**
   * @param json whether the text is JSON by its place; else what stands in it tells
   * @param from where the text begins
   */
  constructor(json: boolean, from = 0) {
    this.#at = from;
    this.#reader = this.#readerAt(0, from, json);
  }

  #readerAt(depth: number, at: number, json: boolean): Reader {
    const notes = new Notes(depth, at, this.#all);
    if (depth > DEPTH_MAX) return notes;
    const literal = (own: Literal): void => {
      const leaf = own as Literal & Growing;
      this.#all.push(Object.assign(leaf, { depth, literal: true, escapes: [] }));
    };
    const string = (_name: boolean, start: number): Reader => this.#readerAt(depth + 1, start, false);
    return new TextReader(notes, { string, literal }, json, depth === 0);
  }

  /** Takes a piece, in steps. */
  *reads(piece: string): Steps<void> {
    for (let i = 0; i < piece.length; i++, this.#at++) {
      if (i % STEP === STEP - 1) yield;
      this.#reader.feed(piece[i]!, this.#at, this.#at + 1);
    }
  }

  /** The same in one go. */
  push(piece: string): void {
    atOnce(this.reads(piece));
  }

  /** Nothing more comes. */
  end(): void {
    this.#reader.end();
  }

  /** The stretches that a span reaches over. */
  within(start: number, end: number): Leaf[] {
    const found: Leaf[] = [];
    for (let n = countTo(this.#all.length, (i) => this.#all[i]!.end, start); n < this.#all.length; n++) {
      if (this.#all[n]!.start >= end) break;
      found.push(this.#all[n]!);
    }
    return found;
  }

  /** The part of a stretch that a span reaches over, with whole characters at its ends. */
  part(leaf: Leaf, start: number, end: number): Stretch {
    const { escapes } = leaf as Growing;
    const from = Math.max(start, leaf.start);
    const to = Math.min(end, leaf.end);
    const before = countTo(escapes.length, (n) => escapes[n]!, from);
    const until = countTo(escapes.length, (n) => escapes[n]!, to - 1);
    return {
      start: before % 2 === 1 ? escapes[before - 1]! : from,
      end: until % 2 === 1 ? escapes[until]! : to,
    };
  }

  /** Forgets what lies before a place. */
  forget(before: number): void {
    const gone = countTo(this.#all.length, (n) => this.#all[n]!.end, before);
    const growing = this.#all.findIndex(({ open }) => open);
    this.#all.splice(0, growing < 0 ? gone : Math.min(gone, growing));
    const escapes = this.#all[0]?.escapes ?? [];
    escapes.splice(0, countTo(escapes.length, (n) => escapes[n]!, before) & ~1);
  }
}

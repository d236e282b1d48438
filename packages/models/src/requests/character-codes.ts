import type { PathPart, Steps } from '@sallyport/core';

type Path = readonly PathPart[];

/** Characters from which numbers may spell something. */
const SPELT_MIN = 8;
/** Lists that are read each by itself; those behind them are read line by line in one go. */
const ALONE_MAX = 64;
/** Share of letters and spaces in a list of other numbers too from which it is read by itself; all are read one behind the other anyway. */
const SHARE_MIN = 0.5;

/** Numbers that are looked at from one step to the next. */
const LOT = 4_096;

/** Whether a number is a character that a text may have. */
const isCharacter = (c: number): boolean =>
  c === 9 || c === 10 || c === 13 || (c >= 32 && c !== 127 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));

const isLetter = (c: number): boolean => c === 32 || ((c | 32) >= 97 && (c | 32) <= 122);

/** What numbers spell, and where the first of them stands. */
export interface Spelling {
  readonly text: string;
  readonly path: Path;
  readonly parent: object;
}

/** A text that grows, and where it began. */
class Growing {
  text = '';
  #path: Path | null = null;
  #parent: object = this;

  add(text: string, path: Path, parent: object): void {
    if (this.#path === null) {
      this.#path = [...path];
      this.#parent = parent;
    }
    this.text += text;
  }

  get reading(): Spelling[] {
    const { text } = this;
    return text.length < SPELT_MIN ? [] : [{ text, path: this.#path!, parent: this.#parent }];
  }
}

/**
 * Numbers of a body read as characters: each list by itself, and all one behind the other, however lists and members part
 * them. What is no character is left out, so that nothing beside the rest keeps them from being read.
 */
export class CharacterCodes {
  /** Lists that are read by themselves. */
  #alone = 0;
  /** Numbers that no list of their own showed whole. */
  #apart = 0;
  #within: object | null = null;
  readonly #all = new Growing();
  readonly #lines = new Growing();

  /** What a list spells, where it is read by itself; in steps. */
  *list(codes: readonly number[], path: Path): Steps<string | null> {
    let text = '';
    let count = 0;
    let letters = 0;
    for (let at = 0; at < codes.length; at += LOT) {
      const own = codes.slice(at, at + LOT).filter(isCharacter);
      count += own.length;
      letters += own.filter(isLetter).length;
      text += String.fromCodePoint(...own);
      yield;
    }
    if (count < SPELT_MIN) return null;
    if (count < codes.length && letters < codes.length * SHARE_MIN) return null;
    this.#within = codes;
    if (++this.#alone <= ALONE_MAX) return text;
    this.#lines.add(`${text}\n`, path, codes);
    return null;
  }

  /** Takes every number, those of lists too. @param parent the list or object that it stands in */
  number(value: number, path: Path, parent: object): void {
    // Of other scripts a list says enough by itself; data is full of large numbers.
    if (value > 126 || !Number.isInteger(value) || !isCharacter(value)) return;
    if (parent !== this.#within) this.#apart++;
    this.#all.add(String.fromCharCode(value), path, parent);
  }

  /** What is left to read once all numbers came. */
  readings(): Spelling[] {
    const joined = this.#alone > 1 || this.#apart >= SPELT_MIN;
    return [...this.#lines.reading, ...(joined ? this.#all.reading : [])];
  }
}

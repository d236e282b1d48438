import { atOnce, type Steps } from '@sallyport/core';

/** Characters that are read from one step to the next. */
const STEP = 32 * 1024;
/** Characters of the start of a text that tell whether it is JSON. */
const START_CHARACTERS = 32;
const JSON_START = /^\s*(?:\{\s*["}]|\[\s*["{[\d-])/;
/** Characters before a number in which the name of its member stands. */
const NAME_CHARACTERS = 96;
const NAMED = /(?<!\\)"([^"\\]{1,64})"\s{0,4}:\s{0,4}-?$/;
const DIGITS = /^\d[\d.]*(?:[eE][+-]?\d+)?$/;
const BEHIND = /^\s{0,4}(?:[,}\]\n]|$)/;
/** Names of members whose numbers tell things apart, not people. */
const ID = /(?:^|[_.-])(?:id|ids|uuid|oid)$|[a-z](?:Id|ID|Ids|IDs)$/;
/** Names of numbers that people have. */
const PERSONAL =
  /national|person|citizen|passport|identity|government|social|ssn|tax|card|patient|license|phone|account/i;

/** Whether the name of a member says that its number is an id of some thing. */
export const isIdName = (name: string): boolean => ID.test(name) && !PERSONAL.test(name);

/** Where strings begin and end in JSON text as it grows. Linear. */
export class JsonQuotes {
  readonly #json: boolean;
  #start = '';
  /** Places of quotes that open or close a string; how many were forgotten. */
  #quotes: number[] = [];
  #forgotten = 0;
  #length = 0;
  /** Whether the next character is escaped. */
  #escaped = false;

  /** @param json whether the text is JSON; else its start tells */
  constructor(json: boolean) {
    this.#json = json;
  }

  /** Takes what comes next. */
  push(text: string): void {
    atOnce(this.reads(text));
  }

  /** The same in steps. */
  *reads(text: string): Steps<void> {
    if (this.#start.length < START_CHARACTERS) this.#start += text.slice(0, START_CHARACTERS);
    for (let i = 0; i < text.length; i++) {
      if (i % STEP === STEP - 1) yield;
      const c = text.charCodeAt(i);
      if (this.#escaped) this.#escaped = false;
      else if (c === 92) this.#escaped = true;
      else if (c === 34) this.#quotes.push(this.#length + i);
    }
    this.#length += text.length;
  }

  /** Forgets what lies before a place. */
  forget(before: number): void {
    const kept = this.#quotes.filter((at) => at >= before);
    this.#forgotten += this.#quotes.length - kept.length;
    this.#quotes = kept;
  }

  /** Whether a place of JSON lies outside of strings; false where the text is no JSON. */
  isOutside(at: number): boolean {
    if (!this.#json && !JSON_START.test(this.#start)) return false;
    let low = 0;
    let high = this.#quotes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#quotes[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return (low + this.#forgotten) % 2 === 0;
  }
}

/** A number of JSON within a text. */
export interface BareNumber {
  /** Where it begins, with its sign. */
  readonly start: number;
  /** Of its member; null where it stands in a list. */
  readonly name: string | null;
}

/**
 * The number that a span of a text is, where it is one of JSON: a mark in its place needs quotes.
 * @param text a stretch of the whole, which begins at `offset`
 */
export function bareNumber(
  text: string,
  offset: number,
  { start, end }: { readonly start: number; readonly end: number },
  quotes: JsonQuotes,
): BareNumber | null {
  if (!DIGITS.test(text.slice(start - offset, end - offset))) return null;
  const before = text.slice(Math.max(0, start - offset - NAME_CHARACTERS), start - offset);
  const name = NAMED.exec(before)?.[1] ?? null;
  if (!quotes.isOutside(start) && (name === null || !BEHIND.test(text.slice(end - offset, end - offset + 8))))
    return null;
  return { start: before.endsWith('-') ? start - 1 : start, name };
}

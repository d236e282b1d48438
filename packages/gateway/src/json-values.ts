import { tableOf } from '@sallyport/core';

/** A stretch of a text: what it says, where it begins there, and how many characters it takes there. */
export interface Run {
  readonly text: string;
  readonly from: number;
  readonly taken: number;
}

/** Nesting of lists and objects that is followed; beyond it names of members count as values. */
const NESTING_MAX = 256;
const ESCAPED: Readonly<Record<string, string>> = tableOf({
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
});
const SPACE = new Set([' ', '\t', '\n', '\r']);

/**
 * What the values of JSON text say, as the text grows: strings and numbers, without the names of members; or these names alone.
 * Text that does not begin as JSON does is read as it is, and has no names. Linear.
 */
export class JsonValues {
  readonly #names: boolean;
  #plain: boolean | null = null;
  #nesting = '';
  /** Whether the next string is the name of a member. */
  #nameNext = false;
  #quoted = false;
  /** An escape as far as it came, with its backslash. */
  #escape = '';
  #at = 0;

  /** @param what is read */
  constructor(what: 'values' | 'names' = 'values') {
    this.#names = what === 'names';
  }

  /** Takes the next piece of the text; gives what is of values, or of names: a run for each, or for what came of it. */
  push(text: string): Run[] {
    this.#plain ??= /[^ \t\r\n]/.test(text) ? !/^\s*[{["]/.test(text) : null;
    if (this.#plain) {
      this.#at += text.length;
      return this.#names ? [] : [{ text, from: this.#at - text.length, taken: text.length }];
    }
    const runs: { text: string; from: number; taken: number }[] = [];
    const say = (character: string, taken: number, end: number): void => {
      const last = runs.at(-1);
      // A run has as many characters as it takes, so that places within it are plain.
      if (last && taken === 1 && last.taken === last.text.length && last.from + last.taken === end - 1) {
        last.text += character;
        last.taken++;
      } else runs.push({ text: character, from: end - taken, taken });
    };
    for (const character of text.split('')) {
      this.#at++;
      if (this.#quoted) this.#inString(character, say);
      else this.#outside(character, say);
    }
    return runs;
  }

  #inString(character: string, say: (character: string, taken: number, end: number) => void): void {
    const passed = this.#nameNext !== this.#names;
    if (this.#escape !== '') {
      this.#escape += character;
      if (this.#escape[1] === 'u' && this.#escape.length < 6) return;
      const meant =
        this.#escape[1] === 'u'
          ? String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16) || 0)
          : (ESCAPED[character] ?? character);
      if (!passed) say(meant, this.#escape.length, this.#at);
      this.#escape = '';
    } else if (character === '\\') this.#escape = character;
    else if (character === '"') {
      this.#quoted = false;
      this.#nameNext = false;
    } else if (!passed) say(character, 1, this.#at);
  }

  #outside(character: string, say: (character: string, taken: number, end: number) => void): void {
    if (character === '"') this.#quoted = true;
    else if (character === '{' || character === '[') {
      if (this.#nesting.length < NESTING_MAX) this.#nesting += character;
      this.#nameNext = this.#nesting.endsWith('{');
    } else if (character === '}' || character === ']') {
      this.#nesting = this.#nesting.slice(0, -1);
      this.#nameNext = false;
    } else if (character === ',') this.#nameNext = this.#nesting.endsWith('{');
    else if (!this.#names && character !== ':' && !SPACE.has(character)) say(character, 1, this.#at);
  }
}

import { tableOf } from '@sallyport/core';
import type { Reader } from './place.ts';

/** Nesting of lists and objects that is followed. */
const NESTING_MAX = 256;
/** Characters of a literal that are kept to see whether it is one. */
const LITERAL_MAX = 512;
const LITERAL = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
const ESCAPES: Readonly<Record<string, string>> = tableOf({
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
});

/** What may come next, outside of strings. */
type Awaits = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end';

/** A number, `true`, `false` or `null`: where it begins, and where it ends as far as it came. */
export interface Literal {
  readonly start: number;
  end: number;
  /** Whether more of it may come. */
  open: boolean;
}

/** Takes what JSON text holds. */
export interface JsonTaker {
  /** A reader for what a string says. @param name whether it is the name of a member; @param start of its content */
  string(name: boolean, start: number): Reader;
  /** A string has ended. @param quoted where it stands, with its quotes; called before its reader ends */
  ends?(content: { start: number; end: number }, quoted: { start: number; end: number }): void;
  /** A literal begins, or is known to be one. */
  literal?(literal: Literal): void;
}

/** What became of the text with a character. */
type Outcome = 'goes on' | 'ended' | 'broken';

/**
 * Reads JSON text one character after the other. While nothing says that it is JSON, it must be without fault; text that is
 * JSON by its place, or whose beginning says so, may have faults, as models make them.
 */
export class JsonText {
  readonly #taker: JsonTaker;
  readonly #forced: boolean;
  /** Whether faults are passed over once it is known to be JSON. */
  readonly #lenient: boolean;
  #reader: Reader | null = null;
  #contentStart = 0;
  #quoteStart = 0;
  /** What an escape has so far, with its backslash; empty outside of one. */
  #escape = '';
  #escapeStart = 0;
  /** `{` and `[` that are open. */
  #nesting = '';
  #lost = false;
  #awaits: Awaits = 'value';
  #literal: Literal | null = null;
  #spelt = '';
  /** Literals that came before it was known to be JSON. */
  #held: Literal[] = [];
  #known = false;

  /**
   * @param forced whether it is JSON by its place, which may hold several values
   * @param lenient whether it is JSON with faults where it has any
   */
  constructor(taker: JsonTaker, forced: boolean, lenient: boolean) {
    this.#taker = taker;
    this.#forced = forced;
    this.#lenient = lenient || forced;
  }

  /** Whether what was read so far is JSON and nothing else. */
  get known(): boolean {
    return this.#known;
  }

  /** Whether the next character is part of a string. */
  get quoted(): boolean {
    return this.#reader !== null;
  }

  /** Where the earliest thing begins of which it cannot say yet; Infinity where there is none. */
  get open(): number {
    const open = this.#reader?.open ?? Number.POSITIVE_INFINITY;
    // A value may come back in the place of the whole string.
    return open === this.#contentStart && this.#reader ? this.#quoteStart : open;
  }

  feed(character: string, start: number, end: number): Outcome {
    return this.#reader
      ? this.#inString(this.#reader, character, start, end)
      : this.#outside(character, start, end);
  }

  /** Nothing more comes of it. */
  end(): void {
    this.#reader?.end();
    this.#reader = null;
    if (!this.#literal) return;
    this.#literal.open = false;
    if (this.#forced && LITERAL.test(this.#spelt)) this.#know();
  }

  #know(): void {
    this.#known = true;
    for (const literal of this.#held) this.#taker.literal?.(literal);
    this.#held = [];
  }

  /** A fault; the text goes on where faults are passed over. */
  #fault(): Outcome {
    return this.#lenient && this.#known ? 'goes on' : 'broken';
  }

  #outside(c: string, start: number, end: number): Outcome {
    const space = c === ' ' || c === '\n' || c === '\t' || c === '\r';
    if (!space && !'{}[],:"'.includes(c)) return this.#inLiteral(c, start, end);
    const literal = this.#literal !== null;
    if (literal && !this.#endLiteral()) return 'broken';
    if (space) return 'goes on';
    switch (c) {
      case '"':
        return this.#open(start, end);
      case '{':
      case '[':
        return this.#nest(c);
      case '}':
      case ']':
        return this.#unnest(c);
      case ',':
        if (literal) this.#know();
        if (this.#awaits !== 'comma or end' && this.#fault() === 'broken') return 'broken';
        this.#awaits = this.#nesting.endsWith('{') ? 'name' : 'value';
        return 'goes on';
      default:
        if (this.#awaits !== 'colon' && this.#fault() === 'broken') return 'broken';
        this.#awaits = 'value';
        return 'goes on';
    }
  }

  get #awaitsValue(): boolean {
    return this.#awaits === 'value' || this.#awaits === 'value or end';
  }

  #open(start: number, end: number): Outcome {
    const name = this.#awaits === 'name' || this.#awaits === 'name or end';
    if (!name && !this.#awaitsValue && this.#fault() === 'broken') return 'broken';
    this.#know();
    this.#quoteStart = start;
    this.#contentStart = end;
    this.#awaits = name ? 'colon' : 'comma or end';
    this.#reader = this.#taker.string(name || this.#lost, end);
    return 'goes on';
  }

  #nest(c: string): Outcome {
    if (!this.#awaitsValue && this.#fault() === 'broken') return 'broken';
    if (this.#nesting.length >= NESTING_MAX) this.#lost = true;
    else this.#nesting += c;
    this.#awaits = c === '{' ? 'name or end' : 'value or end';
    return 'goes on';
  }

  #unnest(c: string): Outcome {
    const empty = c === '}' ? this.#awaits === 'name or end' : this.#awaits === 'value or end';
    const fits = this.#nesting.endsWith(c === '}' ? '{' : '[') && (empty || this.#awaits === 'comma or end');
    if (!fits && this.#fault() === 'broken') return 'broken';
    if (fits) this.#know();
    this.#nesting = this.#nesting.slice(0, -1);
    this.#awaits = 'comma or end';
    if (this.#nesting !== '') return 'goes on';
    if (this.#forced) this.#awaits = 'value';
    return this.#forced ? 'goes on' : 'ended';
  }

  #inLiteral(c: string, start: number, end: number): Outcome {
    if (this.#literal) {
      this.#literal.end = end;
      if (this.#spelt.length < LITERAL_MAX) this.#spelt += c;
      return /[\w.+-]/.test(c) ? 'goes on' : this.#fault();
    }
    if (!(this.#awaitsValue && /[-\dtfn]/.test(c)) && this.#fault() === 'broken') return 'broken';
    this.#literal = { start, end, open: true };
    this.#spelt = c;
    if (this.#known) this.#taker.literal?.(this.#literal);
    else this.#held.push(this.#literal);
    return 'goes on';
  }

  /** @returns false where it is none */
  #endLiteral(): boolean {
    this.#literal!.open = false;
    this.#literal = null;
    this.#awaits = 'comma or end';
    return LITERAL.test(this.#spelt) || this.#fault() === 'goes on';
  }

  #inString(reader: Reader, character: string, start: number, end: number): Outcome {
    if (this.#escape === '') {
      if (character === '"') {
        const content = { start: this.#contentStart, end: start };
        this.#taker.ends?.(content, { start: this.#quoteStart, end });
        reader.end();
        this.#reader = null;
      } else if (character === '\\') {
        this.#escape = '\\';
        this.#escapeStart = start;
      } else {
        if (character < ' ' && this.#fault() === 'broken') return 'broken';
        reader.feed(character, start, end);
      }
      return 'goes on';
    }
    this.#escape += character;
    if (this.#escape[1] === 'u' && this.#escape.length < 6) return 'goes on';
    const meant =
      this.#escape[1] === 'u'
        ? String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16) || 0)
        : (ESCAPES[character] ?? character);
    this.#escape = '';
    reader.feed(meant, this.#escapeStart, end);
    return 'goes on';
  }
}

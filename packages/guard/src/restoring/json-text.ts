import { tableOf } from '@sallyport/core';
import { Markdown } from './markdown.ts';
import type { Around, Placed, Reader } from './place.ts';
import { PlainText } from './plain-text.ts';

/** Nesting of JSON within JSON that is followed; what is deeper counts as no plain text. */
const DEPTH_MAX = 8;
/** Nesting of lists and objects that is followed. */
const NESTING_MAX = 256;
const ESCAPES: Readonly<Record<string, string>> = tableOf({
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
});

/** Reads JSON text, its strings each as a text of its own. */
class JsonText implements Reader {
  readonly #depth: number;
  readonly #found: (placed: Placed) => void;
  #string: Reader | null = null;
  /** What an escape has so far, with its backslash; empty outside of one. */
  #escape = '';
  #escapeStart = 0;
  /** `{` and `[` that are open. */
  #nesting = '';
  #lost = false;
  #nameNext = false;
  #name = false;
  /** What stands between strings is no place for a value. */
  readonly #outside: PlainText;
  /** The text as it stands, for a reader who takes it for no JSON. */
  readonly #written: Markdown | null;
  readonly #around: Around;

  /** @param shown whether it may be shown as text, too */
  constructor(depth: number, found: (placed: Placed) => void, around: Around, shown: boolean) {
    this.#depth = depth;
    this.#found = found;
    this.#outside = new PlainText(depth, (placed) => found({ ...placed, place: 'code' }), around);
    const written = shown ? new Markdown() : null;
    this.#written = written;
    this.#around = written ? () => written.placeOfBracket(false) ?? around() : around;
  }

  get open(): number {
    return Math.min(this.#outside.open, this.#string?.open ?? Number.POSITIVE_INFINITY);
  }

  feed(character: string, start: number, end: number): void {
    this.#read(character, start, end);
    this.#written?.feed(character);
  }

  #read(character: string, start: number, end: number): void {
    if (this.#string) return this.#inString(this.#string, character, start, end);
    this.#outside.feed(character, start, end);
    if (character === '"') {
      const name = this.#nameNext || this.#lost;
      this.#name = name;
      this.#string = readerAt(
        this.#depth + 1,
        (placed) => this.#found(name ? { ...placed, place: 'name' } : placed),
        this.#around,
      );
    } else if (character === '{' || character === '[') {
      if (this.#nesting.length >= NESTING_MAX) this.#lost = true;
      else this.#nesting += character;
      this.#nameNext = character === '{';
    } else if (character === '}' || character === ']') {
      this.#nesting = this.#nesting.slice(0, -1);
      this.#nameNext = false;
    } else if (character === ',') this.#nameNext = this.#nesting.endsWith('{');
    else if (character === ':') this.#nameNext = false;
  }

  end(): void {
    this.#outside.end();
    this.#string?.end();
    this.#string = null;
  }

  #inString(reader: Reader, character: string, start: number, end: number): void {
    if (this.#escape === '') {
      if (character === '\\') {
        this.#escape = '\\';
        this.#escapeStart = start;
      } else if (character === '"') {
        reader.end();
        this.#string = null;
        // A string where a name was awaited was the name.
        if (this.#name) this.#nameNext = false;
      } else reader.feed(character, start, end);
      return;
    }
    this.#escape += character;
    if (this.#escape[1] === 'u' && this.#escape.length < 6) return;
    const meant =
      this.#escape[1] === 'u'
        ? String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16) || 0)
        : (ESCAPES[character] ?? character);
    this.#escape = '';
    reader.feed(meant, this.#escapeStart, end);
  }
}

/** Reads text that may be JSON, which its first characters tell. */
class AnyText implements Reader {
  readonly #make: (json: boolean) => Reader;
  #reader: Reader | null = null;
  #first = '';
  #waiting: [character: string, start: number, end: number][] = [];

  constructor(make: (json: boolean) => Reader) {
    this.#make = make;
  }

  get open(): number {
    return this.#reader ? this.#reader.open : (this.#waiting[0]?.[1] ?? Number.POSITIVE_INFINITY);
  }

  feed(character: string, start: number, end: number): void {
    if (this.#reader) return this.#reader.feed(character, start, end);
    this.#waiting.push([character, start, end]);
    if (/\s/.test(character)) {
      // A text of nothing but space is told soon enough.
      if (this.#waiting.length > 64) this.#decide(false);
      return;
    }
    this.#first += character;
    if (this.#first === '{' || this.#first === '[') return;
    this.#decide(/^(?:\{["}]|\[["{])/.test(this.#first));
  }

  end(): void {
    if (!this.#reader) this.#decide(false);
    this.#reader?.end();
  }

  #decide(json: boolean): void {
    const reader = this.#make(json);
    this.#reader = reader;
    for (const one of this.#waiting) reader.feed(...one);
    this.#waiting = [];
  }
}

/** Nothing stands around a text. */
const NOTHING: Around = () => null;

/**
 * A reader of text, or of JSON in it.
 * @param depth of JSON strings around it
 * @param around says where things stand in the text that holds this one
 * @param json whether it is JSON; else its first characters tell
 */
export function readerAt(
  depth: number,
  found: (placed: Placed) => void,
  around: Around = NOTHING,
  json = false,
): Reader {
  if (depth > DEPTH_MAX) return new PlainText(depth, (placed) => found({ ...placed, place: 'code' }), around);
  if (json) return new JsonText(depth, found, around, false);
  return new AnyText((is) =>
    is ? new JsonText(depth, found, around, depth === 0) : new PlainText(depth, found, around),
  );
}

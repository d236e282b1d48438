import { type JsonTaker, JsonText } from './json-text.ts';
import type { Reader } from './place.ts';

/** Reads what of a text is no JSON. */
export interface PlainReader extends Reader {
  /** Takes a character that is part of a string in JSON, which another reader reads. */
  pass(character: string): void;
  /** JSON has begun. @param at where */
  enter(at: number): void;
  /** JSON has ended. @param at where */
  leave(at: number): void;
}

/** Reads a text and the JSON in it: all of it, or what stands in it between other words. */
export class TextReader implements Reader {
  readonly #plain: PlainReader;
  readonly #taker: JsonTaker;
  readonly #faults: boolean;
  #json: JsonText | null;
  #jsonStart = 0;
  #entered = false;
  /** Whether nothing but space came. */
  #first = true;

  /**
   * @param forced whether all of it is JSON by its place
   * @param faults whether JSON that it begins with may have faults
   */
  constructor(plain: PlainReader, taker: JsonTaker, forced: boolean, faults: boolean) {
    this.#faults = faults;
    this.#plain = plain;
    this.#taker = taker;
    this.#json = forced ? new JsonText(taker, true, true) : null;
  }

  get open(): number {
    return Math.min(this.#plain.open, this.#json?.open ?? Number.POSITIVE_INFINITY);
  }

  feed(character: string, start: number, end: number): void {
    const json = this.#json;
    if (!json) {
      this.#plain.feed(character, start, end);
      this.#begin(character, start, end);
      return;
    }
    const quoted = json.quoted;
    const outcome = json.feed(character, start, end);
    if (outcome === 'broken') {
      this.#close(json, start);
      this.#plain.feed(character, start, end);
      this.#begin(character, start, end);
      return;
    }
    if (json.known && !this.#entered) {
      this.#entered = true;
      this.#plain.enter(this.#jsonStart);
    }
    if (quoted) this.#plain.pass(character);
    else this.#plain.feed(character, start, end);
    if (outcome === 'ended') this.#close(json, end);
  }

  end(): void {
    this.#json?.end();
    if (this.#json?.known && !this.#entered) this.#plain.enter(this.#jsonStart);
    this.#plain.end();
  }

  #begin(character: string, start: number, end: number): void {
    const first = this.#first;
    if (!/\s/.test(character)) this.#first = false;
    if (character !== '{' && character !== '[') return;
    // A text that begins with an object is JSON to its end, whatever faults it has.
    this.#json = new JsonText(this.#taker, false, this.#faults && first && character === '{');
    this.#jsonStart = start;
    this.#json.feed(character, start, end);
  }

  #close(json: JsonText, at: number): void {
    json.end();
    this.#json = null;
    if (this.#entered) this.#plain.leave(at);
    this.#entered = false;
  }
}

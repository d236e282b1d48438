import { Markdown } from './markdown.ts';
import type { Place } from './place.ts';

/** Where a text stands among those of its row: as lists within lists, outermost first. */
export type Position = readonly number[];

/** Whether a position comes behind another; false where that cannot be said, as where one is no number. */
function isBehind(one: Position, other: Position): boolean {
  for (let n = 0; n < Math.max(one.length, other.length); n++) {
    const a = one[n] ?? 0;
    const b = other[n] ?? 0;
    if (a !== b) return a > b;
  }
  return false;
}

/**
 * Texts that are shown one behind the other, such as the blocks of an answer: what one leaves open, such as an address or an
 * attribute, the next goes on with. Whether readers join two of them as they are or by lines, the stricter counts.
 */
export class TextRow {
  readonly #markdown = new Markdown();
  #current: RowText | null = null;
  #mixed: boolean;
  /** The last text, by its place, into which a value was put back. */
  #valued: RowText | null = null;

  /** @param mixed whether the order of its texts is not known from the start */
  constructor(mixed = false) {
    this.#mixed = mixed;
  }

  /** Whether the texts came in another order than that of their places, or side by side: nothing is put back then. */
  get mixed(): boolean {
    return this.#mixed;
  }

  /** The next text begins. */
  begin(position: Position): RowText {
    const before = this.#current;
    if (before) this.#markdown.next();
    const text = new RowText(this, position, before ? this.#markdown : null);
    if (before && !isBehind(position, before.position)) this.#mix(text);
    this.#current = text;
    return text;
  }

  /** Takes a character of a text. */
  feed(text: RowText, character: string): void {
    if (text !== this.#current) this.#mix(text);
    if (!this.#mixed) this.#markdown.feed(character);
  }

  /** A value was put back into a text. */
  value(text: RowText): void {
    if (!this.#valued || isBehind(text.position, this.#valued.position)) this.#valued = text;
  }

  #mix(text: RowText): void {
    this.#mixed = true;
    const valued = this.#valued;
    if (valued && valued !== text && !isBehind(text.position, valued.position)) text.misplaced = true;
  }
}

/** One text of a row. */
export class RowText {
  readonly position: Position;
  /** Whether it came, or went on, when a value had been put back into one that may be shown behind it. */
  misplaced = false;
  readonly #row: TextRow;
  /** The reading of all up to here; null for the first text. */
  readonly #joined: Markdown | null;
  /** The reading of this text alone. */
  readonly #own = new Markdown();
  /** Whether what looks like an address does so by what stands before this text: in JSON alone it may be none. */
  #address: boolean;

  constructor(row: TextRow, position: Position, joined: Markdown | null) {
    this.#row = row;
    this.position = position;
    this.#joined = joined;
    this.#address = joined?.urlish === true;
  }

  /** Whether the order in which it is shown with others is not known. */
  get mixed(): boolean {
    return this.#row.mixed;
  }

  /** Where something stands that comes next, by what the texts before left open; null where nothing is. */
  get place(): Place | null {
    if (this.mixed) return 'markup';
    return this.#joined?.placeOfBracket(this.#address) ?? null;
  }

  feed(character: string): void {
    this.#row.feed(this, character);
    if (!this.#joined || this.mixed) return;
    this.#own.feed(character);
    this.#address = this.#joined.urlish && (this.#address || !this.#own.urlish);
  }

  /** A value was put back into it. */
  value(): void {
    this.#row.value(this);
  }
}

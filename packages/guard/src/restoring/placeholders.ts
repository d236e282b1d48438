import { readerAt } from './json-text.ts';
import type { Placed, Reader } from './place.ts';

/**
 * Finds the placeholders of a text that comes in pieces, and says of each where it stands: in plain text, or where a value
 * would become part of an address, of code, of mark-up or of a name.
 */
export class Placeholders {
  readonly #reader: Reader;
  #found: Placed[] = [];
  #at = 0;

  /** @param json whether the text is JSON, as arguments of tools are; else its first characters tell */
  constructor(json: boolean) {
    this.#reader = readerAt(0, (placed) => this.#found.push(placed), undefined, json);
  }

  /** Everything before this is decided, in UTF-16 code units from the beginning. */
  get decided(): number {
    return Math.min(this.#at, this.#reader.open);
  }

  /** Takes a piece; gives the placeholders that are decided with it. */
  push(piece: string): Placed[] {
    for (let i = 0; i < piece.length; i++, this.#at++) this.#reader.feed(piece[i]!, this.#at, this.#at + 1);
    return this.#taken();
  }

  /** Nothing more comes. */
  end(): Placed[] {
    this.#reader.end();
    return this.#taken();
  }

  #taken(): Placed[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }
}

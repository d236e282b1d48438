import { atOnce, type Steps } from '@sallyport/core';
import type { Around, Place, Placed, Reader, Stretch } from './place.ts';
import { PlainText } from './plain-text.ts';
import { TextReader } from './text-reader.ts';
import type { RowText } from './text-row.ts';

/** Characters that are read from one step to the next. */
const STEP = 4_096;
/** Nesting of JSON within JSON that is followed; what is deeper counts as no plain text. */
const DEPTH_MAX = 8;

/** Nothing stands around a text. */
const NOTHING: Around = () => null;

/**
 * A reader of a text and of the JSON in it.
 * @param depth of JSON strings around it
 * @param around says where things stand in the text that holds this one
 * @param json whether all of it is JSON by its place
 */
function readerAt(depth: number, tell: (placed: Placed) => void, around: Around, json: boolean): Reader {
  if (depth > DEPTH_MAX) return new PlainText(depth, (placed) => tell({ ...placed, place: 'code' }), around);
  const plain = new PlainText(depth, tell, around);
  const inner: Around = json ? around : () => plain.placeInJson();
  /** The string that ends just now. */
  let last: { content: Stretch; quoted: Stretch } | null = null;
  const told = (placed: Placed, name: boolean): Placed => {
    if (name) return { ...placed, place: 'name' };
    const all =
      placed.depth === depth + 1 && placed.start === last?.content.start && placed.end === last.content.end;
    return all ? { ...placed, string: last!.quoted } : placed;
  };
  const string = (name: boolean): Reader => {
    last = null;
    return readerAt(depth + 1, (placed) => tell(told(placed, name)), inner, false);
  };
  const ends = (content: Stretch, quoted: Stretch): void => {
    last = { content, quoted };
  };
  return new TextReader(plain, { string, ends }, json, depth === 0);
}

/**
 * Finds the placeholders of a text that comes in pieces, and says of each where it stands: in plain text, or where a value
 * would become part of an address, of code, of mark-up or of a name.
 */
export class Placeholders {
  readonly #reader: Reader;
  readonly #row: RowText | null;
  #found: Placed[] = [];
  #at = 0;

  /**
   * @param json whether the text is JSON, as arguments of tools are; else what stands in it tells
   * @param row the text as one of those that are shown with it
   */
  constructor(json: boolean, row: RowText | null = null) {
    this.#row = row;
    const around = row ? (): Place | null => row.place : NOTHING;
    this.#reader = readerAt(0, (placed) => this.#found.push(placed), around, json);
  }

  /** Everything before this is decided, in UTF-16 code units from the beginning. */
  get decided(): number {
    return Math.min(this.#at, this.#reader.open);
  }

  /** Takes a piece, in steps; gives the placeholders that are decided with it. */
  *reads(piece: string): Steps<Placed[]> {
    for (let i = 0; i < piece.length; i++, this.#at++) {
      if (i % STEP === STEP - 1) yield;
      this.#reader.feed(piece[i]!, this.#at, this.#at + 1);
      this.#row?.feed(piece[i]!);
    }
    return this.#taken();
  }

  /** The same in one go. */
  push(piece: string): Placed[] {
    return atOnce(this.reads(piece));
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

/** Where a placeholder stands, where that is not plain text. */
export type Place = 'url' | 'code' | 'markup' | 'name';

/** A stretch of a text, in UTF-16 code units. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A placeholder in a text, and what stands around it. */
export interface Placed {
  /** As it was given out, however it is written here. */
  readonly placeholder: string;
  /** UTF-16 code units into the text as it was pushed, escapes included. */
  readonly start: number;
  readonly end: number;
  /** Null for plain text. */
  readonly place: Place | null;
  /** How many JSON strings it is inside of: a value that is put there needs as many rounds of escapes. */
  readonly depth: number;
  /** The JSON string of which it is all, with its quotes. */
  readonly string?: Stretch;
}

/** Takes one decoded character after the other. */
export interface Reader {
  /** @param start where its spelling begins; @param end behind it */
  feed(character: string, start: number, end: number): void;
  end(): void;
  /** Where the earliest thing begins of which it cannot say yet; Infinity where there is none. */
  readonly open: number;
}

/** Says where something stands that comes next, in a text around another. */
export type Around = () => Place | null;

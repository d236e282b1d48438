/** One event of a stream, as its frame was parsed. Nothing else of the frame is kept. */
export interface StreamEvent {
  /** What the frame calls it; empty where it has no name. */
  readonly name: string;
  /** Its JSON text; null for comments and events without data. */
  readonly data: string | null;
}

/** Splits a byte stream into events, wherever its chunks are cut. */
export interface StreamParser {
  /** Events completed by a chunk. @throws CodedError `upstream-invalid`, `upstream-too-large` */
  push(chunk: Uint8Array): StreamEvent[];
  /** What is left at the end, as a last event when it has data. @throws CodedError `upstream-invalid` */
  end(): StreamEvent[];
  /** Characters of the event that is not complete yet. */
  readonly pending: number;
}

/** How a dialect puts events into a stream. */
export interface Framing {
  readonly contentType: string;
  /** Content types of answers that are such streams. */
  readonly matches: RegExp;
  /** A frame that says nothing. */
  readonly keepAlive: string;
  /** @param eventBytesMax longest event, in characters */
  parser(eventBytesMax: number): StreamParser;
  /** A new frame. @param name empty for none; dropped where it is not a plain word; @param data JSON text */
  render(name: string, data: string): string;
}

const SEPARATOR = /[\u0085\u2028\u2029]/;
const SEPARATORS = new RegExp(SEPARATOR, 'g');

/**
 * JSON text on one line, whatever a reader takes for the end of a line. JSON has line feeds only between tokens and other
 * line separators only inside strings, so the value stays the same.
 */
export function onOneLine(json: string): string {
  const line = /[\r\n]/.test(json) ? json.replaceAll(/[\r\n]/g, ' ') : json;
  if (!SEPARATOR.test(line)) return line;
  return line.replaceAll(
    SEPARATORS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Joins the pieces of a line that comes in chunks; time is linear in what comes, however it is cut. */
export class LineSplitter {
  readonly #take: (line: string) => void;
  readonly #alone: boolean;
  #pieces: string[] = [];
  #skipFeed = false;
  /** Characters of the line that is not complete yet. */
  pending = 0;

  /** @param alone whether a carriage return by itself ends a line; @param take called with each line, without its end */
  constructor(alone: boolean, take: (line: string) => void) {
    this.#take = take;
    this.#alone = alone;
  }

  /** Takes a piece of text, cut anywhere. */
  push(text: string): void {
    let from = 0;
    if (this.#skipFeed && text.length > 0) {
      this.#skipFeed = false;
      if (text.charCodeAt(0) === 10) from = 1;
    }
    let feed = text.indexOf('\n', from);
    let back = this.#alone ? text.indexOf('\r', from) : -1;
    while (feed >= 0 || back >= 0) {
      const end = back >= 0 && (feed < 0 || back < feed) ? back : feed;
      this.#line(text.slice(from, end));
      from = end + 1;
      if (end === back) {
        if (from === text.length) this.#skipFeed = true;
        else if (feed === from) from++;
      }
      if (feed >= 0 && feed < from) feed = text.indexOf('\n', from);
      if (back >= 0 && back < from) back = text.indexOf('\r', from);
    }
    if (from < text.length) {
      this.#pieces.push(text.slice(from));
      this.pending += text.length - from;
    }
  }

  /** Takes what is left as a last line, if anything is. */
  end(): void {
    if (this.pending > 0) this.#line('');
  }

  #line(last: string): void {
    const line = this.#pieces.length === 0 ? last : this.#pieces.join('') + last;
    this.#pieces = [];
    this.pending = 0;
    this.#take(line);
  }
}

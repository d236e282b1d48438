import { isUtf8 } from 'node:buffer';
import { CodedError } from '@sallyport/core';

/** One event of a stream, as its frame was parsed. Nothing else of the frame is kept. */
export interface StreamEvent {
  /** What the frame calls it; empty where it has no name. */
  readonly name: string;
  /** Its JSON text; null for comments and events without data. */
  readonly data: string | null;
}

/** Splits a byte stream into events, wherever its chunks are cut. */
export interface StreamParser {
  /**
   * Events completed by a chunk; what is wrong behind them is told by `fault`.
   * @throws CodedError `upstream-invalid`, `upstream-too-large` where there are none before it
   */
  push(chunk: Uint8Array): StreamEvent[];
  /** What is left at the end, as a last event when it has data. @throws CodedError as `push` */
  end(): StreamEvent[];
  /** Why nothing more is read; null while more may come. */
  readonly fault: CodedError | null;
  /** Characters of the event that is not complete yet. */
  readonly pending: number;
}

/** How a dialect puts events into a stream. */
export interface Framing {
  readonly contentType: string;
  /** Content types of answers that are such streams. */
  readonly matches: RegExp;
  /** What may stand before any frame and says nothing. */
  readonly keepAlive: string;
  /**
   * Whether any line that is JSON is an event: then a whole answer goes out on one line, since a client that asked for a stream
   * would read others out of its lines. Behind a mark such as `data:` no line of JSON is one: within its strings quotes are escaped.
   */
  readonly bare: boolean;
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

/** Pieces of a line before they are joined. */
const PIECES_MAX = 256;

/** Joins the pieces of a line that comes in chunks; time is linear in what comes, however it is cut. */
export class LineSplitter {
  readonly #take: (line: string) => void;
  readonly #alone: boolean;
  #joined: string[] = [];
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
      // As many pieces as characters would take many times the room of the line.
      if (this.#pieces.length === PIECES_MAX) {
        this.#joined.push(this.#pieces.join(''));
        this.#pieces = [];
      }
      this.pending += text.length - from;
    }
  }

  /** Takes what is left as a last line, if anything is. */
  end(): void {
    if (this.pending > 0) this.#line('');
  }

  #line(last: string): void {
    const line = this.pending === 0 ? last : this.#joined.join('') + this.#pieces.join('') + last;
    this.#joined = [];
    this.#pieces = [];
    this.pending = 0;
    this.#take(line);
  }
}

const FEED = 10;
const RETURN = 13;

/** Length of bytes without a character at the end of which more is to come. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte > 0xf4 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/**
 * Reads bytes as UTF-8, in lines, into events. What stands before the first fault is read: of a chunk that holds bytes which
 * are no text, the lines before them.
 */
export abstract class LineParser implements StreamParser {
  readonly #lines: LineSplitter;
  /** Bytes of a character that is not complete yet. */
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  #fault: CodedError | null = null;
  #events: StreamEvent[] = [];

  /** @param alone whether a carriage return by itself ends a line */
  constructor(alone: boolean) {
    this.#lines = new LineSplitter(alone, (line) => this.line(line));
  }

  get pending(): number {
    return this.#lines.pending;
  }

  get fault(): CodedError | null {
    return this.#fault;
  }

  push(chunk: Uint8Array): StreamEvent[] {
    return this.#reading(() => {
      const { buffer, byteOffset, byteLength } = chunk;
      const came = Buffer.from(buffer, byteOffset, byteLength);
      const bytes = this.#rest.length === 0 ? came : Buffer.concat([this.#rest, came]);
      const whole = bytes.subarray(0, wholeCharacters(bytes));
      this.#rest = bytes.subarray(whole.length);
      if (isUtf8(whole)) this.#text(whole.toString());
      else this.#textBefore(whole);
      this.bound();
    });
  }

  end(): StreamEvent[] {
    return this.#reading(() => {
      if (this.#rest.length > 0)
        throw new CodedError('upstream-invalid', 'the stream ends within a character');
      this.#lines.end();
      this.last();
    });
  }

  /** Takes a line, without its end. @throws CodedError */
  protected abstract line(line: string): void;
  /** The stream is at its end. */
  protected abstract last(): void;
  /** @throws CodedError `upstream-too-large` where more waits than may */
  protected abstract bound(): void;

  protected event(event: StreamEvent): void {
    this.#events.push(event);
  }

  #reading(read: () => void): StreamEvent[] {
    if (this.#fault) throw this.#fault;
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof CodedError)) throw fault;
      this.#fault = fault;
    }
    const events = this.#events;
    this.#events = [];
    if (this.#fault && events.length === 0) throw this.#fault;
    return events;
  }

  #text(text: string): void {
    if (text.length === 0) return;
    // A byte order mark at the start is none of the text.
    this.#lines.push(!this.#begun && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    this.#begun = true;
  }

  /** Takes the lines before what is no text. @throws CodedError `upstream-invalid` */
  #textBefore(bytes: Buffer): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== FEED && bytes[at] !== RETURN) continue;
      const line = bytes.subarray(from, at + 1);
      if (!isUtf8(line)) break;
      this.#text(line.toString());
      from = at + 1;
    }
    throw new CodedError('upstream-invalid', 'the stream is not valid UTF-8');
  }
}

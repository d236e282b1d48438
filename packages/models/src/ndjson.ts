import { CodedError } from '@sallyport/core';
import { type Framing, LineSplitter, onOneLine, type StreamEvent, type StreamParser } from './framing.ts';

/** Splits a byte stream into lines of JSON, wherever its chunks are cut. */
class LineParser implements StreamParser {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #eventBytesMax: number;
  readonly #lines = new LineSplitter(false, (line) => this.#line(line));
  #events: StreamEvent[] = [];

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  get pending(): number {
    return this.#lines.pending;
  }

  push(chunk: Uint8Array): StreamEvent[] {
    this.#lines.push(this.#decode(chunk));
    this.#bound(this.#lines.pending);
    return this.#taken();
  }

  end(): StreamEvent[] {
    this.#lines.push(this.#decode(null));
    this.#lines.end();
    return this.#taken();
  }

  #taken(): StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #bound(length: number): void {
    if (length > this.#eventBytesMax)
      throw new CodedError('upstream-too-large', 'one line of the stream is too large');
  }

  #line(line: string): void {
    this.#bound(line.length);
    // What is no space to JSON stays, and is no JSON.
    this.#events.push({ name: '', data: /[^ \t\r]/.test(line) ? line : null });
  }

  #decode(chunk: Uint8Array | null): string {
    try {
      return chunk ? this.#decoder.decode(chunk, { stream: true }) : this.#decoder.decode();
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'the stream is not valid UTF-8', { cause });
    }
  }
}

/** Newline-delimited JSON, as Ollama streams. Source: github.com/ndjson/ndjson-spec. */
export const ndjson: Framing = {
  contentType: 'application/x-ndjson',
  matches: /^application\/(?:x-ndjson|ndjson|jsonl|json-lines)\b/i,
  keepAlive: '\n',
  parser: (eventBytesMax) => new LineParser(eventBytesMax),
  render: (_name, data) => `${onOneLine(data)}\n`,
};

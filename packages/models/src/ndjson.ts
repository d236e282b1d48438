import { CodedError } from '@sallyport/core';
import { type Framing, LineParser, onOneLine } from './framing.ts';

/** Splits a byte stream into lines of JSON, wherever its chunks are cut. */
class JsonLineParser extends LineParser {
  readonly #eventBytesMax: number;

  constructor(eventBytesMax: number) {
    super(false);
    this.#eventBytesMax = eventBytesMax;
  }

  protected override bound(length = this.pending): void {
    if (length > this.#eventBytesMax)
      throw new CodedError('upstream-too-large', 'one line of the stream is too large');
  }

  protected override line(line: string): void {
    this.bound(line.length);
    // What is no space to JSON stays, and is no JSON.
    this.event({ name: '', data: /[^ \t\r]/.test(line) ? line : null });
  }

  protected override last(): void {}
}

/** Newline-delimited JSON, as Ollama streams. Source: github.com/ndjson/ndjson-spec. */
export const ndjson: Framing = {
  contentType: 'application/x-ndjson',
  matches: /^application\/(?:x-ndjson|ndjson|jsonl|json-lines)\b/i,
  // Clients fail at lines without an object; space before one is JSON.
  keepAlive: ' ',
  bare: true,
  parser: (eventBytesMax) => new JsonLineParser(eventBytesMax),
  render: (_name, data) => `${onOneLine(data)}\n`,
};

import { CodedError } from '@sallyport/core';
import type { Framing, StreamEvent, StreamParser } from './framing.ts';

/** Splits a byte stream into lines of JSON, wherever its chunks are cut. */
class LineParser implements StreamParser {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #eventBytesMax: number;
  #rest = '';

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  push(chunk: Uint8Array): StreamEvent[] {
    const scanned = this.#rest.length;
    this.#rest += this.#decode(chunk);
    const events: StreamEvent[] = [];
    let from = 0;
    for (let end = this.#rest.indexOf('\n', scanned); end >= 0; end = this.#rest.indexOf('\n', from)) {
      events.push(lineEvent(this.#rest.slice(from, end + 1)));
      from = end + 1;
    }
    this.#rest = this.#rest.slice(from);
    if (this.#rest.length > this.#eventBytesMax)
      throw new CodedError('upstream-too-large', 'one line of the stream is too large');
    return events;
  }

  end(): StreamEvent[] {
    const rest = this.#rest + this.#decode(null);
    this.#rest = '';
    return rest.trim() === '' ? [] : [lineEvent(rest)];
  }

  #decode(chunk: Uint8Array | null): string {
    try {
      return chunk ? this.#decoder.decode(chunk, { stream: true }) : this.#decoder.decode();
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'the stream is not valid UTF-8', { cause });
    }
  }
}

const lineEvent = (raw: string): StreamEvent => ({ raw, data: raw.trim() === '' ? null : raw.trim() });

/** Newline-delimited JSON, as Ollama streams. Source: github.com/ndjson/ndjson-spec. */
export const ndjson: Framing = {
  contentType: 'application/x-ndjson',
  matches: /^application\/(?:x-ndjson|ndjson|jsonl|json-lines)\b/i,
  parser: (eventBytesMax) => new LineParser(eventBytesMax),
  render: (_event, data) => `${data}\n`,
};

import { CodedError } from '@sallyport/core';
import { type Framing, LineParser, onOneLine } from './framing.ts';

/** Names of events are words of the protocol. */
const NAME = /^[a-z][a-z0-9_.-]{0,63}$/;

/**
 * Splits a byte stream into server-sent events (WHATWG HTML, section 9.2.6), wherever its chunks are cut. Of the fields only
 * `event` and `data` are kept: ids and retry times would be texts that no gate reads.
 */
export class SseParser extends LineParser {
  readonly #eventBytesMax: number;
  #name = '';
  #data: string[] = [];
  /** Characters of the event so far; what is not zero had a line. */
  #size = 0;

  /** @param eventBytesMax longest event, in characters */
  constructor(eventBytesMax: number) {
    super(true);
    this.#eventBytesMax = eventBytesMax;
  }

  override get pending(): number {
    return this.#size + super.pending;
  }

  protected override bound(): void {
    if (this.pending > this.#eventBytesMax)
      throw new CodedError('upstream-too-large', 'one event of the stream is too large');
  }

  protected override line(line: string): void {
    if (line === '') return this.#dispatch();
    this.#size += line.length + 1;
    this.bound();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
  }

  protected override last(): void {
    this.#dispatch();
  }

  #dispatch(): void {
    if (this.#size === 0) return;
    const data = this.#data.join('\n');
    // A single empty line of data dispatches an empty event, which is no JSON and says nothing.
    if (this.#data.length === 0 || data.trim() === '') this.event({ name: '', data: null });
    else this.event({ name: this.#name, data });
    this.#name = '';
    this.#data = [];
    this.#size = 0;
  }
}

/** Server-sent events. A frame is written from a name and a line of data; comments, ids and retry times never pass. */
export const sse: Framing = {
  contentType: 'text/event-stream',
  matches: /^text\/event-stream\b/i,
  keepAlive: ':\n\n',
  bare: false,
  parser: (eventBytesMax) => new SseParser(eventBytesMax),
  render: (name, data) => `${NAME.test(name) ? `event: ${name}\n` : ''}data: ${onOneLine(data)}\n\n`,
};

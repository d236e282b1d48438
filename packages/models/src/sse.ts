import { CodedError } from '@sallyport/core';
import type { Framing, StreamEvent, StreamParser } from './framing.ts';

/** Splits a byte stream into server-sent events (WHATWG HTML, section 9.2), wherever its chunks are cut. */
export class SseParser implements StreamParser {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #eventBytesMax: number;
  #rest = '';
  #scanned = 0;

  /** @param eventBytesMax longest event, in characters */
  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** Events completed by a chunk. @throws CodedError `upstream-invalid`, `upstream-too-large` */
  push(chunk: Uint8Array): StreamEvent[] {
    try {
      this.#rest += this.#decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'the stream is not valid UTF-8', { cause });
    }
    return this.#take();
  }

  /** What is left at the end, as a last event when it has data. */
  end(): StreamEvent[] {
    try {
      this.#rest += this.#decoder.decode();
    } catch (cause) {
      throw new CodedError('upstream-invalid', 'the stream ends within a character', { cause });
    }
    const events = this.#take();
    if (this.#rest.trim().length > 0) events.push(toEvent(this.#rest));
    this.#rest = '';
    return events;
  }

  #take(): StreamEvent[] {
    const events: StreamEvent[] = [];
    for (;;) {
      const end = blankLine(this.#rest, Math.max(0, this.#scanned - 3));
      if (end < 0) break;
      events.push(toEvent(this.#rest.slice(0, end)));
      this.#rest = this.#rest.slice(end);
      this.#scanned = 0;
    }
    this.#scanned = this.#rest.length;
    if (this.#rest.length > this.#eventBytesMax)
      throw new CodedError('upstream-too-large', 'one event of the stream is too large');
    return events;
  }
}

/** Position after the first blank line, or -1. A `\r` at the end may be half of `\r\n`, so it waits. */
function blankLine(text: string, from: number): number {
  const plain = text.indexOf('\n\n', from);
  if (!text.includes('\r')) return plain < 0 ? -1 : plain + 2;
  const match = /(?:\r\n|\n|\r(?!\n|$))(?:\r\n|\n|\r(?!\n|$))/g;
  match.lastIndex = from;
  const found = match.exec(text);
  return found ? found.index + found[0].length : -1;
}

function toEvent(raw: string): StreamEvent {
  if (raw.startsWith('data: ') && raw.indexOf('\n') === raw.length - 2)
    return { raw, data: raw.slice(6, -2) };
  const data: string[] = [];
  for (const line of raw.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  return { raw, data: data.length > 0 ? data.join('\n') : null };
}

/** Server-sent events. A changed event keeps its name; comments and ids of the AI system go. */
export const sse: Framing = {
  contentType: 'text/event-stream',
  matches: /^text\/event-stream\b/i,
  parser: (eventBytesMax) => new SseParser(eventBytesMax),
  render(event, data) {
    const name = /^event:[^\n\r]*/m.exec(event.raw);
    return `${name ? `${name[0]}\n` : ''}data: ${data}\n\n`;
  },
};

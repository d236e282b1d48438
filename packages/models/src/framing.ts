/** One event of a stream, however its dialect frames it. */
export interface StreamEvent {
  /** The event as it came, frame included. */
  readonly raw: string;
  /** Its JSON text; null for comments and events without data. */
  readonly data: string | null;
}

/** Splits a byte stream into events, wherever its chunks are cut. */
export interface StreamParser {
  /** Events completed by a chunk. @throws CodedError `upstream-invalid`, `upstream-too-large` */
  push(chunk: Uint8Array): StreamEvent[];
  /** What is left at the end, as a last event when it has data. @throws CodedError `upstream-invalid` */
  end(): StreamEvent[];
}

/** How a dialect puts events into a stream. */
export interface Framing {
  readonly contentType: string;
  /** Content types of answers that are such streams. */
  readonly matches: RegExp;
  /** @param eventBytesMax longest event, in characters */
  parser(eventBytesMax: number): StreamParser;
  /** The event with other data. */
  render(event: StreamEvent, data: string): string;
}

import type { DialectName, ErrorCode } from '@sallyport/core';
import type { Framing } from './framing.ts';

/** One text in a body: where it is, who says it, how it is written. */
export interface TextPart {
  /** RFC 6901; with `#` behind it, the name of that member and not its value. */
  readonly pointer: string;
  readonly text: string;
  readonly channel: 'user' | 'document' | 'output';
  readonly system: boolean;
  /** `json` where the text is itself JSON, as the arguments of tool calls are. */
  readonly kind: 'text' | 'json';
  /**
   * Within a stream: texts of one channel follow each other across events. Null where a text stands alone, whole.
   */
  readonly stream: string | null;
}

/** A piece of a request that is not text. */
export interface Attachment {
  /** RFC 6901. */
  readonly pointer: string;
  readonly media: 'image' | 'audio' | 'video' | 'document';
}

/** One tensor of a request to a classifier. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly unknown[];
  /** Where a value is, RFC 6901. */
  readonly pointerOf: (index: number) => string;
}

/** A piece of what a model says of a call of a tool: a whole answer has whole calls, a stream has them piece by piece. */
export interface ToolPiece {
  /** Tells the calls of one answer apart. */
  readonly call: string;
  readonly name?: string;
  /** JSON text of the arguments, to be put behind what came before. */
  readonly text?: string;
  /** All of the arguments, whatever came before. */
  readonly whole?: unknown;
  /** Nothing more comes of this call. */
  readonly ended?: boolean;
}

/** Tokens an answer says it used. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a request says of itself. */
export interface RequestReading {
  readonly model: string | null;
  readonly stream: boolean;
  readonly parts: readonly TextPart[];
  /** What only the model can read: pictures, sound, documents. */
  readonly attachments: readonly Attachment[];
  /** Numbers and texts for a classifier, flat. */
  readonly tensors?: readonly Tensor[];
  /** Tokens the answer may have at most, for the reservation. */
  readonly outputTokensMax: number;
}

/** What the gateway tells a caller that it refuses. */
export interface DialectError {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly exchange: string;
  readonly detectors: readonly string[];
}

/** One operation of a dialect. */
export interface OperationRoute {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Largest body of this operation, in bytes, where it is below the general limit. */
  readonly bodyBytesMax?: number;
  /** Which group of `path` names the model, if any does. */
  readonly modelGroup?: number;
}

/** How the answers of a dialect are read. */
export interface AnswerReader {
  /** Texts of a complete answer. */
  readResponse(operation: string, body: unknown): TextPart[];
  /** Texts of one stream event. */
  readEvent(operation: string, data: unknown): TextPart[];
  /** What an event goes out as: the name it came with where that says what its data says, else none. */
  eventName(name: string, data: unknown): string;
  /** Calls of tools in a complete answer or in one stream event. */
  toolPieces(operation: string, data: unknown): ToolPiece[];
  /** Token counts in an answer or event, or null. */
  usage(body: unknown): Usage | null;
}

/** A way of speaking with AI systems. */
export interface Dialect extends AnswerReader {
  readonly name: DialectName;
  readonly framing: Framing;
  readonly operations: readonly OperationRoute[];
  /** Headers that carry the provider's credential. */
  credential(apiKey: string): Record<string, string>;
  /** @throws CodedError `body-invalid` naming the field */
  readRequest(operation: string, body: unknown): RequestReading;
  /** A list of models in the dialect's shape. */
  modelList(ids: readonly string[]): string;
  errorBody(error: DialectError): string;
  /** A whole event that ends a stream with an error. */
  errorEvent(operation: string, error: DialectError): string;
}

import type { DialectName, ErrorCode, Steps, TextChannel, TokenKinds } from '@sallyport/core';
import type { Structure } from './answers/structure.ts';
import type { Counts } from './answers/usage.ts';
import type { Framing } from './framing.ts';

/** One text in a body: where it is, who says it, how it is written. */
export interface TextPart {
  /** RFC 6901; with `NAME_MARK` behind it, the name of that member and not its value. */
  readonly pointer: string;
  readonly text: string;
  readonly channel: TextChannel;
  readonly system: boolean;
  /** `json` where the text is itself JSON, as the arguments of tool calls are. */
  readonly kind: 'text' | 'json';
  /**
   * Within a stream: texts of one channel follow each other across events. Null where a text stands alone, whole.
   */
  readonly stream: string | null;
  /** In an answer: the call of a tool that it belongs to, as in {@link ToolPiece}. */
  readonly call?: string;
  /** In a stream: whether it stands where the protocol has what a model writes, and not in a field of the system's own. */
  readonly known?: boolean;
  /** In an answer: the types of what it stands in, where they say that it is shown and it stands alone. */
  readonly of?: string;
  /** In an answer: whether it is shown to people as text. */
  readonly shown?: boolean;
  /** In an event: the places that it names of the item, part or block that a text is of, outermost first; NaN for what is none. */
  readonly at?: readonly number[];
  /** In an answer: whether it stands where the request is repeated. */
  readonly echo?: boolean;
  /** In an answer: what it is where it is no text, such as an id. */
  readonly structure?: Structure;
  /** In an answer, of a text: what stands in its place else, where it has not the form of that. */
  readonly insteadOf?: Structure;
  /**
   * In an answer: what it is made of where it is no string. An edit replaces the whole value at `pointer`: tokens of log
   * probabilities by null, a number by a string.
   */
  readonly made?: 'tokens' | 'number';
  /** Of a number: the name of the member that it stands at or within. */
  readonly name?: string;
  /** Of tokens: whether they spell a text that stands beside them or below what does: they go where that changes. */
  readonly repeats?: boolean;
  /** Detectors that are asked; all where absent. */
  readonly only?: 'secrets' | 'values';
}

/** What is not text: media, a file the provider keeps, bytes of an unknown format, ids of tokens. */
export type Media = 'image' | 'audio' | 'video' | 'document' | 'file' | 'binary' | 'token-ids';

/** A piece of a request that is not text. */
export interface Attachment {
  /** RFC 6901. */
  readonly pointer: string;
  readonly media: Media;
  /** Where in the text at `pointer` it stands. */
  readonly start: number;
  readonly end: number;
}

/** A text of a request, and what may be done with it. */
export interface RequestPart extends TextPart {
  /**
   * `fixed` where an edit would break the call: ids, addresses, bytes. `decoded` for what such bytes say, `number` for a
   * number as it is written, `name` for the name of a member that is judged together with others. Absent for plain text.
   */
  readonly place?: 'fixed' | 'decoded' | 'number' | 'name';
  /** Whether an answer ends at it: no model reads it, so that it gives no orders. */
  readonly stops?: true;
  /** Parts of one group follow each other where the system reads them: what is split over them is judged, too. */
  readonly group?: string;
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

/** Tokens an answer says it used, each number between 0 and what a call can use. */
export interface Usage {
  /** With what caches had and took; 0 where it does not say. */
  readonly inputTokens: number;
  /** With reasoning; null where it does not say. */
  readonly outputTokens: number | null;
  readonly kinds: TokenKinds;
}

/** What a request says of itself. */
export interface RequestReading {
  readonly model: string | null;
  /** Models that may answer instead. */
  readonly otherModels?: readonly string[];
  readonly stream: boolean;
  readonly parts: readonly RequestPart[];
  /** What only the model can read: pictures, sound, documents, ids of tokens. */
  readonly attachments: readonly Attachment[];
  /** Ids of tokens that stand for text. */
  readonly tokenIds: number;
  /** Characters of what else a model may be shown: names, numbers, words of schemas, ids, texts that look like bytes. */
  readonly besides: number;
  /** Whether it asks for an answer that is made only after this one said that it will be. */
  readonly later?: boolean;
  /** Numbers and texts for a classifier, flat. */
  readonly tensors?: readonly Tensor[];
  /** Choices that were asked for, where an answer has such. */
  readonly choices?: number;
  /** Tokens the answer may have at most, for the reservation. */
  readonly outputTokensMax: number;
  /** Whether the request sets no bound of its own. */
  readonly outputOpen?: boolean;
}

/** What the gateway tells a caller that it refuses. */
export interface DialectError {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly exchange: string;
}

/** One operation of a dialect. */
export interface OperationRoute {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Whether it may be answered with a stream. */
  readonly streams?: true;
  /** Whether its texts are made into vectors: two that read alike become one. */
  readonly vectors?: true;
  /** Largest body of this operation, in bytes, where it is below the general limit. */
  readonly bodyBytesMax?: number;
  /** Which group of `path` names the model, if any does. */
  readonly modelGroup?: number;
}

/** How an event of a stream stands to the others. */
export interface EventOrder {
  /** What stays in order among itself, such as a choice; none where it goes out when all before it has. */
  readonly lanes: readonly string[];
  /** Beginnings of the keys of channels of which nothing more comes. */
  readonly ends: readonly string[];
  /** Nothing comes behind it in its lanes. */
  readonly last: boolean;
  /** It says nothing, and only that the system is there: it need not wait for what does. */
  readonly empty?: boolean;
  /** It opens what later events go on with, such as the call of a tool: none of these may overtake it. */
  readonly opens?: boolean;
}

/** How the answers of a dialect are read. */
export interface AnswerReader {
  /** Texts of a complete answer, in steps. */
  readResponse(operation: string, body: unknown): Steps<TextPart[]>;
  /** Texts of one stream event. */
  readEvent(operation: string, data: unknown): Steps<TextPart[]>;
  /** @throws CodedError `upstream-invalid` for an event with one choice twice: some clients read the first alone */
  order(operation: string, data: unknown): EventOrder;
  /** What an event goes out as: the name it came with where that says what its data says, else none. */
  eventName(name: string, data: unknown): string;
  /** Calls of tools in a complete answer, whatever it says that it is. */
  toolsInResponse(operation: string, body: unknown): ToolPiece[];
  /** Calls of tools in one event of a stream. */
  toolsInEvent(operation: string, data: unknown): ToolPiece[];
  /**
   * A check for the events of one stream, each in turn, where calls of tools are judged.
   * @throws CodedError `upstream-invalid`, from the check, where an event names a call in two ways that do not belong together
   */
  identities(operation: string): (data: unknown) => void;
  /**
   * A check for the events of one stream, each in turn: what clients put together as one text is one here, too.
   * @throws CodedError `upstream-invalid`, from the check, where it is not
   */
  joins(operation: string): (data: unknown) => void;
  /** Token counts in an answer or event, or null. */
  counts(body: unknown): Counts | null;
}

/** A way of speaking with AI systems. */
export interface Dialect extends AnswerReader {
  readonly name: DialectName;
  readonly framing: Framing;
  readonly operations: readonly OperationRoute[];
  /** Headers that carry the provider's credential. */
  credential(apiKey: string): Record<string, string>;
  /**
   * Reads a request, in steps.
   * @param source the JSON text of `body`, in which numbers stand as they were written
   * @throws CodedError `body-invalid` naming the field, `body-duplicate-key`
   */
  readRequest(operation: string, body: unknown, source?: string): Steps<RequestReading>;
  /** A list of models in the dialect's shape. */
  modelList(ids: readonly string[]): string;
  errorBody(error: DialectError): string;
  /** A whole event that ends a stream with an error. */
  errorEvent(operation: string, error: DialectError): string;
}

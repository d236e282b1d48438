import {
  CodedError,
  type DialectName,
  type ErrorCode,
  type StringVisitor,
  toPointer,
  visitStrings,
} from '@sallyport/core';
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

/** A way of speaking with AI systems. */
export interface Dialect {
  readonly name: DialectName;
  readonly framing: Framing;
  readonly operations: readonly OperationRoute[];
  /** Headers that carry the provider's credential. */
  credential(apiKey: string): Record<string, string>;
  /** @throws CodedError `body-invalid` naming the field */
  readRequest(operation: string, body: unknown): RequestReading;
  /** Texts of a complete answer. */
  readResponse(operation: string, body: unknown): TextPart[];
  /** Texts of one stream event. */
  readEvent(operation: string, data: unknown): TextPart[];
  /** Calls of tools in a complete answer or in one stream event. */
  toolPieces(operation: string, data: unknown): ToolPiece[];
  /** Token counts in an answer or event, or null. */
  usage(body: unknown): Usage | null;
  /** A list of models in the dialect's shape. */
  modelList(ids: readonly string[]): string;
  errorBody(error: DialectError): string;
  /** A whole event that ends a stream with an error. */
  errorEvent(operation: string, error: DialectError): string;
}

/** Tokens reserved for an answer whose request sets no bound. */
const OUTPUT_TOKENS_DEFAULT = 1024;

/** Keys whose short, spaceless values are names and ids of the protocol, not content. */
const STRUCTURAL = new Set([
  'model',
  'role',
  'type',
  'id',
  'object',
  'detail',
  'encoding_format',
  'service_tier',
  'finish_reason',
  'status',
  'system_fingerprint',
  'item_id',
  'call_id',
  'tool_call_id',
  'tool_use_id',
  'stop_reason',
  'obfuscation',
  'datatype',
  'effort',
  'reasoning_effort',
  'verbosity',
  'truncation',
  'response_id',
  'previous_response_id',
  'model_name',
  'model_version',
]);
const STRUCTURAL_CHARACTERS_MAX = 128;
const DATA_URL = /^data:(image|audio|video|application\/pdf)(?:\/[a-z0-9.+-]{1,40})?;base64,[A-Za-z0-9+/=]*$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Keys under which dialects put media as base64, and how such media begin. */
const MEDIA_CHARACTERS_MIN = 30;
const MEDIA_KEYS = new Set([
  'url',
  'image_url',
  'file_data',
  'data',
  'images',
  'image',
  'result',
  'b64_json',
  'partial_image_b64',
]);
const MAGIC: readonly (readonly [string, Attachment['media']])[] = [
  ['iVBORw0KGgo', 'image'],
  ['/9j/', 'image'],
  ['R0lGOD', 'image'],
  ['UklGR', 'image'],
  ['JVBERi0', 'document'],
  ['SUQz', 'audio'],
  ['//v', 'audio'],
  ['//s', 'audio'],
  ['T2dnUw', 'audio'],
  ['ZkxhQw', 'audio'],
];
/** Signed or encrypted state that a provider hands back and forth: nobody but the provider reads it. */
const OPAQUE_KEYS = new Set(['signature', 'encrypted_content', 'thoughtSignature']);

/** What kind of media a string is, where it stands in a place for media and looks like it; else null. */
function mediaOf(key: string | number | undefined, text: string): Attachment['media'] | null {
  if (typeof key !== 'string' || !MEDIA_KEYS.has(key)) return null;
  const url = DATA_URL.exec(text);
  if (url) return url[1] === 'application/pdf' ? 'document' : (url[1] as Attachment['media']);
  const magic = MAGIC.find(([prefix]) => text.startsWith(prefix));
  return magic && BASE64.test(text) ? magic[1] : null;
}

/** Key of a string: its own, or that of the list it stands in. */
const keyOf = (path: readonly (string | number)[]): string | number | undefined =>
  typeof path.at(-1) === 'number' ? path.at(-2) : path.at(-1);

function isStructural(key: string | number | undefined, text: string): boolean {
  if (text.length === 0) return true;
  if (typeof key !== 'string') return false;
  if (STRUCTURAL.has(key)) return text.length <= STRUCTURAL_CHARACTERS_MAX && /^[\w.:/@+-]+$/.test(text);
  return OPAQUE_KEYS.has(key) && BASE64.test(text);
}

/** Says, for one string of a body, what kind of text it is; null leaves it out. */
export type Classify = (
  path: readonly (string | number)[],
  parent: object,
) => Pick<TextPart, 'channel' | 'system' | 'stream'> | null;

const JSON_KEYS = new Set(['arguments', 'partial_json']);

/** Every string of a body that is content, classified: values, and names that are no field's. What a dialect does not know is content too. */
export function collectTexts(body: unknown, classify: Classify, attachments: Attachment[] = []): TextPart[] {
  const parts: TextPart[] = [];
  const visit: StringVisitor = (text, path, parent) => {
    const key = path.at(-1);
    if (isStructural(key, text)) return;
    const media = text.length < MEDIA_CHARACTERS_MIN ? null : mediaOf(keyOf(path), text);
    if (media) {
      attachments.push({ pointer: toPointer(path), media });
      return;
    }
    const kind = classify(path, parent);
    if (!kind) return;
    // A system may cut a character between two deltas; a caller has no reason to.
    if (kind.channel !== 'output' && !text.isWellFormed())
      throw new CodedError(
        'body-lone-surrogate',
        `the text at \`${toPointer(path)}\` is not well-formed Unicode`,
      );
    parts.push({
      pointer: toPointer(path),
      text,
      kind: JSON_KEYS.has(key as string) ? 'json' : 'text',
      ...kind,
    });
  };
  visitStrings(body, visit, (text, path, parent) => {
    const kind = classify(path, parent);
    if (kind) parts.push({ pointer: `${toPointer(path)}#`, text, kind: 'text', ...kind, stream: null });
  });
  return parts;
}

/** A JSON object, or `body-invalid`. */
export function objectBody(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new CodedError('body-invalid', 'the body must be a JSON object');
  }
  return body as Record<string, unknown>;
}

/** A field that, when there, has this type. */
export function optional<T extends 'string' | 'number' | 'boolean'>(
  body: Record<string, unknown>,
  field: string,
  type: T,
): (T extends 'string' ? string : T extends 'number' ? number : boolean) | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== type) throw new CodedError('body-invalid', `\`${field}\` must be a ${type}`);
  return value as never;
}

/** A token bound out of a request: a whole number above zero. */
export function tokenBound(body: Record<string, unknown>, fields: readonly string[]): number {
  for (const field of fields) {
    const value = optional(body, field, 'number');
    if (value === null) continue;
    if (!Number.isInteger(value) || value < 1 || value > 100_000_000) {
      throw new CodedError('body-invalid', `\`${field}\` must be a whole number above zero`);
    }
    return value;
  }
  return OUTPUT_TOKENS_DEFAULT;
}

/** Token counts under the names that dialects use. */
export function readUsage(value: unknown, input: string, output: string): Usage | null {
  if (typeof value !== 'object' || value === null) return null;
  const record = value as Record<string, unknown>;
  const count = (key: string): number =>
    typeof record[key] === 'number' && record[key] >= 0 ? Math.floor(record[key]) : 0;
  if (record[input] === undefined && record[output] === undefined) return null;
  return { inputTokens: count(input), outputTokens: count(output) };
}

/** The key of a stream channel: the path, with array positions replaced by the element's own `index`. */
export function channelKey(root: unknown, path: readonly (string | number)[]): string {
  let key = '';
  let at: unknown = root;
  for (const part of path) {
    at = (at as Record<string | number, unknown>)[part];
    const own = typeof part === 'number' ? (at as { index?: unknown } | null)?.index : undefined;
    key += `/${typeof own === 'number' ? own : part}`;
  }
  return key;
}

/** The objects of a list, with their places; none where it is no list. */
export function objectsOf(list: unknown): (readonly [Record<string, unknown>, number])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown, n) =>
    typeof one === 'object' && one !== null ? [[one as Record<string, unknown>, n] as const] : [],
  );
}

/** A member that is an object, or an empty one. */
export function objectAt(holder: unknown, key: string): Record<string, unknown> {
  const value =
    typeof holder === 'object' && holder !== null ? (holder as Record<string, unknown>)[key] : null;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A name, where there is one. */
export const named = (name: unknown): { name?: string } => (typeof name === 'string' ? { name } : {});

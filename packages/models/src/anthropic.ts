import { CodedError } from '@sallyport/core';
import {
  type Attachment,
  channelKey,
  collectTexts,
  type Dialect,
  type DialectError,
  named,
  objectAt,
  objectBody,
  objectsOf,
  optional,
  readUsage,
  type ToolPiece,
  tokenBound,
} from './dialect.ts';
import { sse } from './sse.ts';

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

const errorObject = (error: DialectError): Record<string, unknown> => ({
  type: 'error',
  error: {
    type: ERROR_TYPES[error.status] ?? 'api_error',
    message: `sallyport: ${error.message}`,
    code: error.code,
    exchange: error.exchange,
    detectors: error.detectors,
  },
});

const isToolBlock = (type: unknown): boolean => typeof type === 'string' && type.endsWith('tool_use');

/** A block that calls a tool. @param begun whether its arguments are still to come */
function blockPieces(block: Record<string, unknown>, at: unknown, begun: boolean): ToolPiece[] {
  if (!isToolBlock(block['type'])) return [];
  const input = block['input'] ?? {};
  const whole = !begun || Object.keys(input).length > 0;
  return [{ call: String(at), ...named(block['name']), ...(whole && { whole: input }) }];
}

/** The Anthropic dialect: messages and token count. Source: Anthropic API reference. */
export const anthropic: Dialect = {
  name: 'anthropic',
  framing: sse,
  operations: [
    { id: 'messages', method: 'POST', path: /^\/v1\/messages$/ },
    { id: 'models.list', method: 'GET', path: /^\/v1\/models$/ },
    { id: 'models.get', method: 'GET', path: /^\/v1\/models\/(\w[\w.:@-]{0,127})$/, modelGroup: 1 },
    { id: 'messages.count', method: 'POST', path: /^\/v1\/messages\/count_tokens$/ },
  ],
  credential: (apiKey) => ({ 'x-api-key': apiKey }),

  readRequest(operation, raw) {
    const body = objectBody(raw);
    if (!Array.isArray(body['messages']))
      throw new CodedError('body-invalid', '`messages` must be a list of messages');
    const attachments: Attachment[] = [];
    const parts = collectTexts(
      body,
      (path, parent) => {
        const tool = path.includes('content') && (parent as { type?: unknown }).type === 'tool_result';
        const inside = path[0] === 'messages' && toolResult(body, path);
        return { channel: tool || inside ? 'document' : 'user', system: path[0] === 'system', stream: null };
      },
      attachments,
    );
    return {
      model: optional(body, 'model', 'string'),
      stream: optional(body, 'stream', 'boolean') ?? false,
      parts,
      attachments,
      outputTokensMax: operation === 'messages.count' ? 0 : tokenBound(body, ['max_tokens']),
    };
  },

  readResponse: (_operation, body) =>
    collectTexts(body, () => ({ channel: 'output', system: false, stream: null })),

  readEvent(_operation, data) {
    const event = data as { type?: unknown; index?: unknown } | null;
    const place = `${String(event?.type)} ${String(event?.index)}`;
    return collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      stream: `${place}${channelKey(data, path)}`,
    }));
  },

  toolPieces(_operation, data) {
    const event = (data ?? {}) as Record<string, unknown>;
    const call = String(event['index']);
    if (event['type'] === 'content_block_start')
      return blockPieces(objectAt(event, 'content_block'), call, true);
    if (event['type'] === 'content_block_stop') return [{ call, ended: true }];
    if (event['type'] === 'content_block_delta') {
      const text = objectAt(event, 'delta')['partial_json'];
      return typeof text === 'string' ? [{ call, text }] : [];
    }
    const content = event['content'] ?? objectAt(event, 'message')['content'];
    return objectsOf(content).flatMap(([block, n]) => blockPieces(block, n, false));
  },

  usage(body) {
    const holder = body as { usage?: unknown; message?: { usage?: unknown } } | null;
    return readUsage(holder?.usage ?? holder?.message?.usage, 'input_tokens', 'output_tokens');
  },

  modelList: (ids) =>
    JSON.stringify({
      data: ids.map((id) => ({ type: 'model', id, display_name: id, created_at: new Date(0).toISOString() })),
      has_more: false,
      first_id: ids[0] ?? null,
      last_id: ids.at(-1) ?? null,
    }),
  errorBody: (error) => JSON.stringify(errorObject(error)),
  errorEvent: (_operation, error) => `event: error\ndata: ${JSON.stringify(errorObject(error))}\n\n`,
};

/** Whether a path leads into a tool result of a message. */
function toolResult(body: Record<string, unknown>, path: readonly (string | number)[]): boolean {
  let value: unknown = body;
  for (const part of path) {
    value = (value as Record<string | number, unknown>)[part];
    if (typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'tool_result')
      return true;
  }
  return false;
}

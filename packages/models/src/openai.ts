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

const SYSTEM_ROLES = new Set(['system', 'developer']);
const TOOL_ROLES = new Set(['tool', 'function']);
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
};

function errorObject(error: DialectError): Record<string, unknown> {
  return {
    message: `sallyport: ${error.message}`,
    type: ERROR_TYPES[error.status] ?? 'api_error',
    param: null,
    code: error.code,
    exchange: error.exchange,
    detectors: error.detectors,
  };
}

function at(
  body: Record<string, unknown>,
  list: string,
  index: string | number | undefined,
): Record<string, unknown> {
  const items = body[list];
  const item = Array.isArray(items) && typeof index === 'number' ? (items[index] as unknown) : null;
  return typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
}

/** A function as chat completions write it: whole in a message, in pieces in a delta. */
function functionPiece(call: string, own: Record<string, unknown>, delta: boolean): ToolPiece {
  const { name, arguments: text } = own;
  if (delta) return { call, ...named(name), ...(typeof text === 'string' && { text }) };
  return { call, ...named(name), whole: text ?? '' };
}

/** Calls of tools in a chat completion, or in one of its chunks. */
function chatToolPieces(body: unknown): ToolPiece[] {
  return objectsOf((body as { choices?: unknown } | null)?.choices).flatMap(([choice, at]) => {
    const place = typeof choice['index'] === 'number' ? choice['index'] : at;
    return (['message', 'delta'] as const).flatMap((key) => {
      const delta = key === 'delta';
      const message = objectAt(choice, key);
      const pieces = objectsOf(message['tool_calls']).map(([tool, n]) => {
        const index = typeof tool['index'] === 'number' ? tool['index'] : n;
        const own = tool['custom'] === undefined ? objectAt(tool, 'function') : objectAt(tool, 'custom');
        return functionPiece(
          `${place}/${index}`,
          { ...own, arguments: own['arguments'] ?? own['input'] },
          delta,
        );
      });
      if (message['function_call'] !== undefined)
        pieces.push(functionPiece(`${place}/function`, objectAt(message, 'function_call'), delta));
      return pieces;
    });
  });
}

const isToolItem = (type: unknown): boolean => typeof type === 'string' && type.endsWith('_call');

/** Calls of tools in a response, or in one of the events of its stream. */
function responseToolPieces(body: unknown): ToolPiece[] {
  const event = (body ?? {}) as Record<string, unknown>;
  const type = String(event['type'] ?? '');
  const item = (own: Record<string, unknown>, n: unknown, begun: boolean): ToolPiece[] => {
    if (!isToolItem(own['type'])) return [];
    const call = String(own['id'] ?? n);
    // Tools of the provider's own have names of their own types, and no arguments that go anywhere.
    const name = own['name'] ?? own['type'];
    const whole = own['arguments'] ?? own['input'] ?? own['action'] ?? '';
    return [{ call, ...named(name), ...(!begun || whole !== '' ? { whole } : {}) }];
  };
  if (type === 'response.output_item.added' || type === 'response.output_item.done')
    return item(objectAt(event, 'item'), event['output_index'], type.endsWith('added'));
  const call = String(event['item_id'] ?? event['output_index']);
  if (/^response\.(?:function_call_arguments|mcp_call_arguments|custom_tool_call_input)\.delta$/.test(type))
    return typeof event['delta'] === 'string' ? [{ call, text: event['delta'] }] : [];
  if (/^response\.(?:function_call_arguments|mcp_call_arguments|custom_tool_call_input)\.done$/.test(type))
    return [{ call, ...named(event['name']), whole: event['arguments'] ?? event['input'] ?? '' }];
  const output = event['output'] ?? objectAt(event, 'response')['output'];
  return objectsOf(output).flatMap(([own, n]) => item(own, n, false));
}

function validate(operation: string, body: Record<string, unknown>): void {
  if (operation === 'chat.completions') {
    const messages = body['messages'];
    if (!Array.isArray(messages) || messages.length === 0)
      throw new CodedError('body-invalid', '`messages` must be a list of messages');
    messages.forEach((message: unknown, i) => {
      if (
        typeof message !== 'object' ||
        message === null ||
        typeof (message as { role?: unknown }).role !== 'string'
      ) {
        throw new CodedError('body-invalid', `\`messages.${i}\` must be an object with a \`role\``);
      }
    });
  }
  const needed = { completions: 'prompt', embeddings: 'input', responses: 'input' }[operation];
  if (
    needed &&
    body[needed] === undefined &&
    body['previous_response_id'] === undefined &&
    body['prompt'] === undefined
  ) {
    throw new CodedError('body-invalid', `\`${needed}\` is missing`);
  }
}

/** The OpenAI dialect: chat completions, completions, embeddings, models, responses. Source: OpenAI API reference. */
export const openai: Dialect = {
  name: 'openai',
  framing: sse,
  operations: [
    { id: 'chat.completions', method: 'POST', path: /^\/v1\/chat\/completions$/ },
    { id: 'completions', method: 'POST', path: /^\/v1\/completions$/, bodyBytesMax: 4 * 1024 * 1024 },
    { id: 'embeddings', method: 'POST', path: /^\/v1\/embeddings$/, bodyBytesMax: 8 * 1024 * 1024 },
    { id: 'responses', method: 'POST', path: /^\/v1\/responses$/ },
    { id: 'models.list', method: 'GET', path: /^\/v1\/models$/ },
    {
      id: 'models.get',
      method: 'GET',
      path: /^\/v1\/models\/(\w[\w.:@-]{0,127}(?:\/\w[\w.:@-]{0,127})?)$/,
      modelGroup: 1,
    },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest(operation, raw) {
    const body = objectBody(raw);
    validate(operation, body);
    const choices = Math.max(1, Math.min(128, optional(body, 'n', 'number') ?? 1));
    const attachments: Attachment[] = [];
    const parts = collectTexts(
      body,
      (path) => {
        const message = at(body, path[0] === 'messages' ? 'messages' : 'input', path[1]);
        const role = String(message['role'] ?? '');
        const tool = TOOL_ROLES.has(role) || String(message['type'] ?? '').endsWith('_output');
        return {
          channel: tool ? 'document' : 'user',
          system: SYSTEM_ROLES.has(role) || path[0] === 'instructions',
          stream: null,
        };
      },
      attachments,
    );
    return {
      model: optional(body, 'model', 'string'),
      stream: optional(body, 'stream', 'boolean') ?? false,
      parts,
      attachments,
      outputTokensMax:
        operation === 'embeddings'
          ? 0
          : choices * tokenBound(body, ['max_completion_tokens', 'max_tokens', 'max_output_tokens']),
    };
  },

  readResponse: (_operation, body) =>
    collectTexts(body, (path) =>
      // A responses object repeats the caller's own instructions, tools and metadata.
      path[0] === 'instructions' || path[0] === 'tools' || path[0] === 'metadata'
        ? null
        : { channel: 'output', system: false, stream: null },
    ),

  readEvent(_operation, data) {
    const type = typeof data === 'object' && data !== null ? (data as { type?: unknown }).type : undefined;
    if (typeof type === 'string' && type.startsWith('response.')) {
      const event = data as Record<string, unknown>;
      const place = [
        type,
        event['item_id'],
        event['output_index'],
        event['content_index'],
        event['summary_index'],
      ].join(' ');
      return collectTexts(data, (path) => {
        const own =
          path[0] === 'response' &&
          (path[1] === 'instructions' || path[1] === 'tools' || path[1] === 'metadata');
        if (own) return null;
        return {
          channel: 'output',
          system: false,
          stream: path[0] === 'delta' ? `${place}/${path.join('/')}` : null,
        };
      });
    }
    return collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      stream: channelKey(data, path),
    }));
  },

  toolPieces: (operation, data) =>
    operation === 'responses' ? responseToolPieces(data) : chatToolPieces(data),

  usage(body) {
    const holder = body as { usage?: unknown; response?: { usage?: unknown } } | null;
    const usage = holder?.usage ?? holder?.response?.usage;
    return (
      readUsage(usage, 'prompt_tokens', 'completion_tokens') ??
      readUsage(usage, 'input_tokens', 'output_tokens')
    );
  },

  modelList: (ids) =>
    JSON.stringify({
      object: 'list',
      data: ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'sallyport' })),
    }),
  errorBody: (error) => JSON.stringify({ error: errorObject(error) }),

  errorEvent(operation, error) {
    if (operation !== 'responses') return `data: ${JSON.stringify({ error: errorObject(error) })}\n\n`;
    const shape = {
      type: 'error',
      code: error.code,
      message: error.message,
      param: null,
      error: errorObject(error),
    };
    return `event: error\ndata: ${JSON.stringify(shape)}\n\n`;
  },
};

import { CodedError } from '@sallyport/core';
import {
  type Attachment,
  collectTexts,
  type Dialect,
  type DialectError,
  named,
  objectAt,
  objectBody,
  objectsOf,
  optional,
  tokenBound,
} from './dialect.ts';
import { ndjson } from './ndjson.ts';

const errorObject = (error: DialectError): Record<string, unknown> => ({
  error: `sallyport: ${error.message}`,
  code: error.code,
  exchange: error.exchange,
  detectors: error.detectors,
});

function validate(operation: string, body: Record<string, unknown>): void {
  if (operation === 'chat') {
    const messages = body['messages'];
    if (!Array.isArray(messages))
      throw new CodedError('body-invalid', '`messages` must be a list of messages');
    messages.forEach((message: unknown, i) => {
      const role =
        typeof message === 'object' && message !== null ? (message as { role?: unknown }).role : null;
      if (typeof role !== 'string')
        throw new CodedError('body-invalid', `\`messages.${i}\` must be an object with a \`role\``);
    });
  } else if (operation === 'generate') optional(body, 'prompt', 'string');
}

const isEmbedding = (operation: string): boolean => operation === 'embed' || operation === 'embeddings';

/** The Ollama dialect: chat, generate, embed, tags, show, version. Source: Ollama API reference. */
export const ollama: Dialect = {
  name: 'ollama',
  framing: ndjson,
  operations: [
    { id: 'chat', method: 'POST', path: /^\/api\/chat$/ },
    { id: 'generate', method: 'POST', path: /^\/api\/generate$/ },
    { id: 'embed', method: 'POST', path: /^\/api\/embed$/, bodyBytesMax: 8 * 1024 * 1024 },
    { id: 'embeddings', method: 'POST', path: /^\/api\/embeddings$/, bodyBytesMax: 8 * 1024 * 1024 },
    { id: 'show', method: 'POST', path: /^\/api\/show$/, bodyBytesMax: 64 * 1024 },
    { id: 'models.list', method: 'GET', path: /^\/api\/tags$/ },
    { id: 'version', method: 'GET', path: /^\/api\/version$/ },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest(operation, raw) {
    const body = objectBody(raw);
    validate(operation, body);
    const messages = Array.isArray(body['messages']) ? body['messages'] : [];
    const attachments: Attachment[] = [];
    const parts = collectTexts(
      body,
      (path) => {
        const message = path[0] === 'messages' ? (messages[path[1] as number] as { role: string }) : null;
        return {
          channel: message?.role === 'tool' ? 'document' : 'user',
          system: message?.role === 'system' || path[0] === 'system' || path[0] === 'template',
          stream: null,
        };
      },
      attachments,
    );
    const options = body['options'];
    // `num_predict` may be -1 or -2: no bound of the caller's own.
    const bound = (options as { num_predict?: unknown } | undefined)?.num_predict;
    return {
      model: optional(body, 'model', 'string') ?? optional(body, 'name', 'string'),
      // A stream is what Ollama answers with unless told otherwise.
      stream:
        operation === 'chat' || operation === 'generate'
          ? (optional(body, 'stream', 'boolean') ?? true)
          : false,
      parts,
      attachments,
      outputTokensMax:
        isEmbedding(operation) || operation === 'show'
          ? 0
          : tokenBound(typeof bound === 'number' && bound > 0 ? { num_predict: bound } : {}, ['num_predict']),
    };
  },

  readResponse: (_operation, body) =>
    collectTexts(body, () => ({ channel: 'output', system: false, stream: null })),

  readEvent: (_operation, data) =>
    collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      // Text grows over `response`, `message.content` and `message.thinking`; calls of tools come whole.
      stream: path.includes('tool_calls') ? null : path.join('/'),
    })),

  toolPieces: (_operation, data) =>
    objectsOf(objectAt(data, 'message')['tool_calls']).map(([tool, n]) => {
      const own = objectAt(tool, 'function');
      return { call: String(own['index'] ?? n), ...named(own['name']), whole: own['arguments'] ?? {} };
    }),

  usage(body) {
    const counts = body as { prompt_eval_count?: unknown; eval_count?: unknown } | null;
    if (typeof counts?.eval_count !== 'number' && typeof counts?.prompt_eval_count !== 'number') return null;
    const whole = (value: unknown): number =>
      typeof value === 'number' && value >= 0 ? Math.floor(value) : 0;
    return { inputTokens: whole(counts.prompt_eval_count), outputTokens: whole(counts.eval_count) };
  },

  modelList: (ids) =>
    JSON.stringify({
      models: ids.map((id) => ({
        name: id,
        model: id,
        modified_at: new Date(0).toISOString(),
        size: 0,
        digest: '',
        details: {},
      })),
    }),
  errorBody: (error) => JSON.stringify(errorObject(error)),
  errorEvent: (_operation, error) => `${JSON.stringify(errorObject(error))}\n`,
};

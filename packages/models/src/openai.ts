import { openaiAnswers } from './answers/openai.ts';
import type { Dialect, DialectError } from './dialect.ts';
import { MODEL_IN_PATH } from './model-name.ts';
import { readOpenaiRequest } from './requests/openai.ts';
import { sse } from './sse.ts';

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
  };
}

/** The OpenAI dialect: chat completions, completions, embeddings, models, responses. Source: OpenAI API reference. */
export const openai: Dialect = {
  name: 'openai',
  framing: sse,
  operations: [
    { id: 'chat.completions', method: 'POST', path: /^\/v1\/chat\/completions$/, streams: true },
    {
      id: 'completions',
      method: 'POST',
      path: /^\/v1\/completions$/,
      streams: true,
      bodyBytesMax: 4 * 1024 * 1024,
    },
    {
      id: 'embeddings',
      method: 'POST',
      path: /^\/v1\/embeddings$/,
      vectors: true,
      bodyBytesMax: 8 * 1024 * 1024,
    },
    { id: 'responses', method: 'POST', path: /^\/v1\/responses$/, streams: true },
    { id: 'models.list', method: 'GET', path: /^\/v1\/models$/ },
    {
      id: 'models.get',
      method: 'GET',
      path: new RegExp(`^/v1/models/(${MODEL_IN_PATH.slashes})$`),
      modelGroup: 1,
    },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest: readOpenaiRequest,
  ...openaiAnswers,

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

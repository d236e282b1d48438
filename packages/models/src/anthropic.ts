import { anthropicAnswers } from './answers/anthropic.ts';
import type { Dialect, DialectError } from './dialect.ts';
import { MODEL_IN_PATH } from './model-name.ts';
import { readAnthropicRequest } from './requests/anthropic.ts';
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
  },
});

/** The Anthropic dialect: messages and token count. Source: Anthropic API reference. */
export const anthropic: Dialect = {
  name: 'anthropic',
  framing: sse,
  operations: [
    { id: 'messages', method: 'POST', path: /^\/v1\/messages$/, streams: true },
    { id: 'models.list', method: 'GET', path: /^\/v1\/models$/ },
    {
      id: 'models.get',
      method: 'GET',
      path: new RegExp(`^/v1/models/(${MODEL_IN_PATH.slashes})$`),
      modelGroup: 1,
    },
    { id: 'messages.count', method: 'POST', path: /^\/v1\/messages\/count_tokens$/ },
  ],
  credential: (apiKey) => ({ 'x-api-key': apiKey }),

  readRequest: readAnthropicRequest,
  ...anthropicAnswers,

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

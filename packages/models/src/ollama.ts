import { ollamaAnswers } from './answers/ollama.ts';
import type { Dialect, DialectError } from './dialect.ts';
import { ndjson } from './ndjson.ts';
import { readOllamaRequest } from './requests/ollama.ts';

const errorObject = (error: DialectError): Record<string, unknown> => ({
  error: `sallyport: ${error.message}`,
  code: error.code,
  exchange: error.exchange,
});

/** The Ollama dialect: chat, generate, embed, tags, show, version. Source: Ollama API reference. */
export const ollama: Dialect = {
  name: 'ollama',
  framing: ndjson,
  operations: [
    { id: 'chat', method: 'POST', path: /^\/api\/chat$/, streams: true },
    { id: 'generate', method: 'POST', path: /^\/api\/generate$/, streams: true },
    { id: 'embed', method: 'POST', path: /^\/api\/embed$/, vectors: true, bodyBytesMax: 8 * 1024 * 1024 },
    {
      id: 'embeddings',
      method: 'POST',
      path: /^\/api\/embeddings$/,
      vectors: true,
      bodyBytesMax: 8 * 1024 * 1024,
    },
    { id: 'show', method: 'POST', path: /^\/api\/show$/, bodyBytesMax: 64 * 1024 },
    { id: 'models.list', method: 'GET', path: /^\/api\/tags$/ },
    { id: 'version', method: 'GET', path: /^\/api\/version$/ },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest: readOllamaRequest,
  ...ollamaAnswers,

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

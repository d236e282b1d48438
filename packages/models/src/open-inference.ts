import { openInferenceAnswers } from './answers/open-inference.ts';
import type { Dialect } from './dialect.ts';
import { MODEL_IN_PATH } from './model-name.ts';
import { readOpenInferenceRequest } from './requests/open-inference.ts';
import { sse } from './sse.ts';

const MODEL = `/v2/models/(${MODEL_IN_PATH.escaped})(?:/versions/\\w[\\w.-]{0,63})?`;

/** Open Inference Protocol v2 over HTTP/REST. Source: github.com/kserve/open-inference-protocol, required API. */
export const openInference: Dialect = {
  name: 'oip',
  framing: sse,
  operations: [
    {
      id: 'infer',
      method: 'POST',
      path: new RegExp(`^${MODEL}/infer$`),
      modelGroup: 1,
      bodyBytesMax: 8 * 1024 * 1024,
    },
    { id: 'model.ready', method: 'GET', path: new RegExp(`^${MODEL}/ready$`), modelGroup: 1 },
    { id: 'model.metadata', method: 'GET', path: new RegExp(`^${MODEL}$`), modelGroup: 1 },
    { id: 'server.metadata', method: 'GET', path: /^\/v2$/ },
    { id: 'server.live', method: 'GET', path: /^\/v2\/health\/(?:live|ready)$/ },
  ],
  credential: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),

  readRequest: readOpenInferenceRequest,
  ...openInferenceAnswers,

  modelList: (ids) => JSON.stringify({ models: ids }),
  errorBody: (error) =>
    JSON.stringify({
      error: `sallyport: ${error.message}`,
      code: error.code,
      exchange: error.exchange,
    }),
  errorEvent: (_operation, error) =>
    `data: ${JSON.stringify({ error: `sallyport: ${error.message}`, code: error.code, exchange: error.exchange })}\n\n`,
};

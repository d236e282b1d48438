import {
  FREE,
  fields,
  form,
  ID,
  media,
  NUMBERS,
  type PlaceNode,
  type PlaceTable,
  placeTree,
  SCHEMA,
  STOP,
  TEXT,
  TOKENS,
  under,
  words,
} from './places.ts';
import { CHAT_CALL, CHAT_TOOL, EFFORT, SAMPLING } from './shared-places.ts';

const DATATYPES = ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'];

const OLLAMA: PlaceTable = {
  model: ID,
  name: ID,
  ...fields(TEXT, 'prompt', 'suffix', 'system', 'template', 'stream', 'raw', 'truncate', 'verbose'),
  think: EFFORT,
  format: SCHEMA,
  'images/*': media('image'),
  context: TOKENS,
  keep_alive: form(/^-?\d{1,9}(?:\.\d{1,6})?(?:ns|us|ms|s|m|h)?$/),
  'options/+': NUMBERS,
  'options/stop': STOP,
  'options/stop/*': STOP,
  ...fields(NUMBERS, 'dimensions', 'width', 'height', 'steps'),
  ...SAMPLING,
};

const MESSAGE: PlaceTable = {
  role: words('system', 'user', 'assistant', 'tool'),
  ...fields(TEXT, 'content', 'thinking'),
  'images/*': media('image'),
  tool_name: ID,
  tool_call_id: ID,
  ...under('tool_calls/*', CHAT_CALL),
};

/** Places of Ollama's operations. Source: Ollama API reference. */
export const OLLAMA_PLACES: PlaceNode = placeTree({
  ...OLLAMA,
  ...under('messages/*', MESSAGE),
  ...under('tools/*', CHAT_TOOL),
  input: TOKENS,
  'input/*': TOKENS,
});

const TENSOR: PlaceTable = {
  name: ID,
  shape: NUMBERS,
  datatype: words(...DATATYPES, 'FP16', 'FP32', 'FP64', 'BF16', 'BYTES'),
  data: NUMBERS,
  parameters: FREE,
};

/** Places of an inference. Source: Open Inference Protocol v2. */
export const OPEN_INFERENCE_PLACES: PlaceNode = placeTree({
  id: ID,
  model_name: ID,
  model_version: ID,
  parameters: FREE,
  ...under('inputs/*', TENSOR),
  ...under('outputs/*', TENSOR),
});

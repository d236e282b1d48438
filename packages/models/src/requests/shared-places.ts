import {
  FILE,
  FREE,
  fields,
  form,
  ID,
  NUMBERS,
  type PlaceTable,
  SCHEMA,
  TEXT,
  under,
  words,
} from './places.ts';

/** Marks for prompt caches, which several dialects take from each other. */
export const CACHE: PlaceTable = {
  'cache_control/type': words('ephemeral', 'persistent'),
  'cache_control/ttl': words('5m', '1h'),
};

/** How hard a model thinks. */
export const EFFORT = words('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max');

/** Time zones by their names: any other text is one. */
const ZONE = words('UTC', 'GMT', ...Intl.supportedValuesOf('timeZone'));

/** Where a person is, roughly, for searches. */
export const LOCATION: PlaceTable = under('user_location', {
  type: words('approximate'),
  country: form(/^[A-Za-z]{2}$/),
  timezone: ZONE,
  ...fields(TEXT, 'city', 'region'),
  ...under('approximate', {
    type: words('approximate'),
    country: form(/^[A-Za-z]{2}$/),
    timezone: ZONE,
    ...fields(TEXT, 'city', 'region'),
  }),
});

/** A function that a model may call, as OpenAI and Ollama write it. */
export const FUNCTION: PlaceTable = { name: ID, description: TEXT, parameters: SCHEMA, strict: TEXT };

/** A tool as chat completions and Ollama write it. */
export const CHAT_TOOL: PlaceTable = {
  type: words('function', 'custom'),
  ...under('function', FUNCTION),
  ...under('custom', {
    name: ID,
    description: TEXT,
    'format/type': words('text', 'grammar'),
    'format/grammar/definition': TEXT,
    'format/grammar/syntax': words('lark', 'regex'),
  }),
  ...CACHE,
};

/** A call of a tool in a message, as OpenAI and Ollama write it. */
export const CHAT_CALL: PlaceTable = {
  id: ID,
  type: words('function', 'custom'),
  index: NUMBERS,
  'function/name': ID,
  'function/index': NUMBERS,
  'function/description': TEXT,
  'function/arguments': FREE,
  'custom/name': ID,
  'custom/input': TEXT,
};

/** How an answer is formatted. */
export const FORMAT: PlaceTable = {
  type: words('text', 'json_object', 'json_schema', 'grammar', 'python'),
  name: ID,
  description: TEXT,
  schema: SCHEMA,
  strict: TEXT,
};

/** Numbers and switches that steer sampling. */
export const SAMPLING: PlaceTable = fields(
  NUMBERS,
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'n',
  'best_of',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tool_calls',
  'top_logprobs',
  'logprobs',
  'dimensions',
);

/** Files that a sandbox of the provider is given. */
export const CONTAINER: PlaceTable = {
  container: ID,
  'container/type': words('auto'),
  'container/id': ID,
  'container/file_ids/*': FILE,
  'container/memory_limit': words('1g', '4g', '16g', '64g'),
  'container/skills/*/skill_id': ID,
  'container/skills/*/type': words('anthropic', 'custom'),
  'container/skills/*/version': ID,
};

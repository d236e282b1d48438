/** One honest exchange of an operation: what is asked, what is answered. */
export interface DialectSample {
  readonly dialect: 'openai' | 'anthropic' | 'ollama' | 'oip';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: Record<string, unknown>;
  readonly answer: unknown;
  /** Events of a streamed answer, each the JSON of its data; none where the operation has no streams. */
  readonly events?: readonly (readonly [name: string | null, data: unknown])[];
}

const TOOL = {
  name: 'find',
  description: 'finds',
  parameters: { type: 'object', properties: { q: { type: 'string' } } },
};
const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };

const chunkOf = (delta: object, finish: string | null = null): [null, object] => [
  null,
  {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  },
];

/** Requests and answers that the fuzzers begin from, one or more for each dialect. */
export const SAMPLES: readonly DialectSample[] = [
  {
    dialect: 'openai',
    path: '/v1/chat/completions',
    headers: {},
    request: {
      model: 'm',
      n: 1,
      max_tokens: 20,
      temperature: 0.5,
      messages: [
        { role: 'system', content: 'You help.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is in this picture?' },
            {
              type: 'image_url',
              image_url: { url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ' },
            },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_abc123', type: 'function', function: { name: 'find', arguments: '{"q":"x"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_abc123', content: 'It is a cat.' },
      ],
      tools: [{ type: 'function', function: TOOL }],
      metadata: { purpose: 'test' },
    },
    answer: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'A cat.',
            tool_calls: [
              { id: 'call_abc124', type: 'function', function: { name: 'find', arguments: '{"q":"cat"}' } },
            ],
          },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: USAGE,
      system_fingerprint: 'fp_1',
    },
    events: [
      chunkOf({ role: 'assistant', content: '' }),
      chunkOf({ content: 'A cat ' }),
      chunkOf({ content: 'sits there.' }),
      chunkOf({}, 'stop'),
      [
        null,
        {
          id: 'chatcmpl-1',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'm',
          choices: [],
          usage: USAGE,
        },
      ],
    ],
  },
  {
    dialect: 'openai',
    path: '/v1/responses',
    headers: {},
    request: {
      model: 'm',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }],
      instructions: 'Be short.',
      max_output_tokens: 50,
    },
    answer: {
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      status: 'completed',
      model: 'm',
      output: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
        },
      ],
      usage: { input_tokens: 2, output_tokens: 2, total_tokens: 4 },
    },
    events: [
      [
        'response.output_text.delta',
        {
          type: 'response.output_text.delta',
          item_id: 'msg_1',
          output_index: 0,
          content_index: 0,
          delta: 'Hello',
        },
      ],
      [
        'response.output_text.done',
        {
          type: 'response.output_text.done',
          item_id: 'msg_1',
          output_index: 0,
          content_index: 0,
          text: 'Hello',
        },
      ],
      [
        'response.completed',
        {
          type: 'response.completed',
          response: {
            id: 'resp_1',
            object: 'response',
            status: 'completed',
            model: 'm',
            output: [],
            usage: { input_tokens: 2, output_tokens: 2, total_tokens: 4 },
          },
        },
      ],
    ],
  },
  {
    dialect: 'openai',
    path: '/v1/embeddings',
    headers: {},
    request: { model: 'm', input: ['one text', 'another'], encoding_format: 'float' },
    answer: {
      object: 'list',
      model: 'm',
      data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    },
  },
  {
    dialect: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    request: {
      model: 'm',
      max_tokens: 30,
      system: 'You help.',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 'toolu_01', name: 'find', input: { q: 'x' } }],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01', content: 'found' }] },
      ],
      tools: [{ name: 'find', description: 'finds', input_schema: { type: 'object' } }],
    },
    answer: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [
        { type: 'text', text: 'Hello.' },
        { type: 'tool_use', id: 'toolu_02', name: 'find', input: { q: 'y' } },
      ],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 4 },
    },
    events: [
      [
        'message_start',
        {
          type: 'message_start',
          message: {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            model: 'm',
            content: [],
            stop_reason: null,
            usage: { input_tokens: 3, output_tokens: 1 },
          },
        },
      ],
      [
        'content_block_start',
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ],
      [
        'content_block_delta',
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello there.' } },
      ],
      ['content_block_stop', { type: 'content_block_stop', index: 0 }],
      [
        'message_delta',
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
      ],
      ['message_stop', { type: 'message_stop' }],
    ],
  },
  {
    dialect: 'ollama',
    path: '/api/chat',
    headers: {},
    request: {
      model: 'm',
      messages: [{ role: 'user', content: 'Hello', images: [] }],
      options: { num_predict: 20 },
    },
    answer: {
      model: 'm',
      created_at: '2026-01-01T00:00:00Z',
      message: { role: 'assistant', content: 'Hello.' },
      done: true,
      total_duration: 5,
      prompt_eval_count: 3,
      eval_count: 4,
    },
    events: [
      [
        null,
        {
          model: 'm',
          created_at: '2026-01-01T00:00:00Z',
          message: { role: 'assistant', content: 'Hello ' },
          done: false,
        },
      ],
      [
        null,
        {
          model: 'm',
          created_at: '2026-01-01T00:00:00Z',
          message: { role: 'assistant', content: '' },
          done: true,
          done_reason: 'stop',
          prompt_eval_count: 3,
          eval_count: 4,
        },
      ],
    ],
  },
  {
    dialect: 'oip',
    path: '/v2/models/m/infer',
    headers: {},
    request: {
      id: 'a1',
      inputs: [
        { name: 'rows', shape: [2, 2], datatype: 'FP64', data: [1, 2, 3, 4] },
        { name: 'text', shape: [1], datatype: 'BYTES', data: ['hello'] },
      ],
    },
    answer: {
      id: 'a1',
      model_name: 'm',
      model_version: '1',
      outputs: [{ name: 'score', shape: [2], datatype: 'FP64', data: [0.1, 0.9] }],
    },
  },
];

import type { TestServer } from '../../../server/test/harness.ts';

/** One operation that streams, as an AI system writes it and as a caller reads it. */
export interface Streamed {
  readonly path: string;
  readonly body: object;
  readonly type: string;
  /** What comes before the text. */
  readonly begin: readonly string[];
  delta(text: string): string;
  /** What comes behind it. */
  readonly close: readonly string[];
  /** An event of this JSON text. */
  event(json: string): string;
  /** The text of one event that was sent; empty where it has none. */
  textOf(data: Record<string, unknown>): string;
  /** Whether an event ends the answer as it should. */
  readonly ends: RegExp;
  /** The answer where it comes whole. */
  whole(text: string): string;
  textOfWhole(data: Record<string, unknown>): string;
}

type Data = Record<string, never> & { choices: Data[]; delta: Data; message: Data; content: Data[] };
const messages = [{ role: 'user', content: 'hi' }];
const sse = (json: string): string => `data: ${json}\n\n`;
const named = (data: object & { type: string }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const DONE = 'data: [DONE]\n\n';
const chunk = (choice: object): string =>
  sse(
    JSON.stringify({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, ...choice }],
    }),
  );
const piece = (choice: object): string =>
  sse(
    JSON.stringify({
      id: 'c1',
      object: 'text_completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, ...choice }],
    }),
  );
const line = (more: object): string =>
  `${JSON.stringify({ model: 'm', created_at: '2026-11-30T06:00:00Z', ...more })}\n`;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const SSE = 'text/event-stream';
const LINES = 'application/x-ndjson';

/** Every operation of every dialect that streams. */
export const STREAMED: Readonly<Record<string, Streamed>> = {
  'chat completions': {
    path: '/s/openai/v1/chat/completions',
    body: { model: 'm', messages },
    type: SSE,
    begin: [chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null })],
    delta: (content) => chunk({ delta: { content }, finish_reason: null }),
    close: [chunk({ delta: {}, finish_reason: 'stop' }), DONE],
    event: sse,
    textOf: (data) => text((data as Data).choices?.[0]?.delta?.['content']),
    ends: /data: \[DONE\]\n\n$/,
    whole: (content) =>
      JSON.stringify({
        id: 'c1',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      }),
    textOfWhole: (data) => text((data as Data).choices[0]!.message['content']),
  },
  completions: {
    path: '/s/openai/v1/completions',
    body: { model: 'm', prompt: 'hi' },
    type: SSE,
    begin: [],
    delta: (content) => piece({ text: content, finish_reason: null }),
    close: [piece({ text: '', finish_reason: 'stop' }), DONE],
    event: sse,
    textOf: (data) => text((data as Data).choices?.[0]?.['text']),
    ends: /data: \[DONE\]\n\n$/,
    whole: (content) =>
      JSON.stringify({ id: 'c1', choices: [{ index: 0, text: content, finish_reason: 'stop' }] }),
    textOfWhole: (data) => text((data as Data).choices[0]!['text']),
  },
  responses: {
    path: '/s/openai/v1/responses',
    body: { model: 'm', input: 'hi' },
    type: SSE,
    begin: [
      named({
        type: 'response.created',
        response: { id: 'resp_1', object: 'response', status: 'in_progress', output: [] },
        sequence_number: 0,
      } as never),
    ],
    delta: (delta) =>
      named({
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta,
        sequence_number: 1,
      } as never),
    close: [
      named({
        type: 'response.completed',
        response: { id: 'resp_1', object: 'response', status: 'completed', output: [] },
        sequence_number: 2,
      } as never),
    ],
    event: sse,
    textOf: (data) => (data['type'] === 'response.output_text.delta' ? text(data['delta']) : ''),
    ends: /"type":"response\.completed"/,
    whole: (content) =>
      JSON.stringify({
        id: 'resp_1',
        output: [
          {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            content: [{ type: 'output_text', text: content }],
          },
        ],
      }),
    textOfWhole: (data) => text((data as { output: Data[] }).output[0]!.content[0]!['text']),
  },
  messages: {
    path: '/s/anthropic/v1/messages',
    body: { model: 'm', max_tokens: 1_000, messages },
    type: SSE,
    begin: [
      named({
        type: 'message_start',
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          content: [],
          model: 'm',
          usage: { input_tokens: 2, output_tokens: 1 },
        },
      } as never),
      named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never),
    ],
    delta: (content) =>
      named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: content } } as never),
    close: [
      named({ type: 'content_block_stop', index: 0 } as never),
      named({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: 3 },
      } as never),
      named({ type: 'message_stop' }),
    ],
    event: sse,
    textOf: (data) => text((data as Data).delta?.['text']),
    ends: /"type":"message_stop"/,
    whole: (content) =>
      JSON.stringify({ id: 'msg_1', role: 'assistant', content: [{ type: 'text', text: content }] }),
    textOfWhole: (data) => text((data as Data).content[0]!['text']),
  },
  'Ollama chat': {
    path: '/s/ollama/api/chat',
    body: { model: 'm', messages },
    type: LINES,
    begin: [],
    delta: (content) => line({ message: { role: 'assistant', content }, done: false }),
    close: [line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' })],
    event: (json) => `${json}\n`,
    textOf: (data) => text((data as Data).message?.['content']),
    ends: /"done":true/,
    whole: (content) => JSON.stringify({ model: 'm', message: { role: 'assistant', content }, done: true }),
    textOfWhole: (data) => text((data as Data).message['content']),
  },
  'Ollama generate': {
    path: '/s/ollama/api/generate',
    body: { model: 'm', prompt: 'hi' },
    type: LINES,
    begin: [],
    delta: (response) => line({ response, done: false }),
    close: [line({ response: '', done: true, done_reason: 'stop' })],
    event: (json) => `${json}\n`,
    textOf: (data) => text(data['response']),
    ends: /"done":true/,
    whole: (response) => JSON.stringify({ model: 'm', response, done: true }),
    textOfWhole: (data) => text(data['response']),
  },
};

/** What a caller reads of a stream: its text, and the error it ends with. */
export function said(own: Streamed, sent: string): { text: string; error: unknown; after: string } {
  const frames = sent
    .split('\n')
    .filter((one) => (own.type === SSE ? one.startsWith('data: {') : one !== ''));
  let all = '';
  let after = '';
  let error: unknown = null;
  for (const frame of frames) {
    const data = JSON.parse(own.type === SSE ? frame.slice(6) : frame) as Record<string, unknown>;
    if (data['error'] !== undefined) error = data;
    else if (error === null) all += own.textOf(data);
    else after += own.textOf(data);
  }
  return { text: all, error, after };
}

/** Asks for a stream. */
export const ask = (server: TestServer, key: string, own: Streamed, stream = true): Promise<Response> =>
  server.post(own.path, key, { ...own.body, stream });

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/*
 * Values come back where the protocol of an answer has text that people read: by its place, whatever the last name on the way
 * there is. A shape that no table knows may be the input of a tool.
 */
const MAIL = 'jo@mail.example';
const P = '[EMAIL_1]';
const said = `To ${P}.`;
const event = (data: object & { type?: string }): string =>
  `${data.type === undefined ? '' : `event: ${data.type}\n`}data: ${JSON.stringify(data)}\n\n`;

/** Answers of each dialect: `shown` has values back, `kept` has none. */
interface Case {
  readonly system: string;
  readonly path: string;
  readonly stream?: string;
  readonly shown: Readonly<Record<string, unknown>>;
  readonly kept: Readonly<Record<string, unknown>>;
}

const message = (content: unknown, more: object = {}): unknown => JSON.parse(completion(content, more));
const response = (...output: object[]): object => ({ id: 'resp_1', object: 'response', output });
const item = (content: unknown, type = 'message'): object => ({
  type,
  id: 'i_1',
  role: 'assistant',
  content,
});
const claude = (...content: object[]): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content,
});
const unknown = { text: said, content: said, message: said, summary: said, response: said, delta: said };

const CASES: Readonly<Record<string, Case>> = {
  'chat completions': {
    system: 'gpt',
    path: '/v1/chat/completions',
    shown: {
      content: message(said),
      'parts of content': message([{ type: 'text', text: said }]),
      'thinking parts': message([{ type: 'thinking', thinking: [{ type: 'text', text: said }] }]),
      refusal: message(null, { refusal: said }),
      reasoning: message('x', { reasoning: said }),
      'reasoning content': message('x', { reasoning_content: said }),
      'a transcript': message(null, { audio: { id: 'a', transcript: said } }),
      'an error': { error: { message: said, type: 'invalid_request_error' } },
    },
    kept: {
      'an unknown part': message([{ type: 'novel_call', text: said }]),
      'a part without type': message([{ text: said }]),
      'a member of the message': message('x', { novel: unknown }),
      'a list in the message': message('x', { novel_calls: [{ type: 'text', ...unknown }] }),
      'a member of the answer': { ...(message('x') as object), novel: unknown, ...unknown },
      'an annotation': message('x', { annotations: [{ type: 'novel', text: said, content: said }] }),
    },
  },
  'chat completions, streamed': {
    system: 'gpt',
    path: '/v1/chat/completions',
    stream: 'data: [DONE]\n\n',
    shown: {
      content: chunk({ content: said }),
      'parts of content': chunk({ content: [{ type: 'text', text: said }] }),
      reasoning: chunk({ reasoning_content: said }),
      refusal: chunk({ refusal: said }),
    },
    kept: {
      'an unknown part': chunk({ content: [{ type: 'novel_call', text: said }] }),
      'an unknown part where one that is shown began':
        chunk({ content: [{ type: 'text', text: 'so ' }] }) +
        chunk({ content: [{ type: 'novel_call', text: said }] }),
      'a member of the delta': chunk({ novel: unknown }),
      'a member of the answer': event({ choices: [], novel: unknown } as object),
    },
  },
  completions: {
    system: 'gpt',
    path: '/v1/completions',
    shown: { text: { choices: [{ index: 0, text: said, finish_reason: 'stop' }] } },
    kept: { 'a member of the choice': { choices: [{ index: 0, text: 'x', novel: unknown }] } },
  },
  responses: {
    system: 'gpt',
    path: '/v1/responses',
    shown: {
      text: response(item([{ type: 'output_text', text: said, annotations: [] }])),
      refusal: response(item([{ type: 'refusal', refusal: said }])),
      'a summary': response({ type: 'reasoning', id: 'r', summary: [{ type: 'summary_text', text: said }] }),
      reasoning: response({ ...item([{ type: 'reasoning_text', text: said }], 'reasoning'), summary: [] }),
      'an error': { ...response(), error: { code: 'server_error', message: said } },
    },
    kept: {
      'an unknown item': response({ type: 'novel_tool', id: 'n', ...unknown }),
      'an unknown item with content': response(item([{ type: 'output_text', text: said }], 'novel_tool')),
      'an unknown part': response(item([{ type: 'novel', text: said }])),
      'an item without type': response({ content: [{ type: 'output_text', text: said }] }),
      'a result': response({ type: 'file_search_results', id: 'f', results: [{ text: said }] }),
    },
  },
  'responses, streamed': {
    system: 'gpt',
    path: '/v1/responses',
    stream: '',
    shown: {
      text: event({
        type: 'response.output_text.delta',
        item_id: 'i',
        output_index: 0,
        content_index: 0,
        delta: said,
      } as object),
      'whole text': event({ type: 'response.output_text.done', item_id: 'i', text: said } as object),
      'a summary': event({
        type: 'response.reasoning_summary_text.delta',
        item_id: 'i',
        delta: said,
      } as object),
      'a part': event({
        type: 'response.content_part.done',
        part: { type: 'output_text', text: said },
      } as object),
      'an item': event({
        type: 'response.output_item.done',
        item: item([{ type: 'output_text', text: said }]),
      } as object),
      'the response': event({
        type: 'response.completed',
        response: response(item([{ type: 'output_text', text: said }])),
      } as object),
    },
    kept: {
      'an unknown event': event({ type: 'response.novel_tool.delta', item_id: 'i', delta: said } as object),
      'an unknown event with text': event({ type: 'response.novel_tool.done', ...unknown } as object),
      'an unknown item': event({
        type: 'response.output_item.done',
        item: { type: 'novel_tool', ...unknown },
      } as object),
      'an unknown part': event({
        type: 'response.content_part.done',
        part: { type: 'novel', text: said },
      } as object),
    },
  },
  messages: {
    system: 'claude',
    path: '/v1/messages',
    shown: {
      text: claude({ type: 'text', text: said }),
      thinking: claude({ type: 'thinking', thinking: said, signature: 'QUJD' }),
      'an error': { type: 'error', error: { type: 'invalid_request_error', message: said } },
    },
    kept: {
      'an unknown block': claude({ type: 'novel', ...unknown }),
      'the result of a tool': claude({
        type: 'mcp_tool_result',
        tool_use_id: 't',
        content: [{ type: 'text', text: said }],
      }),
      'an unknown member': { ...claude({ type: 'text', text: 'x' }), novel: unknown },
    },
  },
  'messages, streamed': {
    system: 'claude',
    path: '/v1/messages',
    stream: '',
    shown: {
      text: event({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: said },
      } as object),
      thinking: event({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'thinking_delta', thinking: said },
      } as object),
      'a block': event({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'text', text: said },
      } as object),
    },
    kept: {
      'an unknown block': event({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'novel', ...unknown },
      } as object),
      'an unknown delta': event({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'novel_delta', ...unknown },
      } as object),
    },
  },
  'Ollama, chat': {
    system: 'llama',
    path: '/api/chat',
    shown: {
      content: { model: 'm', message: { role: 'assistant', content: said }, done: true },
      thinking: { model: 'm', message: { role: 'assistant', content: '', thinking: said }, done: true },
    },
    kept: {
      'a member of the message': {
        model: 'm',
        message: { role: 'assistant', content: '', novel: unknown },
        done: true,
      },
      'a member of the answer': { model: 'm', novel: unknown, done: true },
    },
  },
  'Ollama, generate': {
    system: 'llama',
    path: '/api/generate',
    shown: { response: { model: 'm', response: said, done: true } },
    kept: { 'a member of the answer': { model: 'm', response: '', novel: unknown, done: true } },
  },
  'Ollama, generate, streamed': {
    system: 'llama',
    path: '/api/generate',
    stream: '',
    shown: { response: `${JSON.stringify({ model: 'm', response: said, done: false })}\n` },
    kept: { 'a member of the line': `${JSON.stringify({ model: 'm', novel: unknown, done: false })}\n` },
  },
  'the open inference protocol': {
    system: 'scorer',
    path: '/v2/models/m/infer',
    shown: {},
    kept: {
      'a parameter': { model_name: 'm', outputs: [], parameters: unknown },
      'a value': {
        model_name: 'm',
        outputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: [said], parameters: unknown }],
      },
    },
  },
};

describe('values come back by the place of a text, not by its last name', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = { gpt: 'openai', claude: 'anthropic', llama: 'ollama', scorer: 'oip' };
    const systems = Object.fromEntries(
      Object.entries(dialects).map(([name, dialect]) => [name, enforced(fake, { dialect })]),
    );
    server = await testServer({ systems });
    key = await server.key(Object.keys(systems));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = async ({ system, path, stream }: Case, answer: unknown): Promise<string> => {
    fake.answer = (_req, res) => {
      const type = system === 'llama' ? 'application/x-ndjson' : 'text/event-stream';
      if (stream !== undefined) sendEvents(res, [answer as string, stream].filter(Boolean), type);
      else sendJson(res, JSON.stringify(answer));
    };
    const asked = `My address is ${MAIL}.`;
    const body = {
      model: 'm',
      max_tokens: 5,
      stream: stream !== undefined,
      messages: [{ role: 'user', content: asked }],
      ...(path === '/api/generate' || path === '/v1/completions' ? { prompt: asked } : {}),
      ...(path === '/v1/responses' ? { input: asked } : {}),
    };
    const inputs = [{ name: 'text', shape: [1], datatype: 'BYTES', data: [asked] }];
    const seen = await server.post(`/s/${system}${path}`, key, system === 'scorer' ? { inputs } : body);
    assert.ok(fake.requests.at(-1)!.body.toString().includes(P));
    return seen.text();
  };

  for (const [what, one] of Object.entries(CASES)) {
    it(`${what}: where people read it`, async () => {
      for (const [place, answer] of Object.entries(one.shown)) {
        const text = await ask(one, answer);
        assert.ok(text.includes(`To ${MAIL}.`) && !text.includes(P), `${place}: ${text}`);
      }
    });

    it(`${what}: nowhere else`, async () => {
      for (const [place, answer] of Object.entries(one.kept)) {
        const text = await ask(one, answer);
        assert.ok(text.includes(said) && !text.includes(MAIL), `${place}: ${text}`);
      }
    });
  }
});

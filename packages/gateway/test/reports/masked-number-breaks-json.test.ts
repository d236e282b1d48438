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
} from '../../../server/test/harness.ts';

/* A number that is masked leaves JSON: in arguments of tools, in structured outputs and in what is sent, whole and in pieces. */
const PHONE = 31612345678;
const CARD = 4111111111111111;
const RECORD = { name: 'Jo', phone: PHONE, cards: [CARD, 5], n: { phone: PHONE, ok: true } };
const MASKED = {
  name: 'Jo',
  phone: '[PHONE_1]',
  cards: ['[CREDIT-CARD_1]', 5],
  n: { phone: '[PHONE_1]', ok: true },
};
const JSON_TEXT = JSON.stringify(RECORD);
const pieces = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
const event = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

/** How a dialect says a text, whole and in pieces, and where it stands in what it sent. */
interface Way {
  readonly system: string;
  readonly path: string;
  readonly whole: (text: string) => string;
  readonly streamed?: (pieces: readonly string[]) => string[];
  /** Pieces of that text in an answer, or in an event of one. */
  readonly read: (answer: never) => unknown;
}

type Chat = { choices: { message?: Said; delta?: Said }[] };
type Said = { content?: string; tool_calls?: { function: { arguments?: string } }[] };
const call = (text: string) => ({
  tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'save', arguments: text } }],
});
const more = (text: string) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] });
const said = ({ choices: [choice] }: Chat): Said => choice?.message ?? choice?.delta ?? {};

const WAYS: Readonly<Record<string, Way>> = {
  'chat completions, a structured output': {
    system: 'gpt',
    path: '/v1/chat/completions',
    whole: (text) => completion(text),
    streamed: (parts) => [...parts.map((content) => chunk({ content })), 'data: [DONE]\n\n'],
    read: (answer: Chat) => said(answer).content,
  },
  'chat completions, arguments of a tool': {
    system: 'gpt',
    path: '/v1/chat/completions',
    whole: (text) => completion(null, call(text)),
    streamed: (parts) => [chunk(call('')), ...parts.map((text) => chunk(more(text))), 'data: [DONE]\n\n'],
    read: (answer: Chat) => said(answer).tool_calls?.[0]?.function.arguments,
  },
  'responses, arguments of a tool': {
    system: 'gpt',
    path: '/v1/responses',
    whole: (text) =>
      JSON.stringify({
        id: 'resp_1',
        output: [{ type: 'function_call', id: 'f', call_id: 'c', name: 'save', arguments: text }],
      }),
    streamed: (parts) => [
      event('response.output_item.added', {
        output_index: 0,
        item: { type: 'function_call', id: 'f', call_id: 'c', name: 'save', arguments: '' },
      }),
      ...parts.map((delta) =>
        event('response.function_call_arguments.delta', { item_id: 'f', output_index: 0, delta }),
      ),
    ],
    read: (answer: { output?: { arguments: string }[]; delta?: string }) =>
      answer.output?.[0]?.arguments ?? answer.delta,
  },
  'messages, a structured output': {
    system: 'claude',
    path: '/v1/messages',
    whole: (text) =>
      JSON.stringify({ id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'text', text }] }),
    streamed: (parts) =>
      parts.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    read: (answer: { content?: { text: string }[]; delta?: { text: string } }) =>
      answer.content?.[0]?.text ?? answer.delta?.text,
  },
  'messages, arguments of a tool': {
    system: 'claude',
    path: '/v1/messages',
    whole: () => '',
    streamed: (parts) => [
      event('content_block_start', {
        index: 0,
        content_block: { type: 'tool_use', id: 'toolu_1', name: 'save', input: {} },
      }),
      ...parts.map((partial_json) =>
        event('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } }),
      ),
      event('content_block_stop', { index: 0 }),
    ],
    read: (answer: { delta?: { partial_json: string } }) => answer.delta?.partial_json,
  },
  'Ollama, a structured output': {
    system: 'llama',
    path: '/api/chat',
    whole: (content) => JSON.stringify({ model: 'm', message: { role: 'assistant', content }, done: true }),
    streamed: (parts) =>
      parts.map((content) => `${JSON.stringify({ model: 'm', message: { content }, done: false })}\n`),
    read: (answer: { message: { content: string } }) => answer.message.content,
  },
};

describe('a number that is masked leaves JSON', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const privacy = { restoreIntoTools: { save: ['phone', 'credit-card'] } };
    const dialects = { gpt: 'openai', claude: 'anthropic', llama: 'ollama' };
    server = await testServer({
      systems: Object.fromEntries(
        Object.entries(dialects).map(([name, dialect]) => [name, enforced(fake, { dialect, privacy })]),
      ),
    });
    key = await server.key(Object.keys(dialects));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** What comes of a text in the answer of a system. @param size of the pieces it comes in; 0 for whole */
  const answered = async (way: Way, text: string, size: number, asked = 'hello'): Promise<unknown> => {
    fake.answer = (_req, res) => {
      const type = way.system === 'llama' ? 'application/x-ndjson' : 'text/event-stream';
      if (size === 0) sendJson(res, way.whole(text));
      else sendEvents(res, way.streamed!(pieces(text, size)), type);
    };
    const messages = [{ role: 'user', content: asked }];
    const body = { model: 'm', max_tokens: 5, stream: size > 0, messages, input: asked };
    const got = await (await server.post(`/s/${way.system}${way.path}`, key, body)).text();
    const read = way.read as (answer: unknown) => string | undefined;
    if (size === 0) return JSON.parse(read(JSON.parse(got))!);
    const lines = got.split('\n').flatMap((line) => /^(?:data: )?(\{.*)$/.exec(line)?.[1] ?? []);
    const joined = lines.map((line) => read(JSON.parse(line)) ?? '').join('');
    try {
      return JSON.parse(joined);
    } catch {
      return assert.fail(`${joined} is no JSON`);
    }
  };

  for (const [what, way] of Object.entries(WAYS)) {
    const sizes = way.whole('') === '' ? [1, 3, 500] : [0, 1, 3, 500];
    it(`in an answer: ${what}`, async () => {
      for (const size of sizes)
        for (const space of [0, 1]) {
          const text = JSON.stringify(RECORD, null, space);
          assert.deepEqual(await answered(way, text, size), MASKED, `in pieces of ${size}`);
        }
      // Long before and behind it, so that windows end anywhere in it.
      for (let length = 100; length < 140; length += 3) {
        const more = 'x'.repeat(length);
        const seen = await answered(way, JSON.stringify({ more, ...RECORD, end: more }), 7);
        assert.deepEqual(seen, { more, ...MASKED, end: more });
      }
    });

    it(`what was a number before it was masked is one again: ${what}`, async () => {
      for (const size of sizes)
        assert.deepEqual(
          await answered(way, JSON.stringify(MASKED), size, `Save ${JSON_TEXT}, please.`),
          RECORD,
          `in pieces of ${size}`,
        );
    });
  }

  const requests: Readonly<
    Record<string, readonly [path: string, body: object, sent: (body: never) => string]>
  > = {
    'arguments of a tool': [
      '/s/gpt/v1/chat/completions',
      { messages: [{ role: 'assistant', content: null, ...call(JSON_TEXT) }] },
      (body: { messages: Said[] }) => body.messages[0]!.tool_calls![0]!.function.arguments!,
    ],
    'the text of a user': [
      '/s/gpt/v1/chat/completions',
      { messages: [{ role: 'user', content: JSON_TEXT }] },
      (body: { messages: Said[] }) => body.messages[0]!.content!,
    ],
    'the result of a tool': [
      '/s/claude/v1/messages',
      {
        max_tokens: 5,
        messages: [
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: JSON_TEXT }] },
        ],
      },
      (body: { messages: { content: { content: string }[] }[] }) => body.messages[0]!.content[0]!.content,
    ],
    'arguments in responses': [
      '/s/gpt/v1/responses',
      { input: [{ type: 'function_call', call_id: 'c', name: 'save', arguments: JSON_TEXT }] },
      (body: { input: { arguments: string }[] }) => body.input[0]!.arguments,
    ],
  };
  for (const [what, [path, body, sent]] of Object.entries(requests)) {
    it(`in a request: ${what}`, async () => {
      fake.answer = (_req, res) => sendJson(res, '{}');
      const before = fake.requests.length;
      const seen = await server.post(path, key, { model: 'm', ...body });
      assert.equal(seen.status, 200, await seen.text());
      const got = JSON.parse(fake.requests[before]!.body.toString()) as never;
      assert.deepEqual(JSON.parse(sent(got)), MASKED);
    });
  }
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  served,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * Pieces of a tool's arguments reached clients before the event that opens the call, whose id and name those of agents wait for
 * (BerriAI/litellm#12463 is of the same kind).
 */
const ARGUMENTS = JSON.stringify({
  path: 'notes/plan.md',
  text: 'A word after another, and so on. '.repeat(12),
});
const pieces = ARGUMENTS.match(/.{1,20}/g)!;
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const named = (data: { type: string } & object): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const call = (index: number, name: string): string[] => [
  chunk({
    tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }],
  }),
  ...pieces.map((one) => chunk({ tool_calls: [{ index, function: { arguments: one } }] })),
];
const block = (index: number, type: string, name: string): string[] => [
  named({
    type: 'content_block_start',
    index,
    content_block: { type, id: `toolu_${index}`, name, input: {} },
  } as never),
  ...pieces.map((one) =>
    named({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json: one },
    } as never),
  ),
  named({ type: 'content_block_stop', index } as never),
];
const CHAT_END = [chunk({}, 'tool_calls'), 'data: [DONE]\n\n'];
const messages = (...blocks: string[]): string[] => [
  named({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      usage: { input_tokens: 3, output_tokens: 1 },
    },
  } as never),
  ...blocks,
  named({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 99 } } as never),
  named({ type: 'message_stop' }),
];
const items = (name: string): string[] => {
  const item = { id: 'fc_1', type: 'function_call', call_id: 'call_1', name, arguments: '' };
  return [
    named({ type: 'response.output_item.added', output_index: 0, item } as never),
    ...pieces.map((delta) =>
      named({
        type: 'response.function_call_arguments.delta',
        item_id: 'fc_1',
        output_index: 0,
        delta,
      } as never),
    ),
    named({
      type: 'response.function_call_arguments.done',
      item_id: 'fc_1',
      output_index: 0,
      arguments: ARGUMENTS,
    } as never),
    named({
      type: 'response.output_item.done',
      output_index: 0,
      item: { ...item, arguments: ARGUMENTS },
    } as never),
  ];
};
const text = chunk({ content: 'Let me write that down for you: ' });
const openai = '/s/openai/v1/chat/completions';
/** Streams that call tools; the first of each list is a tool that the request has. */
const STREAMS = (
  name: string,
): Readonly<Record<string, readonly [path: string, frames: readonly string[]]>> => ({
  'one call': [openai, [chunk({ role: 'assistant', content: null }), ...call(0, name), ...CHAT_END]],
  'one call behind a text': [openai, [chunk({ role: 'assistant' }), text, ...call(0, name), ...CHAT_END]],
  'two calls': [openai, [...call(0, name), ...call(1, name), ...CHAT_END]],
  'a call that begins with arguments': [
    openai,
    [
      chunk({ tool_calls: [{ index: 0, id: 'call_0', function: { name, arguments: pieces[0] } }] }),
      ...call(0, name).slice(2),
      ...CHAT_END,
    ],
  ],
  'a call that says its name each time': [
    openai,
    [
      ...pieces.map((one) =>
        chunk({ tool_calls: [{ index: 0, id: 'call_0', function: { name, arguments: one } }] }),
      ),
      ...CHAT_END,
    ],
  ],
  'a call of the older form': [
    openai,
    [
      chunk({ function_call: { name, arguments: '' } }),
      ...pieces.map((one) => chunk({ function_call: { arguments: one } })),
      ...CHAT_END,
    ],
  ],
  'a field of the provider that comes once': [
    openai,
    [chunk({ role: 'assistant', provider_name: 'North Cloud' }), ...call(0, name), ...CHAT_END],
  ],
  messages: ['/s/anthropic/v1/messages', messages(...block(0, 'tool_use', name))],
  'messages with two calls': [
    '/s/anthropic/v1/messages',
    messages(...block(0, 'tool_use', name), ...block(1, 'tool_use', name)),
  ],
  'messages with a tool of the server': [
    '/s/anthropic/v1/messages',
    messages(...block(0, 'server_tool_use', name), ...block(1, 'mcp_tool_use', name)),
  ],
  responses: ['/s/openai/v1/responses', items(name)],
});
const BODIES: Readonly<Record<string, object>> = {
  chat: {
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ type: 'function', function: { name: 'write_file', parameters: { type: 'object' } } }],
  },
  messages: {
    model: 'm',
    max_tokens: 900,
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ name: 'write_file', input_schema: { type: 'object' } }],
  },
  responses: { model: 'm', input: 'hi', tools: [{ type: 'function', name: 'write_file', parameters: {} }] },
};
const bodyOf = (path: string): object =>
  BODIES[path.endsWith('messages') ? 'messages' : path.endsWith('responses') ? 'responses' : 'chat']!;

describe('events of tool calls', () => {
  for (const mode of ['enforce', 'observe'])
    describe(mode, () => {
      let server: TestServer;
      let fake: FakeSystem;
      let key: string;
      before(async () => {
        fake = await fakeSystem();
        const dialects = ['openai', 'anthropic'];
        server = await testServer({
          systems: Object.fromEntries(
            dialects.map((dialect) => [dialect, enforced(fake, { dialect, mode })]),
          ),
        });
        key = await server.key(dialects);
      });
      after(async () => {
        await server.stop();
        await fake.close();
      });
      for (const name of ['write_file', 'mcp__github__create_issue', 'searchTheWeb'])
        for (const [what, [path, frames]] of Object.entries(STREAMS(name)))
          it(`${what}: ${name} keeps the order in which it was sent`, async () => {
            fake.answer = (_req, res) => {
              res.writeHead(200, { 'content-type': 'text/event-stream' });
              for (const frame of frames) res.write(frame);
              res.end();
            };
            const response = await server.post(path, key, { ...bodyOf(path), stream: true });
            const sent = (await response.text()).split('\n').filter((one) => one.startsWith('data: '));
            const own = frames.map((frame) => frame.split('\n').find((one) => one.startsWith('data: '))!);
            assert.deepEqual(sent, own);
          });
    });
});

describe('names of tools', () => {
  const on = served();

  it('leak nothing in pieces that the request has said', async () => {
    const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    for (const said of [['ghp_'], [...token], ['ghp_', token.slice(4)]]) {
      const own = said.length === 1 ? ['ghp_', token.slice(4)] : said;
      on.fake.answer = (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const name of own)
          res.write(
            chunk({ tool_calls: [{ index: 0, id: 'call_0', type: 'function', function: { name } }] }),
          );
        res.end(CHAT_END.join(''));
      };
      const tools = said.map((name) => ({ type: 'function', function: { name, parameters: {} } }));
      const body = { model: 'm', messages: [{ role: 'user', content: said[0] }], tools, stream: true };
      const answer = await on.server.post('/s/main/v1/chat/completions', on.key, body);
      const names = [...(await answer.text()).matchAll(/"name":"([^"]*)"/g)].map(([, name]) => name);
      assert.notEqual(names.join(''), token);
      assert.ok(names.join('').length < 12, names.join(''));
    }
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const MAIL = 'jo@mail.example';
const PAY = '{"amount":1000000}';
const LARGE = {
  id: 'large-payment',
  on: 'tool',
  when: 'tool.name == "pay" && tool.arguments.amount > 100',
  tests: {
    match: [{ tool: { name: 'pay', arguments: { amount: 101 } } }],
    miss: [{ tool: { name: 'pay', arguments: { amount: 100 } } }],
  },
};
const NONE = { name: 'look', arguments: '{}' };

type Case = [what: string, answer: object | object[], said: RegExp];
const DENIED = /output-denied/;
const UNREAD = /upstream-invalid/;

/** An answer with the call of one tool. */
const chat = (call: object): object => ({
  choices: [
    { index: 0, message: { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', ...call }] } },
  ],
});
/** A chunk with calls of tools. */
const calls = (...tools: object[]): object => ({ choices: [{ index: 0, delta: { tool_calls: tools } }] });
const pay = (name = 'pay', args = PAY): object => ({ name, arguments: args });
const item = (id: string | undefined, name: string, args = '', type = 'function_call'): object => ({
  ...{ type, id, call_id: `call ${id}`, name },
  arguments: args,
});
const added = (at: number | undefined, own: object): object => ({
  ...{ type: 'response.output_item.added', output_index: at },
  item: own,
});
const grows = (at: number | undefined, id: string | undefined, delta: string): object => ({
  ...{ type: 'response.function_call_arguments.delta', item_id: id, output_index: at },
  delta,
});
const block = (index: number, own: object): object => ({
  type: 'content_block_start',
  index,
  content_block: own,
});
const tool = (name: string, input: object = {}): object => ({ type: 'tool_use', id: 't', name, input });
const json = (index: number, text: string, type = 'input_json_delta'): object => ({
  type: 'content_block_delta',
  index,
  delta: { type, partial_json: text },
});

const CASES: Readonly<Record<string, [system: string, path: string, body: object, cases: Case[]]>> = {
  'chat completions': [
    'chat',
    '/v1/chat/completions',
    { model: 'm', messages: [{ role: 'user', content: 'pay him' }] },
    [
      ['a function', chat({ function: pay() }), DENIED],
      ['beside `custom: null`', chat({ custom: null, function: pay() }), DENIED],
      ['beside an empty one', chat({ custom: {}, function: pay() }), DENIED],
      ['beside a custom one', chat({ custom: { name: 'look', input: '{}' }, function: pay() }), UNREAD],
      ['a small one beside null', chat({ custom: null, function: pay('pay', '{"amount":1}') }), /"pay"/],
      [
        'a custom tool',
        chat({ type: 'custom', custom: { name: 'pay', input: PAY, arguments: '{}' } }),
        DENIED,
      ],
      ['in a chunk', [calls({ index: 0, id: 'a', custom: {}, function: pay() })], DENIED],
      [
        'in a chunk beside a custom one',
        [calls({ index: 0, custom: { name: 'look' }, function: pay() })],
        UNREAD,
      ],
      [
        'of two types in two chunks',
        [calls({ index: 0, id: 'a', function: pay('pay', '') }), calls({ index: 0, custom: { input: PAY } })],
        UNREAD,
      ],
      [
        'arguments that are no text',
        [calls({ index: 0, function: { name: 'pay', arguments: { amount: 1e6 } } })],
        DENIED,
      ],
      [
        'a name that changes, before the arguments',
        [calls({ index: 0, function: pay('pay', '') }), calls({ index: 0, function: pay('look') })],
        DENIED,
      ],
      [
        'one index of two ids',
        [calls({ index: 0, id: 'a', function: NONE }), calls({ index: 0, id: 'b', function: pay() })],
        UNREAD,
      ],
      [
        'one id of two indexes',
        [
          calls({ index: 0, id: 'a', function: pay('pay', '') }),
          calls({ index: 1, id: 'a', function: pay('', PAY) }),
        ],
        UNREAD,
      ],
      [
        'by id, then by nothing',
        [calls({ id: 'a', function: pay('pay', '') }), calls({ function: { arguments: PAY } })],
        UNREAD,
      ],
      [
        'by id alone',
        [calls({ id: 'a', function: NONE }), calls({ id: 'b', function: pay('pay', '{"amount":1}') })],
        /"pay"/,
      ],
      [
        'with an id in each chunk',
        [
          calls({ index: 0, id: 'a', function: pay('pay', '{"amo') }),
          calls({ index: 0, id: 'a', function: { arguments: 'unt":1}' } }),
        ],
        /"pay"/,
      ],
      [
        'with an id in the first chunk',
        [
          calls({ index: 0, id: 'a', function: pay('pay', '{"amo') }),
          calls({ index: 0, id: '', function: { arguments: 'unt":1}' } }),
        ],
        /"pay"/,
      ],
    ],
  ],
  responses: [
    'chat',
    '/v1/responses',
    { model: 'm', input: 'pay him' },
    [
      ...[
        'response.output_item.done',
        'response.output_item.added',
        'response.function_call_arguments.delta',
      ].map(
        (type): Case => [
          `that calls itself ${type}`,
          { type, object: 'response', output: [item('A', 'pay', PAY)] },
          DENIED,
        ],
      ),
      [
        'a question whether it may be made',
        { output: [item('A', 'pay', PAY, 'mcp_approval_request')] },
        DENIED,
      ],
      [
        'a question whether it may be made, in a stream',
        [
          added(0, item('A', 'pay', PAY, 'mcp_approval_request')),
          { ...added(0, item('A', 'pay', PAY, 'mcp_approval_request')), type: 'response.output_item.done' },
        ],
        DENIED,
      ],
      [
        'of a custom tool, with arguments',
        { output: [{ ...item('A', 'pay', '{}', 'custom_tool_call'), input: PAY }] },
        DENIED,
      ],
      ['in order', [added(0, item('A', 'pay')), grows(0, 'A', PAY)], DENIED],
      [
        'ids and places of two',
        [
          added(0, item('A', 'look')),
          added(1, item('B', 'pay')),
          grows(0, 'B', '{"amount":1}'),
          grows(1, 'A', PAY),
        ],
        UNREAD,
      ],
      [
        'at places that are one number to some readers',
        [added(2 ** 53, item('A', 'pay')), grows(2 ** 53, 'A', '{"amount":1}')],
        UNREAD,
      ],
      [
        'under ids that are one number to some readers',
        [
          added(undefined, { ...item('A', 'pay'), id: 2 ** 53 }),
          { ...grows(undefined, 'A', '{"amount":1}'), item_id: 2 ** 53 },
        ],
        UNREAD,
      ],
      [
        'in parts that are one number to some readers',
        [{ type: 'response.output_text.delta', output_index: 0, content_index: 2 ** 53, delta: 'ok' }],
        UNREAD,
      ],
      ['by place alone', [added(0, item('A', 'pay')), grows(0, undefined, PAY)], DENIED],
      [
        'begun by id, going on by place',
        [added(undefined, item('A', 'pay')), grows(0, undefined, PAY)],
        UNREAD,
      ],
      ['begun by place, going on by id', [added(0, item('A', 'pay')), grows(undefined, 'A', PAY)], UNREAD],
      ['by id alone', [added(undefined, item('A', 'pay')), grows(undefined, 'A', PAY)], DENIED],
      [
        'of another type than it began',
        [
          added(0, item('A', 'pay')),
          { type: 'response.custom_tool_call_input.delta', item_id: 'A', output_index: 0, delta: PAY },
        ],
        UNREAD,
      ],
      ['a small one', [added(0, item('A', 'pay')), grows(0, 'A', '{"amount":1}')], /"pay"/],
      [
        'two small ones',
        [
          added(1, item('A', 'pay')),
          added(2, item('B', 'pay')),
          grows(1, 'A', '{"amount":1}'),
          grows(2, 'B', '{"amount":2}'),
        ],
        /"pay"/,
      ],
    ],
  ],
  messages: [
    'claude',
    '/v1/messages',
    { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'pay him' }] },
    [
      ...['message', 'content_block_start', 'content_block_stop', 'content_block_delta'].map(
        (type): Case => [
          `that calls itself ${type}`,
          { type, content: [tool('pay', { amount: 1e6 })] },
          DENIED,
        ],
      ),
      ['in order', [block(0, { type: 'text', text: '' }), block(1, tool('pay')), json(1, PAY)], DENIED],
      [
        'blocks out of order',
        [block(1, tool('pay')), block(0, tool('look')), json(1, '{"amount":1}'), json(0, PAY)],
        UNREAD,
      ],
      ['a block that begins twice', [block(0, tool('look')), block(0, tool('pay')), json(0, PAY)], UNREAD],
      [
        'input under another type',
        [block(0, tool('pay')), json(0, '{"amount":1'), json(0, ',"b":2', 'text_delta'), json(0, '000000}')],
        UNREAD,
      ],
      ['a small one', [block(0, tool('pay')), json(0, '{"amount"'), json(0, ':1}')], /"pay"/],
    ],
  ],
};

describe('a call of a tool that two clients may read otherwise', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const rules = join(scratch(), 'rules');
    mkdirSync(rules);
    writeFileSync(
      join(rules, 'ours.yaml'),
      stringify({ conditions: [{ ...LARGE, systems: ['chat', 'claude', 'ollama'] }] }),
    );
    const privacy = { restoreIntoTools: { look: ['email'] } };
    server = await testServer({
      config: { rules },
      systems: {
        chat: enforced(fake),
        claude: enforced(fake, { dialect: 'anthropic' }),
        ollama: enforced(fake, { dialect: 'ollama' }),
        restored: enforced(fake, { privacy }),
        'claude-restored': enforced(fake, { dialect: 'anthropic', privacy }),
      },
    });
    key = await server.key(['chat', 'claude', 'ollama', 'restored', 'claude-restored']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const answering = (answer: object | object[]): void => {
    const data = (one: object): string => `data: ${JSON.stringify(one)}\n\n`;
    fake.answer = (_req, res) =>
      Array.isArray(answer) ? sendEvents(res, answer.map(data)) : sendJson(res, JSON.stringify(answer));
  };

  for (const [name, [system, path, body, cases]] of Object.entries(CASES))
    it(`is judged in every reading, or refused: ${name}`, async () => {
      for (const [what, answer, said] of cases) {
        answering(answer);
        const stream = Array.isArray(answer);
        const text = await (await server.post(`/s/${system}${path}`, key, { ...body, stream })).text();
        assert.match(text, said, what);
        if (said === DENIED || said === UNREAD) assert.doesNotMatch(text, /1000000|000000\}/, what);
      }
    });

  it('stands on no line of its own in an answer that is one value of JSON to the gateway', async () => {
    const call = {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'pay', arguments: { amount: 1e6 } } }],
    };
    const line = JSON.stringify({ model: 'm', message: call, done: true });
    const before = '{"model":"m","done":true,"message":{"content":"ok\u2028"},"x":';
    for (const end of ['\n', '\r', '\r\n'])
      for (const [open, close] of [
        [before, '}'],
        ['[', ']'],
      ] as const)
        for (const stream of [true, false]) {
          fake.answer = (_req, res) => sendJson(res, `${open}${end}${line}${end}${close}${end}`);
          const body = { model: 'm', messages: [{ role: 'user', content: 'pay him' }], stream };
          const text = await (await server.post('/s/ollama/api/chat', key, body)).text();
          assert.equal(text.trim().split(/[\r\n\u2028]/).length, 1, text);
          assert.deepEqual(JSON.parse(text), JSON.parse(`${open}${line}${close}`));
        }
    // One line goes out as it came.
    fake.answer = (_req, res) => sendJson(res, `${before} 1 }\n`.replace('\u2028', ''));
    const plain = { model: 'm', messages: [{ role: 'user', content: 'hello' }], stream: true };
    const text = await (await server.post('/s/ollama/api/chat', key, plain)).text();
    assert.equal(text, `${before} 1 }\n`.replace('\u2028', ''));
  });

  it('gets no values that were approved for another tool', async () => {
    const P = '{"to":"[EMAIL_1]"}';
    const content = `mail ${MAIL}`;
    const chatBody = { model: 'm', messages: [{ role: 'user', content }] };
    const messages = { ...chatBody, max_tokens: 9 };
    for (const [what, system, path, body, answer, restored] of [
      ['approved', 'restored', '/v1/chat/completions', chatBody, chat({ function: pay('look', P) }), true],
      [
        'custom beside function',
        'restored',
        '/v1/chat/completions',
        chatBody,
        chat({ custom: { name: 'look', input: '{}' }, function: pay('evil', P) }),
        false,
      ],
      [
        'two ways in a stream',
        'restored',
        '/v1/responses',
        { model: 'm', input: content },
        [added(0, item('A', 'look')), added(1, item('B', 'evil')), grows(1, 'A', P)],
        false,
      ],
      [
        'an answer that calls itself an event',
        'claude-restored',
        '/v1/messages',
        messages,
        { ...block(0, tool('look')), role: 'assistant', content: [tool('evil', { to: '[EMAIL_1]' })] },
        false,
      ],
      [
        'a list that no client reads',
        'claude-restored',
        '/v1/messages',
        messages,
        { type: 'message', content: [tool('look')], other: [tool('evil', { to: '[EMAIL_1]' })] },
        false,
      ],
    ] as const) {
      answering(answer);
      const stream = Array.isArray(answer);
      const text = await (await server.post(`/s/${system}${path}`, key, { ...body, stream })).text();
      assert.equal(text.includes(MAIL), restored, `${what}: ${text}`);
    }
  });
});

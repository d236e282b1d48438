import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  seenIn,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const tests = (match: object, miss: object): object => ({ match: [match], miss: [miss] });
const CONDITIONS = [
  {
    id: 'loan-above-limit',
    on: 'row',
    systems: ['scorer'],
    when: 'input.amount > 50000 && output.approve > 0.5',
    tests: tests(
      { input: { amount: 60_000 }, output: { approve: 1 } },
      { input: { amount: 1 }, output: { approve: 1 } },
    ),
  },
  {
    id: 'no-minors',
    on: 'row',
    systems: ['scorer'],
    when: 'input.age < 18',
    tests: tests({ input: { age: 17 } }, { input: { age: 18 } }),
  },
  {
    id: 'large-payment',
    on: 'tool',
    when: 'tool.name == "pay" && tool.arguments.amount > 100',
    tests: tests(
      { tool: { name: 'pay', arguments: { amount: 101 } } },
      { tool: { name: 'pay', arguments: { amount: 100 } } },
    ),
  },
  {
    id: 'no-advice',
    on: 'call',
    systems: ['whole'],
    when: 'input.text.contains("invest") && output.text.matches("(?i)you should buy")',
    tests: tests(
      { input: { text: 'what to invest in?' }, output: { text: 'You should buy gold.' } },
      { input: { text: 'what to eat?' }, output: { text: 'You should buy bread.' } },
    ),
  },
];

const pay = (amount: number): string => JSON.stringify({ to: 'a "friend" }', amount });
/** A text in pieces of one character. */
const pieces = (text: string): string[] => [...text];
const event = (data: { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** A call of a tool as each dialect streams it. */
const STREAMS: Readonly<Record<string, (name: string, args: string) => string[]>> = {
  openai: (name, args) => [
    chunk({ role: 'assistant', content: 'I do so. ' }),
    chunk({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name, arguments: '' } }] }),
    ...pieces(args).map((text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
    chunk({}, 0, 'tool_calls'),
    'data: [DONE]\n\n',
  ],
  responses: (name, args) => {
    const item = { id: 'fc_1', type: 'function_call', call_id: 'c', name };
    return [
      { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
      ...pieces(args).map((delta) => ({
        type: 'response.function_call_arguments.delta',
        item_id: 'fc_1',
        output_index: 0,
        delta,
      })),
      { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 0, arguments: args },
      { type: 'response.output_item.done', output_index: 0, item: { ...item, arguments: args } },
      { type: 'response.completed', response: { id: 'r', output: [{ ...item, arguments: args }] } },
    ].map(event);
  },
  anthropic: (name, args) =>
    [
      { type: 'message_start', message: { id: 'm', role: 'assistant', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'I do so. ' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 't', name, input: {} },
      },
      ...pieces(args).map((text) => ({
        type: 'content_block_delta',
        index: 1,
        delta: { type: 'input_json_delta', partial_json: text },
      })),
      { type: 'content_block_stop', index: 1 },
      { type: 'message_stop' },
    ].map(event),
  ollama: (name, args) => [
    `${JSON.stringify({ model: 'm', message: { role: 'assistant', content: 'I do so. ' }, done: false })}\n`,
    `${JSON.stringify({ model: 'm', message: { role: 'assistant', content: '', tool_calls: [{ function: { name, arguments: JSON.parse(args) as object } }] }, done: false })}\n`,
    `${JSON.stringify({ model: 'm', message: { role: 'assistant', content: '' }, done: true })}\n`,
  ],
};
/** And as each dialect writes it whole. */
const WHOLES: Readonly<Record<string, (name: string, args: string) => string>> = {
  openai: (name, args) =>
    completion(null, { tool_calls: [{ id: 'a', type: 'function', function: { name, arguments: args } }] }),
  responses: (name, args) =>
    JSON.stringify({ id: 'r', output: [{ id: 'f', type: 'function_call', name, arguments: args }] }),
  anthropic: (name, args) =>
    JSON.stringify({
      id: 'm',
      content: [{ type: 'tool_use', id: 't', name, input: JSON.parse(args) as object }],
    }),
  ollama: (name, args) =>
    JSON.stringify({
      message: {
        role: 'assistant',
        tool_calls: [{ function: { name, arguments: JSON.parse(args) as object } }],
      },
      done: true,
    }),
};
const PATHS: Readonly<Record<string, [system: string, path: string, body: object]>> = {
  openai: ['chat', '/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'pay him' }] }],
  responses: ['chat', '/v1/responses', { model: 'm', input: 'pay him' }],
  anthropic: [
    'claude',
    '/v1/messages',
    { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'pay him' }] },
  ],
  ollama: ['llama', '/api/chat', { model: 'm', messages: [{ role: 'user', content: 'pay him' }] }],
};

describe('conditions', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const rules = join(scratch(), 'rules');
    mkdirSync(rules);
    writeFileSync(join(rules, 'ours.yaml'), stringify({ conditions: CONDITIONS }));
    server = await testServer({
      config: { rules },
      systems: {
        chat: enforced(fake),
        claude: enforced(fake, { dialect: 'anthropic' }),
        llama: enforced(fake, { dialect: 'ollama' }),
        scorer: enforced(fake, { dialect: 'oip' }),
        whole: enforced(fake),
        watched: enforced(fake, { mode: 'observe' }),
      },
    });
    key = await server.key(['chat', 'claude', 'llama', 'scorer', 'whole', 'watched']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const infer = (rows: [number, number][]): Promise<Response> =>
    server.post('/v2/models/scorer/infer', key, {
      inputs: ['amount', 'age'].map((name, n) => ({
        name,
        shape: [rows.length, 1],
        datatype: 'FP64',
        data: rows.map((row) => row[n]),
      })),
    });
  const approving = (...scores: number[]): void => {
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          model_name: 'scorer',
          outputs: [{ name: 'approve', shape: [scores.length], datatype: 'FP64', data: scores }],
        }),
      );
  };
  const said = async (response: Response): Promise<string> => {
    const text = await response.text();
    assert.equal(response.status, 403, text);
    return `${text} ${await seenIn(server, response)}`;
  };

  it('on rows: deny what a classifier decides, row by row, whatever the score', async () => {
    approving(0.9, 0.9);
    assert.equal(
      (
        await infer([
          [50_000, 30],
          [20, 40],
        ])
      ).status,
      200,
    );
    assert.match(
      await said(
        await infer([
          [20, 40],
          [50_001, 30],
        ]),
      ),
      /output-denied.*condition\/loan-above-limit/,
    );
    approving(0.9, 0.4);
    assert.equal(
      (
        await infer([
          [20, 40],
          [50_001, 30],
        ])
      ).status,
      200,
    );
  });

  it('on rows: deny before anything is forwarded what needs no answer', async () => {
    approving(0.1);
    const { length } = fake.requests;
    assert.match(await said(await infer([[20, 17]])), /input-denied.*condition\/no-minors/);
    assert.equal(fake.requests.length, length);
  });

  it('on rows: what cannot be judged is denied', async () => {
    const odd = await server.post('/v2/models/scorer/infer', key, {
      inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP64', data: [60_000, 30] }],
    });
    assert.match(await said(odd), /condition\/no-minors-not-judged/);
    // Rows are counted where there are most, not in the tensor that comes first.
    for (const shape of [[0], []]) {
      const first = { name: 'note', shape, datatype: 'FP64', data: shape.length === 0 ? [1] : [] };
      const rows = ['amount', 'age'].map((name) => ({ name, shape: [2], datatype: 'FP64', data: [20, 17] }));
      const hidden = await server.post('/v2/models/scorer/infer', key, { inputs: [first, ...rows] });
      assert.match(await said(hidden), /condition\/no-minors/);
    }
    approving(0.9);
    assert.match(
      await said(
        await infer([
          [60_000, 40],
          [60_000, 30],
        ]),
      ),
      /loan-above-limit-not-judged/,
      'an answer for fewer rows',
    );
    fake.answer = (_req, res) => sendJson(res, JSON.stringify({ model_name: 'scorer', outputs: 'none' }));
    assert.equal((await infer([[20, 40]])).status, 502);
    const many = await infer(Array.from({ length: 5_000 }, () => [20, 40]));
    assert.match(await many.text(), /at most 4096 rows/);
  });

  for (const dialect of Object.keys(PATHS)) {
    const [system, path, body] = PATHS[dialect]!;
    const ask = (stream: boolean, of = system): Promise<Response> =>
      server.post(`/s/${of}${path}`, key, { ...body, stream });

    it(`on tools, ${dialect}: what is refused never reaches the caller, whole or streamed`, async () => {
      for (const [name, args, denied] of [
        ['pay', pay(100), false],
        ['pay', pay(101), true],
        ['look', pay(500), false],
        ['pay', JSON.stringify({ to: 'x' }), true],
      ] as const) {
        fake.answer = (_req, res) => sendJson(res, WHOLES[dialect]!(name, args));
        const whole = await ask(false);
        assert.equal(whole.status, denied ? 403 : 200, `${name} ${args}: ${await whole.text()}`);
        const events = STREAMS[dialect]!(name, args);
        const type = dialect === 'ollama' ? 'application/x-ndjson' : 'text/event-stream';
        fake.answer = (_req, res) => sendEvents(res, events, type);
        const streamed = await ask(true);
        const text = await streamed.text();
        assert.equal(text.includes('output-denied'), denied, text);
        if (denied) {
          assert.match(await seenIn(server, streamed), /condition\/large-payment/);
          assert.doesNotMatch(text, /"name":"pay"|friend|amount/, 'nothing of the call was let out');
        } else if (dialect !== 'ollama') assert.equal(text, events.join(''), 'untouched');
      }
    });
  }

  it('on tools: two at once, out of order, names in pieces, arguments that go on', async () => {
    const tool = (index: number, own: object): string => chunk({ tool_calls: [{ index, function: own }] });
    const end = [chunk({}, 0, 'tool_calls'), 'data: [DONE]\n\n'];
    for (const [what, events, denied] of [
      [
        'two good',
        [
          tool(0, { name: 'look', arguments: '{' }),
          tool(1, { name: 'pay', arguments: pay(5) }),
          tool(0, { arguments: '}' }),
        ],
        false,
      ],
      [
        'the second is bad',
        [
          tool(0, { name: 'look', arguments: '{' }),
          tool(1, { name: 'pay', arguments: pay(500) }),
          tool(0, { arguments: '}' }),
        ],
        true,
      ],
      ['the arguments before the name', [tool(0, { arguments: pay(500) }), tool(0, { name: 'pay' })], true],
      [
        'the name in pieces',
        [tool(0, { name: 'pa', arguments: '' }), tool(0, { name: 'y', arguments: pay(500) })],
        true,
      ],
      [
        'a name that changes',
        [tool(0, { name: 'look', arguments: pay(500) }), tool(0, { name: 'pay' })],
        true,
      ],
      [
        'arguments that go on',
        [tool(0, { name: 'pay', arguments: '{"amount":1}' }), tool(0, { arguments: '{"amount":500}' })],
        true,
      ],
      ['arguments cut off', [tool(0, { name: 'pay', arguments: '{"amount":1' })], true],
      ['no arguments', [tool(0, { name: 'look' })], false],
    ] as const) {
      fake.answer = (_req, res) => sendEvents(res, [...events, ...end]);
      const text = await (
        await server.post('/s/chat/v1/chat/completions', key, { ...PATHS['openai']![2], stream: true })
      ).text();
      assert.equal(text.includes('output-denied'), denied, `${what}: ${text}`);
      if (denied) assert.doesNotMatch(text, /500/, what);
      else assert.equal(text, [...events, ...end].join(''), what);
    }
  });

  it('on tools: of a call that breaks off nothing goes out, of what came before it all', async () => {
    const tool = (index: number, own: object): string => chunk({ tool_calls: [{ index, function: own }] });
    const before = [chunk({ content: 'Let me pay.' }), tool(0, { name: 'pay', arguments: pay(7) })];
    for (const half of ['{"amount":5', '{"amount":500']) {
      fake.answer = (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const event of [...before, tool(1, { name: 'pay', arguments: half })]) res.write(event);
        setTimeout(() => res.destroy(), 30);
      };
      const text = await (
        await server.post('/s/chat/v1/chat/completions', key, { ...PATHS['openai']![2], stream: true })
      ).text();
      assert.ok(text.startsWith(before[0]!), text);
      assert.match(text, /upstream-unreachable/);
      assert.doesNotMatch(text, /"amount\\":5/, 'half a call');
    }
  });

  it('on calls: a stream is held whole where its answer is asked for', async () => {
    const answer = (text: string): void => {
      fake.answer = (_req, res, body) =>
        (JSON.parse(body.toString()) as { stream?: boolean }).stream
          ? sendEvents(res, [...pieces(text).map((content) => chunk({ content })), 'data: [DONE]\n\n'])
          : sendJson(res, completion(text));
    };
    const ask = (content: string, stream: boolean): Promise<Response> =>
      server.post('/s/whole/v1/chat/completions', key, {
        model: 'm',
        stream,
        messages: [{ role: 'user', content }],
      });
    answer('If you ask me, you should buy gold.');
    assert.match(await said(await ask('what shall I invest in?', false)), /condition\/no-advice/);
    const denied = await ask('what shall I invest in?', true);
    assert.doesNotMatch(await denied.text(), /"content":/);
    assert.match(await seenIn(server, denied), /condition\/no-advice/);
    assert.equal((await ask('what shall I eat?', false)).status, 200);
    assert.match(await (await ask('what shall I eat?', true)).text(), /"content":"I"[\s\S]*DONE/);
  });

  it('where a system is only watched, what would have been denied is told, and nothing is held back', async () => {
    fake.answer = (_req, res) => sendEvents(res, STREAMS['openai']!('pay', pay(500)));
    const response = await server.post('/s/watched/v1/chat/completions', key, {
      ...PATHS['openai']![2],
      stream: true,
    });
    assert.equal(await response.text(), STREAMS['openai']!('pay', pay(500)).join(''));
  });

  it('an answer that business denies is no leak; one that holds a secret is', async () => {
    const rules = async (): Promise<string[]> => {
      await server.control.installation.flush();
      await server.control.monitor!.tick();
      return (await server.control.alerts()).map(({ rule }) => rule);
    };
    assert.ok(!(await rules()).includes('leak-in-answers'));
    fake.answer = (_req, res) => sendJson(res, completion(`ghp_${'a1B2c3D4e5F6'.repeat(3)}`));
    const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
    assert.equal((await server.post('/s/chat/v1/chat/completions', key, ask)).status, 403);
    assert.ok((await rules()).includes('leak-in-answers'));
  });
});

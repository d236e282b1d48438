import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const CANARY = 'MAGNOLIA-3391';
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const CREDENTIAL = 'provider-credential-7719xq';
const HIDDEN = { 'a canary': CANARY, 'a secret': SECRET, 'the credential': CREDENTIAL };

type Body = Record<string, unknown>;
/** A place of an answer: the operation, and the answer with a value at that place. */
interface Place {
  readonly system: 'main' | 'claude' | 'llama';
  readonly path: string;
  readonly whole?: (value: string) => Body;
  readonly events?: (value: string) => readonly Body[];
}

const chat = (more: Body, message: Body = {}): Body => ({
  ...(JSON.parse(completion('hello', message)) as Body),
  ...more,
});
const piece = (more: Body, delta: Body = { content: 'hi' }): Body => ({
  id: 'chatcmpl-9',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null }],
  ...more,
});
const CHAT = { system: 'main', path: '/v1/chat/completions' } as const;
const RESPONSES = { system: 'main', path: '/v1/responses' } as const;
const MESSAGES = { system: 'claude', path: '/v1/messages' } as const;
const OLLAMA = { system: 'llama', path: '/api/chat' } as const;

const called = (id: string): Body => ({
  tool_calls: [{ index: 0, id, type: 'function', function: { name: 'f', arguments: '{}' } }],
});
const response = (more: Body): Body => ({
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'm',
  output: [
    { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] },
  ],
  ...more,
});
const delta = (more: Body): Body => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: 'hi',
  ...more,
});
const message = (more: Body): Body => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  ...more,
});
const said = (more: Body, own: Body = {}): Body => ({
  model: 'llama',
  created_at: '2026-11-29T12:00:00Z',
  message: { role: 'assistant', content: 'hi', ...own },
  done: true,
  ...more,
});

const PLACES: Record<string, Place> = {
  'chat: id': { ...CHAT, whole: (id) => chat({ id }), events: (id) => [piece({ id })] },
  'chat: model': { ...CHAT, whole: (model) => chat({ model }), events: (model) => [piece({ model })] },
  'chat: object': { ...CHAT, whole: (object) => chat({ object }), events: (object) => [piece({ object })] },
  'chat: fingerprint': {
    ...CHAT,
    whole: (system_fingerprint) => chat({ system_fingerprint }),
    events: (system_fingerprint) => [piece({ system_fingerprint })],
  },
  'chat: tier': { ...CHAT, whole: (service_tier) => chat({ service_tier }) },
  'chat: end': {
    ...CHAT,
    whole: (reason) => chat({ choices: [{ index: 0, message: {}, finish_reason: reason }] }),
    events: (reason) => [piece({ choices: [{ index: 0, delta: {}, finish_reason: reason }] })],
  },
  'chat: role': {
    ...CHAT,
    whole: (role) => chat({}, { role }),
    events: (role) => [piece({}, { role, content: 'hi' })],
  },
  'chat: id of a call': {
    ...CHAT,
    whole: (id) => chat({}, called(id)),
    events: (id) => [piece({}, called(id))],
  },
  'chat: name of a member': {
    ...CHAT,
    whole: (name) => chat({ [name]: 1 }),
    events: (name) => [piece({ [name]: 1 })],
  },
  'chat: name of a member of metadata': { ...CHAT, whole: (name) => chat({ metadata: { [name]: true } }) },
  'completions: id': {
    system: 'main',
    path: '/v1/completions',
    whole: (id) => ({ id, choices: [{ index: 0, text: 'hi' }] }),
  },
  'embeddings: model': {
    system: 'main',
    path: '/v1/embeddings',
    whole: (model) => ({
      object: 'list',
      model,
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
    }),
  },
  'responses: id': {
    ...RESPONSES,
    whole: (id) => response({ id }),
    events: (id) => [{ type: 'response.created', response: response({ id }) }],
  },
  'responses: id of an item': {
    ...RESPONSES,
    whole: (id) =>
      response({ output: [{ id, type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] }),
    events: (item_id) => [delta({ item_id })],
  },
  'responses: id of a call': {
    ...RESPONSES,
    whole: (call_id) =>
      response({ output: [{ id: 'i', type: 'function_call', call_id, name: 'f', arguments: '{}' }] }),
  },
  'responses: sealed reasoning': {
    ...RESPONSES,
    whole: (text) =>
      response({
        output: [
          { id: 'rs_1', type: 'reasoning', encrypted_content: text.replaceAll('-', '+'), summary: [] },
        ],
      }),
  },
  'responses: sealed reasoning, in base64': {
    ...RESPONSES,
    whole: (text) =>
      response({
        output: [
          {
            id: 'rs_1',
            type: 'reasoning',
            encrypted_content: Buffer.from(text).toString('base64'),
            summary: [],
          },
        ],
      }),
  },
  'responses: type of an event': {
    ...RESPONSES,
    events: (type) => [{ ...delta({}), type: `response.${type}` }],
  },
  'messages: id': {
    ...MESSAGES,
    whole: (id) => message({ id }),
    events: (id) => [{ type: 'message_start', message: message({ id, content: [] }) }],
  },
  'messages: model': { ...MESSAGES, whole: (model) => message({ model }) },
  'messages: end': {
    ...MESSAGES,
    whole: (stop_reason) => message({ stop_reason }),
    events: (stop_reason) => [{ type: 'message_delta', delta: { stop_reason } }],
  },
  'messages: id of a call': {
    ...MESSAGES,
    whole: (id) => message({ content: [{ type: 'tool_use', id, name: 'f', input: {} }] }),
    events: (id) => [
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id, name: 'f', input: {} },
      },
    ],
  },
  'messages: signature': {
    ...MESSAGES,
    whole: (text) =>
      message({ content: [{ type: 'thinking', thinking: 'x', signature: text.replaceAll('-', '/') }] }),
    events: (text) => [
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'signature_delta', signature: text.replaceAll('-', '/') },
      },
    ],
  },
  'messages: name of an argument': {
    ...MESSAGES,
    whole: (name) => message({ content: [{ type: 'tool_use', id: 't', name: 'f', input: { [name]: 1 } }] }),
  },
  'ollama: model': { ...OLLAMA, whole: (model) => said({ model }), events: (model) => [said({ model })] },
  'ollama: role': { ...OLLAMA, whole: (role) => said({}, { role }), events: (role) => [said({}, { role })] },
  'ollama: name of an argument': {
    ...OLLAMA,
    whole: (name) => said({}, { tool_calls: [{ function: { name: 'f', arguments: { [name]: 1 } } }] }),
  },
};

describe('what no one reads of an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    process.env['TEST_UNREAD_KEY'] = CREDENTIAL;
    fake = await fakeSystem();
    const more = { canaries: [CANARY], apiKeyRef: 'env:TEST_UNREAD_KEY' };
    server = await testServer({
      systems: {
        main: enforced(fake, more),
        claude: enforced(fake, { dialect: 'anthropic', ...more }),
        llama: enforced(fake, { dialect: 'ollama', ...more }),
      },
    });
    for (const name of ['main', 'claude', 'llama']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = async (
    { system, path }: Pick<Place, 'system' | 'path'>,
    stream: boolean,
  ): Promise<Response> => {
    const messages = [{ role: 'user', content: 'hello' }];
    const body = { model: system, stream, max_tokens: 5, messages, input: 'hello', prompt: 'hello' };
    return server.post(path, keys.get(system)!, body);
  };
  const wholeOf = async (place: Pick<Place, 'system' | 'path'>, body: Body): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, JSON.stringify(body));
    return (await ask(place, false)).text();
  };
  const streamOf = async (
    place: Pick<Place, 'system' | 'path'>,
    events: readonly Body[],
  ): Promise<string> => {
    const lines = place.system === 'llama';
    const frames = events.map((event) =>
      lines ? `${JSON.stringify(event)}\n` : `data: ${JSON.stringify(event)}\n\n`,
    );
    fake.answer = (_req, res) =>
      sendEvents(res, frames, lines ? 'application/x-ndjson' : 'text/event-stream');
    return (await ask(place, true)).text();
  };

  for (const [name, place] of Object.entries(PLACES)) {
    for (const [kind, hidden] of Object.entries(HIDDEN)) {
      if (place.whole)
        it(`${name}: ${kind} does not pass in a whole answer`, async () => {
          const text = await wholeOf(place, place.whole!(hidden));
          assert.doesNotMatch(text, /3391|AKIAQ|7719|TUFHTk9|QUtJQV|cHJvdml/);
        });
      if (place.events)
        it(`${name}: ${kind} does not pass in a stream`, async () => {
          const text = await streamOf(place, place.events!(hidden));
          assert.match(text, /output-denied/);
          assert.doesNotMatch(text, /3391|AKIAQ|7719/);
        });
    }
  }

  it('ordinary ids, names and signatures pass as they are, whole and in streams', async () => {
    const drawn = (bytes: number, form: 'base64' | 'base64url' | 'hex' = 'base64url'): string =>
      randomBytes(bytes).toString(form);
    for (let n = 0; n < 40; n++) {
      const ids = {
        id: [`chatcmpl-${drawn(21)}`, randomUUID(), `gen-${Date.now()}-${drawn(15)}`, drawn(16, 'hex')][
          n % 4
        ]!,
        system_fingerprint: `fp_${drawn(5, 'hex')}`,
        model: ['gpt-4o-2024-08-06', 'org/Model-7B@2', 'ft:gpt-4o:org::abc'][n % 3]!,
      };
      const own = chat(ids, called(`call_${drawn(18).replaceAll(/[_-]/g, 'a')}`));
      assert.deepEqual(JSON.parse(await wholeOf(CHAT, own)), own);
      const events = [
        piece(ids, called(`call_${drawn(18)}`)),
        piece({ ...ids, obfuscation: drawn(7) }, { content: '.' }),
      ];
      const text = await streamOf(CHAT, events);
      assert.ok(text.includes(ids.id) && !text.includes('output-denied'), text);
      const signed = message({
        id: `msg_01${drawn(16).replaceAll(/[_-]/g, 'a')}`,
        content: [
          { type: 'thinking', thinking: 'x', signature: drawn(300 + n, 'base64') },
          {
            type: 'tool_use',
            id: `toolu_01${drawn(16)}`,
            name: 'f',
            input: { city: 'Bern', number: 12_345_678 },
          },
        ],
      });
      assert.deepEqual(JSON.parse(await wholeOf(MESSAGES, signed)), signed);
      const sealed = response({
        id: `resp_${drawn(24, 'hex')}`,
        output: [
          {
            id: `rs_${drawn(24, 'hex')}`,
            type: 'reasoning',
            encrypted_content: drawn(3_000 + n, 'base64'),
            summary: [],
          },
        ],
      });
      assert.deepEqual(JSON.parse(await wholeOf(RESPONSES, sealed)), sealed);
    }
  });

  it('pieces of a canary or of a secret over several ids do not pass together', async () => {
    const answers: [Place, Body][] = [
      [CHAT, chat({ id: 'MAGNOLIA', system_fingerprint: '3391' })],
      [CHAT, chat({ id: 'AKIAQ3EGZ7', system_fingerprint: 'RT5LWPN2VH' })],
      [CHAT, chat({ metadata: { MAGNOLIA: 1, _3391: 2 } })],
      [
        MESSAGES,
        message({
          id: 'MAGNO',
          content: ['LIA', '3391'].map((id) => ({ type: 'tool_use', id, name: 'f', input: {} })),
        }),
      ],
    ];
    for (const [place, body] of answers)
      assert.match(await wholeOf(place, body), /output-denied/, JSON.stringify(body));
    const parts = ['MAGNO', 'LIA', '-3391'];
    const text = await streamOf(
      CHAT,
      parts.map((id) => piece({ id })),
    );
    assert.match(text, /output-denied/);
    assert.doesNotMatch(text, /-3391/);
  });

  it('padding of events is our own, as long as theirs', async () => {
    for (const obfuscation of ['x4Tr9', SECRET, CANARY]) {
      const text = await streamOf(RESPONSES, [delta({ obfuscation })]);
      const [, json] = /data: (.*)/.exec(text)!;
      const event = JSON.parse(json!) as { obfuscation: string; delta: string };
      assert.equal(event.delta, 'hi');
      assert.notEqual(event.obfuscation, obfuscation);
      assert.equal(event.obfuscation.length, obfuscation.length);
    }
  });

  it('what clients may read otherwise is refused: another case, an index that is no number, lists that are none', async () => {
    const choice = { index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' };
    const bodies: Body[] = [
      chat({ Choices: [choice] }),
      chat({}, { Content: 'hello' }),
      chat({}, { ContenT: 'hello' }),
      chat({ choices: { 0: choice } }),
      chat({ choices: [{ ...choice, index: '0' }] }),
      chat({ choices: [{ ...choice, index: 0.5 }] }),
      chat({ choices: [{ ...choice, message: ['hi'] }] }),
      chat({}, { tool_calls: { 0: { id: 'c' } } }),
    ];
    for (const body of bodies) {
      assert.match(await wholeOf(CHAT, body), /upstream-invalid/, JSON.stringify(body));
      assert.match(await streamOf(CHAT, [body]), /upstream-invalid/, JSON.stringify(body));
    }
    const own = chat({ extra: { more: 1 } }, called('c'));
    const input = { Content: 'a', index: '1', choices: {} };
    const chosen = message({ content: [{ type: 'tool_use', id: 't', name: 'f', input }] });
    assert.deepEqual(JSON.parse(await wholeOf(CHAT, own)), own);
    assert.deepEqual(JSON.parse(await wholeOf(MESSAGES, chosen)), chosen);
  });
});

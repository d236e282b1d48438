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

/* Values of one member, and names, that put a canary or the credential together, though some of the pieces have the form of
   that member and others have not: a reader of signatures, reasons or names puts them together as well. */
const CANARY = 'MAGNOLIA-GARDEN-3391';
const CREDENTIAL = 'pk-prov-Zq81mTn4Xw93LbVc77RsKd2x';

type Body = Record<string, unknown>;
/** An answer, or the events of one, with each piece in a value of its own. */
type Put = (pieces: readonly string[]) => Body | readonly Body[];

const chat = (choices: readonly Body[], more: Body = {}): Body => ({
  id: 'chatcmpl-9',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices,
  ...more,
});
const choice = (index: number, more: Body = {}): Body => ({
  index,
  message: { role: 'assistant', content: 'hi' },
  finish_reason: 'stop',
  ...more,
});
const piece = (delta: Body, more: Body = {}): Body => ({
  id: 'chatcmpl-9',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null }],
  ...more,
});
const asked = (name: string): { name: string; arguments: string } => ({
  name: 'f',
  arguments: JSON.stringify({ [name]: 1 }),
});
const message = (content: readonly Body[]): Body => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content,
  stop_reason: 'end_turn',
});
const found = (encrypted_content: string): Body => ({
  type: 'web_search_tool_result',
  tool_use_id: 'srvtoolu_1',
  content: [{ type: 'web_search_result', url: 'https://a.example/', title: 'x', encrypted_content }],
});
const begin: Body = { type: 'message_start', message: message([]) };
const block = (index: number, content_block: Body): Body => ({
  type: 'content_block_start',
  index,
  content_block,
});
const over = (index: number): Body => ({ type: 'content_block_stop', index });
const signed = (index: number, signature: string): Body => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'signature_delta', signature },
});
const thought: Body = { type: 'thinking', thinking: '', signature: '' };

const CHAT = { system: 'main', path: '/v1/chat/completions' } as const;
const RESPONSES = { system: 'main', path: '/v1/responses' } as const;
const MESSAGES = { system: 'claude', path: '/v1/messages' } as const;

const PLACES: Record<string, { system: 'main' | 'claude'; path: string; put: Put }> = {
  'chat: reasons': {
    ...CHAT,
    put: (own) => chat(own.map((finish_reason, n) => choice(n, { finish_reason }))),
  },
  'chat: names of members': {
    ...CHAT,
    put: (own) => chat([choice(0)], { usage: Object.fromEntries(own.map((name) => [name, 1])) }),
  },
  'chat: tiers': {
    ...CHAT,
    put: (own) => own.map((service_tier) => piece({ content: 'x ' }, { service_tier })),
  },
  'chat: roles': { ...CHAT, put: (own) => own.map((role) => piece({ role, content: 'x ' })) },
  'chat: types of calls': {
    ...CHAT,
    put: (own) =>
      own.map((type, index) =>
        piece({
          tool_calls: [{ index, id: `call_${index}`, type, function: { name: 'f', arguments: '{}' } }],
        }),
      ),
  },
  'chat: names of members in events': {
    ...CHAT,
    put: (own) => own.map((name) => piece({ content: 'x ' }, { [name]: 1 })),
  },
  'chat: names in arguments': {
    ...CHAT,
    put: (own) =>
      chat([
        choice(0, {
          message: {
            role: 'assistant',
            content: null,
            tool_calls: own.map((name, n) => ({ id: `call_${n}`, type: 'function', function: asked(name) })),
          },
        }),
      ]),
  },
  'chat: names in arguments that grow': {
    ...CHAT,
    put: (own) =>
      own.flatMap((name, index) => [
        piece({
          tool_calls: [
            { index, id: `call_${index}`, type: 'function', function: { name: 'f', arguments: '' } },
          ],
        }),
        ...asked(name)
          .arguments.match(/.{1,4}/g)!
          .map((text) => piece({ tool_calls: [{ index, function: { arguments: text } }] })),
      ]),
  },
  'chat: signatures of blocks': {
    ...CHAT,
    put: (own) =>
      own.map((signature) => piece({ thinking_blocks: [{ type: 'thinking', thinking: 'x', signature }] })),
  },
  'responses: sealed reasoning': {
    ...RESPONSES,
    put: (own) => ({
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'm',
      output: own.map((encrypted_content, n) => ({
        type: 'reasoning',
        id: `rs_${n}`,
        summary: [],
        encrypted_content,
      })),
    }),
  },
  'messages: signatures': {
    ...MESSAGES,
    put: (own) => message(own.map((signature) => ({ type: 'thinking', thinking: 'x', signature }))),
  },
  'messages: sealed results': { ...MESSAGES, put: (own) => message(own.map(found)) },
  'messages: a signature in events': {
    ...MESSAGES,
    put: (own) => [begin, block(0, thought), ...own.map((one) => signed(0, one)), over(0)],
  },
  'messages: signatures of blocks in events': {
    ...MESSAGES,
    put: (own) => [begin, ...own.flatMap((one, n) => [block(n, thought), signed(n, one), over(n)])],
  },
  'messages: sealed results in events': {
    ...MESSAGES,
    put: (own) => [begin, ...own.flatMap((one, n) => [block(n, found(one)), over(n)])],
  },
};

describe('values of one member that say together what must not leave', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    process.env['TEST_PIECES_KEY'] = CREDENTIAL;
    fake = await fakeSystem();
    const more = { canaries: [CANARY], apiKeyRef: 'env:TEST_PIECES_KEY' };
    const watched = { ...more, mode: 'observe' as const };
    server = await testServer({
      systems: {
        main: enforced(fake, more),
        claude: enforced(fake, { dialect: 'anthropic', ...more }),
        'main-watched': enforced(fake, watched),
        'claude-watched': enforced(fake, { dialect: 'anthropic', ...watched }),
      },
    });
    for (const name of ['main', 'claude', 'main-watched', 'claude-watched'])
      keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const told = async (system: string, path: string, answer: Body | readonly Body[]): Promise<string> => {
    const stream = Array.isArray(answer);
    fake.answer = (_req, res) =>
      stream
        ? sendEvents(
            res,
            answer.map((event) => `data: ${JSON.stringify(event)}\n\n`),
          )
        : sendJson(res, JSON.stringify(answer));
    const messages = [{ role: 'user', content: 'hello' }];
    const body = { model: system, stream, max_tokens: 5, messages, input: 'hello' };
    return (await server.post(path, keys.get(system)!, body)).text();
  };

  for (const [name, { system, path, put }] of Object.entries(PLACES)) {
    for (const size of [3, 8, 16])
      it(`${name}, ${size} at a time`, async () => {
        const cut = (text: string): string[] => text.match(new RegExp(`.{1,${size}}`, 'g'))!;
        for (const hidden of [CANARY, CREDENTIAL])
          assert.match(await told(system, path, put(cut(hidden))), /output-denied/, hidden);
        const watched = await told(`${system}-watched`, path, put(cut(CREDENTIAL)));
        assert.match(watched, /output-denied/, 'the credential leaves in no mode');
      });
    it(`${name}: others pass as they are`, async () => {
      const own = ['max-output_1', 'stop', 'length', '77RtKe20', 'default', 'Yw9_3MbV'];
      const text = await told(system, path, put(own));
      assert.doesNotMatch(text, /output-denied/);
      const grown = [...text.matchAll(/"arguments":"((?:[^"\\]|\\.)*)"/g)].map(([, own]) => own).join('');
      for (const one of own) assert.ok(text.includes(one) || grown.includes(one), one);
    });
  }
});

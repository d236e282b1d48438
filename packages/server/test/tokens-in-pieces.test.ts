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

/* A token that says by its first characters what it is, cut into values that stand behind others: nothing may stand between it
   and what a letter or a figure before it ends. */
const TOKENS = [
  `ghp_${'a1B2c3D4e5F6'.repeat(3)}`,
  `xoxb-${'1234567890'}-${'2345678901'}-${'a1B2c3D4e5F6a1B2c3D4e5F6'}`,
  `glpat-${'a1B2c3D4e5F6a1B2c3D4'}`,
  `AKIA${'Q3EGZ7RT5LWPN2VH'}`,
  `hf_${'aBcDeFgHiJ'.repeat(3)}K1l2`,
];
const cut = (token: string, parts: number): string[] => {
  const size = Math.ceil(token.length / parts);
  return Array.from({ length: parts }, (_, n) => token.slice(n * size, (n + 1) * size));
};

type Body = Record<string, unknown>;
const choice = (message: Body): Body => ({
  index: 0,
  message: { role: 'assistant', ...message },
  finish_reason: 'stop',
});
const chat = (message: Body, more: Body = {}): Body => ({
  ...{ id: 'chatcmpl-9', object: 'chat.completion', created: 1, model: 'm', choices: [choice(message)] },
  ...more,
});
const call = (id: string, args: unknown): Body => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: JSON.stringify(args) },
});
const line = (message: Body): Body => ({
  ...{ model: 'm', created_at: '2026-11-29T12:00:00.123456789Z', done: true },
  message: { role: 'assistant', content: '', ...message },
});
const tool = (args: Body): Body => ({ function: { name: 'f', arguments: args } });
const CHAT = { system: 'main', path: '/v1/chat/completions' } as const;
const OLLAMA = { system: 'llama', path: '/api/chat' } as const;

/** Answers with each piece in a value of its own. */
const ANSWERS: Readonly<
  Record<
    string,
    {
      system: string;
      path: string;
      stream?: boolean;
      /** Whether other words stand between the pieces: then only two are put together. */
      apart?: boolean;
      of: (own: readonly string[]) => Body;
    }
  >
> = {
  'ids of calls': {
    ...CHAT,
    of: (own) => chat({ content: null, tool_calls: own.map((id) => call(id, {})) }),
  },
  'ids of calls behind another': {
    ...CHAT,
    of: (own) =>
      chat({ content: null, tool_calls: ['call_a1', ...own, 'call_b2'].map((id) => call(id, {})) }),
  },
  'values of one call': {
    ...CHAT,
    of: (own) =>
      chat({ content: null, tool_calls: [call('call_1', { lead: 'word1', list: own, more: 'x2' })] }),
  },
  'calls of Ollama': {
    ...OLLAMA,
    of: (own) => line({ tool_calls: own.map((x) => tool({ x })) }),
  },
  'calls of Ollama, with more': {
    ...OLLAMA,
    apart: true,
    of: (own) => line({ tool_calls: own.map((x, n) => tool({ lead: `word${n}`, [`v${n}`]: x })) }),
  },
  'values of one call of Ollama': {
    ...OLLAMA,
    of: (own) => line({ tool_calls: [tool({ lead: 'word1', list: own, more: 'x2' })] }),
  },
  'lines of Ollama': {
    ...OLLAMA,
    stream: true,
    of: (own) => line({ tool_calls: [tool({ lead: 'word1', list: own, more: 'x2' })] }),
  },
};

describe('a token cut into values that stand behind others', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake), llama: enforced(fake, { dialect: 'ollama' }) },
    });
    for (const name of ['main', 'llama']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [name, { system, path, stream = false, apart = false, of }] of Object.entries(ANSWERS)) {
    const told = async (own: readonly string[]): Promise<string> => {
      const answer = JSON.stringify(of(own));
      fake.answer = (_req, res) =>
        stream ? sendEvents(res, [`${answer}\n`], 'application/x-ndjson') : sendJson(res, answer);
      const messages = [{ role: 'user', content: 'hello' }];
      return (await server.post(path, keys.get(system)!, { model: system, stream, messages })).text();
    };
    it(`${name}: does not leave`, async () => {
      for (const token of TOKENS)
        for (const parts of apart ? [2] : [2, 3]) {
          const text = await told(cut(token, parts));
          assert.match(text, /output-denied/, `${token} ${parts}`);
        }
    });
    it(`${name}: what is none passes`, async () => {
      assert.doesNotMatch(await told(['ghp_1', 'a1B2c3D4e5']), /output-denied/);
      assert.doesNotMatch(await told(['call_9f8e7d6c5b4a', 'toolu_01a2b3c4d5e6', 'AKIA']), /output-denied/);
    });
  }

  it('does not go out in a request, over strings of a list', async () => {
    for (const token of TOKENS) {
      const before = fake.requests.length;
      const input = ['word1', ...cut(token, 2), 'x2'];
      const seen = await server.post('/v1/embeddings', keys.get('main')!, { model: 'main', input });
      await seen.text();
      const sent = fake.requests[before]?.body.toString() ?? '';
      assert.ok(!sent.includes(cut(token, 2)[1]!), sent);
    }
  });
});

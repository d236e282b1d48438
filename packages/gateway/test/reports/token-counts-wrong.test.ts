import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';
import { ask, STREAMED } from './stream-dialects.ts';

/*
 * What a call used is counted from all that the AI system says of it, over all events; what it does not say is estimated
 * from the text (BerriAI/litellm#11789, decolua/9router#2209, langchain-ai/langchain#32461).
 */
const PRICES = {
  inputPerMillion: 10,
  outputPerMillion: 100,
  cacheReadPerMillion: 1,
  cacheWritePerMillion: 12.5,
  cacheWriteHourPerMillion: 20,
  audioInputPerMillion: 40,
  reasoningPerMillion: 200,
  audioOutputPerMillion: 800,
};
const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const line = (data: object): string => `${JSON.stringify(data)}\n`;
const chunk = (more: object): string =>
  event({ choices: [{ index: 0, delta: { content: 'fine' }, finish_reason: null }], ...more });

/** What systems say, in each dialect; and what that is. */
interface Said {
  readonly operation: keyof typeof STREAMED;
  readonly whole: object;
  readonly events: readonly string[];
  readonly tokens: readonly [input: number, output: number];
  readonly kinds: { cacheRead: number; cacheWrite: number; reasoning: number; audio: number };
  readonly cost: number;
}
const SAID: Readonly<Record<string, Said>> = {
  'messages: input at the beginning, output at the end': {
    operation: 'messages',
    whole: { content: [{ type: 'text', text: 'fine' }], usage: { input_tokens: 40, output_tokens: 9 } },
    events: [
      event({ type: 'message_start', message: { usage: { input_tokens: 40, output_tokens: 1 } } }),
      STREAMED['messages']!.delta('fine'),
      event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
      event({ type: 'message_stop' }),
    ],
    tokens: [40, 9],
    kinds: { cacheRead: 0, cacheWrite: 0, reasoning: 0, audio: 0 },
    cost: 40 * 10 + 9 * 100,
  },
  'messages: caches, and input that grows with tools': {
    operation: 'messages',
    whole: {
      content: [{ type: 'text', text: 'fine' }],
      usage: {
        input_tokens: 300,
        cache_read_input_tokens: 1_000,
        cache_creation_input_tokens: 500,
        cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 },
        output_tokens: 9,
      },
    },
    events: [
      event({
        type: 'message_start',
        message: {
          usage: {
            input_tokens: 10,
            cache_read_input_tokens: 1_000,
            cache_creation_input_tokens: 500,
            cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 },
            output_tokens: 1,
          },
        },
      }),
      STREAMED['messages']!.delta('fine'),
      event({
        type: 'message_delta',
        delta: {},
        usage: { input_tokens: 300, cache_read_input_tokens: null, output_tokens: 9 },
      }),
    ],
    tokens: [1_800, 9],
    kinds: { cacheRead: 1_000, cacheWrite: 500, reasoning: 0, audio: 0 },
    cost: 300 * 10 + 1_000 + 300 * 12.5 + 200 * 20 + 9 * 100,
  },
  'chat completions: caches, reasoning, audio': {
    operation: 'chat completions',
    whole: {
      choices: [{ index: 0, message: { role: 'assistant', content: 'fine' } }],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 60,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 6 },
        completion_tokens_details: { reasoning_tokens: 40, audio_tokens: 5 },
      },
    },
    events: [
      chunk({ usage: { prompt_tokens: 100, completion_tokens: 1 } }),
      chunk({ usage: null }),
      event({
        choices: [],
        usage: {
          prompt_tokens: 100,
          completion_tokens: 60,
          prompt_tokens_details: { cached_tokens: 64, audio_tokens: 6 },
          completion_tokens_details: { reasoning_tokens: 40, audio_tokens: 5 },
        },
      }),
      'data: [DONE]\n\n',
    ],
    tokens: [100, 60],
    kinds: { cacheRead: 64, cacheWrite: 0, reasoning: 40, audio: 11 },
    cost: 30 * 10 + 64 + 6 * 40 + 15 * 100 + 40 * 200 + 5 * 800,
  },
  'responses: caches and reasoning': {
    operation: 'responses',
    whole: {
      output: [],
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 64 },
        output_tokens: 60,
        output_tokens_details: { reasoning_tokens: 40 },
      },
    },
    events: [
      event({ type: 'response.created', response: { id: 'r', output: [], usage: null } }),
      STREAMED['responses']!.delta('fine'),
      event({
        type: 'response.completed',
        response: {
          id: 'r',
          output: [],
          usage: {
            input_tokens: 100,
            input_tokens_details: { cached_tokens: 64 },
            output_tokens: 60,
            output_tokens_details: { reasoning_tokens: 40 },
          },
        },
      }),
    ],
    tokens: [100, 60],
    kinds: { cacheRead: 64, cacheWrite: 0, reasoning: 40, audio: 0 },
    cost: 36 * 10 + 64 + 20 * 100 + 40 * 200,
  },
  'lines of Ollama': {
    operation: 'Ollama chat',
    whole: {
      message: { role: 'assistant', content: 'fine' },
      done: true,
      prompt_eval_count: 30,
      eval_count: 7,
    },
    events: [
      STREAMED['Ollama chat']!.delta('fine'),
      line({ message: { role: 'assistant', content: '' }, done: true, prompt_eval_count: 30, eval_count: 7 }),
    ],
    tokens: [30, 7],
    kinds: { cacheRead: 0, cacheWrite: 0, reasoning: 0, audio: 0 },
    cost: 30 * 10 + 7 * 100,
  },
};

describe('tokens', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama'];
    server = await testServer({
      systems: Object.fromEntries(
        dialects.map((dialect) => [
          dialect,
          enforced(fake, { dialect, prices: PRICES, canaries: ['MAGNOLIA-3391'] }),
        ]),
      ),
    });
    key = await server.key(dialects);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const counted = async (response: Response) => {
    await response.text();
    const { summary } = await server.control.exchange('test', exchangeOf(response), false);
    return {
      tokens: [summary.input_tokens, summary.output_tokens],
      kinds: {
        cacheRead: summary.cache_read_tokens,
        cacheWrite: summary.cache_write_tokens,
        reasoning: summary.reasoning_tokens,
        audio: summary.audio_tokens,
      },
      cost: summary.cost_micro_usd,
    };
  };

  for (const [what, { operation, whole, events, ...wanted }] of Object.entries(SAID))
    it(`${what}: counted and priced alike, whole and streamed`, async () => {
      const own = STREAMED[operation]!;
      fake.answer = (_req, res) => sendJson(res, JSON.stringify(whole));
      assert.deepEqual(await counted(await ask(server, key, own, false)), wanted, 'whole');
      fake.answer = (_req, res) => sendEvents(res, events, own.type);
      assert.deepEqual(await counted(await ask(server, key, own)), wanted, 'streamed');
    });

  it('of a stream that does not say are those of its text, whatever its frames', async () => {
    const text = 'The northern offices report nothing new, and name no one in it. ';
    for (const [name, own] of Object.entries(STREAMED)) {
      const close = own.close.filter((frame) => !frame.includes('usage'));
      for (const size of [1, 64]) {
        const pieces = text.repeat(20).match(new RegExp(`.{1,${size}}`, 'g'))!;
        const begin = own.begin.map((frame) => frame.replace(/,"usage":\{[^}]*\}/, ''));
        fake.answer = (_req, res) =>
          sendEvents(res, [...begin, ...pieces.map((piece) => own.delta(piece)), ...close], own.type);
        const { tokens } = await counted(await ask(server, key, own));
        assert.equal(tokens[1], (text.length * 20) / 4, `${name}, pieces of ${size}`);
      }
    }
  });

  it('of an answer that is withheld count, too: it was made, and is paid for', async () => {
    const own = STREAMED['chat completions']!;
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          choices: [{ index: 0, message: { role: 'assistant', content: 'The word is MAGNOLIA-3391.' } }],
          usage: { prompt_tokens: 30, completion_tokens: 15 },
        }),
      );
    const withheld = await ask(server, key, own, false);
    assert.equal(withheld.status, 403);
    const { tokens, cost } = await counted(withheld);
    assert.deepEqual([tokens, cost], [[30, 15], 30 * 10 + 15 * 100]);
  });

  it('of a stream that breaks off count as far as it came', async () => {
    const own = STREAMED['messages']!;
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': own.type });
      res.write(event({ type: 'message_start', message: { usage: { input_tokens: 70, output_tokens: 1 } } }));
      for (let n = 0; n < 100; n++) res.write(own.delta('four '.repeat(24)));
      setTimeout(() => res.destroy(), 30);
    };
    const { tokens } = await counted(await ask(server, key, own));
    // It said 1 of output: at least a sixth of what its text is likely to be counts.
    assert.deepEqual(tokens, [70, 12_000 / 4 / 6]);
  });

  it('that cannot be are none: every number is bounded by what it is a part of', async () => {
    for (const n of ['1e15', '1e400', '-1', '0.5', '"12"', 'null', '[]', '{}', '9007199254740993']) {
      fake.answer = (_req, res) =>
        sendJson(
          res,
          `{"choices":[{"index":0,"message":{"role":"assistant","content":"fine"}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":${n},"audio_tokens":${n}},"completion_tokens_details":{"reasoning_tokens":${n},"audio_tokens":${n}}}}`,
        );
      const { tokens, kinds, cost } = await counted(
        await ask(server, key, STREAMED['chat completions']!, false),
      );
      assert.deepEqual(
        { tokens, kinds, cost },
        { tokens: [10, 5], kinds: { cacheRead: 0, cacheWrite: 0, reasoning: 0, audio: 0 }, cost: 600 },
        n,
      );
    }
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          choices: [{ index: 0, message: { role: 'assistant', content: 'fine' } }],
          usage: {
            prompt_tokens: 10,
            completion_tokens: 5,
            prompt_tokens_details: { cached_tokens: 90_000, audio_tokens: 90_000 },
            completion_tokens_details: { reasoning_tokens: 90_000, audio_tokens: 90_000 },
          },
        }),
      );
    const more = await counted(await ask(server, key, STREAMED['chat completions']!, false));
    assert.deepEqual(more.kinds, { cacheRead: 10, cacheWrite: 0, reasoning: 5, audio: 0 });
    assert.equal(more.cost, 10 + 5 * 200);
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
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

const NUMBERS = [
  '1e15',
  '1e16',
  '1e19',
  '1e400',
  '-1',
  '0.5',
  '9007199254740992',
  '9223372036854775808',
  '"12"',
  'null',
  '[]',
  '{}',
];

/** What an AI system says it used, in each dialect, whole and as the events of a stream. */
const DIALECTS = {
  openai: {
    path: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
    whole: (n: string) =>
      `{"created":${n},"choices":[{"index":0,"message":{"role":"assistant","content":"fine"}}],"usage":{"prompt_tokens":${n},"completion_tokens":${n}}}`,
    events: (n: string) => [
      `data: {"created":${n},"choices":[{"index":0,"delta":{"content":"fine"}}]}\n\n`,
      `data: {"choices":[],"usage":{"prompt_tokens":${n},"completion_tokens":${n}}}\n\n`,
      'data: [DONE]\n\n',
    ],
    type: 'text/event-stream',
  },
  anthropic: {
    path: '/v1/messages',
    body: { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] },
    whole: (n: string) =>
      `{"content":[{"type":"text","text":"fine"}],"usage":{"input_tokens":${n},"output_tokens":${n}}}`,
    events: (n: string) => [
      `event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":${n},"output_tokens":${n}}}}\n\n`,
      `event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":${n}}}\n\n`,
    ],
    type: 'text/event-stream',
  },
  ollama: {
    path: '/api/chat',
    body: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
    whole: (n: string) =>
      `{"message":{"role":"assistant","content":"fine"},"done":true,"total_duration":${n},"prompt_eval_count":${n},"eval_count":${n}}`,
    events: (n: string) => [
      `{"message":{"role":"assistant","content":"fine"},"done":true,"total_duration":${n},"prompt_eval_count":${n},"eval_count":${n}}\n`,
    ],
    type: 'application/x-ndjson',
  },
} as const;

describe('numbers that an AI system says', () => {
  let fake: FakeSystem;
  let server: TestServer;
  const data = join(scratch(), 'data');
  const start = async (): Promise<void> => {
    const prices = { inputPerMillion: 10_000, outputPerMillion: 10_000 };
    const limits = { spendMicroUsdPerDay: 1_000_000_000_000, tokensPerMinute: 1_000_000_000 };
    const systems = Object.fromEntries(
      [...Object.keys(DIALECTS), 'oip'].map((dialect) => [
        dialect,
        enforced(fake, { dialect, prices, limits }),
      ]),
    );
    server = await testServer({ data, systems });
  };
  before(async () => {
    fake = await fakeSystem();
    await start();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it(
    'neither hang a call, nor keep its place, nor the list and the next start',
    { timeout: 120_000 },
    async () => {
      const key = await server.key([...Object.keys(DIALECTS), 'oip'], {
        concurrent: 1,
        spendMicroUsdPerDay: 1_000_000_000_000,
        tokensPerMinute: 1_000_000_000,
      });
      for (const [name, { path, body, whole, events, type }] of Object.entries(DIALECTS))
        for (const number of NUMBERS)
          for (const stream of [false, true]) {
            fake.answer = (_req, res) =>
              stream ? sendEvents(res, events(number), type) : sendJson(res, whole(number));
            // One place: a call that kept it would refuse the next.
            const answer = await server.post(
              path,
              key,
              { ...body, stream },
              name === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {},
            );
            const text = await answer.text();
            assert.equal(answer.status, 200, `${name} ${number} ${stream}: ${text}`);
          }
      for (const number of NUMBERS) {
        fake.answer = (_req, res) =>
          sendJson(
            res,
            `{"outputs":[{"name":"y","shape":[${number}],"datatype":"FP32","data":[${number}]}]}`,
          );
        const answer = await server.post('/v2/models/m/infer', key, {
          inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }],
        });
        await answer.text();
        assert.ok([200, 502].includes(answer.status), `oip ${number}: ${answer.status}`);
      }
      const { store } = server.control.installation;
      await server.control.installation.flush();
      const calls = NUMBERS.length * (2 * Object.keys(DIALECTS).length + 1);
      assert.equal((await store.exchanges.list({ limit: 500 })).length, calls);
      await server.stop();
      await start();
      const rows = await server.control.installation.store.exchanges.list({ limit: 500 });
      assert.equal(rows.length, calls);
      for (const row of rows)
        for (const value of [row.input_tokens, row.output_tokens, row.cost_micro_usd])
          assert.ok(Number.isSafeInteger(value) && value >= 0 && value <= 1e12, `${value}`);
      assert.ok(rows.every(({ outcome }) => outcome === 'answered' || outcome === 'upstream-error'));
    },
  );
});

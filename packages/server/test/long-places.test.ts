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

/* Each value of a body has a place, which is said by the names that lead to it: short values below long names make much of little. */
const NAME = 'n'.repeat(2_000);
const list = (count: number, value: string | number): unknown[] => Array.from({ length: count }, () => value);

describe('names that lead to very many values', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = (more: object = {}): Promise<Response> =>
    server.post('/v1/chat/completions', key, {
      model: 'm',
      messages: [{ role: 'user', content: 'hi', ...more }],
    });
  const message = (more: object): object => ({ role: 'assistant', content: 'ok', ...more });

  for (const [what, value] of [
    ['texts', 'aa'],
    ['long numbers', 123_456_789],
  ] as const) {
    it(`${what}: a request says that its names are too long for so many`, async () => {
      fake.answer = (_req, res) => sendJson(res, JSON.stringify({ choices: [{ message: message({}) }] }));
      const refused = await ask({ [NAME]: list(4_000, value) });
      assert.equal(refused.status, 400);
      assert.match(await refused.text(), /names of members that lead to its values .* shorten them/);
      assert.equal((await ask({ [NAME]: list(50, value), 'a name': list(2_000, value) })).status, 200);
    });

    it(`${what}: an answer stays here, whole or in a stream`, async () => {
      const many = message({ [NAME]: list(4_000, value) });
      const few = message({ [NAME]: list(50, value), 'a name': list(2_000, value) });
      for (const [own, stays] of [
        [many, true],
        [few, false],
      ] as const) {
        fake.answer = (_req, res) => sendJson(res, JSON.stringify({ choices: [{ index: 0, message: own }] }));
        const whole = await ask();
        assert.equal(whole.status, stays ? 502 : 200);
        assert.equal((await whole.text()).includes('names of members that lead to'), stays);
        const event = JSON.stringify({ type: 'response.completed', response: { output: [own] } });
        fake.answer = (_req, res) => sendEvents(res, [`data: ${event}\n\n`]);
        const streamed = await server.post('/v1/responses', key, { model: 'm', input: 'hi', stream: true });
        const text = await streamed.text();
        assert.equal(text.includes('upstream-invalid'), stays, text.slice(0, 300));
        assert.equal(text.includes(NAME), !stays);
      }
    });
  }
});

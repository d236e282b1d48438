import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

describe('what a second attack on the gates found', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake), limited: enforced(fake, { limits: { tokensPerMinute: 5_000 } }) },
    });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('JSON that takes long to build is refused before it is built, from a caller and from an AI system', async () => {
    const members = Array.from({ length: 700_000 }, (_, n) => `"k${n}":"v"`).join(',');
    const lists = Array.from({ length: 900_000 }, () => '[]').join(',');
    for (const [odd, status] of [
      [`{${members}}`, 502],
      [`[${lists}]`, 200],
    ] as const) {
      const body = `{"model":"m","messages":[{"role":"user","content":"hello"}],"metadata":${odd}}`;
      const refused = await server.post('/v1/chat/completions', key, body);
      const { error } = (await refused.json()) as { error: { code: string } };
      assert.deepEqual([refused.status, error.code], [400, 'body-invalid']);
      fake.answer = (_req, res) => sendJson(res, completion('hello').replace('{', `{"x":${odd},`));
      const answered = await server.chat(key, 'hello');
      assert.equal(answered.status, status, (await answered.text()).slice(0, 200));
    }
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    assert.equal((await server.chat(key, 'hello')).status, 200);
    assert.equal(await server.control.installation.store.events.latest('worker-stuck'), null);
  });

  it('JSON made to take long holds up no other call, from a caller and from an AI system', async () => {
    const many = (count: number, item: (n: number) => string): string =>
      Array.from({ length: count }, (_, n) => item(n)).join();
    for (const [odd, asked, answered] of [
      [`[${many(3_000_000, (n) => `${n}`)}]`, 400, 502],
      [`[${many(1_500_000, () => '1')}]`, 200, 200],
      [`[${many(900_000, (n) => `"v${n}"`)}]`, 400, 502],
      [`[${many(90_000, (n) => `{"k${n}":"v"}`)}]`, 400, 502],
      [`[${many(200, (n) => `{${many(2_000, (m) => `"k${n}_${m}":1`)}}`)}]`, 400, 502],
    ] as const) {
      const body = `{"model":"m","messages":[{"role":"user","content":"hello"}],"metadata":${odd}}`;
      fake.answer = (_req, res) => sendJson(res, completion('hello'));
      const asking = await server.post('/v1/chat/completions', key, body);
      assert.equal(asking.status, asked, (await asking.text()).slice(0, 200));
      fake.answer = (_req, res) => sendJson(res, completion('hello').replace('{', `{"x":${odd},`));
      const answering = await server.chat(key, 'hello');
      assert.equal(answering.status, answered, (await answering.text()).slice(0, 200));
    }
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    assert.equal((await server.chat(key, 'hello')).status, 200);
    assert.equal(await server.control.installation.store.events.latest('worker-stuck'), null);
  });

  it('limits do not hang on the word of the AI system alone', async () => {
    const own = await server.key(['limited']);
    const words = 'plain words in a row '.repeat(500);
    fake.answer = (_req, res) =>
      sendJson(
        res,
        completion(words).replace(/"usage":\{[^}]*\}/, '"usage":{"prompt_tokens":0,"completion_tokens":0}'),
      );
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) {
      const response = await server.post('/v1/chat/completions', own, {
        model: 'limited',
        max_tokens: 10,
        messages: [{ role: 'user', content: 'hello' }],
      });
      statuses.push(response.status);
      await response.text();
    }
    assert.ok(statuses.includes(429), statuses.join(' '));
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
  });

  it(
    'an answer that cannot be inspected in time ends its call, and no worker',
    { timeout: 120_000 },
    async () => {
      const ids = Array.from({ length: 500 }, (_, n) => ({ id: `${n}-${'a1b2c3d4e5'.repeat(10)}` }));
      fake.answer = (_req, res) =>
        sendJson(
          res,
          JSON.stringify({
            items: ids,
            choices: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
              index,
              message: { content: '\ufdfa'.repeat(900_000) },
            })),
          }),
        );
      const answer = await server.chat(key, 'hello');
      const said = await answer.text();
      // A fast machine may be done in time.
      if (answer.status !== 200) assert.match(said.slice(0, 500), /"code":"inspection-failed"/);
      fake.answer = (_req, res) => sendJson(res, completion('hello'));
      assert.equal((await server.chat(key, 'hello')).status, 200);
    },
  );

  it('a chunk that says it is an event of another route is read as its client reads it', async () => {
    const secret = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;
    for (const type of ['response.x', 'response.output_text.delta', 'content_block_delta', 7]) {
      fake.answer = (_req, res) =>
        sendEvents(res, [
          ...(`the token is ${secret} and no other`.match(/.{1,3}/g) ?? []).map((content) =>
            chunk({ content }).replace('{', `{"type":${JSON.stringify(type)},`),
          ),
          'data: [DONE]\n\n',
        ]);
      const answer = await server.post('/v1/chat/completions', key, {
        model: 'main',
        stream: true,
        messages: [{ role: 'user', content: 'hello' }],
      });
      const said = [...(await answer.text()).matchAll(/"content":"([^"]*)"/g)]
        .map(([, text]) => text)
        .join('');
      assert.ok(!said.includes(secret.slice(0, 12)), `${type}: ${said}`);
    }
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
  });
});

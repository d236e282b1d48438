import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
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
    for (const odd of [`{${members}}`, `[${lists}]`]) {
      const body = `{"model":"m","messages":[{"role":"user","content":"hello"}],"metadata":${odd}}`;
      const refused = await server.post('/v1/chat/completions', key, body);
      const { error } = (await refused.json()) as { error: { code: string } };
      assert.deepEqual([refused.status, error.code], [400, 'body-invalid']);
      fake.answer = (_req, res) => sendJson(res, completion('hello').replace('{', `{"x":${odd},`));
      const answered = await server.chat(key, 'hello');
      assert.equal(answered.status, 502, await answered.text());
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

  it('a key whose revocation cannot be stored opens nothing all the same, and the answer says so', async () => {
    const stolen = await server.key(['main']);
    const { store } = server.control.installation;
    const all = await store.keys.list();
    const { id } = all.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt)).at(-1)!;
    const change = store.change;
    store.change = async () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
    };
    try {
      await assert.rejects(server.control.apiKeys.revoke('test', id), {
        code: 'record-unavailable',
        message: /make room on the disk and revoke it again/,
      });
    } finally {
      store.change = change;
    }
    assert.equal((await server.chat(stolen, 'hello')).status, 401);
    // Another state is handed out, which still has the key.
    await server.key(['main']);
    assert.equal((await server.chat(stolen, 'hello')).status, 401);
    await server.control.apiKeys.revoke('test', id);
    assert.equal((await server.chat(stolen, 'hello')).status, 401);
  });
});

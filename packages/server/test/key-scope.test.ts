import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { KeyScope } from '@sallyport/core';
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

describe('keys', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake), other: enforced(fake) } });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const made = (scope: KeyScope = {}, expires = '1h') =>
    server.control.apiKeys.create('test', { name: 'scoped', systems: ['main'], scope, expires });
  const ask = (key: string, model = 'm', path = '/v1/chat/completions'): Promise<Response> =>
    server.post(path, key, {
      model,
      ...(path.endsWith('embeddings')
        ? { input: 'hello' }
        : { messages: [{ role: 'user', content: 'hello' }] }),
    });

  it('with a scope are good for nothing else; what was refused is in the record with its reason', async () => {
    const minute = new Date().toISOString().slice(11, 16);
    for (const [scope, status, words] of [
      [{}, 200, ''],
      [{ models: ['m'] }, 200, ''],
      [{ models: ['gpt-*'] }, 403, 'this model'],
      [{ operations: ['embeddings'] }, 403, 'the operation `chat.completions`'],
      [{ addresses: ['127.0.0.0/8'] }, 200, ''],
      [{ addresses: ['192.0.2.0/24'] }, 403, 'calls from this address'],
      [
        {
          hours: {
            days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
            from: '00:00',
            until: '00:00',
            zone: 'UTC',
          },
        },
        200,
        '',
      ],
    ] as const) {
      const { key } = await made(scope as unknown as KeyScope);
      const { length } = fake.requests;
      const response = await ask(key);
      const text = await response.text();
      assert.equal(response.status, status, `${JSON.stringify(scope)} at ${minute}: ${text}`);
      if (status === 200) continue;
      assert.match(text, /"code":"out-of-scope"/);
      assert.ok(text.includes(`the key is not meant for ${words}`), text);
      assert.equal(fake.requests.length, length, 'nothing was forwarded');
    }
    // A router turns to others where the first model does not answer.
    const narrow = (await made({ models: ['m', 'n-*'] })).key;
    const messages = [{ role: 'user', content: 'hello' }];
    for (const [models, status] of [
      [['n-1', 'm'], 200],
      [['n-1', 'gpt-9'], 403],
      [Array.from({ length: 17 }, () => 'm'), 400],
    ] as const) {
      const { length } = fake.requests;
      const response = await server.post('/v1/chat/completions', narrow, { model: 'm', models, messages });
      assert.equal(response.status, status, await response.text());
      assert.equal(fake.requests.length, status === 200 ? length + 1 : length);
    }
    const { key } = await made({ operations: ['embeddings'] });
    assert.equal((await ask(key, 'm', '/v1/embeddings')).status, 200);
    await server.control.installation.flush();
    const denied = await server.control.exchanges({ limit: 50, outcome: 'denied' });
    assert.ok(denied.some(({ code }) => code === 'out-of-scope'));
    assert.equal(
      (await server.controls()).get('IO-03')!.status,
      'effective',
      'a refusal by scope is no other decision',
    );
  });

  it('are rotated: the successor may do the same, both are good for the overlap, and then one is not', async () => {
    const old = await made({ models: ['m'] }, '30d');
    const next = await server.control.apiKeys.rotate('test', old.id, { overlap: '2s' });
    for (const { key } of [old, next]) {
      assert.equal((await ask(key)).status, 200);
      assert.equal((await ask(key, 'x')).status, 403, 'the scope stays');
    }
    assert.equal(next.replaces, old.id);
    assert.ok(Date.parse(next.overlapUntil) < Date.now() + 2_100);
    await new Promise((done) => setTimeout(done, 2_200));
    const ended = await ask(old.key);
    assert.equal(ended.status, 401);
    assert.match(await ended.text(), /key-expired/);
    assert.equal((await ask(next.key)).status, 200);
    const event = await server.control.installation.store.events.latest('key-rotated');
    assert.deepEqual([event!.subject, event!.data['by']], [`key:${old.id}`, next.id]);
    await assert.rejects(server.control.apiKeys.rotate('test', old.id, {}), { code: 'request-invalid' });
    await assert.rejects(server.control.apiKeys.rotate('test', 'key_none', {}), { code: 'not-found' });
    await assert.rejects(server.control.apiKeys.rotate('test', next.id, { overlap: '31d' }), {
      code: 'request-invalid',
    });
  });

  it('never live longer for being rotated', async () => {
    const old = await made({}, '1s');
    const next = await server.control.apiKeys.rotate('test', old.id, { overlap: '10d' });
    assert.equal(next.overlapUntil, old.expiresAt);
  });

  it('that stand in a text of a call are revoked everywhere: said by a caller, in an answer, in a stream', async () => {
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
      for (let n = 0; n < 100 && !(await holds()); n++) await new Promise((done) => setTimeout(done, 20));
    };
    const caller = await made();
    const plain = fake.answer;
    for (const where of ['question', 'answer', 'stream'] as const) {
      const leaked = await made();
      const bystander = await made();
      assert.equal((await ask(leaked.key)).status, 200);
      const text = `my key is ${leaked.key}, keep it`;
      if (where !== 'question')
        fake.answer = (_req, res) =>
          where === 'answer'
            ? sendJson(res, completion(text))
            : sendEvents(res, [...[...text].map((content) => chunk({ content })), 'data: [DONE]\n\n']);
      const content = where === 'question' ? text : 'hello';
      await (
        await server.post('/v1/chat/completions', caller.key, {
          model: 'm',
          stream: where === 'stream',
          messages: [{ role: 'user', content }],
        })
      ).text();
      fake.answer = plain;
      await until(async () => (await ask(leaked.key)).status === 401);
      assert.match(await (await ask(leaked.key)).text(), /key-revoked/, where);
      for (const { key } of [caller, bystander]) assert.equal((await ask(key)).status, 200, 'no other key');
      const { installation } = server.control;
      await installation.flush();
      const event = await installation.store.events.latest('key-revoked', `key:${leaked.id}`);
      assert.equal(event!.data['reason'], 'leaked');
      assert.match(String(event!.data['exchange']), /^exc_/);
    }
  });
});

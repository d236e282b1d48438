import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  chunk,
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

describe('calls under way', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let open = 0;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) }, workers: 2 });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Answers with a stream that goes on until somebody ends it. */
  const endless: FakeSystem['answer'] = (_req, res) => {
    open++;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => res.write(chunk({ content: 'plain words in a row ' })), 50);
    res.on('close', () => {
      open--;
      clearInterval(timer);
    });
  };
  const made = async (systems: string[], more: object = {}) =>
    server.control.apiKeys.create('test', { name: 'k', systems, ...more });
  const stream = (key: string, model = 'main') => server.chat(key, 'hello', { stream: true, model });

  for (const [name, shutOut, code] of [
    ['a key that is revoked', ({ id }) => server.control.apiKeys.revoke('test', id), 'key-revoked'],
    [
      'a service account that is shut out',
      async ({ program }) => {
        await server.control.accounts.programs.setDisabled('test', program, true);
        await server.control.publish();
      },
      'key-revoked',
    ],
    ['a system that is removed', () => server.control.removeSystem('test', 'other'), 'system-unknown'],
  ] as [string, (of: { id: string; program: string }) => Promise<unknown>, string][])
    it(`${name}: its streams end within a second, in the dialect, and the record says why`, async () => {
      fake.answer = endless;
      await server.control.addSystem('test', 'other', enforced(fake), true);
      const { id: program } = await server.control.accounts.programs.add('test', {
        name: `p-${Math.random().toString(36).slice(2)}`,
        purpose: '',
        owner: null,
        grants: [],
      });
      const key = await made(['other'], { program });
      const kept = await stream((await made(['main'])).key);
      const answer = await stream(key.key, 'other');
      const reading = answer.text();
      await delay(300);
      assert.equal(open, 2);
      const begun = performance.now();
      await shutOut({ id: key.id, program });
      const text = await reading;
      assert.ok(performance.now() - begun < 1_000, `${performance.now() - begun} ms`);
      assert.match(text, new RegExp(`data: \\{"error":\\{[^\\n]*"code":"${code}"`));
      await delay(100);
      assert.equal(open, 1, 'the AI system is told to stop, and the other stream goes on');
      await kept.body!.cancel();
      await server.control.installation.flush();
      const row = await server.control.installation.store.exchanges.byId(exchangeOf(answer));
      assert.deepEqual([row!.outcome, row!.code], ['denied', code]);
      for (let n = 0; n < 50 && open > 0; n++) await delay(20);
    });

  it('a whole answer that is waited for does not come to a key that is revoked', async () => {
    fake.answer = (_req, res) => void setTimeout(() => sendJson(res, completion('late')), 3_000);
    const key = await made(['main']);
    const asked = server.chat(key.key, 'hello', { model: 'main' });
    await delay(300);
    await server.control.apiKeys.revoke('test', key.id);
    const answer = await asked;
    assert.equal(answer.status, 401);
    assert.match(await answer.text(), /key-revoked/);
  });

  it('a key that expires lets an answer that began before come to its end', async () => {
    fake.answer = endless;
    const key = await made(['main'], { expires: '1s' });
    const answer = await stream(key.key);
    await delay(1_800);
    assert.equal((await stream(key.key)).status, 401);
    assert.equal(open, 1);
    await answer.body!.cancel();
  });
});

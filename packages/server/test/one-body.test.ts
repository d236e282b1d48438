import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { enforced, type FakeSystem, fakeSystem, sendJson, type TestServer, testServer } from './harness.ts';

const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
describe('one body', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
    fake.answer = (_req, res) => sendJson(res, '{"object":"list","data":[]}');
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Sends a body, and small ones meanwhile. @returns how it was answered, and the longest that a small one took */
  const beside = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const [key, other] = [await server.key(['main']), await server.key(['main'])];
    await server.chat(other, 'hello');
    let ended = false;
    const begun = performance.now();
    const answer = server
      .post(path, key, headers['content-encoding'] ? gzipSync(body) : body, headers)
      .finally(() => {
        ended = true;
      });
    let worst = 0;
    while (!ended) {
      const asked = performance.now();
      assert.equal((await server.chat(other, 'hello')).status, 200);
      worst = Math.max(worst, performance.now() - asked);
      await sleep(5);
    }
    return { status: (await answer).status, ms: performance.now() - begun, worst };
  };

  const bodies: Record<string, () => [path: string, body: string, headers?: Record<string, string>]> = {
    '49,000 addresses': () => [
      '/v1/embeddings',
      JSON.stringify({
        model: 'm',
        input: Array.from({ length: 49_000 }, (_, i) => `person${i}@mail.example`),
      }),
    ],
    'one text of addresses': () => [
      '/v1/embeddings',
      JSON.stringify({
        model: 'm',
        input: Array.from({ length: 40_000 }, (_, i) => `person${i}@mail.example`).join(' '),
      }),
    ],
    'odd names of members': () => [
      '/v1/chat/completions',
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        x: Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`odd name ${i}!`, i])),
      }),
      { 'content-encoding': 'gzip' },
    ],
    'one long name over many texts': () => [
      '/v1/chat/completions',
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        ['n'.repeat(1_000_000)]: Array.from({ length: 40_000 }, (_, i) => `text ${i}`),
      }),
    ],
    'one text of data URLs': () => [
      '/v1/chat/completions',
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: `see ${'data:a/b,x '.repeat(1_000_000)}` }],
      }),
      { 'content-encoding': 'gzip' },
    ],
    'numbers in deep lists': () => [
      '/v1/chat/completions',
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        x: Array.from({ length: 40_000 }, () => [[[[[[[[1, 2, 3, 4, 5, 6, 7, 8]]]]]]]]),
      }),
    ],
  };
  for (const [name, make] of Object.entries(bodies))
    it(`${name}: other calls go on`, { timeout: 120_000 }, async (t) => {
      const [path, body, headers] = make();
      const { status, ms, worst } = await beside(path, body, headers);
      t.diagnostic(`${status} after ${ms.toFixed(0)} ms, others waited ${worst.toFixed(0)} ms at most`);
      assert.equal(await server.control.installation.store.events.latest('worker-stuck'), null);
      assert.ok(ms < 30_000, `${ms.toFixed(0)} ms`);
    });
});

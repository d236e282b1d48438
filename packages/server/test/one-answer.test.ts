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

const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
const many = (count: number, item: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => item(n)).join();
const filled = (piece: string, characters: number): string =>
  piece.repeat(Math.ceil(characters / piece.length));
const call = (text: string): string =>
  completion(null, {
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: text } }],
  });
const WORDS = 'plain words in a row ';

describe('one answer', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    process.env['TEST_ONE_ANSWER_KEY'] = 'sk-abcd1234efgh5678ijkl';
    fake = await fakeSystem();
    const other = enforced(fake);
    const main = enforced(fake, { apiKeyRef: 'env:TEST_ONE_ANSWER_KEY' });
    server = await testServer({ systems: { main, other } });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Has a call answered, and small ones meanwhile. @returns the longest that a small one took */
  const beside = async (answer: string | readonly string[]): Promise<number> => {
    const [key, other] = [await server.key(['main']), await server.key(['other'])];
    const isStream = typeof answer !== 'string';
    fake.answer = (_req, res, body) => {
      if (!body.includes('person@mail') && !body.includes('[EMAIL_1]')) sendJson(res, completion('hello'));
      else if (isStream) sendEvents(res, [...answer, 'data: [DONE]\n\n']);
      else sendJson(res, answer);
    };
    let ended = false;
    const asked = server
      .chat(key, 'write to person@mail.example', { stream: isStream })
      .then((said) => said.text());
    const done = asked.finally(() => {
      ended = true;
    });
    let worst = 0;
    while (!ended) {
      const begun = performance.now();
      assert.equal((await server.chat(other, 'hello')).status, 200);
      worst = Math.max(worst, performance.now() - begun);
      await sleep(5);
    }
    await done;
    return worst;
  };

  const answers: Record<string, () => string | readonly string[]> = {
    'secrets in very many ids': () =>
      `{"x":[${many(20_000, (n) => `{"id":"a1b2c3d4e5f6g7-${n}"}`)},${many(20_000, (n) => `{"id":"ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5${100_000 + n}"}`)}]}`,
    'very many objects, where the credential is looked for': () =>
      `{"a":"\\n","x":[${many(4_000_000, () => '{}')}]}`,
    'figures in arguments of a tool': () => call(filled('1234567890', 12_000_000)),
    'a long text beside a value that comes back': () => completion(`[EMAIL_1] ${filled(WORDS, 8_000_000)}`),
    'a long text of brackets beside one': () => completion(`[EMAIL_1] ${filled('[', 3_000_000)}`),
    'long arguments in which something is masked': () =>
      call(`{"a":"jane@mail.example","b":"${filled(WORDS, 12_000_000)}"}`),
    'long arguments that are quotes': () => call(filled('"",', 6_000_000)),
    'an event with one long text': () => [chunk({ content: filled(WORDS, 4_000_000) })],
    'an event with long arguments that are quotes': () => [
      chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: filled('"', 1_500_000) } }] }),
    ],
    'an event with very many texts': () => [
      chunk({ content: 'hello' }).replace('{', `{"x":[${many(45_000, (n) => `"some words ${n}"`)}],`),
    ],
    'very many small events': () => ['data:{"x":"y"}\n\n'.repeat(20_000)],
  };
  for (const [name, make] of Object.entries(answers))
    it(`${name}: other calls go on`, { timeout: 120_000 }, async (t) => {
      const worst = await beside(make());
      t.diagnostic(`others waited ${worst.toFixed(0)} ms at most`);
      assert.equal(await server.control.installation.store.events.latest('worker-stuck'), null);
    });
});

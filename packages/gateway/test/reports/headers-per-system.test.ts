import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * Providers ask for headers of their own: organisations, titles, versions (Portkey-AI/gateway#217, mozilla-ai/any-llm#669,
 * comet-ml/opik#6205).
 */
const SENT = {
  'openai-organization': 'org-1',
  'openai-project': 'proj_2',
  'http-referer': 'https://app.example/',
  'x-title': 'My App, 2nd edition',
  'user-agent': 'OpenAI/JS 6.0',
  'x-stainless-lang': 'js',
  cookie: 'session=1',
};

describe('headers of a system', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    server = await testServer({
      systems: {
        plain: enforced(fake),
        router: enforced(fake, {
          headers: {
            set: { 'x-title': 'Set here', 'anthropic-beta': 'a-2026', 'x-region': 'eu' },
            forward: ['openai-organization', 'openai-project', 'http-referer', 'user-agent', 'x-title'],
          },
        }),
      },
    });
    key = await server.key(['plain', 'router']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const sent = async (
    system: string,
    headers: Record<string, string> = SENT,
  ): Promise<FakeSystem['requests'][number]['headers']> => {
    const before = fake.requests.length;
    const response = await server.post(
      `/s/${system}/v1/chat/completions`,
      key,
      { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
      headers,
    );
    assert.equal(response.status, 200, await response.text());
    return fake.requests[before]!.headers;
  };

  it('go on where it names them, and are set where it says so', async () => {
    const got = await sent('router');
    assert.equal(got['openai-organization'], 'org-1');
    assert.equal(got['openai-project'], 'proj_2');
    assert.equal(got['http-referer'], 'https://app.example/');
    assert.equal(got['user-agent'], 'OpenAI/JS 6.0');
    assert.equal(got['x-title'], 'Set here');
    assert.equal(got['anthropic-beta'], 'a-2026');
    assert.equal(got['x-region'], 'eu');
    assert.equal(got['x-stainless-lang'], undefined);
    assert.equal(got.cookie, undefined);
    assert.equal(got.authorization, undefined);
  });

  it('stay here where it does not', async () => {
    const got = await sent('plain');
    for (const name of Object.keys(SENT))
      assert.equal(got[name], name === 'user-agent' ? 'sallyport' : undefined, name);
  });

  it('are judged: one with a secret is left out', async () => {
    const got = await sent('router', {
      'openai-organization': `AKIA${'QWER7YUIOPASDFGH'}`,
      'openai-project': 'p',
    });
    assert.equal(got['openai-organization'], undefined);
    assert.equal(got['openai-project'], 'p');
    const [row] = await server.control.exchanges({ limit: 1 });
    assert.match(row!.detections, /aws-access-token/);
  });

  it('neither frame a message nor carry a credential', () => {
    const config = (headers: object) => ({
      systems: { a: { dialect: 'openai', urls: ['https://a.example'], headers } },
    });
    for (const name of [
      'host',
      'content-length',
      'transfer-encoding',
      'connection',
      'accept-encoding',
      'authorization',
      'x-api-key',
      'api-key',
      'cookie',
      'proxy-authorization',
      'x-sallyport-exchange',
      'X-Title',
      'a b',
    ]) {
      const set = JSON.parse(`{"set":{${JSON.stringify(name)}:"v"}}`) as object;
      assert.throws(() => parseConfig(config(set)), { code: 'config-invalid' }, name);
      assert.throws(() => parseConfig(config({ forward: [name] })), { code: 'config-invalid' }, name);
    }
    for (const value of ['', ' a', 'a\r\nb: c', 'ü', 'x'.repeat(2_000)])
      assert.throws(
        () => parseConfig(config({ set: { 'x-title': value } })),
        { code: 'config-invalid' },
        value,
      );
  });
});

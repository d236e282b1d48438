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

const CREDENTIAL = 'prov/ider-Credential"8842+x';
const FORMS: Record<string, string> = {
  'as it is': CREDENTIAL,
  'percent-encoded': encodeURIComponent(CREDENTIAL),
  'in base64': Buffer.from(`Bearer ${CREDENTIAL}`).toString('base64'),
  'in hexadecimal': Buffer.from(CREDENTIAL).toString('hex'),
  'in JSON': JSON.stringify({ key: CREDENTIAL }),
};

describe('the provider’s credential in an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    process.env['TEST_ECHOED_KEY'] = CREDENTIAL;
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake, { apiKeyRef: 'env:TEST_ECHOED_KEY' }) },
    });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [form, text] of Object.entries(FORMS)) {
    it(`never reaches the caller ${form}: whole and in a stream, however it is cut`, async () => {
      for (const status of [200, 400]) {
        fake.answer = (_req, res) => sendJson(res, completion(`you sent ${text} to me`), status);
        const whole = await (await server.chat(key, 'hello')).text();
        assert.ok(!whole.includes(JSON.stringify(text).slice(1, -1)), whole);
        assert.doesNotMatch(whole, /8842/);
      }
      for (const size of [1, 5, 400]) {
        const pieces = `you sent ${text} to me`.match(new RegExp(`.{1,${size}}`, 'g'))!;
        fake.answer = (_req, res) =>
          sendEvents(res, [...pieces.map((content) => chunk({ content })), 'data: [DONE]\n\n']);
        const stream = await (await server.chat(key, 'hello', { stream: true })).text();
        assert.match(stream, /output-denied/);
        assert.doesNotMatch(stream, /you sent/);
      }
    });
  }

  it('headers: those that are known, in the form they have', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, {
        'content-type': 'application/json; charset=utf-16; note=SECRET',
        'x-request-id': 'req_011CSHoEeqs5C35K2UUqR7Fy',
        'request-id': `a ${'SECRET'}`,
        'openai-processing-ms': 'SECRET',
        'x-ratelimit-remaining-tokens': '1999',
        'anthropic-ratelimit-requests-reset': '2026-11-29T12:00:00Z',
        'x-ratelimit-reset-requests': '6m0s',
        'x-ratelimit-limit-requests': 'SECRET words',
        'x-other': 'SECRET',
        'set-cookie': 'SECRET=1',
        'retry-after-ms': '20',
      });
      res.end(completion('ok'));
    };
    const { headers } = await server.chat(key, 'hello');
    assert.doesNotMatch(JSON.stringify([...headers]), /SECRET|utf-16/);
    assert.deepEqual(
      [
        'content-type',
        'x-request-id',
        'x-ratelimit-remaining-tokens',
        'x-ratelimit-reset-requests',
        'retry-after-ms',
      ].map((name) => headers.get(name)),
      ['application/json', 'req_011CSHoEeqs5C35K2UUqR7Fy', '1999', '6m0s', '20'],
    );
    assert.equal(headers.get('anthropic-ratelimit-requests-reset'), '2026-11-29T12:00:00Z');
  });
});

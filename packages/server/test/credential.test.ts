import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const CREDENTIAL = 'prov/ider-Credential"8842+x';
const SHORT = 'k7Qm2xv9';
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
    process.env['TEST_SHORT_KEY'] = SHORT;
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake, {
          apiKeyRef: 'env:TEST_ECHOED_KEY',
          canaries: ['MAGNOLIA-3391', '33919912'],
        }),
        watched: enforced(fake, {
          apiKeyRef: 'env:TEST_ECHOED_KEY',
          canaries: ['MAGNOLIA-3391'],
          mode: 'observe',
        }),
        short: enforced(fake, { apiKeyRef: 'env:TEST_SHORT_KEY', mode: 'observe' }),
        'short-enforced': enforced(fake, { apiKeyRef: 'env:TEST_SHORT_KEY' }),
      },
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

  it('stays here in observe mode too, also a short one: whole and in a stream, however it is cut', async () => {
    for (const [system, text] of [
      ['watched', CREDENTIAL],
      ['short', SHORT],
      ['short-enforced', SHORT],
    ] as const) {
      const own = await server.key([system]);
      const ask = async (stream: boolean): Promise<string> =>
        (await server.chat(own, 'hello', { model: system, stream })).text();
      const escaped = [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
      for (const body of [completion(`it is ${text}`), completion('it is KEY').replace('KEY', escaped)]) {
        fake.answer = (_req, res) => sendJson(res, body);
        assert.match(await ask(false), /it is \[CREDENTIAL\]|output-denied/);
      }
      for (const size of [1, 4, 400]) {
        const pieces = `it is ${text}, yes`.match(new RegExp(`.{1,${size}}`, 'g'))!;
        fake.answer = (_req, res) =>
          sendEvents(res, [...pieces.map((content) => chunk({ content })), 'data: [DONE]\n\n']);
        const stream = await ask(true);
        assert.match(stream, /output-denied/);
        assert.doesNotMatch(stream, /it is|"content":"i"/);
      }
    }
  });

  it('most of it stays here as well, in every mode, whole and in a stream', async () => {
    for (const system of ['main', 'watched']) {
      const own = await server.key([system]);
      for (const text of [CREDENTIAL.slice(0, -2), CREDENTIAL.slice(3), `${CREDENTIAL.slice(0, -6)}…`]) {
        const ask = async (stream: boolean): Promise<string> =>
          (await server.chat(own, 'hello', { model: system, stream })).text();
        fake.answer = (_req, res) => sendJson(res, completion(`it is ${text}`));
        assert.match(await ask(false), /output-denied/);
        const pieces = [...`it is ${text}, yes`];
        fake.answer = (_req, res) =>
          sendEvents(res, [...pieces.map((content) => chunk({ content })), 'data: [DONE]\n\n']);
        const stream = await ask(true);
        assert.match(stream, /output-denied/);
        assert.doesNotMatch(stream, /"content":"i"/);
      }
    }
  });

  it('a short one stays here wherever it stands in an event: in unknown members, names, ids and comments of JSON', async () => {
    for (const system of ['short', 'short-enforced']) {
      const own = await server.key([system]);
      const escaped = [...SHORT].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
      for (const member of [
        `"x_debug":"${SHORT}"`,
        `"x_debug":{"deep":[{"${SHORT}":1}]}`,
        `"system_fingerprint":"fp_${SHORT}"`,
        `"service_tier":"${escaped}"`,
      ]) {
        const event = chunk({ content: 'hello' }).replace('"id":"c"', `"id":"c",${member}`);
        assert.ok(event.includes(member));
        fake.answer = (_req, res) => sendEvents(res, [event, 'data: [DONE]\n\n']);
        const stream = await (await server.chat(own, 'hello', { model: system, stream: true })).text();
        assert.match(stream, /output-denied/, `${system}: ${member}`);
        assert.ok(!stream.includes(SHORT) && !stream.includes(escaped), stream);
      }
      fake.answer = (_req, res) => sendEvents(res, [chunk({ content: 'hello' }), 'data: [DONE]\n\n']);
      const honest = await (await server.chat(own, 'hello', { model: system, stream: true })).text();
      assert.match(honest, /"content":"hello"/);
    }
  });

  it('encoded, and a canary too: denied where policy is enforced, reported as a leak where it is observed', async () => {
    const own = await server.key(['watched']);
    for (const hidden of [CREDENTIAL, 'MAGNOLIA-3391'])
      for (const form of ['base64', 'hex'] as const)
        for (const stream of [false, true]) {
          const text = `it is ${Buffer.from(hidden).toString(form)} so`;
          fake.answer = (_req, res) =>
            stream
              ? sendEvents(res, [chunk({ content: text }), 'data: [DONE]\n\n'])
              : sendJson(res, completion(text));
          const denied = await (await server.chat(key, 'hello', { stream })).text();
          assert.match(denied, /output-denied/);
          const watched = await server.chat(own, 'hello', { model: 'watched', stream });
          assert.ok((await watched.text()).includes(text));
          const { entries } = await server.control.exchange('test', exchangeOf(watched), false);
          const outcome = entries.map(({ leaf }) => leaf).find(({ type }) => type === 'exchange-outcome');
          assert.ok(outcome?.type === 'exchange-outcome');
          assert.equal(outcome.verdict?.action, 'flag');
          assert.equal(outcome.verdict?.wouldBe, 'deny');
          const found = outcome.verdict?.detections.map(({ technique }) => technique);
          assert.ok(found?.includes('canary-leak'), JSON.stringify(found));
        }
  });

  it('headers: none with a canary or a secret in it', async () => {
    for (const [name, value] of [
      ['x-request-id', 'MAGNOLIA-3391'],
      ['request-id', 'AKIAQ3EGZ7RT5LWPN2VH'],
      ['openai-processing-ms', '33919912'],
      ['x-ratelimit-reset-tokens', '33919912'],
    ] as const) {
      fake.answer = (_req, res) => {
        res.writeHead(200, { 'content-type': 'application/json', [name]: value });
        res.end(completion('ok'));
      };
      const response = await server.chat(key, 'hello');
      const { headers } = response;
      assert.equal(response.status, 200);
      // Without an id of the AI system, clients are told ours.
      const instead = name.endsWith('request-id') ? exchangeOf(response) : null;
      assert.equal(headers.get(name), instead, name);
      assert.equal(headers.get('content-type'), 'application/json');
    }
  });

  it('headers: none with the credential in any form', async () => {
    const own = await server.key(['short-enforced']);
    for (const form of [
      SHORT,
      Buffer.from(SHORT).toString('hex'),
      Buffer.from(SHORT).toString('base64url'),
      [...SHORT].reverse().join(''),
    ])
      for (const name of ['x-request-id', 'request-id']) {
        fake.answer = (_req, res) => {
          res.writeHead(200, { 'content-type': 'application/json', [name]: `req-${form}` });
          res.end(completion('ok'));
        };
        const response = await server.chat(own, 'hello', { model: 'short-enforced' });
        assert.equal(response.headers.get(name), exchangeOf(response), `${name}: ${form}`);
      }
  });

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

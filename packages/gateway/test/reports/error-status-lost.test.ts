import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * An AI system's refusal reaches the caller as what it is: its status, when to come back, what is left of its limits,
 * whatever its body (agentgateway/agentgateway#3329, cloudflare/ai#436, api7/aisix#144).
 */
const HEADERS = {
  'retry-after': '7',
  'retry-after-ms': '7000',
  'x-should-retry': 'true',
  'x-request-id': 'req_011CSHoEeqs5C35K2UUqR7Fy',
  'request-id': 'req_011CSHoEeqs5C35K2UUqR7Fz',
  'x-ratelimit-limit-requests': '500',
  'x-ratelimit-remaining-tokens': '0',
  'x-ratelimit-reset-tokens': '1m30.5s',
  'ratelimit-remaining': '0',
  'anthropic-ratelimit-input-tokens-remaining': '0',
  'anthropic-ratelimit-unified-5h-reset': '2026-11-30T12:00:00Z',
  'anthropic-ratelimit-unified-status': 'rejected',
};
type Answer = (res: ServerResponse, status: number) => void;
const send =
  (type: string | null, body: string | Buffer, more: object = {}): Answer =>
  (res, status) => {
    res.writeHead(status, { ...HEADERS, ...(type !== null && { 'content-type': type }), ...more });
    res.end(body);
  };
const BODIES: Readonly<Record<string, Answer>> = {
  HTML: send('text/html', '<html><body>slow down, ask jo@corp.example</body></html>'),
  'plain text': send('text/plain', 'overloaded'),
  'no type': send(null, 'overloaded'),
  'nothing at all': send(null, ''),
  'HTML that says it is JSON': send('application/json', '<html>no</html>'),
  'JSON cut short': send('application/json', '{"error": {"message": "slow'),
  'a string': send('application/json', '"slow down"'),
  'compressed HTML': send('text/html', gzipSync('<html>no</html>'), { 'content-encoding': 'gzip' }),
  'an unknown encoding': send('application/json', 'xxxx', { 'content-encoding': 'snappy' }),
  'bytes that are no text': send('application/json', Buffer.from([0xff, 0xfe, 0x00])),
  'a stream that is none': send('text/event-stream', 'slow down'),
  'lines of JSON': send('application/x-ndjson', 'slow down\n'),
  'a redirecting page': send('text/html', '<html>no</html>', { location: 'https://elsewhere.example/' }),
};
const messages = [{ role: 'user', content: 'hi' }];
const CALLS: Readonly<Record<string, readonly [string, object]>> = {
  openai: ['/s/openai/v1/chat/completions', { model: 'm', messages }],
  responses: ['/s/openai/v1/responses', { model: 'm', input: 'hi' }],
  embeddings: ['/s/openai/v1/embeddings', { model: 'm', input: 'hi' }],
  anthropic: ['/s/anthropic/v1/messages', { model: 'm', max_tokens: 5, messages }],
  ollama: ['/s/ollama/api/chat', { model: 'm', messages }],
  oip: ['/s/oip/v2/models/m/infer', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] }],
};

describe('refusals of the AI system', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama', 'oip'];
    server = await testServer({
      systems: Object.fromEntries(dialects.map((dialect) => [dialect, enforced(fake, { dialect })])),
    });
    key = await server.key(dialects);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [dialect, [path, body]] of Object.entries(CALLS))
    for (const stream of dialect === 'oip' || dialect === 'embeddings' ? [false] : [false, true])
      it(`keep status and headers: ${dialect}${stream ? ', streamed' : ''}`, async () => {
        for (const [what, answer] of Object.entries(BODIES))
          for (const status of [400, 401, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]) {
            fake.answer = (_req, res) => answer(res, status);
            const response = await server.post(path, key, { ...body, ...(dialect !== 'oip' && { stream }) });
            const text = await response.text();
            const where = `${what} with ${status}: ${text}`;
            assert.equal(response.status, status, where);
            for (const [name, value] of Object.entries(HEADERS))
              assert.equal(response.headers.get(name), value, `${name}: ${where}`);
            assert.equal(response.headers.get('location'), null);
            assert.match(response.headers.get('content-type') ?? '', /^application\/json/, where);
            const told = JSON.stringify(JSON.parse(text));
            assert.doesNotMatch(told, /html|corp\.example/, 'nothing that was not judged');
            assert.match(
              told,
              status === 401 ? /upstream-credential-refused/ : /upstream-error|"error"/,
              where,
            );
            assert.ok(exchangeOf(response), where);
          }
      });

  it('are recorded with the status they had', async () => {
    fake.answer = (_req, res) => BODIES['HTML']!(res, 429);
    await (await server.chat(key, 'hi', { model: 'openai' })).text();
    const [row] = await server.control.exchanges({ limit: 1 });
    assert.deepEqual([row!.status, row!.outcome, row!.code], [429, 'upstream-error', 'upstream-error']);
  });

  it('that can be read go on as they are', async () => {
    const said = JSON.stringify({
      error: { message: 'slow down', type: 'tokens', code: 'rate_limit_exceeded' },
    });
    fake.answer = (_req, res) => send('application/json', said)(res, 429);
    const response = await server.chat(key, 'hi', { model: 'openai' });
    assert.deepEqual([response.status, await response.text()], [429, said]);
    fake.answer = (_req, res) => send('application/problem+json', said)(res, 429);
    assert.equal(await (await server.chat(key, 'hi', { model: 'openai' })).text(), said);
  });

  it('what is no refusal and cannot be read is still none of the caller’s', async () => {
    fake.answer = (_req, res) => send('text/html', '<html>hello</html>')(res, 200);
    assert.equal((await server.chat(key, 'hi', { model: 'openai' })).status, 502);
  });
});

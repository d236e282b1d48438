import assert from 'node:assert/strict';
import { it } from 'node:test';
import OpenAI from 'openai';
import { completion, enforced, fakeSystem, sendJson, testServer } from './harness.ts';

it('a refusal with a page of HTML tells the OpenAI SDK what it is, and when to come back', async () => {
  const fake = await fakeSystem();
  const server = await testServer({ systems: { main: enforced(fake) } });
  const apiKey = await server.key(['main']);
  const client = (maxRetries: number): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${server.gatewayUrl}/s/main/v1`, maxRetries });
  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
  fake.answer = (_req, res) => {
    res.writeHead(429, { 'content-type': 'text/html', 'retry-after': '7' });
    res.end('<html>slow down</html>');
  };
  const fault = await client(0)
    .chat.completions.create(request)
    .catch((error: unknown) => error);
  assert.ok(fault instanceof OpenAI.RateLimitError, String(fault));
  assert.equal(fault.headers.get('retry-after'), '7');
  let calls = 0;
  fake.answer = (_req, res) => {
    if (calls++ > 0) return sendJson(res, completion('hello'));
    res.writeHead(503, { 'content-type': 'text/html', 'retry-after-ms': '50' });
    res.end('no');
  };
  const answer = await client(1).chat.completions.create(request);
  assert.deepEqual([answer.choices[0]!.message.content, calls], ['hello', 2]);
  await server.stop();
  await fake.close();
});

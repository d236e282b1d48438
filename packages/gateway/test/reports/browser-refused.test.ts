import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/* Pages of a browser ask first whether they may call (BerriAI/litellm#1390), and load balancers ask the port that takes calls. */
const PAGE = 'https://chat.example';

describe('what the port of the gateway answers without a key', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake) },
      config: { gateway: { port: 0, origins: [PAGE] } },
    });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.gatewayUrl}${path}`, init);

  it('pages of allowed origins may send what they ask for, and read every answer', async () => {
    const asked = await ask('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), PAGE);
    assert.equal(asked.headers.get('access-control-allow-methods'), 'GET, POST');
    assert.equal(
      asked.headers.get('access-control-allow-headers'),
      'authorization,content-type,x-stainless-os',
    );
    assert.equal(asked.headers.get('access-control-allow-credentials'), null);
    assert.equal(asked.headers.get('vary'), 'origin');
    const messages = [{ role: 'user', content: 'hi' }];
    const body = { model: 'm', messages };
    for (const [own, more, status] of [
      [key, {}, 200],
      [key, { stream: true }, 200],
      ['sp_wrong', {}, 401],
    ] as const) {
      if ('stream' in more)
        fake.answer = (_req, res) => sendEvents(res, [chunk({ content: 'hi' }), 'data: [DONE]\n\n']);
      const answer = await server.post('/v1/chat/completions', own, { ...body, ...more }, { origin: PAGE });
      await answer.text();
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('access-control-allow-origin'), PAGE);
      assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-sallyport-exchange/);
    }
  });

  it('pages of other origins may not', async () => {
    for (const origin of [
      'https://evil.example',
      'https://chat.example.evil.example',
      'http://chat.example',
      'null',
    ]) {
      const asked = await ask('/v1/chat/completions', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      assert.ok(asked.status >= 400, `${asked.status}`);
      assert.equal(asked.headers.get('access-control-allow-origin'), null);
      const answer = await server.post('/v1/models', key, {}, { origin });
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
      assert.equal(answer.headers.get('vary'), 'origin');
    }
    for (const name of ['*', 'https://chat.example/', 'chat.example', 'https://chat.example:443', 'file://'])
      await assert.rejects(
        testServer({ config: { gateway: { port: 0, origins: [name] } } }),
        { code: 'config-invalid' },
        name,
      );
  });

  it('whether it lives, and whether calls are taken', async () => {
    for (const [path, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ] as const) {
      const answer = await ask(path);
      assert.deepEqual([answer.status, await answer.json()], [200, { status }]);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
    }
    const room = server.control.installation.room as { isShort: boolean };
    Object.defineProperty(room, 'isShort', { value: true, configurable: true });
    let answer = await ask('/readyz');
    for (let i = 0; i < 100 && answer.status === 200; i++) {
      await new Promise((done) => setTimeout(done, 50));
      answer = await ask('/readyz');
    }
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /the record cannot be written/);
    assert.equal((await ask('/healthz')).status, 200);
    Reflect.deleteProperty(room, 'isShort');
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { openApiDocument } from '@sallyport/server';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';
import { PASSWORD, signedIn } from './people.ts';

/** Directives that every answer has, whatever it is. */
const POLICY = ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"];

const { paths } = openApiDocument() as {
  paths: Record<string, Record<string, { 'x-permission'?: { action: string } }>>;
};

/** What is wrong with the headers of an answer, for a browser that was led to it. */
function wrongIn({ headers }: Response): string[] {
  const policy = (headers.get('content-security-policy') ?? '').split('; ');
  const type = headers.get('content-type');
  return [
    ...POLICY.filter((one) => !policy.includes(one)),
    ...policy.filter((one) => /unsafe|https?:|\*/.test(one)),
    ...(headers.get('x-content-type-options') === 'nosniff' ? [] : ['it may be taken for another type']),
    ...(headers.get('referrer-policy') === 'no-referrer' ? [] : ['links tell where it was']),
    ...(/no-store|no-cache|immutable/.test(headers.get('cache-control') ?? '') ? [] : ['it is kept']),
    ...(type === null ||
    !type.startsWith('text/') ||
    /charset=utf-8/i.test(type) ||
    type === 'text/event-stream'
      ? []
      : [`no charset: ${type}`]),
  ];
}

describe('what a browser may make of an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake) },
      config: { gateway: { port: 0, origins: ['https://chat.example'] } },
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('of the control plane: nothing of others, in no frame, as no other type, and kept nowhere', async () => {
    const { call } = await signedIn(server, [{ role: 'administrator' }]);
    const asked = [
      ...['/', '/traffic', '/nothing.js', '/openapi.json', '/api/v1/nothing', '/TRACE'].map((path) => [
        'get',
        path,
      ]),
      ...Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => [method, path]),
      ),
    ];
    for (const [method, path] of asked) {
      if (path === '/api/v1/live' || (method === 'delete' && path === '/api/v1/session')) continue;
      const answer = await call(method!.toUpperCase(), path!.replaceAll(/\{[^}]+\}/g, 'x'));
      assert.deepEqual(wrongIn(answer), [], `${method} ${path}: ${answer.status}`);
      if (path!.startsWith('/api/') || path!.startsWith('/scim/'))
        assert.equal(answer.headers.get('cache-control'), 'no-store', `${method} ${path}`);
      await answer.body?.cancel();
    }
    const wrongHost = await fetch(`${server.controlUrl.replace('localhost', '127.0.0.2')}/`).catch(
      () => null,
    );
    if (wrongHost) assert.deepEqual(wrongIn(wrongHost), []);
  });

  it('of the gateway: the same, answered, refused, streamed, and to pages of other origins', async () => {
    const key = await server.key(['main']);
    const answers: (readonly [string, Promise<Response>])[] = [
      ['health', fetch(`${server.gatewayUrl}/healthz`)],
      ['nothing', fetch(`${server.gatewayUrl}/nothing`)],
      ['without a key', server.post('/v1/chat/completions', null, {})],
      ['no JSON', server.post('/v1/chat/completions', key, '{')],
      ['answered', server.chat(key, 'hello')],
      ['models', fetch(`${server.gatewayUrl}/v1/models`, { headers: { authorization: `Bearer ${key}` } })],
      ['to a page', server.post('/v1/chat/completions', key, {}, { origin: 'https://chat.example' })],
    ];
    for (const [what, answer] of answers) {
      assert.deepEqual(wrongIn(await answer), [], what);
      assert.equal((await answer).headers.get('cache-control'), 'no-store', what);
    }
    fake.answer = (_req, res) => sendEvents(res, ['data: [DONE]\n\n']);
    assert.deepEqual(wrongIn(await server.chat(key, 'hello', { stream: true })), [], 'streamed');
  });

  it('of the gateway is no page, whatever the AI system says it is', async () => {
    const key = await server.key(['main']);
    for (const status of [200, 400, 500]) {
      fake.answer = (_req, res) => {
        res.writeHead(status, { 'content-type': 'text/html' });
        res.end('<script>alert(1)</script>');
      };
      const answer = await server.chat(key, 'hello');
      assert.match(answer.headers.get('content-type')!, /^application\/json/, String(status));
      assert.deepEqual(wrongIn(answer), []);
    }
    fake.answer = (_req, res) => sendJson(res, '{}');
  });

  it('cookies: for this host alone, over TLS alone where it is spoken, and out of reach of scripts and other sites', async () => {
    const { name } = await signedIn(server, [{ role: 'viewer' }], false);
    const bodies: string[] = [];
    const cookies = async (): Promise<string[]> => {
      const answer = await fetch(`${server.controlUrl}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, password: PASSWORD }),
      });
      bodies.push(await answer.text());
      assert.equal(answer.status, 201, bodies.at(-1));
      return answer.headers.getSetCookie();
    };
    for (const [publicUrl, prefix] of [
      ['https://console.example', '__Host-sallyport_'],
      [undefined, 'sallyport_'],
    ] as const) {
      Object.assign(server.control.config.control, { publicUrl });
      const set = await cookies();
      assert.equal(set.length, 2);
      for (const cookie of set) {
        assert.ok(cookie.startsWith(prefix), cookie);
        assert.match(cookie, /; HttpOnly/);
        assert.match(cookie, /; SameSite=Strict/);
        assert.match(cookie, /; Path=\//);
        assert.doesNotMatch(cookie, /; Domain/);
        assert.equal(/; Secure/.test(cookie), publicUrl !== undefined, cookie);
        assert.ok(
          !bodies.some((body) => body.includes(cookie.split(/[=;]/)[1]!)),
          'it is told in the body too',
        );
      }
    }
  });

  it('what is asked by GET changes nothing: its action is one of looking', () => {
    /** Without a session, or of the account itself; signing on begins with GET, and its state is bound to the browser. */
    const others: string[] = [];
    for (const [path, { get }] of Object.entries(paths)) {
      if (!get) continue;
      const action = get['x-permission']?.action;
      if (
        action === undefined ||
        !/^(?:see|read)-|^(?:use-datasets|provision-people|own-account)$/.test(action)
      )
        others.push(path);
    }
    assert.deepEqual(others.sort(), [
      '/api/v1/session',
      '/api/v1/setup',
      '/healthz',
      '/metrics',
      '/readyz',
      '/sign-on',
      '/sign-on/callback',
    ]);
  });

  it('no answer tells anyone a secret, a hash of one or a password', async () => {
    const { call } = await signedIn(server, [{ role: 'administrator' }, { role: 'provisioner' }]);
    const key = await server.key(['main']);
    const hashes = await Promise.all(
      [key, key.slice(3), PASSWORD].map(async (text) => createHash('sha256').update(text).digest('hex')),
    );
    let read = 0;
    for (const [path, { get }] of Object.entries(paths)) {
      if (!get || path.includes('{') || path === '/api/v1/live' || path.startsWith('/sign-on')) continue;
      const answer = await call('GET', path);
      const text = await answer.text();
      if (answer.ok) read++;
      for (const secret of [key, PASSWORD, 'argon2id$', ...hashes]) assert.ok(!text.includes(secret), path);
    }
    assert.ok(read > 25, `${read} answers`);
  });

  it('TRACE is answered by neither listener, and says nothing back', async () => {
    for (const url of [server.controlUrl, server.gatewayUrl]) {
      const { hostname, port } = new URL(url);
      const answer = await new Promise<{ status: number; text: string }>((done, fail) => {
        request({ hostname, port, method: 'TRACE', path: '/x', headers: { cookie: 'said=back' } }, (res) => {
          let text = '';
          res.on('data', (piece: Buffer) => (text += piece.toString()));
          res.on('end', () => done({ status: res.statusCode!, text }));
        })
          .on('error', fail)
          .end();
      });
      assert.ok(answer.status >= 400 && answer.status < 500, `${url}: ${answer.status}`);
      assert.doesNotMatch(answer.text, /said|TRACE \/x/);
    }
  });

  it('no answer lets a page of another origin read it, but those that are named', async () => {
    for (const [url, origin, told] of [
      [`${server.gatewayUrl}/healthz`, 'https://chat.example', 'https://chat.example'],
      [`${server.gatewayUrl}/healthz`, 'https://evil.example', null],
      [`${server.gatewayUrl}/v1/models`, 'null', null],
      [`${server.controlUrl}/healthz`, 'https://chat.example', null],
      [`${server.controlUrl}/api/v1/session`, 'https://evil.example', null],
    ] as const) {
      const answer = await fetch(url, { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), told, `${url} ${origin}`);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    }
  });
});

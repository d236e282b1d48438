import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type TestServer, testServer } from './harness.ts';
import { browserOf, signedIn } from './people.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks with the headers as they are: what a program at another port passes on. */
function ask(
  base: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Answer> {
  const { port } = new URL(base);
  const content = body === undefined ? '' : JSON.stringify(body);
  return new Promise((done, fail) => {
    const req = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: {
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
          ...headers,
        },
      },
      (res) => {
        let text = '';
        res.on('data', (piece: Buffer) => (text += piece.toString()));
        res.on('end', () => done({ status: res.statusCode!, text }));
      },
    );
    req.on('error', fail);
    req.end(content);
  });
}

describe('the origin is that of the listener, whatever a request says', () => {
  let server: TestServer;
  let port = '';
  before(async () => {
    server = await testServer({ config: { control: { port: 0, hosts: ['Sally.Example'] } } });
    ({ port } = new URL(server.controlUrl));
  });
  after(() => server.stop());

  const setPublic = (publicUrl: string | undefined): void => {
    Object.assign(server.control.config.control, { publicUrl });
  };

  it('each name that is allowed works at the port of the listener', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'sally.example', 'LOCALHOST'])
      assert.equal(
        (await ask(server.controlUrl, 'GET', '/healthz', { host: `${name}:${port}` })).status,
        200,
      );
  });

  it('another port is refused, in words that name `publicUrl`: passkeys, links and cookies are of no other', async () => {
    const ann = await signedIn(server, [{ role: 'viewer' }]);
    for (const host of [
      'localhost:9999',
      '127.0.0.1:9999',
      '[::1]:9999',
      'sally.example:9999',
      'localhost',
    ]) {
      for (const [method, path, body] of [
        ['GET', '/healthz', undefined],
        ['POST', '/api/v1/session', { request: 'passkey' }],
        ['POST', '/sign-on', {}],
      ] as const) {
        const own = { host, origin: `http://${host}` };
        const refused = await ask(server.controlUrl, method, path, own, body);
        assert.equal(refused.status, 421, `${host} ${path}: ${refused.text}`);
        assert.match(refused.text, /control\.publicUrl/);
      }
      const created = await ask(
        server.controlUrl,
        'POST',
        '/api/v1/account/passkey-creation',
        { host, cookie: ann.cookie() },
        {},
      );
      assert.equal(created.status, 421, `${host} makes passkeys`);
    }
  });

  it('a passkey that signs at another port opens nothing', async () => {
    const ann = await signedIn(server, [{ role: 'viewer' }]);
    const browser = browserOf(server);
    const { ticket, options } = (await (
      await browser.call('POST', '/api/v1/session', { request: 'passkey' })
    ).json()) as { ticket: string; options: { challenge: string } };
    ann.passkey!.origin = 'http://localhost:9999';
    const passkey = ann.passkey!.get(options);
    for (const host of ['localhost:9999', `localhost:${port}`]) {
      const { status } = await ask(
        server.controlUrl,
        'POST',
        '/api/v1/session',
        { host },
        { ticket, passkey },
      );
      assert.ok([403, 421].includes(status), `${host}: ${status}`);
    }
  });

  it('an origin of another port or scheme is foreign', async () => {
    for (const origin of [
      'http://localhost:9999',
      `https://localhost:${port}`,
      `http://127.0.0.1:${port}`,
      'null',
    ]) {
      const own = { host: `localhost:${port}`, origin };
      const { status, text } = await ask(server.controlUrl, 'POST', '/api/v1/session', own, {
        request: 'passkey',
      });
      assert.equal(status, 403, `${origin}: ${text}`);
    }
  });

  it('the scheme of the request line is not believed', async () => {
    const { status, text } = await ask(
      server.controlUrl,
      'POST',
      `https://localhost:${port}/api/v1/session`,
      { host: `localhost:${port}`, origin: `https://localhost:${port}` },
      { request: 'passkey' },
    );
    assert.notEqual(status, 200, text);
  });

  it('`publicUrl` says where people are: its port and the one of the listener work, no other', async () => {
    setPublic('https://sally.example:8443');
    try {
      for (const [host, expected] of [
        ['sally.example:8443', 200],
        ['sally.example', 200],
        [`127.0.0.1:${port}`, 200],
        ['sally.example:9999', 421],
        ['localhost:9999', 421],
      ] as const) {
        const { status, text } = await ask(server.controlUrl, 'GET', '/healthz', { host });
        assert.equal(status, expected, `${host}: ${text}`);
      }
      for (const [host, origin, expected] of [
        ['sally.example:8443', 'https://sally.example:8443', 200],
        [`127.0.0.1:${port}`, 'https://sally.example:8443', 200],
        [`127.0.0.1:${port}`, `http://127.0.0.1:${port}`, 200],
        ['sally.example:8443', 'https://sally.example', 403],
        ['sally.example:8443', 'http://sally.example:8443', 403],
      ] as const) {
        const asked = { request: 'passkey' };
        const answer = await ask(server.controlUrl, 'POST', '/api/v1/session', { host, origin }, asked);
        assert.equal(answer.status, expected, `${host} ${origin}: ${answer.text}`);
      }
    } finally {
      setPublic(undefined);
    }
  });
});

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { keyScopeSchema } from '@sallyport/core';
import {
  BATCH_CLIENT,
  CERTIFICATE,
  CERTIFICATE_KEY,
  CLIENT_AUTHORITY,
  OTHER_CERTIFICATE,
  OTHER_CERTIFICATE_KEY,
  OTHER_CLIENT,
} from './certificate.ts';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

interface Client {
  readonly cert: string;
  readonly key: string;
}

/** Asks over TLS, with a certificate or without. @returns status and error code, or the code of the broken connection */
function ask(base: string, path: string, key: string, client: Client | null, body?: object): Promise<string> {
  const { port } = new URL(base);
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((done) => {
    const req = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        ca: CERTIFICATE,
        agent: false,
        headers: {
          authorization: `Bearer ${key}`,
          host: `localhost:${port}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
        ...(client ?? {}),
      },
      (res) => {
        let answer = '';
        res.on('data', (piece: Buffer) => {
          answer += piece;
        });
        res.on('end', () => {
          const code = (JSON.parse(answer || '{}') as { error?: { code: string } }).error?.code ?? '';
          done(`${res.statusCode} ${code}`.trim());
        });
      },
    );
    req.on('error', () => done('no connection'));
    req.end(text);
  });
}

describe('certificates of clients', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let tls: Record<string, unknown>;
  const chat = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
  const call = (key: string, client: Client | null): Promise<string> =>
    ask(server.gatewayUrl, '/v1/chat/completions', key, client, chat);
  const keyBound = async (certificates: string[]): Promise<string> =>
    (
      await server.control.apiKeys.create('test', {
        name: 'bound',
        systems: ['shop'],
        scope: { certificates },
      })
    ).key;
  const sha256 = ({ cert }: Client): string =>
    `sha256:${new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()}`;
  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    const folder = scratch();
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    tls = {
      certFile: file('c.pem', CERTIFICATE),
      keyFile: file('k.pem', CERTIFICATE_KEY),
      clientCaFile: file('ca.pem', CLIENT_AUTHORITY),
    };
    server = await testServer({
      systems: { shop: enforced(fake) },
      config: { gateway: { port: 0, tls }, control: { port: 0, tls } },
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('a key that is bound to one opens nothing to whoever does not hold it', async () => {
    for (const bound of ['uri:spiffe://example.org/batch', sha256(BATCH_CLIENT)]) {
      const key = await keyBound([bound]);
      assert.equal(await call(key, BATCH_CLIENT), '200', bound);
      assert.equal(await call(key, OTHER_CLIENT), '403 out-of-scope');
      assert.equal(await call(key, null), '403 out-of-scope');
      // Self-made: it has a certificate, and nobody who is trusted says whose.
      assert.equal(
        await call(key, { cert: OTHER_CERTIFICATE, key: OTHER_CERTIFICATE_KEY }),
        '403 out-of-scope',
      );
    }
    const plain = await server.key(['shop']);
    assert.equal(await call(plain, null), '200', 'other keys need none');
    assert.ok(!keyScopeSchema.safeParse({ certificates: ['sha256:abc'] }).success);
  });

  it('holds at the control plane too', async () => {
    const { programs } = server.control.accounts;
    const { id } = await programs.add('test', {
      name: 'batch',
      purpose: 'reports',
      owner: null,
      grants: [{ role: 'viewer' }],
    });
    const { key } = await server.control.apiKeys.create('test', {
      name: 'batch',
      systems: [],
      program: id,
      scope: { certificates: ['uri:spiffe://example.org/batch'] },
    });
    assert.equal(await ask(server.controlUrl, '/api/v1/systems', key, BATCH_CLIENT), '200');
    assert.equal(await ask(server.controlUrl, '/api/v1/systems', key, OTHER_CLIENT), '403 out-of-scope');
    assert.equal(await ask(server.controlUrl, '/api/v1/systems', key, null), '403 out-of-scope');
  });

  it('whoever shows none gets no connection where one is required', async () => {
    const strict = await testServer({
      systems: { shop: enforced(fake) },
      config: { gateway: { port: 0, tls: { ...tls, clientCertificate: 'required' } } },
    });
    const key = await strict.key(['shop']);
    const to = (client: Client | null): Promise<string> =>
      ask(strict.gatewayUrl, '/v1/chat/completions', key, client, chat);
    assert.equal(await to(OTHER_CLIENT), '200');
    assert.equal(await to(null), 'no connection');
    assert.equal(await to({ cert: OTHER_CERTIFICATE, key: OTHER_CERTIFICATE_KEY }), 'no connection');
    await strict.stop();
  });

  it('a key bound to one opens nothing without TLS', async () => {
    const plain = await testServer({ systems: { shop: enforced(fake) } });
    const { key } = await plain.control.apiKeys.create('test', {
      name: 'bound',
      systems: ['shop'],
      scope: { certificates: ['uri:spiffe://example.org/batch'] },
    });
    assert.equal((await plain.chat(key, 'hello')).status, 403);
    await plain.stop();
  });
});

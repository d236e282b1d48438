import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.ts';
import { completion, enforced, fakeSystem, scratch, testServer } from './harness.ts';

describe('transport', () => {
  it('a system whose certificate does not verify is never sent anything', async () => {
    let reached = 0;
    const upstream = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_req, res) => {
      reached++;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(completion('hi'));
    });
    await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
    const url = `https://localhost:${(upstream.address() as AddressInfo).port}`;
    const server = await testServer({
      systems: { main: { dialect: 'openai', urls: [url], allowPrivate: true } },
    });
    const response = await server.chat(await server.key(['main']), 'hello');
    assert.equal(response.status, 502);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'upstream-unreachable');
    assert.equal(reached, 0);
    assert.equal((await server.controls()).get('DAT-04')!.status, 'failing');
    await server.stop();
    upstream.close();
  });

  it('listeners speak TLS 1.3 when told to', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'c.pem'), CERTIFICATE);
    writeFileSync(join(folder, 'k.pem'), CERTIFICATE_KEY);
    const tls = { certFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') };
    const server = await testServer({
      demo: true,
      config: { gateway: { host: '0.0.0.0', port: 0, tls }, control: { port: 0, tls } },
    });
    const port = new URL(server.gatewayUrl).port;
    const ask = (options: object): Promise<string> =>
      new Promise((done) => {
        const req = request(
          {
            host: '127.0.0.1',
            servername: 'localhost',
            port,
            path: '/v1/models',
            ca: CERTIFICATE,
            headers: { authorization: `Bearer ${server.demo!.key}` },
            ...options,
          },
          (res) => {
            res.resume();
            done(`${res.statusCode} ${(res.socket as import('node:tls').TLSSocket).getProtocol()}`);
          },
        );
        req.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'));
        req.end();
      });
    assert.equal(await ask({}), '200 TLSv1.3');
    assert.match(await ask({ maxVersion: 'TLSv1.2' }), /^E/);
    assert.match(server.controlUrl, /^https:/);
    await server.stop();
  });

  it('an address that is not loopback needs TLS', async () => {
    await assert.rejects(testServer({ config: { gateway: { host: '0.0.0.0', port: 0 } } }), {
      code: 'tls-required',
    });
    await assert.rejects(testServer({ config: { control: { host: '::', port: 0 } } }), {
      code: 'tls-required',
    });
  });
});

describe('which system', () => {
  it('by model name, by a model listed for it, by SYSTEM/MODEL, by path, by the key having one', async () => {
    const [first, second] = [await fakeSystem(), await fakeSystem()];
    const server = await testServer({
      systems: { first: enforced(first, { models: ['gpt-x'] }), second: enforced(second) },
    });
    const both = await server.key(['first', 'second']);
    const one = await server.key(['second']);
    const ask = async (
      key: string,
      model: string | undefined,
      prefix = '',
    ): Promise<[number, number, number]> => {
      const [a, b] = [first.requests.length, second.requests.length];
      const response = await server.post(`${prefix}/v1/chat/completions`, key, {
        model,
        messages: [{ role: 'user', content: 'hi' }],
      });
      await response.text();
      return [response.status, first.requests.length - a, second.requests.length - b];
    };
    assert.deepEqual(await ask(both, 'first'), [200, 1, 0]);
    assert.deepEqual(await ask(both, 'gpt-x'), [200, 1, 0]);
    assert.deepEqual(await ask(both, 'second/gpt-y'), [200, 0, 1]);
    assert.equal((JSON.parse(second.requests.at(-1)!.body.toString()) as { model: string }).model, 'gpt-y');
    assert.deepEqual(await ask(both, 'unheard-of', '/s/second'), [200, 0, 1]);
    assert.deepEqual(await ask(both, 'unheard-of'), [400, 0, 0]);
    assert.deepEqual(await ask(one, 'unheard-of'), [200, 0, 1]);
    assert.deepEqual(await ask(one, undefined), [200, 0, 1]);
    assert.deepEqual(
      await ask(one, 'first'),
      [403, 0, 0],
      'a system named outright is not silently replaced by another',
    );
    assert.deepEqual(await ask(one, 'x', '/s/first'), [403, 0, 0]);
    await server.stop();
    await first.close();
    await second.close();
  });
});

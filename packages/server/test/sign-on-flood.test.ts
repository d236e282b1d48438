import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { type TestServer, testServer } from './harness.ts';

/** More than may be under way from one address. */
const FLOOD = 510;

describe('a flood of sign-ons', () => {
  let server: TestServer;
  const idp = createServer((_req, res) => {
    const issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    res.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      }),
    );
  });
  before(async () => {
    await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
    const issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    server = await testServer({
      config: {
        control: { port: 0, trustedProxies: ['127.0.0.1'] },
        access: { signOn: { issuer, clientId: 'sallyport', allowPrivate: true, roles: {} } },
      },
    });
  });
  after(async () => {
    await server.stop();
    idp.close();
  });

  const begin = async (address: string, method = 'GET'): Promise<string> => {
    const response = await fetch(`${server.controlUrl}/sign-on`, {
      method,
      redirect: 'manual',
      headers: { 'x-forwarded-for': address, 'content-type': 'application/json' },
      body: method === 'POST' ? '{}' : null,
    });
    const text = await response.text();
    const to =
      method === 'POST' ? (JSON.parse(text) as { url: string }).url : response.headers.get('location');
    return new URL(to!).searchParams.get('state')!;
  };
  const isOpen = async (state: string): Promise<boolean> => {
    const { tickets } = server.control.installation.store;
    return (await tickets.open('sign-on', hash('sha256', state, 'hex'), clock.nowIso())) !== null;
  };

  it('from one address forgets its own first ones, keeps few rows, and nobody else is held up', async () => {
    const others = [await begin('192.0.2.1'), await begin('192.0.2.1', 'POST')];
    const flood: string[] = [];
    for (let i = 0; i < FLOOD; i++) flood.push(await begin('192.0.2.2', i % 2 === 0 ? 'GET' : 'POST'));
    for (const state of [...others, flood.at(-1)!]) assert.ok(await isOpen(state));
    assert.ok(!(await isOpen(flood[0]!)));
    const { tickets } = server.control.installation.store;
    assert.ok((await tickets.count('sign-on', clock.nowIso())) <= 502);
  });
});

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type TestServer, testServer } from './harness.ts';

/** What providers say of themselves; `ISSUER` stands for where they are. */
const SAID: Readonly<Record<string, string>> = {
  slow: '{"issuer":"ISSUER","jwks_uri":"ISSUER/keys","authorization_endpoint":"ISSUER/auth"}',
  nothing: 'null',
  nowhere: '{"issuer":"ISSUER","jwks_uri":"not an address"}',
  keyless: '{"issuer":"ISSUER","authorization_endpoint":"ISSUER/auth"}',
};

describe('providers that are slow, or say nothing of use', () => {
  let provider: Server;
  let server: TestServer;
  let origin = '';
  const asked: string[] = [];
  before(async () => {
    provider = createServer((req, res) => {
      const [, name = '', ...rest] = req.url!.split('/');
      if (rest[0] !== '.well-known') return res.end('{"keys":[]}');
      asked.push(name);
      res.setHeader('content-type', 'application/json');
      const said = SAID[name]!.replaceAll('ISSUER', `${origin}/${name}`);
      return setTimeout(() => res.end(said), name === 'slow' ? 400 : 0);
    });
    await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const rule = { audience: 'x', allowPrivate: true, program: 'ci', minutes: 5, claims: { sub: 'x' } };
    const workloads = Object.keys(SAID).map((name) => ({ ...rule, name, issuer: `${origin}/${name}` }));
    const signOn = { issuer: `${origin}/slow`, clientId: 'x', allowPrivate: true };
    server = await testServer({ config: { access: { workloads, signOn } } });
  });
  after(async () => {
    await server.stop();
    provider.closeAllConnections();
    provider.close();
  });
  const jwt = (name: string): string =>
    [{ alg: 'ES256' }, { iss: `${origin}/${name}`, sub: 'x' }, 'sign']
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
  const post = (path: string, body: Record<string, string>): Promise<Response> =>
    fetch(`${server.controlUrl}${path}`, { method: 'POST', body: new URLSearchParams(body) });
  const trade = (name: string): Promise<Response> =>
    post('/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: jwt(name),
    });
  const times = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 20 }, work));

  it('are asked once, however many wait for the answer', async () => {
    for (const answer of await times(() => trade('slow'))) assert.equal(answer.status, 401);
    assert.equal(asked.filter((name) => name === 'slow').length, 1, 'for tokens of jobs');
    asked.length = 0;
    const begun = await times(() => fetch(`${server.controlUrl}/sign-on`, { redirect: 'manual' }));
    assert.ok(begun.every(({ headers }) => headers.get('location')?.startsWith(`${origin}/slow/auth`)));
    assert.equal(asked.length, 1, 'for signing on');
  });

  it('are asked again with another secret, and not with the same', async () => {
    const { config } = server.control;
    const signOn = { ...config.access.signOn!, clientSecretRef: 'env:TEST_SLOW_SECRET' };
    server.control.config = { ...config, access: { ...config.access, signOn } };
    asked.length = 0;
    for (const [secret, count] of [
      ['one', 1],
      ['one', 1],
      ['two', 2],
    ] as const) {
      process.env['TEST_SLOW_SECRET'] = secret;
      await (await fetch(`${server.controlUrl}/sign-on`, { redirect: 'manual' })).text();
      assert.equal(asked.length, count, secret);
    }
    server.control.config = config;
    delete process.env['TEST_SLOW_SECRET'];
  });

  for (const name of ['nothing', 'nowhere', 'keyless'])
    it(`${name}: a token of a job is refused as one that nobody vouches for`, async () => {
      const answer = await trade(name);
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'token-invalid');
    });

  it('a logout is refused where the provider does not say where its keys are', async () => {
    const { config } = server.control;
    const signOn = { ...config.access.signOn!, issuer: `${origin}/keyless` };
    server.control.config = { ...config, access: { ...config.access, signOn } };
    const answer = await post('/sign-on/back-channel-logout', { logout_token: jwt('keyless') });
    assert.equal(answer.status, 400, await answer.text());
  });
});

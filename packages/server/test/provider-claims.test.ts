import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { type TestServer, testServer } from './harness.ts';
import { browserOf, ok, signedIn, type TestPerson } from './people.ts';

const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';
const SECRET = 'what the provider and its client know';
const ACCESS_TOKEN = 'an-access-token-of-the-provider';
type Claims = Readonly<Record<string, unknown>>;

describe('what an identity provider claims', () => {
  let server: TestServer;
  let idp: Server;
  let issuer = '';
  /** Who the metadata says it is, where not itself. */
  let named: string | null = null;
  let key: CryptoKey;
  let exported = '';
  /** What the next token says, and how it is written. */
  let says: Claims = {};
  let writes: (claims: Claims) => Promise<string> | string;
  before(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    key = pair.privateKey;
    exported = await exportSPKI(pair.publicKey);
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    idp = createServer(async (req, res) => {
      const json = (value: object): void => {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(JSON.stringify(value));
      };
      req.resume();
      if (req.url === '/.well-known/openid-configuration')
        return json({
          issuer: named ?? issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        });
      if (req.url === '/keys') return json({ keys: [jwk] });
      json({ access_token: ACCESS_TOKEN, token_type: 'bearer', id_token: await writes(says) });
    });
    await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
    issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    process.env['PROVIDER_CLAIMS_SECRET'] = SECRET;
    server = await testServer({
      config: {
        access: {
          signOn: {
            issuer,
            clientId: 'sallyport',
            clientSecretRef: 'env:PROVIDER_CLAIMS_SECRET',
            allowPrivate: true,
            roles: { viewers: ['viewer'], admins: ['administrator'], 7: ['auditor'] },
          },
        },
      },
    });
  });
  after(async () => {
    await server.stop();
    idp.closeAllConnections();
    idp.close();
  });
  const now = (): number => Math.floor(Date.now() / 1_000);
  const whole = (claims: Claims): Claims => ({
    iss: issuer,
    aud: 'sallyport',
    iat: now(),
    exp: now() + 60,
    auth_time: now(),
    ...claims,
  });
  const token = (claims: Claims, typ = 'JWT', by: CryptoKey = key): Promise<string> =>
    new SignJWT(whole(claims)).setProtectedHeader({ alg: 'RS256', kid: 'k1', typ }).sign(by);
  const bySecret = (claims: Claims, secret: string | Uint8Array): Promise<string> =>
    new SignJWT(whole(claims)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
  writes = token;
  /** Somebody comes back from the provider. */
  const signOn = async (claims: Claims): Promise<{ to: string; call: TestPerson['call'] }> => {
    const browser = browserOf(server);
    const away = await browser.call('GET', '/sign-on');
    const asked = new URL(away.headers.get('location')!).searchParams;
    says = { nonce: asked.get('nonce'), ...claims };
    const back = await browser.call('GET', `/sign-on/callback?code=c&state=${asked.get('state')}`);
    assert.ok(back.status < 500, `${back.status}: ${await back.text()}`);
    const to = back.headers.get('location')!;
    assert.doesNotMatch(to, /internal/);
    return { to, call: browser.call };
  };
  const enters = async (claims: Claims): Promise<boolean> => {
    const { to } = await signOn({ groups: ['viewers'], ...claims });
    return !to.includes('fault');
  };
  const logOut = async (claims: Claims): Promise<number> => {
    const logout = await token(
      { jti: crypto.randomUUID(), events: { [LOGOUT]: {} }, auth_time: undefined, exp: undefined, ...claims },
      'logout+jwt',
    );
    const response = await fetch(`${server.controlUrl}/sign-on/back-channel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: logout }),
    });
    return response.status;
  };
  const HOSTILE: readonly unknown[] = [
    '',
    5,
    null,
    true,
    ['ann'],
    { toString: 'ann' },
    { valueOf: 1, toString: null },
    'x'.repeat(300),
    '\ud800',
    'a\u0000b',
  ];

  it('counts where the provider signed it, no matter who brings it', async () => {
    const entersBy = async (writing: typeof writes): Promise<boolean> => {
      writes = writing;
      try {
        return await enters({ sub: 'ann' });
      } finally {
        writes = token;
      }
    };
    const other = await generateKeyPair('RS256');
    const unsigned = (claims: Claims): string =>
      `${[{ alg: 'none' }, whole(claims)].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
    assert.equal(await entersBy(unsigned), false, 'none');
    assert.equal(await entersBy((claims) => token(claims, 'JWT', other.privateKey)), false, 'another key');
    const cut = async (claims: Claims): Promise<string> => `${(await token(claims)).slice(0, -8)}AAAAAAAA`;
    assert.equal(await entersBy(cut), false, 'another signature');
    assert.equal(await entersBy((claims) => bySecret(claims, exported)), false, 'the public key as a secret');
    assert.equal(await entersBy((claims) => token({ ...claims, azp: 'other' })), false, 'another client');
    assert.equal(await entersBy((claims) => token({ ...claims, azp: 'sallyport' })), true);
    assert.equal(await entersBy((claims) => bySecret(claims, SECRET)), true, 'the secret that both know');
  });

  it('a subject is a text of its own, and nothing else is one', async () => {
    assert.ok(await enters({ sub: 'ann' }));
    for (const sub of [...HOSTILE, undefined])
      assert.equal(await enters({ sub }), false, JSON.stringify(sub));
    const people = await server.control.accounts.directory.list();
    assert.equal(people.length, 1);
  });

  it('an ID token for another client, or of another issuer, signs no one in', async () => {
    for (const claims of [
      { aud: 'another' },
      { aud: [] },
      { aud: ['sallyport', 'another'], azp: 'another' },
      { iss: 'https://other.example' },
      { nonce: 'another' },
      { exp: now() - 3_600 },
    ])
      assert.equal(await enters({ sub: 'ann', ...claims }), false, JSON.stringify(claims));
    assert.ok(await enters({ sub: 'ann' }));
  });

  it('tokens of the provider are kept nowhere and told to no browser', async () => {
    const { to, call } = await signOn({ groups: ['viewers'], sub: 'ann' });
    const told = [to, await (await call('GET', '/api/v1/account')).text()].join();
    const idToken = (await token(says)).split('.')[1]!;
    const kept = readdirSync(server.data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    assert.ok(kept.length > 5);
    for (const text of [told, ...kept])
      for (const secret of [ACCESS_TOKEN, idToken.slice(0, 60)]) assert.ok(!text.includes(secret));
  });

  it('begins no session that a cookie alone opens where a browser asks, whatever it asks for', async () => {
    // A page at another port of this machine has cookies in common with ours, and may embed or fetch what it likes.
    for (const dest of ['document', 'iframe', 'image', 'empty', 'object', 'script'])
      for (const site of ['same-site', 'cross-site', 'none']) {
        const response = await fetch(`${server.controlUrl}/sign-on?next=/traffic`, {
          redirect: 'manual',
          headers: { 'sec-fetch-dest': dest, 'sec-fetch-site': site },
        });
        assert.equal(response.headers.get('location'), '/sign-in?with=provider&next=%2Ftraffic', dest);
        assert.deepEqual(response.headers.getSetCookie(), []);
      }
  });

  it('ends in the page that began, though cookies are shared with other ports of this machine', async () => {
    const [own, theirs] = ['v'.repeat(43), 'a'.repeat(43)];
    const browser = {
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
    };
    const begin = async (page: string | null): Promise<string> => {
      const headers = { 'content-type': 'application/json', ...(page && { 'x-sallyport-page': page }) };
      const asked = { method: 'POST', headers, body: '{"next":"/traffic"}' };
      const { url } = await ok<{ url: string }>(await fetch(`${server.controlUrl}/sign-on`, asked), 200);
      const { searchParams } = new URL(url);
      says = { nonce: searchParams.get('nonce'), sub: 'ann', groups: ['viewers'] };
      return searchParams.get('state')!;
    };
    /** A browser that has the cookie of a sign-on, whoever planted it, comes back from the provider. */
    const back = async (state: string): Promise<string> => {
      const response = await fetch(`${server.controlUrl}/sign-on/callback?code=c&state=${state}`, {
        redirect: 'manual',
        headers: { ...browser, cookie: `sallyport_sign_on=${state}` },
      });
      assert.doesNotMatch(String(response.headers.getSetCookie()), /sallyport_session/);
      const to = new URL(response.headers.get('location')!, server.controlUrl);
      assert.equal(to.pathname, '/sign-in');
      return to.searchParams.get('answer') ?? '';
    };
    const finish = (state: string, answer: string, page: string | null): Promise<Response> =>
      fetch(`${server.controlUrl}/sign-on/finish`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          cookie: `sallyport_sign_on=${state}`,
          ...(page && { 'x-sallyport-page': page }),
        },
        body: JSON.stringify({ answer }),
      });
    for (const [began, finishes] of [
      [theirs, own],
      [null, own],
      [own, null],
      [own, theirs],
    ] as const) {
      const state = await begin(began);
      const refused = await finish(state, await back(state), finishes);
      assert.equal(refused.status, 403, `${began} ${finishes}`);
      assert.doesNotMatch(String(refused.headers.getSetCookie()), /sallyport_session/);
    }
    const state = await begin(own);
    const answer = await back(state);
    const done = await finish(state, answer, own);
    assert.equal((await ok<{ next: string }>(done.clone(), 200)).next, '/traffic');
    const [cookie] = done.headers.getSetCookie().filter((one) => one.startsWith('sallyport_session'));
    const session = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${server.controlUrl}/api/v1/session`, {
        headers: { cookie: cookie!.split(';')[0]!, ...headers },
      });
    assert.equal((await session({ 'x-sallyport-page': own })).status, 200);
    assert.equal((await session({})).status, 401);
    assert.equal((await finish(state, answer, own)).status, 403, 'it works once');
  });

  it('other claims of any kind harm nothing, and raise no one', async () => {
    for (const value of HOSTILE)
      for (const name of ['preferred_username', 'name', 'email', 'email_verified', 'amr', 'acr', 'sid'])
        assert.ok(await enters({ sub: 'ben', [name]: value }), `${name} ${JSON.stringify(value)}`);
    // A time that is none spoils the token, and nothing else.
    for (const value of HOSTILE) await enters({ sub: 'ben', auth_time: value });
    for (const groups of [
      { toString: 'admins' },
      [['admins']],
      [{ toString: 'admins' }],
      { 0: 'admins' },
      null,
    ])
      assert.equal(await enters({ sub: 'cat', groups }), false, JSON.stringify(groups));
    assert.ok(await enters({ sub: 'num', groups: [7] }), 'a number names a group');
    for (const proof of [
      { amr: [['hwk']] },
      { acr: ['phr'] },
      { amr: [{ toString: 'hwk' }] },
      { amr: 'hwk' },
    ]) {
      const { call } = await signOn({ sub: 'dan', groups: ['viewers'], ...proof });
      const { level } = await ok<{ level: number }>(await call('GET', '/api/v1/session'), 200);
      assert.equal(level, 1, JSON.stringify(proof));
    }
  });

  it('metadata of another issuer is refused', async () => {
    named = 'https://other.example';
    const other = await testServer({
      config: {
        access: {
          signOn: { issuer, clientId: 'sallyport', allowPrivate: true, roles: { viewers: ['viewer'] } },
        },
      },
    });
    const away = await browserOf(other).call('GET', '/sign-on');
    assert.notEqual(away.status, 302, String(away.headers.get('location')));
    named = null;
    await other.stop();
  });

  it('the clock of a provider may differ a little, and no more', async () => {
    for (const ahead of [-45, 0, 45]) {
      assert.ok(await enters({ sub: 'eve', iat: now() + ahead, auth_time: now() + ahead }), `${ahead}`);
      assert.equal(await logOut({ sub: 'nobody-here', iat: now() + ahead }), 200, `logout ${ahead}`);
    }
    assert.ok(await enters({ sub: 'eve', exp: now() - 20 }));
    assert.equal(await enters({ sub: 'eve', exp: now() - 120 }), false);
    assert.equal(await enters({ sub: 'eve', nbf: now() + 300 }), false);
    assert.equal(await logOut({ sub: 'nobody-here', iat: now() + 300 }), 400);
    // Who was asked in times to come was not asked.
    const { call } = await signOn({ sub: 'eve', groups: ['viewers'], auth_time: now() + 86_400 });
    const { provenAt } = await ok<{ provenAt: string }>(await call('GET', '/api/v1/session'), 200);
    assert.ok(Date.parse(provenAt) < Date.now() - 86_400_000, provenAt);
  });

  it('a logout ends what its subject and its session say, both where both are said', async () => {
    const session = async (sub: string, sid?: string) =>
      (await signOn({ sub, sid, groups: ['viewers'] })).call;
    const is = async (call: TestPerson['call']): Promise<number> =>
      (await call('GET', '/api/v1/session')).status;
    const [fay, gil] = [await session('fay', 's-1'), await session('gil', 's-2')];
    assert.equal(await logOut({ sub: 'gil', sid: 's-1' }), 200);
    assert.equal(await logOut({ sub: 'no-such-one', sid: 's-1' }), 200);
    assert.deepEqual([await is(fay), await is(gil)], [200, 200], 'subject and session are of two people');
    for (const bad of [
      {},
      ...HOSTILE.flatMap((value) => [
        { sub: value },
        { sid: value },
        { sub: value, sid: 's-1' },
        { sub: 'fay', sid: value },
      ]),
      { sub: 'fay', events: { [LOGOUT]: 'yes' } },
      { sub: 'fay', events: [LOGOUT] },
    ])
      assert.equal(await logOut(bad), 400, JSON.stringify(bad));
    assert.deepEqual([await is(fay), await is(gil)], [200, 200]);
    assert.equal(await logOut({ sub: 'fay', sid: 's-1' }), 200);
    assert.deepEqual([await is(fay), await is(gil)], [401, 200]);
    assert.equal(await logOut({ sid: 's-2' }), 200);
    assert.equal(await is(gil), 401, 'a session alone');
    const other = await session('gil', 's-3');
    assert.equal(await logOut({ sub: 'gil' }), 200);
    assert.equal(await is(other), 401, 'a subject alone');
  });

  it('two first sign-ons of one person at once make one person', async () => {
    const { directory } = server.control.accounts;
    const first = { externalId: `${issuer}|hal`, scimId: null, names: ['hal'], grants: [{ role: 'viewer' }] };
    const made = await Promise.all(Array.from({ length: 20 }, () => directory.fromProvider(first)));
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
    const people = (await directory.list()).filter(({ externalId }) => externalId === `${issuer}|hal`);
    assert.equal(people.length, 1);
    assert.equal(people[0]!.grants.length, 1);
  });

  it('ids that differ only at their end are of two people', async () => {
    const { directory } = server.control.accounts;
    const long = 'x'.repeat(254);
    for (const end of ['1', '2']) assert.ok(await enters({ sub: `${long}${end}` }));
    const subjects = (await directory.list()).map(({ externalId }) => externalId ?? '');
    assert.equal(subjects.filter((one) => one.includes(long)).length, 2);
  });
});

describe('one passkey', () => {
  let server: TestServer;
  before(async () => {
    server = await testServer();
  });
  after(() => server.stop());

  it('is enrolled once: its id again is a conflict, in turn or at once, and never a fault', async () => {
    const [one, two] = [
      await signedIn(server, [{ role: 'viewer' }]),
      await signedIn(server, [{ role: 'viewer' }], false),
    ];
    const add = async (who: TestPerson): Promise<number> => {
      const { ticket, options } = await ok<{ ticket: string; options: { challenge: string } }>(
        await who.call('POST', '/api/v1/account/passkey-creation'),
        200,
      );
      const body = { ticket, name: 'again', passkey: one.passkey!.create(options) };
      return (await who.call('POST', '/api/v1/account/passkeys', body)).status;
    };
    assert.equal(await add(one), 409, 'their own');
    assert.equal(await add(two), 409, 'of somebody else');
    const factors = await server.control.installation.store.factors.list(two.id);
    assert.deepEqual(factors, []);
  });
});

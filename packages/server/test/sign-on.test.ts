import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type Provider from 'oidc-provider';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { browserOf, ok } from './people.ts';

/** Who the provider knows, by the name that they sign in with. */
const PEOPLE: Readonly<Record<string, { groups: string[]; amr?: string[]; [claim: string]: unknown }>> = {
  // What they call themselves there is theirs to choose.
  mallory: { groups: ['viewers'], preferred_username: null, email: 'eve@example.com' },
  oscar: { groups: ['viewers'], preferred_username: null, email: 'Oscar@Example.com', email_verified: true },
  copycat: { groups: ['viewers'], preferred_username: 'sam', email: 'sam@example.com', email_verified: true },
  's-17': { groups: ['viewers'], preferred_username: 'whatever' },
  jürgen: { groups: ['viewers'], name: 'J\u0075\u0308rgen\u202e \u0007Groß' },
  kelvin: { groups: ['viewers'], preferred_username: '\u212aate' },
  fullwidth: { groups: ['viewers'], preferred_username: '\uff41\uff4e\uff4e' },
  rename: { groups: ['viewers'], preferred_username: 'per_1' },
  linda: { groups: ['viewers'], preferred_username: 'linda' },
  fred: { groups: ['operators'], amr: ['pwd', 'otp', 'mfa'] },
  olga: { groups: ['operators', 'nobody-knows-this'], amr: ['pwd', 'otp', 'mfa'] },
  vera: { groups: ['viewers'] },
  stranger: { groups: ['sales'] },
  root: { groups: ['admins'], amr: ['hwk', 'user'] },
  ann: { groups: ['admins'], amr: ['hwk'] },
};

/** The pages of the provider: who are you, and may we tell? */
async function interact(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const details = await provider.interactionDetails(req, res);
  if (req.method === 'GET') {
    res.end(
      `<form action="/interaction/${details.uid}"><input name="prompt" value="${details.prompt.name}"></form>`,
    );
    return;
  }
  let body = '';
  for await (const piece of req) body += String(piece);
  const login = new URLSearchParams(body).get('login')!;
  if (details.prompt.name === 'login') {
    const amr = PEOPLE[login]?.amr ?? ['pwd'];
    return provider.interactionFinished(req, res, { login: { accountId: login, amr } });
  }
  const grant = new provider.Grant({ accountId: details.session!.accountId, clientId: 'sallyport' });
  grant.addOIDCScope('openid profile');
  await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } });
}

interface Browser {
  cookies: Map<string, Map<string, string>>;
  /** Follows redirects, keeps cookies by host and port. */
  go(url: string, body?: URLSearchParams): Promise<{ url: string; status: number; text: string }>;
}

/** A browser that goes to several sites. */
function browser(): Browser {
  const cookies: Browser['cookies'] = new Map();
  const go: Browser['go'] = async (url, body) => {
    let [at, send] = [url, body];
    for (let hop = 0; hop < 12; hop++) {
      const { host } = new URL(at);
      const jar = cookies.get(host) ?? new Map<string, string>();
      cookies.set(host, jar);
      const response = await fetch(at, {
        method: send ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        body: send ?? null,
      });
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0]!.split(/=(.*)/s) as [string, string];
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) return { url: at, status: response.status, text: await response.text() };
      at = new URL(location, at).href;
      send = undefined;
    }
    throw new Error(`too many redirects, last to ${at}`);
  };
  return { cookies, go };
}

describe('signing on through an identity provider', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let idp: Server;
  let issuer = '';
  const asked = { keys: 0 };
  let keys: { key: CryptoKey; jwk: JWK };
  before(async () => {
    const { default: OidcProvider } = await import('oidc-provider');
    const pair = await generateKeyPair('RS256', { extractable: true });
    keys = {
      key: pair.privateKey,
      jwk: { ...(await exportJWK(pair.privateKey)), kid: 'k1', alg: 'RS256', use: 'sig' },
    };
    idp = createServer();
    await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
    issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    fake = await fakeSystem();
    process.env['SIGN_ON_SECRET'] = 'a secret of the client, long enough';
    server = await testServer({
      systems: { chat: enforced(fake) },
      config: {
        access: {
          signOn: {
            issuer,
            clientId: 'sallyport',
            clientSecretRef: 'env:SIGN_ON_SECRET',
            scopes: ['openid', 'profile'],
            allowPrivate: true,
            label: 'Example',
            roles: { admins: ['administrator'], operators: ['operator@chat', 'viewer'], viewers: ['viewer'] },
          },
        },
      },
    });
    const provider = new OidcProvider(issuer, {
      jwks: { keys: [keys.jwk] },
      clients: [
        {
          client_id: 'sallyport',
          client_secret: 'a secret of the client, long enough',
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: [`${server.controlUrl}/sign-on/callback`],
          backchannel_logout_uri: `${server.controlUrl}/sign-on/back-channel-logout`,
          backchannel_logout_session_required: true,
        },
      ],
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      claims: {
        openid: ['sub', 'sid', 'amr'],
        profile: ['preferred_username', 'name', 'groups', 'email', 'email_verified'],
      },
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      cookies: { keys: ['test'] },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: async () => ({ sub: id, preferred_username: id, name: id.toUpperCase(), ...PEOPLE[id] }),
      }),
    } as never);
    provider.on('server_error', (_: unknown, fault: Error) => process.stderr.write(`${fault.stack}\n`));
    const callback = provider.callback();
    idp.on('request', (req, res) => {
      if (req.url === '/jwks') asked.keys++;
      return req.url!.startsWith('/interaction/')
        ? void interact(provider, req, res)
        : void callback(req, res);
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
    idp.closeAllConnections();
    idp.close();
  });

  /** Signs on as somebody; ends where the browser is let go. */
  const signOn = async (who: string, own = browser()): Promise<{ own: Browser; url: string }> => {
    let page = await own.go(`${server.controlUrl}/sign-on?next=/traffic`);
    for (let i = 0; i < 4 && page.url.startsWith(issuer); i++) {
      const action = /action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(page.text.slice(0, 500));
      const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)![1]!;
      page = await own.go(
        new URL(action, page.url).href,
        new URLSearchParams({ prompt, login: who, password: 'any' }),
      );
    }
    return { own, url: page.url };
  };
  const session = async ({ own }: { own: Browser }): Promise<Response> => {
    const jar = own.cookies.get(new URL(server.controlUrl).host)!;
    return fetch(`${server.controlUrl}/api/v1/session`, {
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
  };
  interface Session {
    id: string;
    name: string;
    level: number;
    methods: string[];
    roles: { role: string; system: string }[];
  }

  it('somebody whose groups have roles is in, with these and at the level that the provider vouches for', async () => {
    const olga = await signOn('olga');
    assert.equal(olga.url, `${server.controlUrl}/traffic`);
    const who = await ok<Session>(await session(olga), 200);
    assert.deepEqual([who.name, who.level, who.methods], ['olga', 2, ['provider', 'provider-mfa']]);
    assert.deepEqual(who.roles.map(({ role, system }) => `${role}@${system}`).sort(), [
      'operator@chat',
      'viewer@*',
    ]);
    assert.equal((await ok<Session>(await session(await signOn('root')), 200)).level, 3);
    const vera = await ok<Session>(await session(await signOn('vera')), 200);
    assert.deepEqual([vera.level, vera.methods], [1, ['provider']]);
  });

  it('somebody without such a group gets no account; a name that is taken is not taken over', async () => {
    assert.equal((await signOn('stranger')).url, `${server.controlUrl}/sign-in?fault=not-permitted`);
    await server.control.accounts.directory.add('test', { name: 'ann', grants: [{ role: 'viewer' }] });
    assert.equal((await signOn('ann')).url, `${server.controlUrl}/sign-in?fault=conflict`);
    const people = await server.control.accounts.directory.list();
    assert.deepEqual(people.map(({ name }) => name).sort(), ['ann', 'olga', 'root', 'vera']);
  });

  it('forged logouts cost the provider nothing', async () => {
    const forged = (await generateKeyPair('RS256')).privateKey;
    const before = asked.keys;
    for (let i = 0; i < 40; i++) {
      const logout = await new SignJWT({ sub: 'root', jti: `${i}`, events: {} })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience('sallyport')
        .setIssuedAt()
        .sign(forged);
      const body = new URLSearchParams({ logout_token: logout });
      const answer = await fetch(`${server.controlUrl}/sign-on/back-channel-logout`, {
        method: 'POST',
        body,
      });
      assert.equal(answer.status, 400);
    }
    assert.ok(asked.keys - before <= 1, `${asked.keys - before} requests for keys`);
  });

  const nameOf = async (who: string): Promise<string> =>
    (await ok<Session>(await session(await signOn(who)), 200)).name;
  const person = async (name: string) =>
    (await server.control.accounts.directory.list()).find((one) => one.name === name);

  it('an address that the provider did not verify is nobody, and no name is another one spelled otherwise', async () => {
    await server.control.accounts.directory.add('test', { name: 'eve@example.com', grants: [] });
    await server.control.accounts.directory.add('test', { name: 'kate', grants: [] });
    assert.equal(await nameOf('mallory'), 'mallory', 'not verified: not a name, and not kept');
    assert.equal((await person('mallory'))!.email, null);
    assert.equal(await nameOf('oscar'), 'oscar@example.com');
    assert.equal((await person('oscar@example.com'))!.email, 'Oscar@Example.com');
    assert.equal(await nameOf('kelvin'), 'kelvin', 'a sign that becomes a k is none');
    assert.equal(await nameOf('fullwidth'), 'fullwidth');
    assert.equal(await nameOf('rename'), 'rename', 'what looks like an id is no name');
    const made = await nameOf('jürgen');
    assert.match(made, /^sso-[0-9a-f]{16}$/);
    assert.equal((await person(made))!.displayName, 'Jürgen Groß');
    assert.equal(await nameOf('jürgen'), made, 'and the same at the next sign-on');
  });

  it('whom SCIM keeps is linked by what SCIM knows them by, never by a name', async () => {
    const { provisioner } = server.control.accounts;
    const user = { userName: 'sam', externalId: 's-17', displayName: 'Sam', email: null, active: true };
    const { id } = await provisioner.create('test', user);
    await provisioner.create('test', { ...user, userName: 'twin-1', externalId: 'twin' });
    assert.equal((await signOn('copycat')).url, `${server.controlUrl}/sign-in?fault=conflict`);
    const who = await ok<Session>(await session(await signOn('s-17')), 200);
    assert.deepEqual([who.id, who.name], [id, 'sam']);
    assert.equal((await signOn('copycat')).url, `${server.controlUrl}/sign-in?fault=conflict`);
  });

  it('an administrator links an account to a subject; then its owner signs on, and no other subject is taken for it', async () => {
    const { directory } = server.control.accounts;
    const { person: linda } = await directory.add('test', { name: 'linda', grants: [{ role: 'viewer' }] });
    assert.equal((await signOn('linda')).url, `${server.controlUrl}/sign-in?fault=conflict`);
    await server.control.installation.flush();
    const told = await server.control.installation.store.events.latest('sign-in-failed');
    assert.match(String(told!.data['why']), /\|linda`/, 'the access log says which subject to link');
    await directory.link('test', 'linda', `${issuer}|linda`);
    assert.equal((await ok<Session>(await session(await signOn('linda')), 200)).id, linda.id);
    await assert.rejects(directory.link('test', 'ann', `${issuer}|linda`), { code: 'conflict' });
    // The same subject of another provider is somebody else.
    const said = { scimId: null, names: ['linda'], grants: [{ role: 'viewer' }] };
    await assert.rejects(directory.fromProvider({ ...said, externalId: 'https://other.example|linda' }), {
      code: 'conflict',
    });
    await directory.link('test', 'linda', null);
    assert.equal((await signOn('linda')).url, `${server.controlUrl}/sign-in?fault=conflict`);
  });

  it('a session is as fresh as the provider last asked; factors need a fresh one, whatever the cookie there says', async () => {
    interface Signed extends Session {
      provenAt: string;
    }
    const { store } = server.control.installation;
    const own = browser();
    const jar = () =>
      [...own.cookies.get(new URL(server.controlUrl).host)!].map((one) => one.join('=')).join('; ');
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${server.controlUrl}${path}`, {
        method: 'POST',
        headers: { cookie: jar(), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await signOn('fred', own);
    await ok(await post('/api/v1/account/passkey-creation', {}), 200);
    await new Promise((later) => setTimeout(later, 2_100));
    const first = await ok<Signed>(await session({ own }), 200);
    // The provider knows the browser still, and asks nothing.
    await signOn('fred', own);
    const silent = await ok<Signed>(await session({ own }), 200);
    assert.equal(silent.provenAt, first.provenAt);
    const hide = (minutes: number) =>
      store.change(async (tx) => {
        const at = new Date(Date.now() - minutes * 60_000).toISOString();
        await tx.updateTable('sessions').set({ proven_at: at }).execute();
        await followed(tx, 'sessions');
        return { result: undefined, event: [] };
      });
    await hide(6);
    for (const [path, body] of [
      ['/api/v1/account/passkey-creation', {}],
      ['/api/v1/account/authenticators', { name: 'x' }],
      ['/api/v1/account/recovery-codes', {}],
    ] as const) {
      const { error } = await ok<{ error: { code: string } }>(await post(path, body), 403);
      assert.equal(error.code, 'proof-needed', path);
    }
    const begin = async (): Promise<string> => {
      const response = await post('/sign-on', { next: '/account', fresh: true });
      const [name, value] = response.headers.getSetCookie()[0]!.split(';')[0]!.split('=') as [string, string];
      own.cookies.get(new URL(server.controlUrl).host)!.set(name, value);
      return (await ok<{ url: string }>(response, 200)).url;
    };
    const url = await begin();
    assert.equal(new URL(url).searchParams.get('max_age'), '0');
    let page = await own.go(url);
    assert.match(page.url, /\/interaction\//, 'the provider asks again');
    for (let i = 0; i < 4 && page.url.startsWith(issuer); i++)
      page = await own.go(
        new URL(/action="([^"]+)"/.exec(page.text)![1]!, page.url).href,
        new URLSearchParams({ prompt: 'login', login: 'fred', password: 'any' }),
      );
    assert.equal(page.url, `${server.controlUrl}/account`);
    const fresh = await ok<Signed>(await session({ own }), 200);
    assert.ok(Date.now() - Date.parse(fresh.provenAt) < 60_000);
    await ok(await post('/api/v1/account/passkey-creation', {}), 200);
    // A provider that leaves out the question is not believed.
    const lazy = await begin();
    await store.change(async (tx) => {
      const created = new Date(Date.now() + 3_600_000).toISOString();
      await tx.updateTable('tickets').set({ created_at: created }).where('kind', '=', 'sign-on').execute();
      return { result: undefined, event: [] };
    });
    page = await own.go(lazy);
    for (let i = 0; i < 4 && page.url.startsWith(issuer); i++)
      page = await own.go(
        new URL(/action="([^"]+)"/.exec(page.text)![1]!, page.url).href,
        new URLSearchParams({ prompt: 'login', login: 'fred', password: 'any' }),
      );
    assert.equal(page.url, `${server.controlUrl}/sign-in?fault=sign-on-failed`);
  });

  it('roles follow the groups at the next sign-on, and what was open before is over', async () => {
    const before = await signOn('vera');
    (PEOPLE['vera'] as { groups: string[] }).groups = ['operators'];
    const now = await signOn('vera');
    assert.equal((await session(before)).status, 401);
    const { roles } = await ok<Session>(await session(now), 200);
    assert.deepEqual(roles.map(({ role }) => role).sort(), ['operator', 'viewer']);
    (PEOPLE['vera'] as { groups: string[] }).groups = [];
    assert.equal((await signOn('vera')).url, `${server.controlUrl}/sign-in?fault=not-permitted`);
  });

  it('a state works once, in the browser that began; 500 replays at the same time give one session', async () => {
    const begin = async (own: Browser): Promise<string> => {
      const response = await fetch(`${server.controlUrl}/sign-on`, { redirect: 'manual' });
      const [cookie] = response.headers.getSetCookie();
      own.cookies.set(
        new URL(server.controlUrl).host,
        new Map([cookie!.split(';')[0]!.split('=') as [string, string]]),
      );
      assert.match(cookie!, /HttpOnly; SameSite=Lax/);
      return response.headers.get('location')!;
    };
    /** Goes through the provider, and stops before the way back. */
    const answerOf = async (own: Browser): Promise<string> => {
      let page = await own.go(await begin(own)).catch((fault) => fault);
      for (let i = 0; i < 2; i++) {
        const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)![1]!;
        const body = new URLSearchParams({ prompt, login: 'olga', password: 'any' });
        const jar = own.cookies.get(new URL(issuer).host)!;
        let at = new URL(/action="([^"]+)"/.exec(page.text)![1]!, page.url).href;
        let response = await fetch(at, {
          method: 'POST',
          body,
          redirect: 'manual',
          headers: { cookie: [...jar].map((one) => one.join('=')).join('; ') },
        });
        for (;;) {
          for (const line of response.headers.getSetCookie()) {
            const [name, value] = line.split(';')[0]!.split(/=(.*)/s) as [string, string];
            jar.set(name, value);
          }
          const location = response.headers.get('location');
          if (location === null) break;
          at = new URL(location, at).href;
          if (at.startsWith(server.controlUrl)) return at;
          response = await fetch(at, {
            redirect: 'manual',
            headers: { cookie: [...jar].map((one) => one.join('=')).join('; ') },
          });
        }
        page = { url: at, text: await response.text() };
      }
      throw new Error('the provider did not send the browser back');
    };
    const own = browser();
    const answer = await answerOf(own);
    const cookie = [...own.cookies.get(new URL(server.controlUrl).host)!]
      .map((one) => one.join('='))
      .join('; ');
    const replay = async (headers: Record<string, string>): Promise<string> =>
      (await fetch(answer, { redirect: 'manual', headers })).headers.get('location')!;
    assert.equal(await replay({}), '/sign-in?fault=sign-on-failed', 'another browser');
    const ends = await Promise.all(Array.from({ length: 500 }, () => replay({ cookie })));
    assert.equal(ends.filter((end) => end === '/').length, 1);
    assert.equal(ends.filter((end) => end === '/sign-in?fault=sign-on-failed').length, 499);
  });

  it('the way back leads to a page of ours and nowhere else', async () => {
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t//evil.example',
      '/%09//evil.example',
      '/.//evil.example',
    ]) {
      const response = await fetch(`${server.controlUrl}/sign-on?next=${encodeURIComponent(next)}`, {
        redirect: 'manual',
      });
      const state = new URL(response.headers.get('location')!).searchParams.get('state')!;
      const { tokenHash } = await import('@sallyport/access');
      const ticket = await server.control.installation.store.tickets.open(
        'sign-on',
        tokenHash(state),
        new Date().toISOString(),
      );
      assert.equal(ticket!.data['next'], '/');
    }
  });

  it('a logout at the provider ends the session here, and no other; a forged or repeated token does nothing', async () => {
    const one = await signOn('root');
    const two = await signOn('root');
    const { id } = await ok<Session>(await session(one), 200);
    const { sessions } = await server.control.accounts.sessions.list(id);
    const [, sid] = sessions[0]!.providerSession!.split('|');
    const token = (over: object = {}, key: CryptoKey = keys.key, typ = 'logout+jwt'): Promise<string> =>
      new SignJWT({
        sub: 'root',
        sid,
        jti: crypto.randomUUID(),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...over,
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ })
        .setIssuer(issuer)
        .setAudience('sallyport')
        .setIssuedAt((over as { iat?: number }).iat)
        .sign(key);
    const send = async (logout: string): Promise<number> =>
      (
        await fetch(`${server.controlUrl}/sign-on/back-channel-logout`, {
          method: 'POST',
          body: new URLSearchParams({ logout_token: logout }),
        })
      ).status;
    const foreign = (await generateKeyPair('RS256')).privateKey;
    for (const [why, bad] of [
      ['another key', await token({}, foreign)],
      ['another type', await token({}, keys.key, 'JWT')],
      ['a nonce', await token({ nonce: 'x' })],
      ['no event', await token({ events: {} })],
      ['old', await token({ iat: Math.floor(Date.now() / 1_000) - 600 })],
      ['nobody', await token({ sub: undefined, sid: undefined })],
      ['no token', 'nonsense'],
    ] as const)
      assert.equal(await send(bad), 400, why);
    for (const own of [one, two]) assert.equal((await session(own)).status, 200);
    const right = await token();
    assert.equal(await send(right), 200);
    assert.deepEqual([(await session(one)).status, (await session(two)).status].sort(), [200, 401]);
    assert.equal(await send(right), 400, 'a token works once');
    const everywhere = await token({ sid: undefined });
    assert.equal(await send(everywhere), 200);
    assert.equal((await session(one)).status, 401);
  });

  it('a provider that cannot be asked, or lives where it must not, is said', async () => {
    const other = await testServer({
      config: { access: { signOn: { issuer: 'http://127.0.0.1:9', clientId: 'x', roles: {} } } },
    });
    const { call } = browserOf(other);
    const refused = await call('GET', '/sign-on');
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /cannot be asked/);
    await other.stop();
    assert.equal(
      (await browserOf(server).call('GET', '/sign-on/callback?code=x&state=y')).headers.get('location'),
      '/sign-in?fault=sign-on-failed',
    );
  });
});

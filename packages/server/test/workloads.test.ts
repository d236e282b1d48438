import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ruleDigest } from '../src/authorisation/key-rights.ts';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';

describe('workload identity', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let platform: Server;
  let issuer = '';
  let key: CryptoKey;
  let settings: Parameters<typeof testServer>[0] = {};
  before(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    key = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    platform = createServer((req, res) => {
      res.setHeader('content-type', 'application/json');
      if (req.url === '/keys') res.end(JSON.stringify({ keys: [jwk] }));
      else res.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    });
    await new Promise<void>((done) => platform.listen(0, '127.0.0.1', done));
    issuer = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
    fake = await fakeSystem();
    const rule = { issuer, audience: 'sallyport', allowPrivate: true, program: 'ci', minutes: 5 };
    settings = {
      data: join(scratch(), 'data'),
      systems: { main: enforced(fake) },
      config: {
        access: {
          workloads: [
            {
              ...rule,
              name: 'main-branch',
              claims: { repository: 'acme/shop', ref: 'refs/heads/main' },
              systems: ['main'],
              refreshHours: 2,
            },
            { ...rule, name: 'releases', claims: { repository: 'acme/shop', ref: 'refs/tags/*' } },
            {
              ...rule,
              name: 'elsewhere',
              issuer: 'http://127.0.0.1:9',
              allowPrivate: false,
              claims: { sub: 'x' },
            },
          ],
        },
      },
    };
    server = await testServer(settings);
    await server.control.accounts.programs.add('test', {
      name: 'ci',
      purpose: 'builds',
      owner: null,
      grants: [{ role: 'viewer' }],
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
    platform.closeAllConnections();
    platform.close();
  });
  const claims = { repository: 'acme/shop', ref: 'refs/heads/main' };
  const token = (over: Record<string, unknown> = {}, by = key): Promise<string> => {
    const now = Math.floor(Date.now() / 1_000);
    const payload = {
      sub: 'repo:acme/shop',
      iat: now,
      exp: now + 300,
      iss: issuer,
      aud: 'sallyport',
      jti: crypto.randomUUID(),
    };
    return new SignJWT({ ...payload, ...claims, ...over })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .sign(by);
  };
  const trade = (subject: string): Promise<Response> =>
    fetch(`${server.controlUrl}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        subject_token: subject,
      }),
    });

  it('a job trades its token for a key that lives for minutes and may what its service account may', async () => {
    const answer = await trade(await token());
    assert.equal(answer.status, 200, await answer.clone().text());
    const {
      access_token: secret,
      token_type: type,
      expires_in: seconds,
    } = (await answer.json()) as Record<string, string>;
    assert.equal(type, 'Bearer');
    assert.ok(Number(seconds) > 280 && Number(seconds) <= 300);
    assert.equal((await server.chat(secret!, 'hello')).status, 200);
    const headers = { authorization: `Bearer ${secret}` };
    assert.equal((await fetch(`${server.controlUrl}/api/v1/systems`, { headers })).status, 200);
    assert.equal((await fetch(`${server.controlUrl}/api/v1/people`, { headers })).status, 403);
    await server.control.installation.flush();
    const made = await server.control.installation.store.events.latest('key-created');
    assert.equal(made!.actor, 'workload:main-branch');
    const tag = await trade(await token({ ref: 'refs/tags/v1' }));
    const other = ((await tag.json()) as Record<string, string>)['access_token']!;
    assert.equal((await server.chat(other, 'hello')).status, 403, 'this rule opens no system');
  });

  it('a token works once: 500 at the same time give one key', async () => {
    const subject = await token();
    const answers = await Promise.all(Array.from({ length: 500 }, () => trade(subject)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 401).length, 499);
  });

  /** The same token as other texts: spare bits, padding, the other alphabet, the other signature of ECDSA (n - s). */
  const spellings = (one: string): string[] => {
    const [head, body, signature] = one.split('.') as [string, string, string];
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(signature.at(-1)!);
    const spare = Array.from({ length: 15 }, (_, i) => `${signature.slice(0, -1)}${alphabet[last + i + 1]}`);
    const raw = Buffer.from(signature, 'base64url');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const other = order - BigInt(`0x${raw.toString('hex', 32)}`);
    const twin = Buffer.concat([
      raw.subarray(0, 32),
      Buffer.from(other.toString(16).padStart(64, '0'), 'hex'),
    ]);
    return [
      ...spare,
      `${signature}=`,
      `${signature}==`,
      `${signature} `,
      `\n${signature}`,
      signature.replaceAll('-', '+').replaceAll('_', '/').concat('\t'),
      twin.toString('base64url'),
    ].map((spelled) => `${head}.${body}.${spelled}`);
  };

  it('a token works once however it is spelled, with a name of its own or without', async () => {
    for (const jti of [crypto.randomUUID(), undefined]) {
      const subject = await token({ jti });
      const keys = await Promise.all([subject, ...spellings(subject)].map(trade));
      assert.equal(keys.filter(({ status }) => status === 200).length, 1);
      assert.equal(keys.filter(({ status }) => status === 401).length, 21);
    }
    const jti = crypto.randomUUID();
    assert.equal((await trade(await token({ jti }))).status, 200);
    assert.equal((await trade(await token({ jti }))).status, 401, 'another signature over the same name');
    const more = await token({ jti, run: '2' });
    assert.equal((await trade(more)).status, 401, 'other claims under the same name');
    const longer = await token({ jti, exp: Math.floor(Date.now() / 1_000) + 600 });
    assert.equal((await trade(longer)).status, 401, 'another end under the same name');
    assert.equal(
      (await trade(await token({ run: '2' }))).status,
      200,
      'the same claims under a name of their own',
    );
  });

  it('what was exchanged stays exchanged after a restart, until the token ends', async () => {
    const subject = await token();
    assert.equal((await trade(subject)).status, 200);
    await server.stop();
    server = await testServer(settings);
    assert.equal((await trade(subject)).status, 401);
    for (const again of spellings(subject)) assert.equal((await trade(again)).status, 401);
  });

  it('a refresh token gives the next key, once; one that comes again later ends all that came of it', async (t) => {
    interface Given {
      readonly access_token: string;
      readonly refresh_token?: string;
    }
    const refresh = (one: string): Promise<Response> =>
      fetch(`${server.controlUrl}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: one }),
      });
    const given = async (response: Response): Promise<Given> => {
      assert.equal(response.status, 200, await response.clone().text());
      return (await response.json()) as Given;
    };
    const release = await given(await trade(await token({ ref: 'refs/tags/v2' })));
    assert.equal(release.refresh_token, undefined, 'this rule gives none');
    const first = await given(await trade(await token()));
    const answers = await Promise.all(Array.from({ length: 500 }, () => refresh(first.refresh_token!)));
    assert.equal(answers.filter(({ status }) => status === 401).length, 499);
    const second = await given(answers.find(({ status }) => status === 200)!);
    assert.equal((await server.chat(second.access_token, 'hello')).status, 200, 'a race is no theft');
    const third = await given(await refresh(second.refresh_token!));
    assert.equal((await refresh('nonsense')).status, 401);
    const later = Date.now() + 60_000;
    t.mock.method(clock, 'nowMs', () => later);
    t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    const again = await refresh(first.refresh_token!);
    assert.match(await again.text(), /used before: all that came of it is ended/);
    assert.equal((await refresh(third.refresh_token!)).status, 401, 'the newest too');
    t.mock.restoreAll();
    for (const { access_token: secret } of [first, second, third])
      assert.equal((await server.chat(secret, 'hello')).status, 401, 'and every key');
    assert.equal((await server.chat(release.access_token, 'hello')).status, 403, 'others are as before');
    const [last] = [await given(await trade(await token()))];
    t.mock.method(clock, 'nowMs', () => Date.now() + 3 * 3_600_000);
    t.mock.method(clock, 'nowIso', () => new Date(Date.now() + 3 * 3_600_000).toISOString());
    assert.equal((await refresh(last.refresh_token!)).status, 401, 'after its hours it is over');
    t.mock.restoreAll();
  });

  it('a refresh that is under way when its family ends gives nothing; nor does one after a key was revoked', async (t) => {
    const refresh = async (one: string): Promise<{ status: number; refresh_token: string }> => {
      const response = await fetch(`${server.controlUrl}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: one }),
      });
      return { ...((await response.json()) as { refresh_token: string }), status: response.status };
    };
    const begin = async (): Promise<string> =>
      ((await (await trade(await token())).json()) as { refresh_token: string }).refresh_token;
    const first = await begin();
    const { refresh_token: second } = await refresh(first);
    const { apiKeys, accounts, installation } = server.control;
    const { keys } = installation.store;
    const issue = accounts.refreshTokens.issue.bind(accounts.refreshTokens);
    t.mock.method(accounts.refreshTokens, 'issue', async (...all: Parameters<typeof issue>) => {
      // The job shows its own, and with that ends what the thief has.
      const later = Date.now() + 60_000;
      t.mock.method(clock, 'nowMs', () => later);
      t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
      await assert.rejects(
        accounts.refreshTokens.use(first, async () => {}),
        /ended/,
      );
      return issue(...all);
    });
    assert.equal((await refresh(second)).status, 401);
    t.mock.restoreAll();
    assert.ok((await keys.list()).at(-1)!.revokedAt, 'the key that was made for it is revoked');
    const revoked = await begin();
    await apiKeys.revoke('test', (await keys.list()).at(-1)!.id);
    assert.equal((await refresh(revoked)).status, 401);
    // An earlier one of the family.
    const start = await begin();
    const early = (await keys.list()).at(-1)!;
    const { refresh_token: then } = await refresh(start);
    const { successors } = await apiKeys.revoke('test', early.id);
    assert.deepEqual(successors, [(await keys.list()).at(-1)!.id]);
    assert.equal((await refresh(then)).status, 401);
    // Revoked while the next is made.
    const last = await begin();
    const { id } = (await keys.list()).at(-1)!;
    const { keyRights } = server.control;
    const requireTrade = keyRights.requireTrade.bind(keyRights);
    t.mock.method(keyRights, 'requireTrade', async (...all: Parameters<typeof requireTrade>) => {
      await apiKeys.revoke('test', id);
      return requireTrade(...all);
    });
    assert.equal((await refresh(last)).status, 401);
    t.mock.restoreAll();
    assert.equal((await keys.list()).at(-1)!.id, id, 'no key came after it');
  });

  it('a refresh token gets nothing by a rule that was changed since it was issued', async () => {
    const [rule] = server.control.config.access.workloads;
    const { keyRights } = server.control;
    assert.equal((await keyRights.requireTrade(rule!, null)).name, rule!.program);
    await keyRights.requireTrade(rule!, ruleDigest({ ...rule! }));
    for (const more of [{ program: 'other' }, { systems: [] }, { claims: {} }, { minutes: 60 }])
      await assert.rejects(keyRights.requireTrade(rule!, ruleDigest({ ...rule!, ...more })), /changed since/);
  });

  it('tokens of others, for others, of other jobs, old or altered are refused', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const stranger = (await generateKeyPair('ES256')).privateKey;
    const [head, body, signature] = (await token()).split('.') as [string, string, string];
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const [why, bad] of [
      ['another key', await token({}, stranger)],
      ['another audience', await token({ aud: 'somebody-else' })],
      ['another repository', await token({ repository: 'acme/shop-evil' })],
      ['a branch', await token({ ref: 'refs/heads/feature' })],
      ['a claim that is no text', await token({ repository: ['acme/shop'] })],
      ['no such claim', await token({ ref: undefined })],
      ['over', await token({ iat: now - 600, exp: now - 1 })],
      ['too old, whatever it says', await token({ iat: now - 7_200, exp: now + 7_200 })],
      ['no end', await token({ exp: undefined })],
      ['another issuer', await token({ iss: 'https://other.example' })],
      ['an issuer at a private address', await token({ iss: 'http://127.0.0.1:9', sub: 'x' })],
      ['no signature', `${none}.${body}.`],
      [
        'altered',
        `${head}.${Buffer.from(JSON.stringify({ ...claims, iss: issuer })).toString('base64url')}.${signature}`,
      ],
      ['nonsense', 'x.y.z'],
    ] as const)
      assert.equal((await trade(bad)).status, 401, why);
  });

  it('keys of jobs are forgotten a day after they ended; a service account that is shut out gets none', async () => {
    const { store } = server.control.installation;
    await store.change(async (tx) => {
      await tx.updateTable('api_keys').set({ expires_at: '2020-01-01T00:00:00.000Z' }).execute();
      await followed(tx, 'api_keys');
      return { result: undefined, event: [] };
    });
    assert.ok((await store.keys.list()).some(({ name }) => name.startsWith('workload:')));
    await server.control.apiKeys.forgetJobs();
    assert.ok(!(await store.keys.list()).some(({ name }) => name.startsWith('workload:')));
    await server.control.accounts.programs.setDisabled('test', 'ci', true);
    assert.equal((await trade(await token())).status, 401);
  });
});

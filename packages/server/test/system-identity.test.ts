import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { expireContent } from '../src/content-expiry.ts';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** Names other than `localhost` that lead to this machine's loopback, where it has any. */
const namesOfThisMachine = async (): Promise<string[]> => {
  const found = await lookup(hostname(), { all: true }).catch(() => []);
  return found.some(({ address }) => address.startsWith('127.')) ? [hostname()] : [];
};

const DAY_MS = 86_400_000;
const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};

describe('a system is more than its name', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let other: FakeSystem;
  let admin: TestPerson;
  let operator: TestPerson;
  let approver: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    other = await fakeSystem();
    server = await testServer({
      systems: { gated: enforced(fake, { serves: 'org/model' }) },
      config: { record: { contentDays: 3_650 } },
    });
    admin = await signedIn(server, [{ role: 'administrator' }]);
    operator = await signedIn(server, [{ role: 'operator' }]);
    approver = await signedIn(server, [{ role: 'approver' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await other.close();
  });
  const settings = (url: string, more: object = {}): object => ({
    dialect: 'openai',
    urls: [url],
    allowPrivate: true,
    mode: 'enforce',
    ...more,
  });
  const add = (
    who: Pick<TestPerson, 'call'>,
    name: string,
    url: string,
    more: object = {},
  ): Promise<Response> => who.call('POST', '/api/v1/systems', { name, ...settings(url, more) });

  it('removed and made again under its name, nothing of the first opens it', async () => {
    const { control } = server;
    await ok(await add(operator, 'shop', other.url), 201);
    await ok(await add(operator, 'else', other.url), 201);
    const alone = await server.key(['shop']);
    const both = await server.key(['shop', 'else']);
    const holder = await signedIn(server, [
      { role: 'operator', system: 'shop' },
      { role: 'viewer', system: 'else' },
    ]);
    const program = await control.accounts.programs.add('test', {
      name: 'shopper',
      purpose: 'x',
      owner: null,
      grants: [{ role: 'operator', system: 'shop' }],
    });
    const own = await control.apiKeys.create('test', {
      name: 'shopper',
      systems: ['shop'],
      program: program.id,
    });
    const manifest = {
      purpose: 'x',
      origins: [new URL(other.url).origin],
      systems: ['shop'],
      allowPrivate: true,
    };
    const party = { kind: 'vendor-model', owner: null, days: 30 };
    await control.thirdParties.propose('test', { name: 'one', manifest, ...party });
    await control.thirdParties.propose('test', {
      name: 'two',
      manifest: { ...manifest, systems: ['shop', 'else'] },
      ...party,
    });
    await ok(
      await operator.call('POST', '/api/v1/inventory', {
        kind: 'system',
        name: 'shop',
        facts: { owner: admin.id, purpose: 'sells' },
      }),
      200,
    );
    for (const key of [alone, both, own.key])
      assert.equal((await server.chat(key, 'hello', { model: 'shop' })).status, 200);

    await ok(await operator.call('DELETE', '/api/v1/systems/shop'), 204);
    await control.installation.flush();
    const told = new Set(
      (
        await control.installation.store.events.since(
          [
            'key-revoked',
            'key-narrowed',
            'grant-removed',
            'integration-ended',
            'integration-narrowed',
            'asset-changed',
          ],
          '',
        )
      )
        .filter(({ data }) => /removed/.test(String(data['reason'] ?? data['why'])))
        .map(({ type }) => type),
    );
    assert.equal(told.size, 6, `each says so: ${[...told]}`);

    await ok(await add(operator, 'shop', other.url), 201);
    for (const [key, what] of [
      [alone, 'of it alone'],
      [both, 'of two'],
      [own.key, 'of a program'],
    ] as const)
      assert.notEqual((await server.chat(key, 'hello', { model: 'shop' })).status, 200, `a key ${what}`);
    assert.equal(
      (await server.chat(both, 'hello', { model: 'else' })).status,
      200,
      'the other system goes on',
    );
    const people = await control.accounts.directory.list();
    assert.deepEqual(
      people.find(({ id }) => id === holder.id)!.grants.map(({ role, system }) => `${role}@${system}`),
      ['viewer@else'],
    );
    const programs = await control.accounts.programs.list();
    assert.deepEqual(programs.find(({ id }) => id === program.id)!.grants, []);
    assert.equal((await control.thirdParties.find('one')).status, 'ended');
    assert.deepEqual((await control.thirdParties.find('two')).manifest.systems, ['else']);
    const asset = await control.installation.store.inventory.asset('system', 'shop');
    assert.equal(asset!.owner, null);
    await control.thirdParties.end('test', 'two', 'over');
    await control.publish();
  });

  it('what pointed to a name before there was such a system opens none', async () => {
    const { installation } = server.control;
    // As a system leaves them that was in the file.
    const key = await server.control.apiKeys.create('test', { name: 'k', systems: ['gated'] });
    await installation.store.change(async (tx) => {
      await installation.store.keys.narrow(tx, key.id, ['of-the-file']);
      return { result: undefined, event: [] };
    });
    await ok(await add(operator, 'of-the-file', `${other.url}/x`), 201);
    assert.notEqual((await server.chat(key.key, 'hello')).status, 200);
  });

  it('a legal hold outlasts the wish of an operator to be rid of it', async () => {
    await ok(await add(operator, 'held', `${other.url}/held`), 201);
    await ok(await admin.call('POST', '/api/v1/holds', { system: 'held', reason: 'a case' }), 201);
    assert.equal(await codeOf(await operator.call('DELETE', '/api/v1/systems/held')), 'conflict');
  });

  it('content of an earlier system does not expire by what a later one of its name says', async (t) => {
    const { control } = server;
    await ok(await add(operator, 'brief', `${other.url}/brief`), 201);
    const key = await server.key(['brief']);
    await server.chat(key, 'hello');
    const kept = (): string[] =>
      control.installation.dataKeys
        .list()
        .flatMap(({ purpose, id }) => (purpose === 'system:brief' ? [id] : []));
    const before = kept();
    assert.ok(before.length > 0);
    await ok(await operator.call('DELETE', '/api/v1/systems/brief'), 204);
    const later = Date.now() + 10 * DAY_MS;
    t.mock.method(clock, 'nowMs', () => later);
    t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    await control.addSystem('test', 'brief', settings(`${other.url}/brief`, { contentDays: 1 }));
    await expireContent(control);
    assert.ok(
      before.every((id) => kept().includes(id)),
      'it is there still',
    );
  });

  it('a gate is on the place: another name or spelling is no way around it', async () => {
    const url = new URL(fake.url);
    const key = await server.key(['gated']);
    assert.equal((await server.chat(key, 'hello')).status, 403, 'its model was never promoted');
    const asked = fake.requests.length;
    for (const [i, spelling] of [
      fake.url,
      `http://LOCALHOST:${url.port}/`,
      `http://localhost.:${url.port}`,
      `http://[::ffff:127.0.0.1]:${url.port}`,
      `http://2130706433:${url.port}`,
      // Names that lead here without saying so.
      ...(await namesOfThisMachine()).map((name) => `http://${name}:${url.port}`),
      `http://0x7f000001:${url.port}/v1`,
      `${fake.url}/./`,
      `${fake.url}//`,
    ].entries()) {
      const name = `around-${i}`;
      await ok(await add(operator, name, spelling), 201);
      const own = await server.key([name]);
      const answer = await server.chat(own, 'hello');
      assert.equal(answer.status, 403, spelling);
      assert.match(await answer.text(), /same place/);
    }
    assert.equal(fake.requests.length, asked, 'nothing went there');
  });

  it('a vendor that is suspended is suspended under every name', async () => {
    const vendor = await fakeSystem();
    const { origin } = new URL(vendor.url);
    await ok(await add(operator, 'vendor-a', vendor.url), 201);
    const manifest = { purpose: 'x', origins: [origin], systems: ['vendor-a'], allowPrivate: true };
    const made = await ok<{ digest: string }>(
      await operator.call('POST', '/api/v1/integrations', { name: 'vendor', kind: 'vendor-model', manifest }),
      201,
    );
    await ok(
      await approver.call('POST', '/api/v1/integrations/vendor/approve', { digest: made.digest }),
      200,
    );
    await ok(await add(operator, 'vendor-b', `http://127.1:${new URL(vendor.url).port}/v2`), 201);
    const key = await server.key(['vendor-b']);
    assert.equal((await server.chat(key, 'hello')).status, 200);
    const seen = (await server.control.thirdParties.find('vendor')).digest;
    await ok(await operator.call('POST', '/api/v1/integrations/vendor/suspend', { why: 'an incident' }), 200);
    assert.equal((await server.chat(key, 'hello')).status, 403);
    const stale = await approver.call('POST', '/api/v1/integrations/vendor/approve', { digest: seen });
    assert.equal(await codeOf(stale), 'conflict', 'that it was suspended was not seen');
    // Nor does removing the system that it names set the place free.
    await ok(await operator.call('DELETE', '/api/v1/systems/vendor-a'), 204);
    assert.equal((await server.chat(key, 'hello')).status, 403);
    await vendor.close();
  });

  it('another way to where a system leads needs a fresh proof, and is not for programs', async () => {
    const old = await signedIn(server, [{ role: 'operator' }]);
    const hash = (await server.control.accounts.sessions.list(old.id)).sessions[0]!.hash;
    await server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - 6 * 60_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).where('hash', '=', hash).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
    assert.equal(await codeOf(await add(old, 'alias', fake.url)), 'proof-needed');
    for (const name of await namesOfThisMachine())
      assert.equal(
        await codeOf(await add(old, 'by-name', fake.url.replace('127.0.0.1', name))),
        'proof-needed',
      );
    assert.equal(await codeOf(await add(old, 'fresh-place', 'http://127.0.0.1:9/')), 'done');
    const program = await server.control.accounts.programs.add('test', {
      name: 'adder',
      purpose: 'x',
      owner: null,
      grants: [{ role: 'operator' }],
    });
    const { key } = await server.control.apiKeys.create('test', {
      name: 'a',
      systems: [],
      program: program.id,
    });
    const call: TestPerson['call'] = (method, path, body) =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    assert.equal(await codeOf(await add({ call }, 'alias', fake.url)), 'not-permitted');
  });
});

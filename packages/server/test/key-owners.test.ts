import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { clock } from '@sallyport/core';
import { ENGINES } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const DAY_MS = 86_400_000;
const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};
interface Key {
  readonly id: string;
  readonly owner: string | null;
  readonly ownerLeft: { readonly at: string; readonly endsAt: string } | null;
  readonly revokedAt: string | null;
}

describe('keys whose maker has left', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { chat: enforced(fake) },
      config: { access: { ownerlessKeyDays: 10 } },
    });
  });
  // Sessions end while a test is days ahead.
  beforeEach(async () => {
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  afterEach(() => mock.restoreAll());
  const later = (days: number): void => {
    const at = Date.now() + days * DAY_MS;
    mock.method(clock, 'nowMs', () => at);
  };
  const make = async (who: TestPerson, expires = '90d'): Promise<{ id: string; key: string }> =>
    ok(await who.call('POST', '/api/v1/keys', { name: 'k', systems: ['chat'], expires }), 201);
  const leave = (id: string) => server.control.accounts.directory.setDisabled('test', id, true);
  const shown = async (id: string): Promise<Key> => {
    const { keys } = await ok<{ keys: Key[] }>(await admin.call('GET', '/api/v1/keys'), 200);
    return keys.find((key) => key.id === id)!;
  };
  const tick = async (): Promise<string[]> => {
    await server.control.keyOwners.endOrphans();
    return (await server.control.installation.store.keys.list()).flatMap(({ id, revokedAt, synthetic }) =>
      revokedAt === null || synthetic ? [] : [id],
    );
  };

  it('are findings at once, say when they end, and end then', async () => {
    const maker = await signedIn(server, [{ role: 'operator' }]);
    const stays = await signedIn(server, [{ role: 'operator' }]);
    const [left, kept] = [await make(maker), await make(stays)];
    assert.equal((await shown(left.id)).owner, maker.id);
    assert.equal((await shown(left.id)).ownerLeft, null);
    await leave(maker.id);
    const seen = await shown(left.id);
    assert.ok(
      Math.abs(Date.parse(seen.ownerLeft!.endsAt) - Date.parse(seen.ownerLeft!.at) - 10 * DAY_MS) < 2_000,
    );
    await server.control.monitor!.tick();
    await server.control.installation.flush();
    const found = (await server.control.installation.store.findings.list()).filter(
      ({ technique }) => technique === 'key-ownerless',
    );
    assert.deepEqual(
      found.map(({ subject }) => subject),
      [`key:${left.id}`],
    );
    const posture = await server.controls();
    const control = posture.get('ACC-04')!;
    assert.equal(control.status, 'failing');
    assert.match(JSON.stringify(control), /1 of 2 keys are of people who left/);
    later(9);
    assert.deepEqual(await tick(), []);
    assert.equal((await server.chat(left.key, 'hello')).status, 200, 'it works until then');
    later(11);
    assert.deepEqual(await tick(), [left.id]);
    await server.control.installation.flush();
    const revoked = await server.control.installation.store.events.since(['key-revoked'], '1970');
    const event = revoked.find(({ subject }) => subject === `key:${left.id}`);
    assert.match(String(event!.data['reason']), /left/);
    mock.restoreAll();
    assert.equal((await server.chat(left.key, 'hello')).status, 401);
    assert.equal((await server.chat(kept.key, 'hello')).status, 200);
  });

  it('live on where another answers for them: given over, or made anew', async () => {
    const maker = await signedIn(server, [{ role: 'operator' }]);
    const next = await signedIn(server, [{ role: 'operator' }]);
    const gone = await signedIn(server, [{ role: 'viewer' }]);
    const [given, rotated] = [await make(maker), await make(maker)];
    await leave(maker.id);
    await leave(gone.id);
    const path = `/api/v1/keys/${given.id}/owner`;
    assert.equal(await codeOf(await next.call('POST', path, { owner: gone.id })), 'request-invalid');
    assert.equal(await codeOf(await next.call('POST', path, { owner: 'no-one-here' })), 'not-found');
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    assert.equal(await codeOf(await viewer.call('POST', path, { owner: viewer.id })), 'not-permitted');
    await ok(await next.call('POST', path, { owner: next.name }), 200);
    assert.deepEqual([(await shown(given.id)).owner, (await shown(given.id)).ownerLeft], [next.id, null]);
    const made = await ok<{ id: string }>(
      await next.call('POST', `/api/v1/keys/${rotated.id}/rotate`, { overlap: '1h' }),
      201,
    );
    assert.equal((await shown(made.id)).owner, next.id);
    later(11);
    assert.ok(!(await tick()).some((id) => id === given.id || id === made.id));
  });

  it('of probes are no one’s: they are neither given to anybody nor revoked by hand', async () => {
    const { store } = server.control.installation;
    const operator = await signedIn(server, [{ role: 'operator' }]);
    await server.control.probeIfOlder(0);
    const probe = (await store.keys.list()).find(({ synthetic }) => synthetic)!;
    const path = `/api/v1/keys/${probe.id}`;
    assert.equal(
      await codeOf(await operator.call('POST', `${path}/owner`, { owner: operator.id })),
      'not-found',
    );
    assert.equal(await codeOf(await operator.call('POST', `${path}/revoke`)), 'not-found');
    assert.equal((await store.keys.byId(probe.id))!.owner, probe.owner);
  });

  it('of service accounts are of whoever answers for the account, which an administrator says', async () => {
    const owner = await signedIn(server, [{ role: 'viewer' }]);
    const maker = await signedIn(server, [{ role: 'administrator' }]);
    const program = { name: 'robot', purpose: 'x', owner: owner.id, grants: [{ role: 'operator' }] };
    await ok(await maker.call('POST', '/api/v1/programs', program), 201);
    const { id } = await ok<{ id: string }>(
      await maker.call('POST', '/api/v1/programs/robot/keys', { systems: ['chat'], expires: '90d' }),
      201,
    );
    await leave(maker.id);
    assert.deepEqual([(await shown(id)).owner, (await shown(id)).ownerLeft], [owner.id, null]);
    await leave(owner.id);
    assert.ok((await shown(id)).ownerLeft);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const path = '/api/v1/programs/robot/owner';
    assert.equal(await codeOf(await operator.call('POST', path, { owner: operator.id })), 'not-permitted');
    await ok(await admin.call('POST', path, { owner: operator.id }), 200);
    assert.equal((await shown(id)).ownerLeft, null);
    // Who answered for it stays a party to what it proposed.
    const { fourEyes, accounts } = server.control;
    const parties = await fourEyes.partiesOf(`program:${(await accounts.programs.find('robot')).id}`);
    for (const one of [owner, maker, operator]) assert.ok(parties.includes(`person:${one.id}`));
  });

  it('made by command are of the person whom an administrator named for that user', async () => {
    const person = await signedIn(server, [{ role: 'viewer' }]);
    await server.control.accounts.directory.setLocalUser('test', person.id, 'machine-user');
    const { id } = await server.control.apiKeys.create('local:machine-user', {
      name: 'c',
      systems: ['chat'],
    });
    const other = await server.control.apiKeys.create('local:no-one', { name: 'c', systems: ['chat'] });
    assert.equal((await shown(id)).owner, person.id);
    assert.equal((await shown(other.id)).owner, null);
    await leave(person.id);
    assert.ok((await shown(id)).ownerLeft);
    assert.equal((await shown(other.id)).ownerLeft, null, 'of no one who left');
  });

  it('are known from the record where the row does not say, and have their time from the start of this rule', async () => {
    const maker = await signedIn(server, [{ role: 'operator' }]);
    const { id } = await make(maker);
    const { store } = server.control.installation;
    // As an earlier version left them: no owner, and a maker who left long ago.
    await store.change(async (tx) => {
      await store.keys.setOwner(tx, id, null);
      await store.people.update(tx, maker.id, {
        disabledAt: new Date(Date.now() - 400 * DAY_MS).toISOString(),
        shutOutBy: 'administrator',
      });
      return { result: undefined, event: [] };
    });
    const { owner, ownerLeft } = await shown(id);
    assert.equal(owner, maker.id);
    assert.ok(Date.parse(ownerLeft!.endsAt) > Date.now() + 9 * DAY_MS);
    assert.ok(!(await tick()).includes(id));
    later(11);
    assert.ok((await tick()).includes(id));
  });
});

for (const [engine, open] of Object.entries(ENGINES))
  it(`since when keys end with their owners is said by the log alone, over ${engine}`, async (t) => {
    const { place, end } = await open();
    const fake = await fakeSystem();
    const start = (): Promise<TestServer> =>
      testServer({ data: place.data, config: place.config, systems: { main: enforced(fake) } });
    let server = await start();
    t.after(async () => {
      mock.restoreAll();
      await server.stop();
      await fake.close();
      await end();
    });
    const maker = await signedIn(server, [{ role: 'operator' }]);
    const { id } = await server.control.apiKeys.create(`person:${maker.id}`, {
      ...{ name: 'k', systems: ['main'], expires: '90d' },
    });
    await server.control.accounts.directory.setDisabled('test', maker.id, true);
    const endsAt = async (): Promise<string | undefined> =>
      (await server.control.keyOwners.orphans()).find((key) => key.id === id)?.endsAt;
    const before = await endsAt();
    assert.ok(before);
    for (const since of ['2999-01-01T00:00:00.000Z', null]) {
      await server.stop();
      await place.sql(
        `delete from meta where name = 'key-owners-since'`,
        `delete from events where type = 'key-owners-watched'`,
        ...(since ? [`insert into meta (name, value) values ('key-owners-since', '${since}')`] : []),
        'select 1',
      );
      const at = Date.now() + 20 * DAY_MS;
      mock.method(clock, 'nowMs', () => at);
      server = await start();
      assert.equal(await endsAt(), before, `${since}`);
      mock.restoreAll();
    }
  });

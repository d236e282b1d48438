import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

interface User {
  id: string;
  active: boolean;
}
interface List {
  totalResults: number;
}

describe('leavers of an identity provider', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key = '';
  let n = 0;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { chat: enforced(fake) },
      config: { access: { groupRoles: { admins: ['administrator'], viewers: ['viewer'] } } },
    });
    const { programs } = server.control.accounts;
    const { id } = await programs.add('test', {
      name: 'idp',
      purpose: 'keeps people',
      owner: null,
      grants: [{ role: 'provisioner' }],
    });
    key = (await server.control.apiKeys.create('test', { name: 'idp', systems: [], program: id })).key;
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const scim = async <T>(status: number, method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${server.controlUrl}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, status, `${method} ${JSON.stringify(body)}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const join = (more: object = {}): Promise<User> =>
    scim<User>(201, 'POST', '/Users', { userName: `member-${n++}`, ...more });
  const person = async (id: string) =>
    (await server.control.accounts.directory.list()).find((one) => one.id === id)!;
  const administrators = async (): Promise<number> =>
    (await server.control.accounts.directory.list()).filter(
      ({ disabledAt, grants }) =>
        disabledAt === null && grants.some(({ role, system }) => role === 'administrator' && system === '*'),
    ).length;

  it('are out, whatever else in the request does not hold', async () => {
    const urn = 'urn:ietf:params:scim:schemas:core:2.0:User';
    const out = { op: 'replace', path: 'active', value: false };
    for (const wrong of [
      { emails: [{ type: 'work', value: null }] },
      { emails: [{ type: 'work' }] },
      { emails: Array.from({ length: 33 }, (_, i) => ({ value: `${i}@example.com` })) },
      { emails: 'x' },
      { name: { formatted: 5 } },
      { displayName: 'x'.repeat(1_025) },
      { externalId: 7 },
      { userName: null },
      { userName: undefined },
      { userName: 'x'.repeat(1_025) },
      { Active: true },
      { [urn]: { active: true } },
    ]) {
      const { id } = await join();
      const before = await person(id);
      await scim(400, 'PUT', `/Users/${id}`, { userName: before.name, active: false, ...wrong });
      assert.ok((await person(id)).disabledAt, JSON.stringify(wrong).slice(0, 200));
      assert.equal((await person(id)).name, before.name, 'nothing else changes');
    }
    for (const wrong of [
      { op: 'replace', path: 'userName', value: 5 },
      { op: 'replace', path: 'emails', value: 'x' },
      { op: 'replace', path: 'emails', value: [{ type: 'work', value: null }] },
      { op: 'replace', path: 'active.value', value: true },
      { op: 'move', path: 'displayName', value: 'x' },
      { op: 'replace', value: 'active' },
      { op: 'replace', value: { displayName: 5 } },
      { path: 'displayName' },
      null,
    ])
      for (const said of [
        out,
        { op: 'Remove', path: 'active' },
        { op: 'replace', value: { [urn]: { ACTIVE: 'False' } } },
      ])
        for (const Operations of [
          [said, wrong],
          [wrong, said],
        ]) {
          const { id } = await join();
          await scim(400, 'PATCH', `/Users/${id}`, { Operations });
          assert.ok((await person(id)).disabledAt, JSON.stringify(Operations));
        }
    const [one, other] = [await join(), await join()];
    await scim(409, 'PATCH', `/Users/${one.id}`, {
      Operations: [
        out,
        { op: 'replace', path: 'active', value: true },
        { op: 'replace', path: 'userName', value: (await person(other.id)).name },
      ],
    });
    assert.ok((await person(one.id)).disabledAt);
  });

  it('whoever is refused a change is as before: a whole user changes at once, or not', async () => {
    const [one, other] = [await join({ externalId: 'e-one' }), await join()];
    const { name } = await person(one.id);
    const taken = (await person(other.id)).name;
    await scim(409, 'PUT', `/Users/${one.id}`, { userName: taken, externalId: 'e-two', active: true });
    assert.equal((await person(one.id)).name, name);
    const { control } = server;
    assert.equal((await control.accounts.provisioner.user(one.id)).externalId, 'e-one');
  });

  it('the last administrator is out as a leaver; a change of groups alone takes nothing from them', async () => {
    const last = await join();
    const { id } = await scim<User>(201, 'POST', '/Groups', {
      displayName: 'admins',
      members: [{ value: last.id }],
    });
    assert.equal(await administrators(), 1);
    for (const [method, body] of [
      ['PUT', { displayName: 'admins', members: [] }],
      ['PUT', { displayName: 'other', members: [{ value: last.id }] }],
      ['PATCH', { Operations: [{ op: 'remove', path: 'members' }] }],
      ['DELETE', undefined],
    ] as const) {
      await scim(409, method, `/Groups/${id}`, body);
      assert.equal(await administrators(), 1, `${method} ${JSON.stringify(body)}`);
      const group = await scim<{ displayName: string; members: object[] }>(200, 'GET', `/Groups/${id}`);
      assert.deepEqual([group.displayName, group.members.length], ['admins', 1], 'it leaves no trace');
    }
    const { directory } = server.control.accounts;
    const said = { scimId: null, names: ['olga'], externalId: 'https://idp|olga' };
    // Another takes the place within one change.
    const next = await join();
    await scim(200, 'PUT', `/Groups/${id}`, { displayName: 'admins', members: [{ value: next.id }] });
    assert.equal((await person(last.id)).grants.length, 0);
    await scim(200, 'PATCH', `/Users/${next.id}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    assert.ok((await person(next.id)).disabledAt, 'a leaver is out');
    assert.equal(await administrators(), 0);
    await scim(204, 'DELETE', `/Users/${next.id}`);
    assert.equal((await person(next.id)).grants.length, 0);
    // The owner of this machine makes the next one.
    await directory.add('local:owner', { name: 'next-one', grants: [{ role: 'administrator' }] });
    const olga = await directory.fromProvider({ ...said, grants: [{ role: 'administrator' }] });
    await directory.setDisabled('local:owner', 'next-one', true);
    await assert.rejects(directory.fromProvider({ ...said, grants: [{ role: 'viewer' }] }), {
      code: 'conflict',
    });
    assert.deepEqual(
      (await person(olga.id)).grants.map(({ role }) => role),
      ['administrator'],
    );
    await assert.rejects(directory.setDisabled('local:owner', olga.id, true), { code: 'conflict' });
  });

  it('with another account, which stays open: whoever shuts one out is told of it, and so is everybody', async () => {
    const { directory } = server.control.accounts;
    const said = { externalId: 'https://idp|two', names: ['two-signed-on'], grants: [{ role: 'viewer' }] };
    const signed = await directory.fromProvider({ ...said, scimId: 'e-two' });
    await directory.grant('test', signed.id, { role: 'operator' });
    const kept = await join({ userName: 'two-kept', externalId: 'e-two' });
    await directory.fromProvider({ ...said, scimId: 'e-two' });
    await directory.fromProvider({ ...said, scimId: 'e-two' });
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const stillIn = async (id: string): Promise<string[]> => {
      const said = await admin.call('POST', `/api/v1/people/${id}/disable`);
      return (await ok<{ stillIn: { name: string }[] }>(said, 200)).stillIn.map(({ name }) => name);
    };
    const found = async (): Promise<string[]> => {
      await server.control.monitor!.tick();
      await server.control.installation.flush();
      const all = await server.control.installation.store.findings.list();
      return all.flatMap(({ technique, subject }) => (technique === 'shut-out-elsewhere' ? [subject] : []));
    };
    assert.deepEqual(await found(), []);
    await scim(200, 'PATCH', `/Users/${kept.id}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    assert.deepEqual(await found(), [`person:${kept.id}`], 'a leaver of the provider');
    assert.deepEqual(await stillIn(kept.id), ['two-signed-on']);
    assert.deepEqual(await stillIn(signed.id), []);
    await directory.setDisabled('test', kept.id, false);
    assert.deepEqual(await stillIn(signed.id), ['two-kept'], 'the other way round');
  });

  it('may be provisioned again after they were removed: as someone new, with nothing of before', async () => {
    const { directory } = server.control.accounts;
    const user = { userName: 'comes-back', externalId: 'e-back' };
    const first = await join(user);
    await directory.grant('test', first.id, { role: 'viewer' });
    const said = {
      externalId: 'https://idp|back',
      scimId: 'e-back',
      names: ['comes-back'],
      grants: [{ role: 'viewer', system: 'chat' }],
    };
    assert.equal((await directory.fromProvider(said)).id, first.id);
    await scim(204, 'DELETE', `/Users/${first.id}`);
    await assert.rejects(directory.fromProvider(said), { code: 'not-permitted' });
    // The name that they are to have from then on is no one else's.
    await scim(400, 'POST', '/Users', { userName: `removed-${first.id.toLowerCase()}` });
    const second = await join(user);
    assert.notEqual(second.id, first.id);
    assert.ok(second.active);
    assert.equal((await person(second.id)).name, 'comes-back');
    assert.deepEqual((await person(second.id)).grants, []);
    assert.ok((await person(first.id)).disabledAt, 'who was before stays out');
    assert.notEqual((await person(first.id)).name, 'comes-back');
    const filter = encodeURIComponent('externalId eq "e-back"');
    assert.equal((await scim<List>(200, 'GET', `/Users?filter=${filter}`)).totalResults, 1);
    assert.equal((await directory.fromProvider(said)).id, second.id, 'they sign on as who they are now');
    assert.ok((await person(first.id)).disabledAt);
    await scim(409, 'POST', '/Users', user);
    // And a third time; and another may get the name by being renamed.
    await scim(204, 'DELETE', `/Users/${second.id}`);
    const third = await join({ externalId: 'e-back' });
    await scim(200, 'PUT', `/Users/${third.id}`, user);
    assert.equal((await person(third.id)).name, 'comes-back');
  });
});

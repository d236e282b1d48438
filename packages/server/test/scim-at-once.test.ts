import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestServer, testServer } from './harness.ts';

interface User {
  id: string;
  active: boolean;
  displayName: string;
}
interface Group {
  id: string;
  members: { value: string }[];
}

describe('SCIM: two changes of one at once', () => {
  let server: TestServer;
  let key = '';
  before(async () => {
    server = await testServer({ config: { access: { groupRoles: { auditors: ['auditor'] } } } });
    const { programs } = server.control.accounts;
    const grants = [{ role: 'provisioner' }];
    const { id } = await programs.add('test', { name: 'idp', purpose: 'x', owner: null, grants });
    key = (await server.control.apiKeys.create('test', { name: 'idp', systems: [], program: id })).key;
  });
  after(() => server.stop());

  const scim = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${server.controlUrl}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const patch = <T>(path: string, ...Operations: object[]): Promise<T> =>
    scim<T>('PATCH', path, { Operations });
  const join = (userName: string): Promise<User> => scim<User>('POST', '/Users', { userName });
  const isAuditor = async (id: string): Promise<boolean> =>
    (await server.control.accounts.directory.list())
      .find((one) => one.id === id)!
      .grants.some(({ role }) => role === 'auditor');

  /** Makes a change while something else happens: right after a user or group was read for it, else right behind it. */
  const during = async (
    change: () => Promise<unknown>,
    what: 'user' | 'group',
    other: () => Promise<unknown>,
  ): Promise<void> => {
    const { provisioner } = server.control.accounts;
    const read = provisioner[what].bind(provisioner) as (id: string) => Promise<never>;
    let isDone = false;
    const once = async (): Promise<void> => {
      if (isDone) return;
      isDone = true;
      await other();
    };
    provisioner[what] = async (id: string): Promise<never> => {
      const one = await read(id);
      await once();
      return one;
    };
    try {
      await change();
      await once();
    } finally {
      provisioner[what] = read;
    }
  };

  const others: readonly [string, (id: string) => Promise<unknown>][] = [
    ['a PATCH', (id) => patch(`/Users/${id}`, { op: 'replace', path: 'displayName', value: 'renamed' })],
    [
      'a PUT that does not say it',
      (id) => scim('PUT', `/Users/${id}`, { userName: 'stays', displayName: 'renamed' }),
    ],
  ];
  for (const [what, change] of others)
    it(`${what} that came a moment before a leave lets nobody in again`, async () => {
      const { id } = await join(`leaver-${what.length}`);
      const { provisioner } = server.control.accounts;
      await during(
        () => change(id),
        'user',
        () => provisioner.leave('test', id),
      );
      const now = await scim<User>('GET', `/Users/${id}`);
      assert.deepEqual([now.active, now.displayName], [false, 'renamed']);
    });

  it('a member who is removed stays so, whoever else comes at the same time', async () => {
    const group = await scim<Group>('POST', '/Groups', { displayName: 'auditors' });
    const [goes, comes, comesToo] = [await join('goes'), await join('comes'), await join('comes-too')];
    const add = (id: string) =>
      patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: id }] });
    await add(goes.id);
    await during(
      () => Promise.all([add(comes.id), add(comesToo.id)]),
      'group',
      () => patch(`/Groups/${group.id}`, { op: 'remove', path: `members[value eq "${goes.id}"]` }),
    );
    const members = (await scim<Group>('GET', `/Groups/${group.id}`)).members.map(({ value }) => value);
    await server.control.installation.flush();
    const said = await server.control.installation.store.events.since(['group-changed'], '2000');
    const went = said.filter(({ data }) => (data['went'] as string[]).includes(goes.id));
    assert.equal(went.length, 1, 'the record says who went');
    assert.ok(
      said.some(({ data }) => (data['came'] as string[]).includes(comes.id)),
      'and who came',
    );
    for (const [{ id }, isMember] of [
      [goes, false],
      [comes, true],
      [comesToo, true],
    ] as const)
      assert.deepEqual([members.includes(id), await isAuditor(id)], [isMember, isMember]);
    await scim('PUT', `/Groups/${group.id}`, { displayName: 'was-auditors' });
  });

  it('who became a member meanwhile loses the role with a group that is replaced or removed', async () => {
    const { provisioner } = server.control.accounts;
    for (const change of [
      (id: string) => provisioner.putGroup('test', id, { name: 'auditors', externalId: null, members: [] }),
      (id: string) => provisioner.removeGroup('test', id),
    ]) {
      const { id } = await scim<Group>('POST', '/Groups', { displayName: 'auditors' });
      const late = await join(`late-${id.toLowerCase()}`);
      const withLate = { name: 'auditors', externalId: null, members: [late.id] };
      await during(
        () => change(id),
        'group',
        () => provisioner.putGroup('test', id, withLate).catch(() => {}),
      );
      const group = (await provisioner.groups()).find((one) => one.id === id);
      const isMember = group?.members.includes(late.id) ?? false;
      assert.equal(await isAuditor(late.id), isMember);
      if (group) await provisioner.removeGroup('test', id);
    }
  });
});

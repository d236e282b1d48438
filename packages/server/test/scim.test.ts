import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

interface User {
  id: string;
  userName: string;
  displayName: string;
  active: boolean;
  emails: { value: string }[];
  externalId?: string;
}
interface Group {
  id: string;
  displayName: string;
  members: { value: string }[];
}
interface List<T> {
  totalResults: number;
  itemsPerPage: number;
  Resources: T[];
}

describe('SCIM: more people than there is room for', () => {
  it('are refused in the words of SCIM, and leave no trace; who leaves makes room, ten times over', async () => {
    const server = await testServer({ config: { access: { provisionedPeople: 2 } } });
    try {
      const { programs } = server.control.accounts;
      const grants = [{ role: 'provisioner' }];
      const { id } = await programs.add('test', { name: 'idp', purpose: 'x', owner: null, grants });
      const { key } = await server.control.apiKeys.create('test', { name: 'idp', systems: [], program: id });
      const ask = async (method: string, path: string, body?: object) => {
        const response = await fetch(`${server.controlUrl}/scim/v2/Users${path}`, {
          method,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' },
          body: body === undefined ? null : JSON.stringify(body),
        });
        const text = await response.text();
        return {
          status: response.status,
          said: (text === '' ? {} : JSON.parse(text)) as User & { detail: string },
        };
      };
      const join = (userName: string) => ask('POST', '', { userName });
      const people = [await join('u0'), await join('u1')];
      assert.deepEqual(
        people.map(({ status }) => status),
        [201, 201],
      );
      const before = await server.control.accounts.directory.list();
      const { status, said } = await join('u2');
      assert.equal(status, 403);
      assert.deepEqual(said, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: '403',
        detail: said.detail,
      });
      assert.match(said.detail, /at most 2 people.*access\.provisionedPeople/);
      assert.deepEqual(await server.control.accounts.directory.list(), before);
      assert.equal((await ask('PUT', `/${people[0]!.said.id}`, { userName: 'renamed' })).status, 200);
      let last = people[0]!.said.id;
      for (let i = 3; i < 21; i++) {
        assert.equal((await ask('DELETE', `/${last}`)).status, 204);
        const next = await join(`u${i}`);
        assert.equal(next.status, 201, `${i}`);
        last = next.said.id;
      }
      assert.equal((await ask('DELETE', `/${last}`)).status, 204);
      const full = await join('once-more');
      assert.equal(full.status, 403, 'those who were removed stay in the record of who was here');
      assert.match(full.said.detail, /20 people/);
    } finally {
      await server.stop();
    }
  });
});

describe('SCIM: a group of many', () => {
  it('of whom one comes or goes: nothing is done about those whose roles stay', async (t) => {
    const groupRoles = { staff: ['viewer'], heads: ['auditor'] };
    const server = await testServer({ config: { access: { groupRoles } } });
    t.after(() => server.stop());
    const { directory, provisioner } = server.control.accounts;
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) {
      const user = { userName: `u${i}`, externalId: null, displayName: 'u', email: null, active: true };
      ids.push((await provisioner.create('test', user)).id);
    }
    const [last = '', ...most] = ids;
    const put = (id: string | null, name: string, members: string[]) =>
      provisioner.putGroup('test', id, { name, externalId: null, members });
    const { id } = await put(null, 'staff', most);
    await put(null, 'heads', most.slice(0, 3));
    const asked = t.mock.method(directory, 'setGrants');
    const settled = (): string[] => {
      const people = asked.mock.calls.map(({ arguments: [, , person] }) => person);
      asked.mock.resetCalls();
      return people;
    };
    await put(id, 'staff', ids);
    assert.deepEqual(settled(), [last], 'who came');
    await put(id, 'staff', most);
    assert.deepEqual(settled(), [last], 'who went');
    await put(null, 'other', ids);
    assert.deepEqual(settled(), [], 'a group that gives nothing');
    // What the configuration says since reaches each at the next change of a group of theirs.
    const { access } = server.control.config;
    server.control.config = {
      ...server.control.config,
      access: { ...access, groupRoles: { staff: ['viewer', 'analyst'], heads: ['auditor'] } },
    };
    await put(id, 'staff', most);
    assert.deepEqual(settled().sort(), [...most].sort());
    const held = (await directory.list()).find((one) => one.id === most[0])!.grants;
    assert.deepEqual(held.map(({ role }) => role).sort(), ['analyst', 'auditor', 'viewer']);
  });
});

describe('SCIM: an identity provider keeps people and groups', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key = '';
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { chat: enforced(fake) },
      config: { access: { groupRoles: { operators: ['operator@chat', 'viewer'], auditors: ['auditor'] } } },
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
  const scim = async <T>(
    status: number,
    method: string,
    path: string,
    body?: object,
    type = 'application/scim+json',
  ): Promise<T> => {
    const response = await fetch(`${server.controlUrl}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': type },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, status, text);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
  const join = (userName: string, more: object = {}): Promise<User> =>
    scim<User>(201, 'POST', '/Users', { schemas: [USER], userName, ...more });
  const patch = (...Operations: object[]): object => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations,
  });
  const person = async (id: string) =>
    (await server.control.accounts.directory.list()).find((one) => one.id === id)!;
  const roles = async (id: string) =>
    (await person(id)).grants.map(({ role, system }) => `${role}@${system}`).sort();

  it('joiners: made, found, listed in pages; a name is taken once', async () => {
    const made = await join('Olga@Example.com', {
      externalId: 'e-1',
      name: { givenName: 'Olga', familyName: 'Berg' },
      emails: [{ value: 'x@example.com' }, { value: 'olga@example.com', primary: true }],
      title: 'kept nowhere',
    });
    assert.deepEqual(
      [made.userName, made.displayName, made.emails[0]!.value, made.active],
      ['olga@example.com', 'Olga Berg', 'olga@example.com', true],
    );
    for (const filter of ['userName eq "OLGA@example.com"', 'externalId eq "e-1"', `id eq "${made.id}"`]) {
      const found = await scim<List<User>>(200, 'GET', `/Users?filter=${encodeURIComponent(filter)}`);
      assert.deepEqual(
        found.Resources.map(({ id }) => id),
        [made.id],
        filter,
      );
    }
    await scim(409, 'POST', '/Users', { userName: 'olga@example.com' });
    for (const bad of [
      {},
      { userName: 'a b' },
      { userName: 'x'.repeat(300) },
      { userName: 'ok', emails: 'x' },
    ])
      await scim(400, 'POST', '/Users', bad);
    await scim(400, 'GET', '/Users?filter=userName%20sw%20%22o%22');
    for (let i = 0; i < 5; i++) await join(`many-${i}`);
    const page = await scim<List<User>>(200, 'GET', '/Users?startIndex=2&count=3');
    assert.deepEqual([page.totalResults, page.itemsPerPage], [6, 3]);
    assert.deepEqual(await scim<User>(200, 'GET', `/Users/${made.id}`), made);
    await scim(404, 'GET', '/Users/nobody');
  });

  it('movers: roles follow groups at once', async () => {
    const [one, two] = [await join('mover-1'), await join('mover-2')];
    const members = (...ids: string[]) => ids.map((value) => ({ value }));
    const group = await scim<Group>(201, 'POST', '/Groups', {
      displayName: 'operators',
      members: members(one.id),
    });
    assert.deepEqual(await roles(one.id), ['operator@chat', 'viewer@*']);
    const path = `/Groups/${group.id}`;
    await scim(200, 'PATCH', path, patch({ op: 'Add', path: 'members', value: members(two.id) }));
    assert.deepEqual(await roles(two.id), ['operator@chat', 'viewer@*']);
    const audit = await scim<Group>(201, 'POST', '/Groups', {
      displayName: 'auditors',
      members: members(one.id),
    });
    await scim(200, 'PATCH', path, patch({ op: 'remove', path: `members[value eq "${one.id}"]` }));
    assert.deepEqual(await roles(one.id), ['auditor@*']);
    await scim(200, 'PATCH', path, patch({ op: 'replace', value: { displayName: 'nobody-knows-this' } }));
    assert.deepEqual(await roles(two.id), [], 'a group without roles');
    await scim(200, 'PUT', path, { displayName: 'operators', members: members(two.id) });
    assert.deepEqual(await roles(two.id), ['operator@chat', 'viewer@*']);
    await scim(409, 'POST', '/Groups', { displayName: 'operators' });
    await scim(400, 'PATCH', path, patch({ op: 'add', path: 'members', value: members('nobody') }));
    const found = await scim<List<Group>>(200, 'GET', '/Groups?filter=displayName%20eq%20%22auditors%22');
    assert.deepEqual(
      found.Resources.map(({ id }) => id),
      [audit.id],
    );
    await scim(204, 'DELETE', `/Groups/${audit.id}`);
    assert.deepEqual(await roles(one.id), []);
  });

  it('leavers: every session is over within the request, however the provider words it', async () => {
    const { sessions } = server.control.accounts;
    const { store } = server.control.installation;
    for (const [how, leave] of [
      [
        'words',
        (id: string) =>
          scim(200, 'PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'False' })),
      ],
      [
        'an object',
        (id: string) =>
          scim(200, 'PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: false } })),
      ],
      [
        'a whole user',
        (id: string) => scim(200, 'PUT', `/Users/${id}`, { userName: `leaver-a-whole-user`, active: false }),
      ],
      ['gone', (id: string) => scim(204, 'DELETE', `/Users/${id}`)],
    ] as const) {
      const { id } = await join(`leaver-${how.replaceAll(' ', '-')}`);
      const who = (await store.people.byId(id))!;
      const { token } = await store.change(async (tx) => {
        const from = { address: '::1', agent: 'test', device: null };
        const { begun, event } = await sessions.begin(tx, who, from, {
          level: 2,
          methods: ['provider', 'provider-mfa'],
        });
        return { result: begun, event };
      });
      assert.ok(await sessions.who(token, false));
      const begun = performance.now();
      await leave(id);
      assert.equal(await sessions.who(token, false), null, how);
      assert.ok(performance.now() - begun < 10_000);
      assert.ok((await person(id)).disabledAt, how);
      if (how === 'gone') await scim(404, 'GET', `/Users/${id}`);
      else {
        const back = await scim<User>(
          200,
          'PATCH',
          `/Users/${id}`,
          patch({ op: 'replace', path: 'active', value: true }),
        );
        assert.equal(back.active, true);
      }
    }
  });

  it('a leaver is out however the change is written, and nobody comes in by a change that does not say so', async () => {
    const urn = 'urn:ietf:params:scim:schemas:core:2.0:User';
    let n = 0;
    for (const change of [
      { op: 'replace', path: 'active', value: 'False' },
      { op: 'REPLACE', path: 'Active', value: 'false' },
      { op: 'Add', path: `${urn}:active`, value: false },
      { op: 'replace', path: urn, value: { active: false } },
      { op: 'replace', value: { [urn]: { active: 'False' } } },
      { op: 'replace', value: { [`${urn}:Active`]: false, nickName: 'x' } },
      { op: 'remove', path: 'active' },
    ]) {
      const { id } = await join(`written-${n++}`);
      await scim(200, 'PATCH', `/Users/${id}`, patch(change));
      assert.ok((await person(id)).disabledAt, JSON.stringify(change));
      for (const bad of [
        { op: 'replace', path: 'active' },
        { op: 'replace', path: 'active', value: null },
        { op: 'replace', path: 'active', value: [true] },
        { op: 'replace', path: 'active', value: { value: true } },
        { op: 'replace', path: 'active', value: 1 },
        { op: 'replace', path: 'active', value: 'maybe' },
        { op: 'replace', path: 'active.value', value: true },
        { op: 'replace', path: 'active[value eq false]', value: true },
        { op: 'replace', value: [{ active: true }] },
        { op: 'replace', value: 'active' },
        { op: 'move', path: 'active', value: true },
        { op: 'replace', path: 'userName', value: 5 },
        { op: 'replace', path: 'emails', value: 'x' },
      ])
        await scim(400, 'PATCH', `/Users/${id}`, patch(bad));
      assert.ok((await person(id)).disabledAt);
      // A whole user that says nothing of it, or says it twice.
      await scim(200, 'PUT', `/Users/${id}`, { userName: `written-${n - 1}` });
      assert.ok((await person(id)).disabledAt, 'what is not said does not change');
      await scim(400, 'PUT', `/Users/${id}`, { userName: 'x', active: false, Active: true });
      await scim(200, 'PUT', `/Users/${id}`, { USERNAME: `written-${n - 1}`, Active: 'True' });
      assert.equal((await person(id)).disabledAt, null);
      await scim(200, 'PUT', `/Users/${id}`, { username: `written-${n - 1}`, ACTIVE: 'False' });
      assert.ok((await person(id)).disabledAt);
    }
    const [one, two] = [await join('renamed-1'), await join('renamed-2')];
    for (const userName of ['renamed-2', 'a b', '\u212aate']) {
      await scim(200, 'PUT', `/Users/${one.id}`, { userName, active: false });
      assert.ok((await person(one.id)).disabledAt, userName);
      assert.equal((await person(one.id)).name, 'renamed-1');
      await scim(200, 'PUT', `/Users/${one.id}`, { userName: 'renamed-1', active: true });
    }
    assert.equal((await person(two.id)).disabledAt, null);
  });

  it('filters, pages and changes of any kind are answered in words, never by a fault', async () => {
    const { id } = await join('kate', { externalId: 'E-7' });
    await join('kathy', { externalId: 'e-7' });
    const find = async (filter: string, status = 200): Promise<string[]> => {
      const list = await scim<List<User>>(status, 'GET', `/Users?filter=${encodeURIComponent(filter)}`);
      return (list.Resources ?? []).map((one) => one.userName);
    };
    assert.deepEqual(await find('externalId eq "E-7"'), ['kate'], 'case counts in ids');
    assert.deepEqual(await find('USERNAME EQ "KATE"'), ['kate']);
    assert.deepEqual(await find('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "kate"'), ['kate']);
    assert.deepEqual(await find('userName eq "\u212aate"'), [], 'what looks like a name is none');
    for (const bad of [
      'userName eq "\\q"',
      'userName eq "a\nb"',
      'userName eq "x" and active eq true',
      'userName eq x',
      '__proto__ eq "x"',
      'constructor eq "x"',
      `${'('.repeat(900)}userName eq "x"${')'.repeat(900)}`,
      `emails[${'type eq "work" and '.repeat(60)}value eq "x"]`,
      '',
    ])
      await find(bad, 400);
    await scim(400, 'GET', `/Users?filter=${'x'.repeat(3_000)}`);
    for (const query of [
      'startIndex=0',
      'startIndex=-5&count=-1',
      'startIndex=99999999999999999999999&count=1e308',
      'startIndex=abc&count=NaN',
      'startIndex=1.5&count=2.5',
      'count=Infinity',
    ]) {
      const { itemsPerPage, Resources } = await scim<List<User>>(200, 'GET', `/Users?${query}`);
      assert.ok(itemsPerPage <= 200 && Resources.length === itemsPerPage, query);
    }
    const group = await scim<Group>(201, 'POST', '/Groups', {
      displayName: 'edges',
      members: [{ value: id }],
    });
    for (const bad of [
      { op: 'replace', path: 'displayName', value: 5 },
      { op: 'replace', path: 'displayName', value: '' },
      { op: 'replace', path: 'externalId', value: {} },
      { op: 'add', path: 'members', value: 'x' },
      { op: 'replace', path: 'members' },
      { op: 'add', path: 'members', value: [[{ value: id }]] },
      { op: 'add', path: `members[value eq "${id}"]`, value: {} },
      { op: 'replace', path: `members[value eq "${id}"]`, value: {} },
      { op: 'remove', path: 'members[value eq "x" or value eq "y"]' },
      { op: 'remove', path: 'members.value' },
    ])
      await scim(400, 'PATCH', `/Groups/${group.id}`, patch(bad));
    const after = await scim<Group>(200, 'GET', `/Groups/${group.id}`);
    assert.deepEqual([after.displayName, after.members.length], ['edges', 1], 'nothing changed');
    await scim(
      200,
      'PATCH',
      `/Groups/${group.id}`,
      patch({ op: 'remove', path: `members[value eq "${id}"]` }),
    );
    await scim(
      200,
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'add', path: 'emails[type eq "work"].value', value: 'k@x.example' }),
    );
    await scim(
      200,
      'PATCH',
      `/Users/${id}`,
      patch({
        op: 'add',
        path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
        value: 'x',
      }),
    );
    assert.equal((await person(id)).email, 'k@x.example');
  });

  it('whom an administrator shut out, no update of the provider lets in again', async () => {
    const { directory } = server.control.accounts;
    const path = (id: string): string => `/Users/${id}`;
    for (const [how, revive] of [
      [
        'one word',
        (id: string) =>
          scim<User>(200, 'PATCH', path(id), patch({ op: 'replace', path: 'active', value: true })),
      ],
      [
        'an object',
        (id: string) =>
          scim<User>(200, 'PATCH', path(id), patch({ op: 'replace', value: { active: 'True' } })),
      ],
      [
        'a whole user',
        (id: string, userName: string) => scim<User>(200, 'PUT', path(id), { userName, active: true }),
      ],
      ['no word', (id: string, userName: string) => scim<User>(200, 'PUT', path(id), { userName })],
    ] as const)
      for (const order of ['administrator', 'provider first', 'provider last']) {
        const userName = `shut-${how}-${order}`.replaceAll(' ', '-');
        const { id } = await join(userName);
        const leave = () =>
          scim(200, 'PATCH', path(id), patch({ op: 'replace', path: 'active', value: false }));
        if (order === 'provider first') await leave();
        await directory.setDisabled('person:admin', id, true);
        if (order === 'provider last') await leave();
        const answer = await revive(id, userName);
        assert.equal(answer.active, false, `${how}, ${order}: the answer says so`);
        assert.ok((await person(id)).disabledAt, `${how}, ${order}`);
        await directory.setDisabled('person:admin', id, false);
        assert.equal((await person(id)).disabledAt, null, 'an administrator lets them in again');
      }
    // Nor by another name, or by being made again.
    const { id } = await join('gone-for-good', { externalId: 'e-gone' });
    await directory.setDisabled('person:admin', id, true);
    await scim(409, 'PUT', path(id), { userName: 'renamed', externalId: 'e-gone', active: true });
    await scim(409, 'PUT', path(id), { userName: 'gone-for-good', externalId: 'e-other', active: true });
    await scim(204, 'DELETE', path(id));
    await scim(409, 'POST', '/Users', { userName: 'gone-for-good' });
    await scim(409, 'POST', '/Users', { userName: 'somebody-new', externalId: 'e-gone' });
    const other = await join('made-without-an-id');
    const whole = { userName: 'made-without-an-id', externalId: 'e-gone' };
    await scim(409, 'PATCH', path(other.id), patch({ op: 'add', path: 'externalId', value: 'e-gone' }));
    await scim(409, 'PUT', path(other.id), whole);
    await scim(409, 'PUT', path(other.id), { ...whole, active: false });
    assert.ok((await person(other.id)).disabledAt, 'but who leaves is out, whatever else is said');
    const group = await scim<Group>(409, 'POST', '/Groups', {
      displayName: 'operators',
      members: [{ value: id }],
    }).catch(() => null);
    assert.equal(group, null);
    const said = { externalId: 'https://idp|x', names: ['gone-for-good'], grants: [{ role: 'viewer' }] };
    await assert.rejects(directory.fromProvider({ ...said, scimId: null }), { code: 'conflict' });
    const renamed = { ...said, names: ['back-again'], scimId: 'e-gone' };
    await assert.rejects(directory.fromProvider(renamed), { code: 'not-permitted' });
    assert.ok((await person(id)).disabledAt);
  });

  it('an id that two people share belongs to neither: a sign-on by it makes no third account', async () => {
    const { directory } = server.control.accounts;
    const first = await join('twin-one', { externalId: 'e-twin' });
    await join('twin-two', { externalId: 'e-twin' });
    const said = { externalId: 'https://idp|twin', names: ['twin'], grants: [{ role: 'viewer' }] };
    const signOn = () => directory.fromProvider({ ...said, scimId: 'e-twin' });
    await assert.rejects(signOn(), { code: 'conflict' });
    await scim(200, 'PUT', `/Users/${first.id}`, { userName: 'twin-one', externalId: 'e-own' });
    assert.equal((await signOn()).name, 'twin-two');
  });

  it('names as providers give them: apostrophes, guests from elsewhere, long addresses', async () => {
    for (const userName of [
      "Mary.O'Brien@example.com",
      'ann_elsewhere.example#EXT#@tenant.example.com',
      `${'n'.repeat(64)}@${'d'.repeat(36)}.example.com`,
    ]) {
      const { id } = await join(userName);
      assert.equal((await person(id)).name, userName.toLowerCase());
      const filter = encodeURIComponent(`userName eq "${userName}"`);
      const found = await scim<List<User>>(200, 'GET', `/Users?filter=${filter}`);
      assert.deepEqual(
        found.Resources.map((one) => one.id),
        [id],
      );
      // By name, as administrators name them.
      const { control } = server;
      assert.equal((await control.accounts.directory.find(userName)).id, id);
      const { id: key } = await control.apiKeys.create('test', { name: 'theirs', systems: ['chat'] });
      await control.keyOwners.give('test', key, userName);
      await scim(200, 'PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: false }));
      assert.notEqual((await person(id)).disabledAt, null);
    }
    for (const userName of ['a b', 'a/b', 'a<b', 'a"b', 'a%b', 'j\u00fcrgen', 'x'.repeat(129), 'per_x'])
      await scim(400, 'POST', '/Users', { userName });
  });

  it('errors are worded as SCIM does; whoever may not provision may not', async () => {
    const error = await scim<{ schemas: string[]; status: string; detail: string }>(
      404,
      'GET',
      '/Groups/none',
    );
    assert.deepEqual(
      [error.schemas[0], error.status],
      ['urn:ietf:params:scim:api:messages:2.0:Error', '404'],
    );
    await scim(400, 'PATCH', '/Users/none', { Operations: [] });
    assert.equal(
      (await scim<{ patch: { supported: boolean } }>(200, 'GET', '/ServiceProviderConfig')).patch.supported,
      true,
    );
    assert.equal((await fetch(`${server.controlUrl}/scim/v2/Users`)).status, 401);
    const { programs } = server.control.accounts;
    const other = await programs.add('test', {
      name: 'other',
      purpose: 'x',
      owner: null,
      grants: [{ role: 'administrator' }],
    });
    const wrong = await server.control.apiKeys.create('test', {
      name: 'other',
      systems: [],
      program: other.id,
    });
    const headers = { authorization: `Bearer ${wrong.key}` };
    assert.equal((await fetch(`${server.controlUrl}/scim/v2/Users`, { headers })).status, 403);
    assert.equal(
      (await fetch(`${server.controlUrl}/api/v1/people`, { headers: { authorization: `Bearer ${key}` } }))
        .status,
      403,
    );
  });
});

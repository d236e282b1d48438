import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LEVEL } from '@sallyport/access';
import { type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';

type Caller = Pick<TestPerson, 'call'>;
/** Groups of each role, more than the ways below make. */
const GROUPS = 40;
/** A person whose account is in the hands of the administrator, and how it came there. */
type Taking = (as: string) => Promise<Caller>;

describe('an administrator alone brings nothing through that needs another', () => {
  let server: TestServer;
  let admin: TestPerson;
  let count = 0;
  let groups = 0;
  const groupOf = (role: string): string => `${role}s-${groups++}`;
  before(async () => {
    // A group of a name is made once.
    const named = Array.from({ length: GROUPS }, (_, at) =>
      ['approver', 'operator'].map((role) => [`${role}s-${at}`, [role]]),
    );
    server = await testServer({ config: { access: { groupRoles: Object.fromEntries(named.flat()) } } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(() => server.stop());

  const post = async <T>(path: string, body: object = {}, by: Caller = admin): Promise<T> => {
    const response = await by.call('POST', path, body);
    const text = await response.text();
    if (response.status >= 300) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const callerBy = (headers: Readonly<Record<string, string>>): Caller => ({
    call: (method, path, body) =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      }),
  });
  /** A service account with a key. */
  const program = async (role: string, more: object = {}): Promise<Caller> => {
    const made = { name: `program-${count++}`, purpose: 'x', grants: [{ role }], ...more };
    const { id } = await post<{ id: string }>('/api/v1/programs', made);
    const { key } = await post<{ key: string }>(`/api/v1/programs/${id}/keys`);
    return callerBy({ authorization: `Bearer ${key}` });
  };
  const opens = async (link: string): Promise<Caller> => {
    const browser = browserOf(server);
    const token = new URLSearchParams(new URL(link, 'http://x').hash.slice(1)).get('token');
    await post('/api/v1/setup', { token, password: PASSWORD }, browser);
    await addPasskey(server, browser);
    return browser;
  };
  const linked = async (id: string): Promise<Caller> =>
    opens((await post<{ link: string }>(`/api/v1/people/${id}/link`)).link);
  /** Signs on by the provider with two factors, as a subject. */
  const signsOn = async (subject: string, scimId: string | null = null, role?: string): Promise<Caller> => {
    const { directory, sessions } = server.control.accounts;
    const externalId = `https://idp.example|${subject}`;
    const person = await directory.fromProvider({
      externalId,
      scimId,
      names: [subject],
      grants: role ? [{ role }] : [],
    });
    const from = { address: '127.0.0.1', agent: 'test', device: null };
    const begun = await server.control.installation.store.change(async (tx) => ({
      result: (await sessions.begin(tx, person, from, { level: LEVEL.resistant, methods: ['passkey'] }))
        .begun,
      event: [],
    }));
    const cookie = admin.cookie().replace(/(sallyport_session=)[^;]*/, `$1${begun.token}`);
    return callerBy({ cookie });
  };
  const scim = async (method: string, path: string, body: object): Promise<{ id: string }> => {
    const { call } = await program('provisioner');
    return ok(await call(method, path, body), method === 'POST' ? 201 : 200);
  };

  /** Ways to have an account with a role, given one that another person had for long. */
  const takings: Record<string, Taking> = {
    made: async (role) => {
      const made = { name: `made-${count++}`, grants: [{ role }] };
      return opens((await post<{ link: string }>('/api/v1/people', made)).link);
    },
    'link to one who is there': async (role) => linked((await signedIn(server, [{ role }])).id),
    'provider of one who is there': async (role) => {
      const { id } = await signedIn(server, [{ role }]);
      const subject = `subject-${count++}`;
      await post(`/api/v1/people/${id}/provider`, { issuer: 'https://idp.example', subject });
      return signsOn(subject);
    },
    'link, then the role': async (role) => {
      const { id } = await signedIn(server, [{ role: 'viewer' }]);
      await linked(id);
      await post(`/api/v1/people/${id}/grants`, { role });
      return linked(id);
    },
    'the role, then a link': async (role) => {
      const { id } = await signedIn(server, [{ role: 'viewer' }]);
      await post(`/api/v1/people/${id}/grants`, { role });
      return linked(id);
    },
    'shut out, let in, link': async (role) => {
      const { id } = await signedIn(server, [{ role }]);
      await post(`/api/v1/people/${id}/disable`);
      await post(`/api/v1/people/${id}/enable`);
      return linked(id);
    },
    'by an administrator whom they made': async (role) => {
      const made = { name: `made-${count++}`, grants: [{ role: 'administrator' }] };
      const puppet = await opens((await post<{ link: string }>('/api/v1/people', made)).link);
      const { id } = await signedIn(server, [{ role }]);
      return opens((await post<{ link: string }>(`/api/v1/people/${id}/link`, {}, puppet)).link);
    },
    'SCIM: made, with a group': async (role) => {
      const externalId = `ext-${count++}`;
      const { id } = await scim('POST', '/scim/v2/Users', { userName: externalId, externalId });
      const members = [{ value: id }];
      await scim('POST', '/scim/v2/Groups', { displayName: groupOf(role), members });
      return signsOn(externalId, externalId);
    },
    'SCIM: another externalId for one who is there': async (role) => {
      const { provisioner } = server.control.accounts;
      const userName = `kept-${count++}`;
      const said = { userName, externalId: `${userName}-old`, displayName: '', email: null, active: true };
      const { id } = await provisioner.create('test', said);
      await provisioner.putGroup('test', null, { name: groupOf(role), externalId: null, members: [id] });
      await scim('PUT', `/scim/v2/Users/${id}`, { userName, externalId: `${userName}-new` });
      return signsOn(`${userName}-subject`, `${userName}-new`);
    },
  };
  const propose = (by: Caller): Promise<{ id: string; digest: string }> =>
    post('/api/v1/sources', { pattern: `https://data.example/${count++}` }, by);

  it('however they come by an approver, and by an author', async () => {
    const authors: Record<string, () => Promise<{ id: string; digest: string }>> = {
      themselves: () => propose(admin),
      'a service account that another answers for': async () => {
        const { id: owner } = await signedIn(server, [{ role: 'operator' }]);
        return propose(await program('operator', { owner }));
      },
      'one who proposed before they were taken over': async () => {
        const there = await signedIn(server, [{ role: 'operator' }]);
        const proposal = await propose(there);
        await linked(there.id);
        return proposal;
      },
      ...Object.fromEntries(
        Object.entries(takings).map(([how, take]) => [how, async () => propose(await take('operator'))]),
      ),
    };
    const approve = async (by: Caller, { id, digest }: { id: string; digest: string }): Promise<number> =>
      (await by.call('POST', `/api/v1/sources/${id}/approve`, { digest })).status;
    const theirs: [string, { id: string; digest: string }][] = [];
    for (const [by, make] of Object.entries(authors)) theirs.push([by, await make()]);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const through: string[] = [];
    for (const [how, take] of Object.entries(takings)) {
      const approver = await take('approver');
      // So what is refused below is refused for the sake of its author.
      assert.equal(await approve(approver, await propose(operator)), 200, how);
      for (const [by, proposal] of theirs) {
        const status = await approve(approver, proposal);
        if (status !== 403) through.push(`approver: ${how}; author: ${by}: ${status}`);
      }
    }
    assert.deepEqual(through, []);
    const another = await signedIn(server, [{ role: 'approver' }]);
    for (const [by, proposal] of theirs) assert.equal(await approve(another, proposal), 200, by);
  });
});

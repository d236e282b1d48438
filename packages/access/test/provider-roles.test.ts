import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Accounts, Begun } from '@sallyport/access';
import { openSqlite, type PersonRow, type Store } from '@sallyport/store';
import type { Proven } from '../src/people/sessions.ts';
import { accountsOver, from, PASSWORD } from './people.ts';

const subjectOf = (name: string): string => `https://idp.example|${name}`;

describe('roles that the groups of an identity provider give', () => {
  let store: Store;
  let accounts: Accounts;
  before(async () => {
    store = await openSqlite(':memory:');
    accounts = accountsOver(store);
    await accounts.directory.add('test', { name: 'root', grants: [{ role: 'administrator' }] });
  });
  after(() => store.close());

  /** What the directory makes of somebody in groups that give these roles. */
  const signOn = (name: string, ...roles: string[]): Promise<PersonRow> =>
    accounts.directory.fromProvider({
      externalId: subjectOf(name),
      scimId: null,
      names: [name],
      grants: roles.map((role) => ({ role })),
    });
  const begin = (person: PersonRow, proven: Partial<Proven> = {}): Promise<Begun> =>
    store.change(async (tx) => {
      const how = { level: 2, methods: ['provider', 'provider-mfa'], ...proven };
      const { begun, event } = await accounts.sessions.begin(tx, person, from(), how);
      return { result: begun, event };
    });
  const held = async ({ id }: PersonRow): Promise<string[]> =>
    (await store.people.grants(new Date().toISOString(), `person:${id}`)).map(({ role }) => role);

  it('who is in no group any more is refused, and has neither the roles nor the sessions of then', async () => {
    const ann = await signOn('ann', 'approver');
    const { token } = await begin(ann);
    await assert.rejects(signOn('ann'), { code: 'not-permitted' });
    assert.deepEqual(await held(ann), []);
    assert.equal(await accounts.sessions.who(token, false), null);
    await assert.rejects(signOn('ann'), { code: 'not-permitted' }, 'and again');
    assert.equal((await signOn('ann', 'viewer')).id, ann.id);
    assert.deepEqual(await held(ann), ['viewer']);
  });

  it('an account that a sign-on made gives way to the one that SCIM keeps of the same person, by the id of both alone', async () => {
    const by = (name: string, scimId: string | null, ...roles: string[]): Promise<PersonRow> =>
      accounts.directory.fromProvider({
        ...{ externalId: subjectOf(name), scimId, names: [name], email: `${name}@example.org` },
        grants: roles.map((role) => ({ role })),
      });
    const kept = (name: string): Promise<{ id: string }> =>
      accounts.provisioner.create('program:scim', {
        ...{ userName: `${name}@example.org`, externalId: `id-of-${name}`, displayName: name },
        ...{ email: `${name}@example.org`, active: true },
      });
    const [first, other, given] = [
      await by('eve', null, 'viewer'),
      await by('fay', null, 'viewer'),
      await by('gil', null, 'viewer'),
    ];
    const { token } = await begin(first);
    await accounts.directory.grant('test', 'gil', { role: 'analyst' });
    const fresh = { eve: await kept('eve'), fay: await kept('fay'), gil: await kept('gil') };
    assert.equal((await by('fay', null, 'viewer')).id, other.id, 'the same address is no reason');
    assert.equal((await by('fay', 'id-of-someone-else', 'viewer')).id, other.id);
    assert.equal(
      (await by('gil', 'id-of-gil', 'viewer')).id,
      given.id,
      'what an administrator gave stays theirs',
    );
    assert.equal((await by('eve', 'id-of-eve', 'viewer')).id, fresh.eve.id);
    assert.notEqual((await store.people.byId(first.id))!.disabledAt, null);
    assert.equal(await accounts.sessions.who(token, false), null);
    // Shutting out the one shuts out the person.
    await accounts.provisioner.leave('program:scim', fresh.eve.id);
    await assert.rejects(by('eve', 'id-of-eve', 'viewer'), { code: 'not-permitted' });
    // Nor does anyone whom an administrator shut out come in as another.
    await accounts.directory.setDisabled('test', other.id, true);
    await assert.rejects(by('fay', 'id-of-fay', 'viewer'), { code: 'not-permitted' });
  });

  it('roles that were given here stay, and let in; a link is not used by who is refused', async () => {
    const ben = await signOn('ben', 'approver');
    await accounts.directory.grant('test', 'ben', { role: 'viewer' });
    assert.equal((await signOn('ben')).id, ben.id);
    assert.deepEqual(await held(ben), ['viewer']);
    const { person } = await accounts.directory.add('test', { name: 'cleo', grants: [] });
    await accounts.directory.link('test', 'cleo', subjectOf('cleo'));
    await assert.rejects(signOn('cleo'), { code: 'not-permitted' });
    const waiting = await store.change(async (tx) => ({
      result: await store.tickets.ofPerson('provider-link', person.id, tx),
      event: [],
    }));
    assert.equal(waiting.length, 1);
  });

  it('they count in sessions that the provider began, however proven again, and in no other', async () => {
    const { token } = await accounts.directory.add('test', { name: 'lin', grants: [{ role: 'viewer' }] });
    await accounts.links.use(token!, { name: '', password: PASSWORD }, from());
    await accounts.directory.link('test', 'lin', subjectOf('lin'));
    const lin = await signOn('lin', 'approver');
    const roles = async ({ token: shown }: Begun): Promise<string[]> =>
      (await accounts.sessions.who(shown, true))!.grants.map(({ role }) => role).sort();
    for (const methods of [['password'], ['password', 'totp'], ['passkey'], ['set-up-link', 'password']])
      assert.deepEqual(await roles(await begin(lin, { methods })), ['viewer'], methods.join());
    const first = await accounts.signIn.password('lin', PASSWORD, from());
    assert.ok('begun' in first);
    assert.deepEqual(await roles(first.begun), ['viewer']);
    for (const methods of [['provider'], ['provider', 'provider-passkey']])
      assert.deepEqual(await roles(await begin(lin, { methods })), ['approver', 'viewer'], methods.join());
    const who = (await accounts.sessions.who((await begin(lin)).token, true))!;
    const again = await store.change(async (tx) => {
      const { begun, event } = await accounts.sessions.renew(tx, who, 3, 'passkey', true);
      return { result: begun, event };
    });
    assert.deepEqual(await roles(again), ['approver', 'viewer']);
    assert.deepEqual(await held(lin), ['viewer', 'approver'], 'they are theirs still');
  });
});

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import { clock } from '@sallyport/core';
import { type TestServer, testServer } from './harness.ts';
import { PASSWORD } from './people.ts';

const HOUR_MS = 3_600_000;
const FROM = { address: '192.0.2.1', agent: 'test', device: null };

describe('cooling off counts from the use of what lets someone in', () => {
  let server: TestServer;
  let nowMs = Date.now();
  let count = 0;
  before(async () => {
    server = await testServer({
      config: { access: { groupRoles: { approvers: ['approver'], admins: ['administrator'] } } },
    });
  });
  after(() => server.stop());
  beforeEach(() => mock.method(clock, 'nowMs', () => nowMs));
  afterEach(() => mock.restoreAll());

  const wait = (hours: number): void => {
    nowMs += hours * HOUR_MS;
  };
  const { directory, links, programs, provisioner } = new Proxy({} as TestServer['control']['accounts'], {
    get: (_, name) =>
      new Proxy(
        {},
        {
          get: (_own, method) => {
            const part = server.control.accounts[name as 'directory'] as unknown as Record<string, unknown>;
            return (part[method as string] as (...args: unknown[]) => unknown).bind(part);
          },
        },
      ),
  });
  const add = async (by: string, role: string): Promise<{ id: string; token: string }> => {
    const { person, token } = await directory.add(by, { name: `p-${count++}`, grants: [{ role }] });
    return { id: person.id, token: token! };
  };
  const open = (token: string): Promise<unknown> => links.use(token, { name: '', password: PASSWORD }, FROM);
  const owes = async (id: string, to: string): Promise<boolean> =>
    (await server.control.fourEyes.beholdenTo(id)).includes(to);
  /** A service account that keeps people, and who answers for it. */
  const keeper = async (owner: string): Promise<string> => {
    const grants = [{ role: 'provisioner' }];
    const { id } = await programs.add('test', { name: `idp-${count++}`, purpose: 'x', owner, grants });
    return `program:${id}`;
  };
  const user = (more: object): never =>
    ({
      userName: `u-${count++}`,
      externalId: null,
      displayName: '',
      email: null,
      active: true,
      ...more,
    }) as never;
  const signOn = (subject: string, scimId: string | null): Promise<{ id: string }> =>
    directory.fromProvider({
      externalId: `https://idp.example|${subject}`,
      scimId,
      names: [],
      grants: [{ role: 'approver' }],
    });

  it('a role binds its holder to who gave it for a day to the millisecond, unless they approved before', async () => {
    const gives = async (id: string, role: string, system?: string): Promise<string> => {
      const { id: by } = await add('test', 'administrator');
      await directory.grant(`person:${by}`, id, { role, system });
      return `person:${by}`;
    };
    // What was there before for long, and approves nothing, frees no one.
    const { person } = await directory.add('test', { name: `p-${count++}`, grants: [{ role: 'viewer' }] });
    wait(48);
    const giver = await gives(person.id, 'approver');
    assert.ok(await owes(person.id, giver), 'at once');
    nowMs += 24 * HOUR_MS - 1;
    assert.ok(await owes(person.id, giver), 'a millisecond before a day is over');
    nowMs += 2;
    assert.ok(!(await owes(person.id, giver)), 'a millisecond after');
    // Who approves for longer than a day owes that to no one who gives them more of it.
    assert.ok(!(await owes(person.id, await gives(person.id, 'approver', 'main'))));
    // One on a single system, however old, approves nothing of the organisation's.
    const { person: sleeper } = await directory.add('test', {
      name: `p-${count++}`,
      grants: [{ role: 'approver', system: 'main' }],
    });
    wait(48);
    assert.ok(await owes(sleeper.id, await gives(sleeper.id, 'approver')));
    // Nor does a role that approves nothing make an approver.
    const { id } = await add('test', 'viewer');
    assert.ok(!(await owes(id, await gives(id, 'analyst'))));
  });

  it('a set-up link: opened an hour before it ends, it binds for a day from then', async () => {
    const admin = await add('test', 'administrator');
    const made = await add(`person:${admin.id}`, 'approver');
    wait(23);
    await open(made.token);
    wait(2);
    assert.ok(await owes(made.id, `person:${admin.id}`), 'two hours after it was opened');
    wait(23);
    assert.ok(!(await owes(made.id, `person:${admin.id}`)), 'a day after it was opened');
    // A new link for one who approves already.
    const { token } = await links.make(`person:${admin.id}`, await directory.find(made.id));
    assert.ok(!(await owes(made.id, `person:${admin.id}`)), 'one that no one opened lets no one in');
    wait(23);
    await open(token);
    wait(23);
    assert.ok(await owes(made.id, `person:${admin.id}`));
    wait(2);
    assert.ok(!(await owes(made.id, `person:${admin.id}`)));
  });

  it('a link to a subject of the provider: its first sign-on counts, weeks later', async () => {
    const admin = await add('test', 'administrator');
    const approver = await add('test', 'approver');
    wait(48);
    await directory.link(`person:${admin.id}`, approver.id, 'https://idp.example|far');
    wait(20 * 24);
    assert.ok(!(await owes(approver.id, `person:${admin.id}`)), 'no one used it yet');
    await signOn('far', null);
    wait(2);
    assert.ok(await owes(approver.id, `person:${admin.id}`), 'used two hours ago');
    await signOn('far', null);
    wait(23);
    assert.ok(!(await owes(approver.id, `person:${admin.id}`)), 'later sign-ons are no use of the link');
  });

  it('an id of SCIM: who said it last counts, from the first sign-on by it', async () => {
    const admin = await add('test', 'administrator');
    const honest = await add('test', 'administrator');
    const [own, theirs] = [await keeper(admin.id), await keeper(honest.id)];
    const said = user({ externalId: 'first' });
    const { id } = await provisioner.create(theirs, said);
    await provisioner.putGroup(theirs, null, { name: 'approvers', externalId: null, members: [id] });
    wait(30 * 24);
    await provisioner.replace(own, id, user({ ...(said as object), externalId: 'puppet' }));
    wait(48);
    // Saying the same again says nothing.
    await provisioner.replace(theirs, id, user({ ...(said as object), externalId: 'puppet' }));
    wait(48);
    assert.equal((await signOn('puppet-subject', 'puppet')).id, id);
    wait(20);
    assert.ok(await owes(id, `person:${admin.id}`), 'who named the one who signed on');
    assert.ok(!(await owes(id, `person:${honest.id}`)), 'not who named another before');
    // Another id after the sign-on takes nothing back.
    await provisioner.replace(theirs, id, user({ ...(said as object), externalId: 'third' }));
    assert.ok(await owes(id, `person:${admin.id}`));
    wait(5);
    assert.ok(!(await owes(id, `person:${admin.id}`)));
  });

  it('an account of SCIM that no one used: who made it counts, from its first sign-on', async () => {
    const admin = await add('test', 'administrator');
    const own = await keeper(admin.id);
    const { id } = await provisioner.create(own, user({ externalId: 'sleeper' }));
    wait(90 * 24);
    await signOn('sleeper-subject', 'sleeper');
    assert.ok(await owes(id, `person:${admin.id}`));
    wait(25);
    assert.ok(!(await owes(id, `person:${admin.id}`)));
  });

  it('command, console and provisioning are one human, as maker and as author', async () => {
    const admin = await add('test', 'administrator');
    await directory.setLocalUser('test', admin.id, `user-${admin.id}`);
    const [local, person] = [`local:user-${admin.id}`, `person:${admin.id}`];
    const program = await keeper(admin.id);
    const { fourEyes } = server.control;
    for (const maker of [local, person, program]) {
      wait(48);
      const made =
        maker === program ? await provisioner.create(program, user({})) : await add(maker, 'approver');
      const owed = await fourEyes.beholdenTo(made.id);
      for (const author of [local, person, program]) {
        const parties = await fourEyes.partiesOf(author);
        assert.ok(
          parties.some((one) => owed.includes(one)),
          `made by ${maker}, proposed by ${author}`,
        );
      }
    }
  });
});

describe('one human stays one under every name', () => {
  let server: TestServer;
  let count = 0;
  before(async () => {
    server = await testServer();
  });
  after(() => server.stop());
  afterEach(() => mock.restoreAll());
  const people = () => server.control.accounts;
  const parties = (actor: string): Promise<string[]> => server.control.fourEyes.partiesOf(actor);
  const keeper = async (): Promise<string> => {
    const grants = [{ role: 'provisioner' }];
    const { id } = await people().programs.add('test', {
      name: `k-${count++}`,
      purpose: 'x',
      owner: null,
      grants,
    });
    return `program:${id}`;
  };
  const user = (userName: string, externalId: string | null = null): never =>
    ({ userName, externalId, displayName: '', email: null, active: true }) as never;

  it('who is renamed by SCIM is still the user of this machine that they were', async () => {
    const idp = await keeper();
    const { id } = await people().provisioner.create(idp, user('jo'));
    assert.ok((await parties('local:jo')).includes(`person:${id}`));
    await people().provisioner.replace(idp, id, user('jo.smith'));
    assert.ok((await parties('local:jo')).includes(`person:${id}`), 'renamed');
    await people().provisioner.replace(idp, id, user('smith'));
    for (const name of ['jo', 'jo.smith', 'smith'])
      assert.ok((await parties(`local:${name}`)).includes(`person:${id}`), name);
    // Somebody else who gets the name is taken for the user as well, but the two are not one.
    const other = await people().provisioner.create(idp, user('jo'));
    assert.ok((await parties('local:jo')).includes(`person:${other.id}`));
    assert.ok(!(await parties(`person:${other.id}`)).includes(`person:${id}`));
    // An administrator says who is who.
    await people().directory.setLocalUser('test', id, 'smithy');
    assert.ok(!(await parties('local:jo')).includes(`person:${id}`));
    assert.ok((await parties('local:smithy')).includes(`person:${id}`));
  });

  it('a link to a user of this machine that is taken back holds for another day', async () => {
    const { person } = await people().directory.add('test', { name: 'kay', grants: [] });
    await people().directory.setLocalUser('test', person.id, 'machine');
    await people().directory.setLocalUser('test', person.id, null);
    assert.ok((await parties('local:machine')).includes(`person:${person.id}`));
    const { person: next } = await people().directory.add('test', { name: 'lee', grants: [] });
    await people().directory.setLocalUser('test', next.id, 'machine');
    const both = await parties('local:machine');
    assert.ok(both.includes(`person:${next.id}`) && both.includes(`person:${person.id}`));
    const later = Date.now() + 25 * HOUR_MS;
    mock.method(clock, 'nowMs', () => later);
    assert.ok(!(await parties('local:machine')).includes(`person:${person.id}`), 'a day later');
  });

  it('who is removed and made again, or linked elsewhere, is who they were', async () => {
    const idp = await keeper();
    const said = { names: [], grants: [{ role: 'viewer' }] };
    const first = await people().provisioner.create(idp, user('max', 'e-max'));
    const subject = 'https://idp.example|max';
    await people().directory.fromProvider({ ...said, externalId: subject, scimId: 'e-max' });
    await people().provisioner.remove(idp, first.id);
    const second = await people().provisioner.create(idp, user('maximilian', 'e-max'));
    assert.ok((await parties(`person:${first.id}`)).includes(`person:${second.id}`), 'by its id in SCIM');
    // Another id in SCIM hides nothing: they sign on as they did.
    await people().provisioner.replace(idp, second.id, user('maximilian', 'e-other'));
    await people().directory.fromProvider({ ...said, externalId: subject, scimId: 'e-other' });
    assert.ok((await parties(`person:${first.id}`)).includes(`person:${second.id}`), 'by its subject');
    assert.ok((await parties('local:max')).includes(`person:${second.id}`), 'and by command');
    const { person } = await people().directory.add('test', { name: 'other', grants: [] });
    assert.deepEqual(await parties(`person:${person.id}`), [`person:${person.id}`], 'no one else is');
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Config, parseConfig } from '@sallyport/core';
import { diagnose } from '../src/doctor.ts';
import { takeAwayUngiven } from '../src/group-roles.ts';
import { everySystem, type TestServer, testServer } from './harness.ts';

const signOn = (roles: Record<string, string[]>) => ({
  issuer: 'https://login.example',
  clientId: 'x',
  roles,
});
const BEFORE = {
  groupRoles: { staff: ['analyst', 'auditor'], heads: ['administrator'] },
  signOn: signOn({ engineers: ['operator'], visitors: ['viewer'] }),
};

describe('roles of groups when the configuration says otherwise', () => {
  let server: TestServer;
  let config: Config;
  before(async () => {
    server = await testServer({ config: { access: BEFORE } });
    config = server.control.config;
    const { directory, provisioner } = server.control.accounts;
    const user = (userName: string) => ({
      userName,
      externalId: null,
      displayName: userName,
      email: null,
      active: true,
    });
    const { id: ann } = await provisioner.create('test', user('ann'));
    const { id: head } = await provisioner.create('test', user('head'));
    await provisioner.putGroup('test', null, { name: 'staff', externalId: null, members: [ann] });
    await provisioner.putGroup('test', null, { name: 'heads', externalId: null, members: [head] });
    await directory.fromProvider({
      externalId: 'https://login.example|eve',
      scimId: null,
      names: ['eve'],
      grants: [{ role: 'operator' }, { role: 'viewer' }],
    });
    // Given here, and by no group.
    await directory.grant('test', 'ann', { role: 'viewer' });
  });
  after(() => server.stop());

  const reload = async (access: object): Promise<void> => {
    const { gateway, control } = config;
    server.control.loadConfig = () => ({
      ...config,
      access: parseConfig({ access }).access,
      gateway,
      control,
    });
    await server.control.reload('test');
  };
  const roles = async (name: string): Promise<string[]> =>
    (await server.control.accounts.directory.list())
      .find((one) => one.name === name)!
      .grants.map(({ role }) => role)
      .sort();

  it('stay where nothing of them changed, and where a server starts without any such settings', async () => {
    await reload(BEFORE);
    server.control.config = { ...config, access: parseConfig({}).access };
    assert.equal(await takeAwayUngiven(server.control, true), 0);
    server.control.config = config;
    assert.deepEqual(await roles('ann'), ['analyst', 'auditor', 'viewer']);
    assert.deepEqual(await roles('eve'), ['operator', 'viewer']);
  });

  it('go at the reload that takes them from the group, with the sessions; others stay', async () => {
    await reload({
      groupRoles: { ...BEFORE.groupRoles, staff: ['auditor'] },
      signOn: signOn({ visitors: ['viewer'] }),
    });
    assert.deepEqual(await roles('ann'), ['auditor', 'viewer']);
    assert.deepEqual(await roles('eve'), ['viewer']);
    const { events } = server.control.installation.store;
    await server.control.installation.flush();
    assert.match(String((await events.latest('grant-removed'))!.data['why']), /no group gives it/);
  });

  it('stay with the last administrator until there is another', async () => {
    await reload({});
    assert.deepEqual(await roles('head'), ['administrator']);
    assert.deepEqual(await roles('ann'), ['viewer']);
    assert.deepEqual(await roles('eve'), []);
    await server.control.accounts.directory.add('test', {
      name: 'other',
      grants: [{ role: 'administrator' }],
    });
    await reload({});
    assert.deepEqual(await roles('head'), []);
  });

  it('are looked at when a server starts, too', async () => {
    const { data } = server;
    const { provisioner } = server.control.accounts;
    server.control.config = config;
    const staff = (await provisioner.groups()).find(({ name }) => name === 'staff')!;
    await provisioner.putGroup('test', staff.id, staff);
    assert.deepEqual(await roles('ann'), ['analyst', 'auditor', 'viewer']);
    await server.stop();
    server = await testServer({ data, config: { access: { groupRoles: { staff: ['auditor'] } } } });
    assert.deepEqual(await roles('ann'), ['auditor', 'viewer']);
  });
});

describe('a role of a group that no policy speaks of', () => {
  it('is given to no one, is told of, and keeps no other role', async () => {
    const groupRoles = { staff: ['operator'], misspelt: ['operatr', 'viewer'] };
    const access = { groupRoles, signOn: signOn({ visitors: ['visitor'] }) };
    const server = await testServer({ config: { access } });
    try {
      const { directory, provisioner } = server.control.accounts;
      const ann = { userName: 'ann', externalId: null, displayName: 'ann', email: null, active: true };
      const { id } = await provisioner.create('test', ann);
      const put = (name: string) =>
        provisioner.putGroup('test', null, { name, externalId: null, members: [id] });
      const staff = await put('staff');
      await put('misspelt');
      const roles = async (): Promise<string[]> =>
        (await directory.list())
          .find((one) => one.id === id)!
          .grants.map(({ role }) => role)
          .sort();
      assert.deepEqual(await roles(), ['operator', 'viewer']);
      await provisioner.putGroup('test', staff.id, { ...staff, members: [] });
      assert.deepEqual(await roles(), ['viewer'], 'who left the group has its role no longer');
      const eve = { externalId: 'https://login.example|eve', scimId: null, names: ['eve'] };
      const said = [{ role: 'operatr' }, { role: 'viewer' }];
      assert.ok(await directory.fromProvider({ ...eve, grants: said }), 'signs on with what there is');
      const [told] = (await diagnose(server.control, await everySystem(server))).filter(
        ({ check }) => check === 'roles of groups',
      );
      assert.equal(told!.level, 'warning');
      assert.match(
        told!.detail,
        /groupRoles: operatr of misspelt; access\.signOn\.roles: visitor of visitors$/,
      );
    } finally {
      await server.stop();
    }
  });
});

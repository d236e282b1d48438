import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { Store } from '@sallyport/store';
import { behindSqlite, divergingIn } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { PASSWORD, signedIn } from './people.ts';

describe(
  'rows that the log holds and the state does not',
  {
    skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine',
  },
  () => {
    let fake: FakeSystem;
    let server: TestServer;
    let key: string;
    const data = join(scratch(), 'data');
    const start = async (): Promise<void> => {
      server = await testServer({
        data,
        systems: { shop: enforced(fake), other: enforced(fake) },
        config: { access: { groupRoles: { admins: ['administrator'], staff: ['viewer@shop'] } } },
        diverges: true,
      });
    };
    const behind = (...statements: string[]): void =>
      behindSqlite(data, 'pragma foreign_keys = off', ...statements);
    const restart = async (...statements: string[]): Promise<void> => {
      await server.stop();
      behind(...statements);
      await start();
    };
    const look = (): Promise<boolean> => server.control.installation.state.look();
    const diverging = (): string[] => divergingIn(server);
    const accept = async (row: string): Promise<void> => {
      await server.control.installation.state.accept('local:test', row, 'a repair by hand');
      await server.control.publish();
    };
    const store = (): Store => server.control.installation.store;
    const call = async (system: string, of = key): Promise<string> => {
      const answer = await server.post(`/s/${system}/v1/chat/completions`, of, {
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
      });
      const body = (await answer.json()) as { error?: { code?: string } };
      return `${answer.status} ${body.error?.code ?? ''}`.trim();
    };

    before(async () => {
      fake = await fakeSystem();
      await start();
      ({ key } = await server.control.apiKeys.create('test', { name: 'all', systems: ['shop', 'other'] }));
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });

    it('a suspended third party that is removed, or changed to be of another system, stays suspended', async () => {
      const { thirdParties } = server.control;
      const { origin } = new URL(fake.url);
      const made = await thirdParties.propose('person:a', {
        name: 'vendor',
        kind: 'vendor-model',
        manifest: { purpose: 'test', origins: [origin], systems: ['shop'], allowPrivate: true },
        owner: null,
        days: 30,
      });
      await thirdParties.suspend('person:b', 'vendor', 'an incident there');
      await server.control.publish();
      assert.equal(await call('shop'), '403 integration-refused');
      const kept = new DatabaseSync(join(data, 'state.db'))
        .prepare('select manifest from integrations')
        .get()!;
      await restart(
        `update integrations set status = 'proposed', approved_at = null, manifest = replace(manifest, '"shop"', '"none"')`,
      );
      assert.equal(await call('shop'), '403 integration-refused', 'changed');
      await restart(
        `delete from integrations`,
        `delete from events where type like 'integration-%'`,
        `delete from outbox`,
      );
      assert.deepEqual(diverging(), [`integrations/${made.id} missing`]);
      assert.ok(kept);
      assert.equal(await call('shop'), '403 integration-refused', 'removed');
      const findings = await store().findings.list();
      assert.ok(findings.some(({ detector }) => detector === 'state'));
      // Made again under its name, it does not count before the owner has judged it.
      await accept(`integrations/${made.id}`);
      assert.deepEqual(diverging(), []);
      assert.equal(await call('shop'), '200');
      await restart();
      assert.deepEqual(diverging(), []);
    });

    it('a system that is removed gets no calls; a key is told', async () => {
      await server.control.addSystem('test', 'added', enforced(fake) as never);
      const own = await server.control.apiKeys.create('test', { name: 'added', systems: ['added'] });
      const revoked = await server.control.apiKeys.create('test', { name: 'revoked', systems: ['shop'] });
      await server.control.apiKeys.revoke('test', revoked.id);
      assert.equal(await call('added', own.key), '200');
      await restart(
        `delete from systems where name = 'added'`,
        `delete from api_keys where id = '${revoked.id}'`,
      );
      assert.deepEqual(diverging(), [`api_keys/${revoked.id} missing`, 'systems/added missing']);
      assert.equal(await call('added', own.key), '503 system-quarantined');
      assert.equal(await call('other'), '200', 'all others go on');
      await accept('systems/added');
      await accept(`api_keys/${revoked.id}`);
      assert.equal(await call('added', own.key), '404 system-unknown');
    });

    it('a service account that is removed has no keys', async () => {
      const { programs } = server.control.accounts;
      const program = await programs.add('test', { name: 'job', purpose: 'x', owner: null, grants: [] });
      const own = await server.control.apiKeys.create('test', {
        name: 'job',
        systems: ['shop'],
        program: program.id,
      });
      assert.equal(await call('shop', own.key), '200');
      await restart(`delete from programs where id = '${program.id}'`);
      assert.ok(diverging().includes(`programs/${program.id} missing`));
      assert.match(await call('shop', own.key), /^401/);
      await accept(`programs/${program.id}`);
      assert.match(await call('shop', own.key), /^401/, 'whose account is gone opens nothing');
    });

    it('a person who was removed is not made again before the owner has judged it', async () => {
      const { provisioner } = server.control.accounts;
      const user = { userName: 'gone', externalId: 'x-1', displayName: 'G', email: null, active: true };
      const made = await provisioner.create('test', user);
      await server.control.accounts.directory.setDisabled('test', made.id, true);
      await restart(
        `delete from provisioned where person_id = '${made.id}'`,
        `delete from people where id = '${made.id}'`,
      );
      assert.deepEqual(diverging(), [`people/${made.id} missing`, `provisioned/${made.id} missing`]);
      await assert.rejects(
        server.control.accounts.provisioner.create('test', { ...user, userName: 'other' }),
        {
          code: 'conflict',
        },
      );
      await accept(`people/${made.id}`);
      await accept(`provisioned/${made.id}`);
      await server.control.accounts.provisioner.create('test', { ...user, userName: 'other' });
    });

    it('a person whose second factor was removed or changed does not get in with less', async () => {
      const other = await signedIn(server, [{ role: 'viewer', system: 'shop' }], false);
      const isIn = async (id: string): Promise<boolean> =>
        (await store().people.byId(id))!.disabledAt === null;
      for (const [change, why] of [
        ['delete from factors', 'missing'],
        [`update factors set name = 'x'`, 'changed'],
        [`update factors set secret = '{}'`, 'changed'],
        [`update factors set confirmed_at = null`, 'missing'],
        [`update factors set person_id = '${other.id}'`, 'changed'],
      ] as const) {
        const person = await signedIn(server, [{ role: 'viewer', system: 'shop' }]);
        const [factor] = await store().factors.list(person.id);
        const row = `factors/${factor!.id}`;
        behind(`${change} where id = '${factor!.id}'`);
        await look();
        assert.deepEqual(diverging(), [`${row} ${why}`]);
        assert.deepEqual([await isIn(person.id), await isIn(other.id)], [false, true], change);
        const { signIn } = server.control.accounts;
        const from = { address: '192.0.2.7', agent: 'test', device: null };
        await assert.rejects(signIn.password(person.name, PASSWORD, from), { code: 'not-signed-in' }, change);
        await accept(row);
        assert.ok(await isIn(person.id));
      }
      // One that no event made takes nothing from the person that it names.
      behind(
        `insert into factors (id, person_id, kind, name, handle, secret, counter, created_at, confirmed_at)
         values ('fac_x', '${other.id}', 'passkey', 'x', 'x', '{}', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
      );
      await look();
      assert.deepEqual(diverging(), ['factors/fac_x unknown']);
      assert.ok(await isIn(other.id));
      behind(`delete from factors where id = 'fac_x'`);
      await look();
    });

    it('groups and members that no event made give no role, whatever changes next', async () => {
      const { provisioner } = server.control.accounts;
      const user = (userName: string) => ({
        ...{ userName, externalId: userName, displayName: userName, email: null, active: true },
      });
      const one = await provisioner.create('test', user('one'));
      const two = await provisioner.create('test', user('two'));
      const staff = await provisioner.putGroup('test', null, {
        name: 'staff',
        externalId: null,
        members: [one.id],
      });
      await restart(
        `insert into groups values ('grp_x', 'admins', null, '2026-01-01T00:00:00Z')`,
        `insert into group_members values ('grp_x', '${one.id}')`,
        `insert into group_members values ('${staff.id}', '${two.id}')`,
      );
      assert.deepEqual(
        diverging(),
        [
          'groups/grp_x unknown',
          `group_members/grp_x:${one.id} unknown`,
          `group_members/${staff.id}:${two.id} unknown`,
        ].sort(),
      );
      await server.control.accounts.provisioner.putGroup('test', null, {
        name: 'unrelated',
        externalId: null,
        members: [one.id, two.id],
      });
      const roles = async (id: string) =>
        (await store().people.grants('2026-12-01', `person:${id}`)).map(({ role }) => role);
      assert.deepEqual(await roles(one.id), ['viewer']);
      assert.deepEqual(await roles(two.id), []);
      // A change of a row of these does not make it good.
      await store().change(async (tx) => {
        const forged = { id: 'grp_x', name: 'admins', externalId: 'e', createdAt: '', members: [one.id] };
        await store().provisioning.putGroup(tx, forged);
        return { result: undefined, event: [] };
      });
      await server.control.installation.state.look();
      assert.ok(diverging().includes('groups/grp_x unknown'), diverging().join());
      assert.ok(diverging().includes(`group_members/grp_x:${one.id} unknown`), diverging().join());
    });
  },
);

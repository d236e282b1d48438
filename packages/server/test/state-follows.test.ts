import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { issueKey } from '@sallyport/access';
import { newEvent, newId } from '@sallyport/core';
import { StateWatch } from '../src/state-watch.ts';
import { behindSqlite, divergingIn } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { signedIn, type TestPerson } from './people.ts';

const LATER = '2999-01-01T00:00:00.000Z';

describe(
  'state that does not follow from the log',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    let server: TestServer;
    const data = join(scratch(), 'data');
    const start = async (): Promise<void> => {
      server = await testServer({
        data,
        systems: { main: enforced(fake), other: enforced(fake) },
        diverges: true,
      });
    };
    /** Changes the database of a server that is at rest, or that runs. */
    const behind = (...statements: string[]): void => behindSqlite(data, ...statements);
    const restart = async (...statements: string[]): Promise<void> => {
      await server.stop();
      behind(...statements);
      await start();
    };
    const ids = new Map<string, string>();
    const create = async (name: string, systems = ['main']): Promise<string> => {
      const made = await server.control.apiKeys.create('test', { name, systems });
      ids.set(name, made.id);
      return made.key;
    };
    const status = async (key: string, system = 'main'): Promise<number> => {
      const answer = await server.post(`/s/${system}/v1/chat/completions`, key, {
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
      });
      await answer.text();
      return answer.status;
    };
    const diverging = (): string[] => divergingIn(server);

    // Whichever runs: people go on in their sessions after a restart.
    const live = new Proxy({} as TestServer, {
      get: (_target, name) => Reflect.get(server, name) as unknown,
    });
    let admin: TestPerson;
    before(async () => {
      fake = await fakeSystem();
      await start();
      admin = await signedIn(live, [{ role: 'administrator' }]);
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });

    it('opens nothing: keys that were revoked, ended, widened or never made; all others go on', async () => {
      const good = await create('good');
      const revoked = await create('revoked');
      const widened = await create('widened');
      const longer = await create('longer');
      await server.control.apiKeys.revoke('test', ids.get('revoked')!);
      assert.equal(await status(revoked), 401);
      assert.equal(await status(widened, 'other'), 403);
      const forged = issueKey();
      await restart(
        `update api_keys set revoked_at = null where id = '${ids.get('revoked')}'`,
        `update api_keys set systems = '["main","other"]' where id = '${ids.get('widened')}'`,
        `update api_keys set expires_at = '${LATER}' where id = '${ids.get('longer')}'`,
        `insert into api_keys select 'key_forged', 'forged', prefix, '${forged.hash}', systems, scope, limits, created_at, expires_at, null, 0, 0, null
        from api_keys where id = '${ids.get('good')}'`.replace(
          'insert into api_keys select',
          'insert into api_keys (id, name, prefix, hash, systems, scope, limits, created_at, expires_at, revoked_at, demo, synthetic, program) select',
        ),
      );
      assert.deepEqual(
        diverging(),
        [
          'api_keys/key_forged unknown',
          ...['revoked', 'widened', 'longer'].map((name) => `api_keys/${ids.get(name)} changed`),
        ].sort(),
      );
      for (const key of [revoked, widened, longer, forged.secret]) assert.equal(await status(key), 401);
      assert.equal(await status(widened, 'other'), 401);
      assert.equal(await status(good), 200, 'what follows goes on');
      await server.control.installation.flush();
      const findings = await server.control.installation.store.findings.list();
      const own = findings.filter(({ detector }) => detector === 'state');
      assert.equal(own.length, 4);
      assert.ok(own.every(({ severity }) => severity === 'critical'));
      await server.control.probeIfOlder(0);
      const { status: cmp, missing, evidence } = (await server.controls()).get('CMP-03')!;
      assert.equal(cmp, 'failing', [...missing, ...evidence].join());
      // Told once, and not at each start.
      await server.stop();
      await start();
      const told = await server.control.installation.store.events.since(['state-diverged'], '1970');
      assert.equal(told.flatMap(({ data: own }) => own['rows'] as unknown[]).length <= 8, true);
      for (const key of [revoked, widened, longer, forged.secret]) assert.equal(await status(key), 401);
    });

    it('grants no role, no account, no session, no way in', async () => {
      const person = await signedIn(live, [{ role: 'viewer', system: 'main' }]);
      const gone = await signedIn(live, [{ role: 'administrator' }]);
      await server.control.accounts.directory.setDisabled('test', gone.id, true);
      const before_ = new Set(diverging());
      const sessions = (): number =>
        Number(
          new DatabaseSync(join(data, 'state.db')).prepare('select count(*) as n from sessions').get()!['n'],
        );
      assert.ok(sessions() > 0);
      await restart(
        `insert into grants (id, holder, role, system, origin, created_at, created_by) values ('grt_x', 'person:${person.id}', 'administrator', '*', 'local', '2026-01-01T00:00:00Z', 'local:x')`,
        `update people set disabled_at = null where id = '${gone.id}'`,
        `update sessions set person_id = '${admin.id}' where person_id = '${person.id}'`,
        `insert into tickets (hash, kind, person_id, data, created_at, expires_at) values ('${'a'.repeat(64)}', 'set-up', '${admin.id}', '{}', '2026-01-01T00:00:00Z', '${LATER}')`,
        `update factors set person_id = '${admin.id}' where person_id = '${person.id}'`,
      );
      const now = diverging().filter((one) => !before_.has(one));
      for (const part of [
        'grants/grt_x unknown',
        `people/${gone.id} changed`,
        `tickets/${'a'.repeat(64)} unknown`,
      ])
        assert.ok(now.includes(part), `${part}: ${now.join()}`);
      assert.ok(
        now.some((one) => one.startsWith('sessions/')) && now.some((one) => one.startsWith('factors/')),
      );
      const { store } = server.control.installation;
      assert.ok(!(await store.people.grants('2026-01-02')).some(({ id }) => id === 'grt_x'));
      assert.notEqual((await store.people.byId(gone.id))!.disabledAt, null);
      assert.equal((await admin.call('GET', '/api/v1/people')).status, 200, 'one that was not goes on');
      const answer = await person.call('GET', '/api/v1/people');
      assert.equal(answer.status, 401, 'a session that was moved to an administrator opens nothing');
      assert.equal((await store.factors.list(admin.id)).length, 1);

      assert.equal(await store.tickets.open('set-up', 'a'.repeat(64), '2026-01-02T00:00:00Z'), null);
    });

    it('sends nothing to a system whose row was changed, and records nothing that others put into the outbox', async () => {
      await server.control.addSystem('test', 'added', enforced(fake) as never);
      const key = await create('added', ['added']);
      assert.equal(await status(key, 'added'), 200);
      const forged = issueKey();
      const event = {
        ...newEvent('key-created', { actor: 'person:x', subject: 'key:key_outbox' }),
        rows: { 'api_keys/key_outbox': 'x' },
      };
      await restart(
        `update systems set config = replace(config, '127.0.0.1', '127.0.0.2') where name = 'added'`,
        `insert into outbox (event_id, event) values ('${event.id}', '${JSON.stringify(event)}')`,
        `insert into outbox (event_id, event) values ('${newId('evt')}', '${JSON.stringify({ text: JSON.stringify(event), seal: 'AAAA' })}')`,
      );
      assert.ok(forged);
      assert.ok(diverging().includes('systems/added changed'));
      const refused = await status(key, 'added');
      assert.ok(refused >= 403, `${refused}`);
      await server.control.installation.flush();
      const { events } = server.control.installation.store;
      assert.ok(
        !(await events.since(['key-created'], '1970')).some(({ subject }) => subject === 'key:key_outbox'),
      );
    });

    it('is found while the server runs, and by what was read from the log, not by a file beside it', async () => {
      const key = await create('live');
      assert.equal(await status(key), 200);
      await server.control.apiKeys.revoke('test', ids.get('live')!);
      behind(`update api_keys set revoked_at = null where id = '${ids.get('live')}'`);
      await server.control.probeIfOlder(0);
      assert.equal(await status(key), 401);
      assert.ok(diverging().includes(`api_keys/${ids.get('live')} changed`));
      // What an earlier run read is kept, signed: changed or lost, the log is read again.
      const kept = diverging();
      await server.stop();
      const path = join(data, 'state.db-follows');
      assert.ok(existsSync(path));
      const text = readFileSync(path, 'utf8');
      // Nor where an older log lies here: what it says was read before is what it does not have.
      const { signers } = server.control.installation;
      const { next } = StateWatch.load(path, signers, 1e9);
      assert.ok(next > 0 && StateWatch.load(path, signers, next).next === next);
      assert.equal(StateWatch.load(path, signers, next - 1).next, 0);
      for (const other of [
        null,
        text.replace(/"api_keys[^,]*,/, ''),
        'nonsense',
        `${text.split('\n')[0]}\n`,
      ]) {
        if (other === null) rmSync(path);
        else writeFileSync(path, other);
        const { installation } = server.control;
        if (other !== null)
          assert.equal(StateWatch.load(path, installation.signers, 1e9).next, 0, 'it is not believed');
        await start();
        assert.deepEqual(diverging(), kept);
        await server.stop();
      }
      await start();
    });

    it('changes nothing by a role, an account or a session that others wrote, before anyone looks', async () => {
      const viewer = await signedIn(live, [{ role: 'viewer', system: 'main' }]);
      const { store, state } = server.control.installation;
      behind(
        `insert into grants (id, holder, role, system, origin, created_at, created_by) values ('grt_now', 'person:${viewer.id}', 'administrator', '*', 'local', '2026-01-01T00:00:00Z', 'local:x')`,
      );
      const add = (name: string) =>
        viewer.call('POST', '/api/v1/people', { name, grants: [{ role: 'viewer' }] });
      const answer = await add('by-a-forged-role');
      assert.equal(answer.status, 401, await answer.text());
      assert.equal(await store.people.byName('by-a-forged-role'), null);
      await state.look();
      assert.ok(diverging().includes('grants/grt_now unknown'));
      // Without it they are who they were, and may not.
      const again = await add('by-a-forged-role');
      assert.equal(again.status, 403, await again.text());
    });

    it('is not made good by a change that comes before anyone looks', async () => {
      const key = await create('unseen');
      assert.equal(await status(key, 'other'), 403);
      behind(`update api_keys set systems = '["main","other"]' where id = '${ids.get('unseen')}'`);
      const { store, state } = server.control.installation;
      await store.change(async (tx) => {
        await store.keys.setOwner(tx, ids.get('unseen')!, admin.id);
        return { result: undefined, event: newEvent('key-revoked', { actor: 'test', subject: 'key:x' }) };
      });
      await state.look();
      assert.ok(diverging().includes(`api_keys/${ids.get('unseen')} changed`), diverging().join());
      await server.control.publish();
      assert.equal(await status(key, 'other'), 401);
      // One that nobody changed is good after each of many changes at once.
      await create('seen');
      await Promise.all(
        [admin.id, null, admin.id, null].map((owner) =>
          store.change(async (tx) => {
            await store.keys.setOwner(tx, ids.get('seen')!, owner);
            return { result: undefined, event: [] };
          }),
        ),
      );
      await state.look();
      assert.ok(!diverging().some((one) => one.startsWith(`api_keys/${ids.get('seen')}`)));
    });

    it('does not follow from another history of the same log, of which someone kept what was read', async () => {
      const aside = join(scratch(), 'aside');
      const before = diverging();
      await server.stop();
      cpSync(data, aside, { recursive: true });
      await start();
      const key = await create('of the other history');
      const { size } = server.control.installation.ledger;
      await server.stop();
      const follows = join(data, 'state.db-follows');
      const kept = readFileSync(follows);
      const rowOf = (): Record<string, SQLOutputValue> => {
        const db = new DatabaseSync(join(data, 'state.db'));
        const row = db.prepare('select * from api_keys where id = ?').get(ids.get('of the other history')!)!;
        db.close();
        return row;
      };
      const row = rowOf();
      rmSync(data, { recursive: true });
      cpSync(aside, data, { recursive: true });
      await start();
      for (let n = 0; server.control.installation.ledger.size < size; n++) await create(`filler ${n}`);
      assert.deepEqual(diverging(), before);
      await server.stop();
      writeFileSync(follows, kept);
      const db = new DatabaseSync(join(data, 'state.db'));
      const names = Object.keys(row);
      db.prepare(`insert into api_keys (${names.join()}) values (${names.map(() => '?').join()})`).run(
        ...Object.values(row),
      );
      db.close();
      await start();
      assert.deepEqual(
        diverging().filter((row) => !before.includes(row)),
        [`api_keys/${ids.get('of the other history')} unknown`],
      );
      assert.equal(await status(key), 401);
      await restart(`delete from api_keys where id = '${ids.get('of the other history')}'`);
    });

    it('counts again where the owner of the machine says so, and is not made good by another change', async () => {
      const row = `api_keys/${ids.get('widened')}`;
      assert.ok(diverging().some((one) => one.startsWith(row)));
      // A change of one part of it blesses nothing.
      const { store } = server.control.installation;
      await store.change(async (tx) => {
        await store.keys.narrow(tx, ids.get('widened')!, ['main', 'other']);
        return { result: undefined, event: [] };
      });
      await server.control.installation.state.look();
      assert.ok(diverging().some((one) => one.startsWith(row)));
      const answer = await admin.call('POST', '/api/v1/state/accept', { row, reason: 'I did it' });
      const { error } = (await answer.json()) as { error: { code: string } };
      assert.equal(error.code, 'not-permitted', 'not over the network');
      await server.control.installation.state.accept('local:test', row, 'a repair by hand');
      assert.ok(!diverging().some((one) => one.startsWith(row)));
      await server.stop();
      await start();
      assert.ok(!diverging().some((one) => one.startsWith(row)));
    });
  },
);

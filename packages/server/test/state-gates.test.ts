import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { assetFactsSchema, clock, newEvent, newId } from '@sallyport/core';
import type { Store } from '@sallyport/store';
import { expireContent, liftHold, placeHold, systemsOnHold } from '../src/content-expiry.ts';
import { behindSqlite, divergingIn } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { signedIn } from './people.ts';

const DAY_MS = 86_400_000;
const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2999-01-01T00:00:00.000Z';

describe(
  'holds, reviews and the inventory, where their rows do not follow from the log',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    let server: TestServer;
    const data = join(scratch(), 'data');
    const start = async (): Promise<void> => {
      server = await testServer({
        data,
        systems: { main: enforced(fake, { contentDays: 30 }), other: enforced(fake, { contentDays: 30 }) },
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
    /** The database as it is now, to be put back. */
    const undo = (table: string): (() => void) => {
      const db = new DatabaseSync(join(data, 'state.db'));
      const rows = db.prepare(`select * from ${table}`).all();
      db.close();
      return () => {
        const back = new DatabaseSync(join(data, 'state.db'));
        back.exec(`pragma busy_timeout = 5000; pragma foreign_keys = off; delete from ${table}`);
        for (const row of rows)
          back
            .prepare(
              `insert into ${table} (${Object.keys(row).join(', ')}) values (${Object.keys(row)
                .map(() => '?')
                .join(', ')})`,
            )
            .run(...Object.values(row));
        back.close();
      };
    };
    const state = () => server.control.installation.state;
    const diverging = (): string[] => divergingIn(server);
    const store = (): Store => server.control.installation.store;

    before(async () => {
      fake = await fakeSystem();
      await start();
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });

    it('a hold that was removed, lifted or moved in the state stands', async () => {
      const key = await server.key(['main', 'other']);
      for (const system of ['main', 'other'])
        await (
          await server.post(`/s/${system}/v1/chat/completions`, key, {
            model: 'm',
            messages: [{ role: 'user', content: 'x' }],
          })
        ).text();
      const hold = await placeHold(server.control, 'person:a', 'main', 'a case');
      const over = await placeHold(server.control, 'person:a', 'other', 'another');
      await liftHold(server.control, 'person:a', over.id);
      const held = async (): Promise<string[]> =>
        ['main', 'other'].filter((name) => names.has(name)).concat(names.isAll ? ['*'] : []);
      let names = await store().holds.systems();
      assert.deepEqual(await held(), ['main']);
      const back = undo('holds');
      for (const [statement, why] of [
        ['delete from holds', 'missing'],
        [`update holds set lifted_at = '${AT}', lifted_by = 'person:x' where id = '${hold.id}'`, 'changed'],
        [`update holds set system = 'nothing' where id = '${hold.id}'`, 'changed'],
      ] as const) {
        await restart(statement);
        assert.ok(diverging().includes(`holds/${hold.id} ${why}`), diverging().join());
        names = await store().holds.systems();
        assert.ok(names.has('main'), statement);
        assert.ok((await systemsOnHold(server.control)).has('main'));
        const keys = server.control.installation.dataKeys
          .list()
          .filter(({ purpose }) => purpose === 'system:main');
        assert.ok(keys.length > 0);
        const now = clock.nowMs.bind(clock);
        try {
          clock.nowMs = () => now() + 40 * DAY_MS;
          await expireContent(server.control);
        } finally {
          clock.nowMs = now;
        }
        assert.deepEqual(
          server.control.installation.dataKeys.list().filter(({ purpose }) => purpose === 'system:main'),
          keys,
          `${statement}: nothing of it is destroyed`,
        );
        const listed = (await store().holds.list()).find(({ id }) => id === hold.id)!;
        assert.equal(listed.liftedAt, null);
        await assert.rejects(liftHold(server.control, 'person:a', hold.id), { code: 'conflict' });
        await server.stop();
        back();
        await start();
        assert.ok(!diverging().some((one) => one.startsWith('holds/')), diverging().join());
      }
      // Whoever owns the machine says that it is over.
      await restart(`delete from holds where id = '${hold.id}'`);
      await state().accept('local:test', `holds/${hold.id}`, 'it was a test');
      names = await store().holds.systems();
      assert.deepEqual(await held(), []);
    });

    it('nothing is approved, said or served that no event made, nor where something that was said is gone', async () => {
      const digest = 'd'.repeat(64);
      const [asset, version, bare] = [newId('ast'), newId('ver'), newId('ver')];
      const facts = assetFactsSchema.parse({ owner: 'per_x' });
      const base = { asset, digest, bytes: 1, files: [], stored: true, createdAt: AT, createdBy: 'person:a' };
      const said = (id: string, kind: 'scan' | 'approval', passed: boolean, at: string) => ({
        ...{ id, digest, kind, passed, summary: '', envelope: '', at, actor: 'person:b' },
      });
      const [good, bad] = [newId('att'), newId('att')];
      const source = {
        ...{ id: 'src_1', pattern: 'https://data.test/', note: '', licence: '', status: 'approved' as const },
        ...{
          proposedAt: AT,
          proposedBy: 'person:a',
          approvedAt: AT,
          approvedBy: 'person:b',
          expiresAt: LATER,
        },
      };
      await store().change(async (tx) => {
        const { inventory } = store();
        await inventory.putAsset(tx, {
          ...facts,
          id: asset,
          kind: 'model',
          name: 'm',
          createdAt: AT,
          createdBy: 'person:a',
          updatedAt: AT,
        });
        await inventory.putVersion(tx, {
          ...base,
          id: version,
          label: '1',
          approvedAt: AT,
          approvedBy: 'person:b',
        });
        await inventory.putVersion(tx, {
          ...base,
          digest: 'e'.repeat(64),
          id: bare,
          label: '2',
          approvedAt: null,
          approvedBy: null,
        });
        await inventory.addAttestation(tx, said(good, 'scan', true, AT));
        await inventory.addAttestation(tx, said(bad, 'scan', false, '2026-02-01T00:00:00.000Z'));
        await inventory.deploy(tx, 'system:main', AT, {
          id: 'dep_1',
          place: 'system:main',
          asset,
          version,
          digest,
          at: AT,
          actor: 'person:b',
          endedAt: null,
        });
        await inventory.putSource(tx, source);
        const event = (id: string, passed: boolean) =>
          newEvent('attestation-made', {
            actor: 'person:b',
            subject: 'model:m@1',
            data: { kind: 'scan', passed, digest, attestation: id },
          });
        return { result: undefined, event: [event(good, true), event(bad, false)] };
      });
      const approved = async (label: string): Promise<boolean> =>
        (await store().inventory.version(asset, label))!.approvedAt !== null;
      const live = async (): Promise<string[]> =>
        (await store().inventory.deployments(true)).map(({ id }) => id);
      const passed = async (): Promise<boolean[]> =>
        (await store().inventory.attestations(digest)).map((one) => one.passed);
      await state().look();
      assert.deepEqual(diverging(), []);
      assert.deepEqual([await approved('1'), await approved('2')], [true, false]);
      assert.deepEqual(await passed(), [false, true]);
      const cases: [table: string, statement: string, closed: () => Promise<boolean>][] = [
        [
          'asset_versions',
          `update asset_versions set approved_at = '${AT}', approved_by = 'person:b' where id = '${bare}'`,
          async () => !(await approved('2')),
        ],
        [
          'asset_versions',
          `update asset_versions set digest = '${'f'.repeat(64)}' where id = '${version}'`,
          async () => !(await approved('1')),
        ],
        [
          'assets',
          `update assets set facts = '{}' where id = '${asset}'`,
          async () => !(await approved('1')),
        ],
        [
          'attestations',
          `update attestations set passed = 1 where id = '${bad}'`,
          async () => !(await approved('1')) && !(await passed()).includes(false),
        ],
        ['attestations', `delete from attestations where id = '${bad}'`, async () => !(await approved('1'))],
        [
          'attestations',
          `insert into attestations values ('att_x', '${digest}', 'scan', 1, '', '', '${LATER}', 'person:b')`,
          async () => (await approved('1')) && (await passed())[0] === false,
        ],
        [
          'deployments',
          `update deployments set version = '${bare}'`,
          async () => (await live()).length === 0,
        ],
        [
          'deployments',
          `insert into deployments values ('dep_x', 'system:other', '${asset}', '${version}', '${digest}', '${AT}', 'person:b', null)`,
          async () => (await live()).join() === 'dep_1',
        ],
        [
          'data_sources',
          `update data_sources set pattern = 'https://'`,
          async () => (await store().inventory.sources())[0]!.status === 'proposed',
        ],
        [
          'data_sources',
          `insert into data_sources values ('src_x', 'file:', '', '', 'approved', '${AT}', 'person:a', '${AT}', 'person:b', '${LATER}')`,
          async () => (await store().inventory.source('src_x'))!.approvedAt === null,
        ],
      ];
      for (const [table, statement, closed] of cases) {
        const back = undo(table);
        behind(statement);
        await state().look();
        assert.equal(diverging().length, 1, `${statement}: ${diverging().join()}`);
        assert.ok(await closed(), statement);
        back();
        await state().look();
        assert.deepEqual(diverging(), [], statement);
      }
      assert.equal(await approved('1'), true);
      assert.deepEqual(await live(), ['dep_1']);
    });

    it('by a review that was changed nobody loses a role, and what was decided is not undone in silence', async () => {
      const person = await signedIn(server, [{ role: 'viewer', system: 'main' }]);
      await signedIn(server, [{ role: 'administrator' }]);
      const { reviews } = server.control.accounts;
      const review = await reviews.openGrants('person:a', 10, 90);
      const roles = async (): Promise<number> =>
        (await store().people.grants(AT, `person:${person.id}`)).length;
      assert.equal(await roles(), 1);
      const back = undo('reviews');
      behind(`update reviews set due_at = '${AT}' where id = '${review.id}'`);
      await state().look();
      assert.deepEqual(diverging(), [`reviews/${review.id} changed`]);
      assert.deepEqual(await reviews.lapse(), { lapsed: 0, kept: 0 });
      assert.equal(await roles(), 1);
      back();
      behind(`update reviews set closed_at = '${AT}' where id = '${review.id}'`);
      await state().look();
      assert.equal((await reviews.one(review.id)).review.closedAt, null, 'it is open still');
      back();
      const items = undo('review_items');
      behind(`update review_items set decision = 'keep', decided_by = 'person:x', decided_at = '${AT}'`);
      await state().look();
      const now = (await reviews.one(review.id)).items;
      assert.ok(now.length >= 2 && now.every(({ decision, diverges }) => decision === null && diverges));
      items();
      await state().look();
      assert.deepEqual(diverging(), []);
    });
  },
);

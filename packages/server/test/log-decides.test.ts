import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { liftHold, placeHold } from '../src/content-expiry.ts';
import { ENGINES, type StatePlace } from './behind.ts';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  type TestServer,
  testServer,
} from './harness.ts';
import { signedIn } from './people.ts';

const NOTHING = 'select 1';

for (const [engine, open] of Object.entries(ENGINES))
  describe(`what cannot be undone is decided by the log, over ${engine}`, () => {
    let server: TestServer;
    let fake: FakeSystem;
    let place: StatePlace;
    let end: () => Promise<void>;
    let old = '';
    const start = async (): Promise<void> => {
      server = await testServer({
        data: place.data,
        systems: { main: enforced(fake), other: enforced(fake) },
        config: place.config,
        diverges: true,
      });
    };
    const keys = (): string[] =>
      server.control.installation.ring.list().map(({ id, purpose, owner }) => `${purpose}:${owner} ${id}`);
    const ofOther = (): string[] => keys().filter((key) => key.startsWith('system:other '));
    const call = async (system: string): Promise<string> => {
      const answer = await server.post(`/s/${system}/v1/chat/completions`, await server.key([system]), {
        model: 'm',
        messages: [{ role: 'user', content: 'said once' }],
      });
      assert.equal(answer.status, 200, await answer.text());
      return exchangeOf(answer);
    };
    const addShop = (): Promise<unknown> =>
      server.control.addSystem('test', 'shop', { ...enforced(fake), mode: 'observe' });
    before(async () => {
      ({ place, end } = await open());
      fake = await fakeSystem();
      await start();
      for (const system of ['main', 'other']) await call(system);
    });
    after(async () => {
      await server.stop();
      await fake.close();
      await end();
    });

    it('rows of events destroy no key', async () => {
      const there = keys();
      await server.stop();
      const subjects = ['system:main', 'subject:a', 'signing:', 'people:', 'organisation'];
      await place.sql(
        ...subjects.map(
          (subject, i) =>
            `insert into events (leaf_index, id, type, at, actor, subject, demo, synthetic, data) values (${9_000_000 + i}, 'evt_${i}', 'vault-shredded', '9999-01-01T00:00:00.000Z', 'sallyport', '${subject}', 0, 0, '{}')`,
        ),
        NOTHING,
      );
      for (const time of ['first', 'second']) {
        await start();
        assert.deepEqual(
          there.filter((key) => !keys().includes(key)),
          [],
          `the ${time} start`,
        );
        if (time === 'first') await server.stop();
      }
    });

    it('keys that the log says were shredded do not come back, whatever rows say, unless they are on hold', async () => {
      const { ring } = server.control.installation;
      const [gone, copy] = [ofOther()[0]!, join(scratch(), 'ring')];
      cpSync(ring.folder, copy, { recursive: true });
      await server.control.vault.shred('person:a', 'system:other');
      assert.ok(!keys().includes(gone));
      const hold = await placeHold(server.control, 'person:b', 'other', 'a case');
      const restart = async (): Promise<void> => {
        await server.stop();
        cpSync(copy, ring.folder, { recursive: true });
        await place.sql("delete from events where type = 'vault-shredded'", NOTHING);
        await start();
      };
      await restart();
      assert.ok(keys().includes(gone), 'on hold');
      await liftHold(server.control, 'person:b', hold.id);
      await restart();
      assert.ok(!keys().includes(gone));
    });

    it('keys that a backup needs stay, though no row says that it was made', async () => {
      const { vault, backups } = server.control;
      await backups.make('test', { file: join(scratch(), 'backup.age') });
      const needed =
        ofOther().length > 0 ? ofOther()[0]! : keys().find((key) => key.startsWith('system:main '))!;
      await server.control.installation.flush();
      await place.sql("delete from events where type = 'backup-made'", NOTHING);
      const { destroyed } = await vault.rotate('test', 'kek');
      assert.deepEqual([destroyed, keys().includes(needed)], [0, true]);
    });

    it('what was said to an earlier system of a name is none of the new one, whatever rows say', async () => {
      await addShop();
      old = await call('shop');
      await server.control.removeSystem('test', 'shop');
      await addShop();
      const fresh = await call('shop');
      await server.stop();
      await place.sql(
        "delete from events where type in ('upstream-added', 'upstream-removed')",
        "insert into events (leaf_index, id, type, at, actor, subject, demo, synthetic, data) values (9100000, 'evt_added', 'upstream-added', '9999-01-01T00:00:00.000Z', 'sallyport', 'system:shop', 0, 0, '{}')",
        NOTHING,
      );
      await start();
      const holder = await signedIn(server, [{ role: 'analyst', system: 'shop' }]);
      const status = async (id: string): Promise<number> =>
        (await holder.call('GET', `/api/v1/exchanges/${id}?content=true`)).status;
      assert.deepEqual([await status(old), await status(fresh)], [403, 200]);
      // Nor where the rows of its calls say that they came later.
      await server.stop();
      await place.sql(`update exchanges set system = 'x' where id = '${old}'`, NOTHING);
      await start();
      const again = await signedIn(server, [{ role: 'analyst', system: 'shop' }]);
      assert.equal((await again.call('GET', `/api/v1/exchanges/${old}?content=true`)).status, 403);
    });
  });

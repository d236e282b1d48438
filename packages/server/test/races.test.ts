import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clock, newEvent, newId } from '@sallyport/core';
import { SLOTS_MAX } from '@sallyport/gateway';
import { type GrantRow, type KeyRow, openPostgres, type ProgramRow, type Store } from '@sallyport/store';
import { createDatabase, startPostgres } from '../../store/test/postgres.ts';
import { Standing } from '../src/authorisation/standing.ts';
import { liftHold, placeHold } from '../src/content-expiry.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { browserOf, PASSWORD, signedIn } from './people.ts';

const LATER = '2999-01-01T00:00:00.000Z';

describe('changes at once in PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  describe('over the connections of two servers', () => {
    let one: Store;
    let other: Store;
    before(async () => {
      const url = await createDatabase(postgres.url);
      one = await openPostgres(url);
      other = await openPostgres(url);
    });
    after(async () => {
      await one.close();
      await other.close();
    });
    const event = (actor: string, subject = 'organisation') =>
      newEvent('state-noted', { actor, subject, data: {} });
    /** Subjects of what waits for the record, in the order in which it was put there. */
    const order = async (): Promise<string[]> =>
      (await one.outbox.rows(10_000)).map(({ event }) => event!.subject);

    it('no change of one who was removed comes after the removal', async () => {
      let made = 0;
      for (let round = 0; round < 150; round++) {
        const at = clock.nowIso();
        const program: ProgramRow = {
          ...{ id: newId('prg'), name: `p-${round}`, purpose: '', owner: null },
          ...{ createdAt: at, createdBy: 'test', disabledAt: null },
        };
        const key: KeyRow = {
          ...{ id: newId('key'), name: 'k', prefix: 'p', hash: newId('evt'), systems: [], scope: {} },
          ...{ limits: {} as KeyRow['limits'], createdAt: at, expiresAt: LATER, revokedAt: null },
          ...{ demo: false, synthetic: false, program: program.id, owner: null },
        };
        const grant: GrantRow = {
          ...{ id: newId('grt'), holder: `program:${program.id}`, role: 'operator', system: '*' },
          ...{ origin: 'local', createdAt: at, createdBy: 'test', expiresAt: null, lastUsedAt: null },
        };
        await one.change(async (tx) => {
          await one.programs.insert(tx, program);
          await one.keys.insert(tx, key);
          await one.people.grant(tx, grant);
          return { result: undefined, event: event('test') };
        });
        const standing = new Standing(one, { kind: 'program', known: { program, key, grants: [grant] } });
        const [changed] = await Promise.allSettled([
          one.asking(standing, () =>
            one.change(async () => {
              await new Promise((done) => setTimeout(done, round % 8));
              return { result: undefined, event: event(standing.actor, `changed ${round}`) };
            }),
          ),
          other.shutOut(async (tx) => {
            if (round % 2 === 0) await other.people.ungrant(tx, grant.id);
            else await other.keys.revoke(tx, key.id, clock.nowIso());
            return { result: undefined, event: event('test', `removed ${round}`) };
          }),
        ]);
        if (changed!.status === 'rejected') continue;
        made++;
        const seen = (await order()).filter((subject) => subject.endsWith(` ${round}`));
        assert.deepEqual(seen, [`changed ${round}`, `removed ${round}`], `round ${round}`);
      }
      assert.ok(made > 0, 'some came before it');
    });

    it('what is counted before a change is so until it is made', async () => {
      const PLACES = 5;
      for (let round = 0; round < 20; round++) {
        const system = `system-${round}`;
        const place = (store: Store): Promise<void> =>
          store.change(async (tx) => {
            const there = (await store.holds.list(tx)).filter((hold) => hold.system === system);
            if (there.length >= PLACES) throw new Error('full');
            await store.holds.place(tx, {
              ...{ id: newId('hld'), system, reason: 'r', placedAt: clock.nowIso(), placedBy: 'test' },
              ...{ liftedAt: null, liftedBy: null },
            });
            return { result: undefined, event: event('test') };
          });
        const all = await Promise.allSettled(
          Array.from({ length: 12 }, (_, n) => place(n % 2 === 0 ? one : other)),
        );
        assert.equal(all.filter(({ status }) => status === 'fulfilled').length, PLACES, `round ${round}`);
      }
    });

    it('what works once works once', async () => {
      for (let round = 0; round < 30; round++) {
        const hash = newId('evt');
        const at = clock.nowIso();
        const ticket = { hash, kind: 'set-up' as const, personId: null, data: {}, createdAt: at };
        await one.tickets.put({ ...ticket, expiresAt: LATER });
        const use = (store: Store) =>
          store.change(async (tx) => ({
            result: await store.tickets.use(tx, 'set-up', hash, clock.nowIso()),
            event: [],
          }));
        const all = await Promise.all(Array.from({ length: 8 }, (_, n) => use(n % 2 === 0 ? one : other)));
        assert.equal(all.filter((row) => row !== null).length, 1, `round ${round}`);
      }
    });

    it('more changes than there are connections do not wait for each other for ever', async () => {
      await Promise.all(
        Array.from({ length: 60 }, (_, n) => {
          const store = n % 2 === 0 ? one : other;
          return store.change(async () => {
            // Over another connection than that of the change.
            await store.findings.list();
            return { result: undefined, event: event('test') };
          });
        }),
      );
    });
  });

  describe('over the connections of a server', () => {
    let fake: FakeSystem;
    let server: TestServer;
    before(async () => {
      process.env['TEST_RACES'] = await createDatabase(postgres.url);
      fake = await fakeSystem();
      server = await testServer({
        systems: { main: enforced(fake) },
        config: { database: { urlRef: 'env:TEST_RACES' } },
      });
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });
    const many = async <T>(count: number, work: (n: number) => Promise<T>): Promise<number> =>
      (await Promise.allSettled(Array.from({ length: count }, (_, n) => work(n)))).filter(
        ({ status }) => status === 'fulfilled',
      ).length;
    const events = (type: Parameters<typeof newEvent>[0]): Promise<number> =>
      server.control.installation.store.events.since([type], '1970').then(({ length }) => length);

    it('an administrator is left', async () => {
      const { directory } = server.control.accounts;
      const first = await signedIn(server, [{ role: 'administrator' }], false);
      const { store } = server.control.installation;
      for (let round = 0; round < 6; round++) {
        const { person } = await directory.add('test', {
          name: `second-${round}`,
          grants: [{ role: 'administrator' }],
        });
        const ids = [first.id, person.id];
        const grants = await Promise.all(
          ids.map(async (id) => (await store.people.grants(clock.nowIso(), `person:${id}`))[0]!.id),
        );
        assert.equal(await many(2, (n) => directory.ungrant('test', ids[n]!, grants[n]!)), 1);
        const [left] = (await store.people.grants(clock.nowIso())).filter(
          ({ role }) => role === 'administrator',
        );
        if (left!.holder !== `person:${first.id}`) {
          await directory.grant('test', first.id, { role: 'administrator' });
          await directory.ungrant('test', person.id, left!.id);
        }
      }
    });

    it('a hold is lifted once, and told once', async () => {
      for (let round = 1; round <= 8; round++) {
        const hold = await placeHold(server.control, 'person:a', 'main', 'r');
        assert.equal(await many(6, (n) => liftHold(server.control, `person:b${n}`, hold.id)), 1);
        await server.control.installation.flush();
        assert.equal(await events('hold-lifted'), round);
      }
    });

    it('there are no more keys than places', async () => {
      const { store } = server.control.installation;
      const left = 3;
      const at = clock.nowIso();
      await store.change(async (tx) => {
        for (let n = 0; n < SLOTS_MAX / 4 - left; n++)
          await store.keys.insert(tx, {
            ...{ id: newId('key'), name: `k${n}`, prefix: 'p', hash: `h${n}`, systems: ['main'], scope: {} },
            ...{ limits: {} as KeyRow['limits'], createdAt: at, expiresAt: LATER, revokedAt: null },
            ...{ demo: false, synthetic: false, program: null, owner: null },
          });
        return {
          result: undefined,
          event: newEvent('state-noted', { actor: 'test', subject: 'organisation' }),
        };
      });
      const make = (n: number) =>
        server.control.apiKeys.create('test', { name: `race-${n}`, systems: ['main'] });
      assert.equal(await many(12, make), left);
    });

    it('a set-up link works once', async () => {
      for (let round = 0; round < 4; round++) {
        const { token } = await server.control.accounts.directory.add('test', {
          name: `linked-${round}`,
          grants: [],
        });
        const used = await Promise.all(
          Array.from({ length: 5 }, async () => {
            const answer = await browserOf(server).call('POST', '/api/v1/setup', {
              token,
              password: PASSWORD,
            });
            await answer.text();
            return answer.status;
          }),
        );
        assert.equal(used.filter((status) => status === 201).length, 1, used.join());
      }
    });
  });
});

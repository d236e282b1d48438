import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CodedError, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import { viewState } from '@sallyport/store';
import { StateAudit } from '../src/audit/state-audit.ts';
import type { StateReport } from '../src/audit/state-report.ts';
import { outboxSeal } from '../src/state-watch.ts';
import { divergingIn, ENGINES, type StatePlace } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

for (const [engine, open] of Object.entries(ENGINES))
  describe(`what others put into the outbox, over ${engine}`, () => {
    let fake: FakeSystem;
    let server: TestServer;
    let place: StatePlace;
    let end: () => Promise<void>;
    const start = async (): Promise<void> => {
      server = await testServer({
        data: place.data,
        config: place.config,
        systems: { main: enforced(fake) },
        diverges: true,
      });
    };
    before(async () => {
      fake = await fakeSystem();
      ({ place, end } = await open());
      await start();
    });
    after(async () => {
      await server.stop();
      await fake.close();
      await end();
    });

    const installation = () => server.control.installation;
    const seal = () => outboxSeal(() => installation().signers);
    /** What the row of an event is, as this installation put it there; whoever reads the database may keep it. */
    const rowOf = (event: SallyportEvent): string => {
      const text = JSON.stringify(event);
      return JSON.stringify({ text, seal: seal().sign(text) });
    };
    const put = (event: string, id = newId('evt'), seq?: string): string =>
      seq === undefined
        ? `insert into outbox (event_id, event) values ('${id}', '${event.replaceAll("'", "''")}')`
        : `insert into outbox (seq, event_id, event) ${engine === 'PostgreSQL' ? 'overriding system value' : ''} values (${seq}, '${id}', '${event.replaceAll("'", "''")}')`;
    /** Waits until nothing waits: what the product itself reports at its start may be on its way. */
    const isEmptied = async (): Promise<void> => {
      let rows = await place.sql('select event_id from outbox');
      for (let i = 0; i < 600 && rows.length > 0; i++) {
        await setTimeout(50);
        rows = await place.sql('select event_id from outbox');
      }
      assert.deepEqual(rows, []);
    };
    const recorded = async (): Promise<SallyportEvent[]> => {
      const out: SallyportEvent[] = [];
      for await (const { leaf } of installation().ledger.read(0))
        out.push(JSON.parse(Buffer.from(leaf).toString()) as SallyportEvent);
      return out;
    };
    const times = async (id: string): Promise<number> =>
      (await recorded()).filter((event) => event.id === id).length;
    const status = async (key: string): Promise<number> => {
      const answer = await server.post('/s/main/v1/chat/completions', key, {
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
      });
      await answer.text();
      return answer.status;
    };
    const announce = (): Promise<void> =>
      installation().announce(newEvent('backup-drilled', { actor: 'test', subject: 'organisation' }));
    /** The record is down for as long as work lasts. */
    const withoutRecord = async <T>(work: () => Promise<T>): Promise<T> => {
      const { ledger } = installation();
      const { append } = ledger;
      ledger.append = () => Promise.reject(new CodedError('record-unavailable'));
      try {
        return await work();
      } finally {
        ledger.append = append;
      }
    };

    /** A key that was revoked, and what made it, as it lay in the outbox. */
    const revoked = async (): Promise<{ id: string; key: string; made: SallyportEvent }> => {
      const { id, key } = await server.control.apiKeys.create('test', { name: 'r', systems: ['main'] });
      assert.equal(await status(key), 200);
      await server.control.apiKeys.revoke('test', id);
      assert.equal(await status(key), 401);
      const made = (await recorded()).find(
        ({ subject, type }) => type === 'key-created' && subject === `key:${id}`,
      )!;
      assert.ok(made.rows);
      return { id, key, made };
    };

    it('makes no revoked key good again where it was recorded before, while the server runs and at its start', async () => {
      for (const moment of ['while it runs', 'at its start']) {
        const { id, key, made } = await revoked();
        if (moment === 'at its start') await server.stop();
        await place.sql(
          `delete from events where id = '${made.id}'`,
          put(rowOf(made)),
          `update api_keys set revoked_at = null where id = '${id}'`,
          'select 1',
        );
        if (moment === 'at its start') await start();
        await announce();
        await installation().state.look();
        assert.equal(await times(made.id), 1, moment);
        assert.ok(
          divergingIn(server).includes(`api_keys/${id} changed`),
          `${moment}: ${divergingIn(server)}`,
        );
        await server.control.publish();
        assert.equal(await status(key), 401, moment);
        await isEmptied();
      }
    });

    it('hides nothing from whoever verifies a state at rest', async () => {
      const { id, made } = await revoked();
      const entries: Buffer[] = [];
      for await (const { leaf } of installation().ledger.read(0)) entries.push(Buffer.from(leaf));
      const own = seal();
      const verified = async (): Promise<StateReport> => {
        const view = await viewState(place.view);
        const audited = new StateAudit({ view, isSealed: own.verify });
        audited.begin();
        for (const [index, leaf] of entries.entries()) await audited.entry(index, leaf);
        const report = await audited.report();
        await view.close();
        return report;
      };
      const row = put(rowOf(made));
      await server.stop();
      const back = await place.keep('api_keys', 'outbox');
      await place.sql(row, `update api_keys set revoked_at = null where id = '${id}'`, 'select 1');
      const { diverging } = await verified();
      await back();
      await start();
      assert.ok(
        diverging.some((one) => one.row === `api_keys/${id}` && one.why === 'changed'),
        JSON.stringify(diverging),
      );
    });

    it('stops no change and no start, whatever it is, and is told', async () => {
      const others = [
        put('no JSON'),
        put('null'),
        put('{"text":1,"seal":2}'),
        put(JSON.stringify({ text: '[]', seal: 'AAAA' })),
        put(
          JSON.stringify(newEvent('key-created', { actor: 'person:x', subject: 'key:x' })),
          undefined,
          '9007199254740993',
        ),
        ...(engine === 'SQLite' ? [`insert into outbox (event_id, event) values (x'00ff', x'00ff')`] : []),
      ];
      const told = async (): Promise<number> =>
        (await recorded()).reduce((n, { data }) => n + Number(data?.['refusedEvents'] ?? 0), 0);
      let before_ = await told();
      await place.sql(...others.slice(0, 4), 'select 1');
      await announce();
      await installation().state.look();
      await isEmptied();
      assert.equal((await told()) - before_, 4);
      await server.stop();
      await place.sql(...others, 'select 1');
      await start();
      await isEmptied();
      before_ += 4;
      assert.equal((await told()) - before_, others.length);
      assert.ok(!(await recorded()).some(({ subject }) => subject === 'key:x'));
    });

    it('keeps no one from finding what does not follow', async () => {
      const { id } = await revoked();
      await withoutRecord(async () => {
        // A change of the product's own waits, and so does what others put there.
        await assert.rejects(announce());
        await assert.rejects(server.control.apiKeys.create('test', { name: 'waits', systems: ['main'] }));
        await place.sql(put('x'), `update api_keys set revoked_at = null where id = '${id}'`, 'select 1');
        await installation()
          .state.look()
          .catch(() => {});
      });
      assert.deepEqual(
        divergingIn(server)
          .filter((one) => !one.includes('missing'))
          .slice(-1),
        [`api_keys/${id} changed`],
      );
      await announce();
    });

    it('changes nothing of what this process is to record: rows that are removed or exchanged', async () => {
      const before_ = (await recorded()).length;
      const key = await withoutRecord(async () => {
        await assert.rejects(server.control.apiKeys.create('test', { name: 'kept', systems: ['main'] }));
        await place.sql(`delete from outbox`, 'select 1');
        const [row] = await place.sql(`select id from api_keys where name = 'kept'`);
        return String(row!['id']);
      });
      await announce();
      const types = (await recorded()).slice(before_).map(({ type, subject }) => `${type} ${subject}`);
      assert.ok(types.includes(`key-created key:${key}`), types.join());
      await installation().state.look();
      assert.ok(!divergingIn(server).some((one) => one.includes(key)));
    });

    it('is recorded once where a crash left it, and stands there twice', async () => {
      const event = newEvent('backup-drilled', { actor: 'test', subject: 'organisation' });
      const row = rowOf(event);
      await server.stop();
      await place.sql(put(row, event.id), put(row), 'select 1');
      await start();
      await isEmptied();
      assert.equal(await times(event.id), 1);
    });
  });

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { after, before, describe, it, mock } from 'node:test';
import type { SallyportEvent } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { GRANTING_TABLES, HELD, viewState } from '@sallyport/store';
import { type Granting, grantingOf } from '../../store/src/granting-tables.ts';
import { Outbox } from '../../store/src/outbox.ts';
import { StateAudit } from '../src/audit/state-audit.ts';
import type { StateReport } from '../src/audit/state-report.ts';
import { placeHold } from '../src/content-expiry.ts';
import { behindSqlite, divergingIn } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';

/** Has events say of rows what earlier versions said: fewer tables, fewer columns, no number. */
function asEarlier(data: string): () => void {
  const digestOf = (row: string): string => {
    const [table, key] = [row.slice(0, row.indexOf('/')), row.slice(row.indexOf('/') + 1)];
    const { key: keyed, first = [], firstLater = [] } = grantingOf(row) as Granting;
    const db = new DatabaseSync(join(data, 'state.db'), { readOnly: true });
    const is = db.prepare(`select * from ${table} where ${keyed} = ?`).get(key) as Record<
      string,
      SQLInputValue
    >;
    db.close();
    const later = firstLater.flatMap((name) => (is[name] === null ? [] : [[name, is[name]]]));
    const text = JSON.stringify([table, key, ...first.map((name) => is[name]), ...later]);
    return createHash('sha256').update(text).digest('base64url');
  };
  // The rows are read once they are stored, as the event is taken into the log.
  const { stored } = Outbox.prototype;
  const mocked = mock.method(Outbox.prototype, 'stored', function (this: Outbox, most: number) {
    return stored.call(this, most).map((event) => {
      const { held: _, ...own } = event.data;
      const rows = Object.entries(event.rows ?? {}).flatMap(([row, digest]) =>
        grantingOf(row)?.first ? [[row, digest === null ? null : digestOf(row)]] : [],
      );
      const earlier = event.rows ? { rows: Object.fromEntries(rows) as SallyportEvent['rows'] } : {};
      return { ...event, data: own, ...earlier } as SallyportEvent;
    });
  });
  return () => mocked.mock.restore();
}

describe(
  'a state whose log says of fewer columns what rows are',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    let server: TestServer;
    let keys: string[];
    const data = join(scratch(), 'data');
    const ids = new Map<string, string>();
    let hold: string;
    const start = async (): Promise<void> => {
      server = await testServer({ data, systems: { main: enforced(fake) }, diverges: true });
    };
    const behind = (...statements: string[]): void => behindSqlite(data, ...statements);
    const diverging = (): string[] => divergingIn(server);
    const audit = async (file = join(data, 'state.db')): Promise<StateReport> => {
      const view = await viewState({ file });
      const audited = new StateAudit({ view, isSealed: () => false });
      await verifyLedger(join(data, 'ledger'), keys, [], () => {}, {
        begin: () => audited.begin(),
        entry: (index, leaf) => audited.entry(index, leaf),
      });
      const report = await audited.report();
      await view.close();
      return report;
    };
    const notings = async (): Promise<SallyportEvent[]> =>
      (await server.control.installation.store.events.since(['state-noted'], '1970')).filter(
        ({ data: { held } }) => held !== undefined,
      );

    before(async () => {
      fake = await fakeSystem();
      const restore = asEarlier(data);
      await start();
      const { verifierKey, quantumSafeVerifierKey } = server.control.installation.ledger;
      keys = [verifierKey, quantumSafeVerifierKey];
      for (const name of ['good', 'revoked', 'named'])
        ids.set(name, (await server.control.apiKeys.create('test', { name, systems: ['main'] })).id);
      await server.control.apiKeys.revoke('test', ids.get('revoked')!);
      hold = (await placeHold(server.control, 'person:a', 'main', 'a case')).id;
      await server.stop();
      restore();
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });

    it('verifies as it did', async () => {
      const found = await audit();
      assert.deepEqual(found.problems, []);
      assert.ok(Number(found.rows) >= 3);
      // Of holds the log did not say what they are: what was not held is not called right.
      assert.equal(found.result, 'not-checked');
      assert.match(found.why!, /rows of `holds` are; start the server once/);
    });

    it('verifies where its database has not all columns and tables yet', async () => {
      const copy = join(data, '..', 'copy.db');
      cpSync(join(data, 'state.db'), copy);
      const db = new DatabaseSync(copy);
      db.exec('alter table api_keys drop column owner');
      for (const table of ['secret_origins', 'holds']) db.exec(`drop table ${table}`);
      db.exec(
        "delete from schema_migrations where name in ('0009-holds', '0011-secret-origins', '0013-key-owners')",
      );
      db.close();
      const found = await audit(copy);
      assert.equal(found.result, 'ok', JSON.stringify(found));
    });

    it('is taken for right once, but for what did not follow before', async () => {
      await server.stop();
      behind(`update api_keys set revoked_at = null where id = '${ids.get('revoked')}'`);
      await start();
      assert.deepEqual(diverging(), [`api_keys/${ids.get('revoked')} changed`]);
      const [noted, ...more] = await notings();
      assert.equal(noted!.data['held'], HELD);
      assert.equal(more.length, 0);
      await server.stop();
      const found = await audit();
      assert.deepEqual(
        found.diverging.map(({ row }) => row),
        [`api_keys/${ids.get('revoked')}`],
      );
    });

    it('has tables held that were not: what is missing there then still restricts', async () => {
      const db = new DatabaseSync(join(data, 'state.db'));
      const row = db.prepare('select * from holds').get() as Record<string, SQLInputValue>;
      db.exec('delete from holds');
      db.close();
      assert.ok(
        (await audit()).diverging.some((one) => one.row === `holds/${hold}` && one.why === 'missing'),
      );
      await start();
      assert.ok(diverging().includes(`holds/${hold} missing`));
      const held = await server.control.installation.store.holds.systems();
      assert.deepEqual([held.has('main'), held.has('other')], [true, false]);
      await server.stop();
      const back = new DatabaseSync(join(data, 'state.db'));
      back
        .prepare(
          `insert into holds values (${Object.keys(row)
            .map(() => '?')
            .join(', ')})`,
        )
        .run(...Object.values(row));
      back.close();
    });

    it('is held by all columns from then on, and never taken for right again', async () => {
      const before_ = ['name', 'prefix', 'demo', 'synthetic'] as const;
      for (const column of before_) {
        assert.ok((GRANTING_TABLES.api_keys.columns as readonly string[]).includes(column));
        const value = column === 'demo' || column === 'synthetic' ? '1' : `'other'`;
        behind(`update api_keys set ${column} = ${value} where id = '${ids.get('named')}'`);
        assert.ok(
          (await audit()).diverging.some(({ row }) => row === `api_keys/${ids.get('named')}`),
          column,
        );
        rmSync(join(data, 'state.db-follows'), { force: true });
        await start();
        assert.ok(diverging().includes(`api_keys/${ids.get('named')} changed`), column);
        assert.equal((await notings()).length, 1);
        await server.stop();
        behind(
          `update api_keys set name = 'named', demo = 0, synthetic = 0,
             prefix = (select prefix from api_keys where id = '${ids.get('good')}') where id = '${ids.get('named')}'`,
        );
      }
      await start();
    });
  },
);

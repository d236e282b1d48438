import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { auditRunning } from '../src/audit/running-audit.ts';
import { scratch, testServer } from './harness.ts';

/** Other tools that write to such a file guard nothing. */
const UNGUARDED = { open: true, defensive: false };

/** Statements that have a table be another than it was made as. */
const redefined = (table: string, was: string, is: string): string =>
  `pragma writable_schema = on; update sqlite_master set sql = replace(sql, '${was}', '${is}') where name = '${table}';
   pragma schema_version = ${9_000 + is.length}`;

const PLANTED: Readonly<Record<string, [make: string, drop: string]>> = {
  'a trigger that takes revocations back': [
    'create trigger evil after update on api_keys begin update api_keys set revoked_at = null where id = new.id; end',
    'drop trigger evil',
  ],
  'a trigger that removes calls': [
    'create trigger evil after insert on exchanges begin delete from exchanges where id = new.id; end',
    'drop trigger evil',
  ],
  'a view in the place of a table': [
    'alter table api_keys rename to kept; create view api_keys as select * from kept',
    'drop view api_keys; alter table kept rename to api_keys',
  ],
  'a table that drops what it refuses': [
    redefined('holds', 'lifted_at text', 'lifted_at text not null on conflict ignore'),
    redefined('holds', 'lifted_at text not null on conflict ignore', 'lifted_at text'),
  ],
  'an index of which there is none': ['create unique index evil on integrations (status)', 'drop index evil'],
  'an index that is gone': [
    'drop index people_local_user',
    'create unique index people_local_user on people (local_user)',
  ],
  'a column that is made up': [
    "alter table api_keys add column evil text generated always as ('x') virtual",
    'alter table api_keys drop column evil',
  ],
};

/** Takes a hold away from the index of its table, and leaves the row. */
function staleIndex(file: string): void {
  const use = (text: string): void => {
    const db = new DatabaseSync(file, UNGUARDED);
    db.exec(`pragma busy_timeout = 5000; ${text}`);
    db.close();
  };
  const db = new DatabaseSync(file);
  const of = (type: string) =>
    db.prepare('select * from sqlite_master where type = ? and tbl_name = ?').get(type, 'holds') as Record<
      string,
      string
    >;
  const [table, index] = [of('table'), of('index')];
  db.close();
  const bare = table['sql']!.replace(' primary key', '');
  use(`pragma writable_schema = on; delete from sqlite_master where name = '${index['name']}';
    update sqlite_master set sql = '${bare}' where name = 'holds'; pragma schema_version = ${++version}`);
  use(
    `insert into holds (id, system, reason, placed_at, placed_by) values ('h${version}', 's', 'r', 'then', 'p')`,
  );
  use(`pragma writable_schema = on; update sqlite_master set sql = '${table['sql']}' where name = 'holds';
    insert into sqlite_master (type, name, tbl_name, rootpage, sql)
      values ('index', '${index['name']}', 'holds', ${index['rootpage']}, null); pragma schema_version = ${++version}`);
}
let version = 9_500;

describe(
  'what acts on rows in the database behind the product',
  {
    skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine',
  },
  () => {
    it('keeps the server from starting, and is named by verification', async () => {
      const data = join(scratch(), 'data');
      await (await testServer({ data })).stop();
      const change = (text: string): void => {
        const db = new DatabaseSync(join(data, 'state.db'), UNGUARDED);
        db.exec(text);
        db.close();
      };
      for (const [what, [make, drop]] of Object.entries(PLANTED)) {
        change(make);
        await assert.rejects(
          testServer({ data }),
          { code: 'config-invalid', message: /none of Sallyport's|is gone/ },
          what,
        );
        change(drop);
      }
      // What an owner may do with the file makes nothing of it somebody else's.
      change('vacuum; analyze; alter table api_keys rename to kept; alter table kept rename to api_keys');
      const server = await testServer({ data });
      change(PLANTED['a trigger that removes calls']![0]);
      const planted = await server.control.installation.store.view().planted();
      assert.match(planted.join(), /the trigger `evil` on `exchanges`/);
      const { state } = await auditRunning(server.control.installation);
      assert.equal(state.result, 'bad');
      assert.ok(state.problems.some(({ message }) => message.includes('the trigger `evil`')));
      change('drop trigger evil');
      await server.stop();
    });

    it('keeps the server from starting where an index says something else than the rows', async () => {
      const data = join(scratch(), 'data');
      await (await testServer({ data })).stop();
      const file = join(data, 'state.db');
      staleIndex(file);
      await assert.rejects(testServer({ data }), { code: 'config-invalid', message: /reindex holds/ });
      const db = new DatabaseSync(file);
      db.exec('reindex holds');
      db.close();
      const server = await testServer({ data, diverges: true });
      staleIndex(file);
      const planted = await server.control.installation.store.view().planted();
      assert.match(planted.join(), /the indexes of `holds`/);
      await server.stop();
    });
  },
);

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newEvent } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { GRANTING_TABLES, type GrantingTable, viewState } from '@sallyport/store';
import { startPostgres } from '../../store/test/postgres.ts';
import { EVENT_COLUMNS, EXCHANGE_COLUMNS } from '../src/audit/projected-rows.ts';
import { auditRunning } from '../src/audit/running-audit.ts';
import { StateAudit } from '../src/audit/state-audit.ts';
import type { StateReport } from '../src/audit/state-report.ts';
import { placeHold } from '../src/content-expiry.ts';
import { inPostgres, type StatePlace } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

const NOTHING = `create function nothing() returns trigger language plpgsql as 'begin return null; end'`;
const LIES = `create function lies(text) returns boolean immutable language sql as 'select true'`;
const PLANTED: Readonly<Record<string, [make: string, drop: string]>> = {
  'a trigger that loses changes': [
    `${NOTHING}; create trigger evil before update on api_keys for each row execute function nothing()`,
    'drop trigger evil on api_keys; drop function nothing',
  ],
  'a trigger on a table that another schema on the path hides': [
    `${NOTHING}; create schema evil;
     create trigger evil before update on api_keys for each row execute function nothing();
     do $$ begin execute format('alter database %I set search_path = evil, public', current_database()); end $$`,
    `do $$ begin execute format('alter database %I reset search_path', current_database()); end $$;
     drop trigger evil on public.api_keys; drop function public.nothing; drop schema evil`,
  ],
  'a rule': ['create rule evil as on delete to holds do instead nothing', 'drop rule evil on holds'],
  'a view in the place of a table': [
    'alter table api_keys rename to kept; create view api_keys as select * from kept',
    'drop view api_keys; alter table kept rename to api_keys',
  ],
  'a table that hands its rows to another': ['create table evil () inherits (api_keys)', 'drop table evil'],
  'a column that is made up': [
    `alter table api_keys add column evil text generated always as ('x') stored`,
    'alter table api_keys drop column evil',
  ],
  'what a column holds where nothing is said': [
    `alter table api_keys alter column owner set default 'per_evil'`,
    'alter table api_keys alter column owner drop default',
  ],
  'another than was there': [
    `alter table api_keys alter column scope set default '{"x":1}'`,
    `alter table api_keys alter column scope set default '{}'`,
  ],
  'a policy': ['create policy evil on holds using (false)', 'drop policy evil on holds'],
  'a table whose rows hide': [
    'alter table holds enable row level security; alter table holds force row level security',
    'alter table holds no force row level security; alter table holds disable row level security',
  ],
  'a check that runs a function': [
    `${LIES}; alter table api_keys add constraint evil check (lies(id))`,
    'alter table api_keys drop constraint evil; drop function lies',
  ],
  'an index that runs a function': [
    `${LIES}; create index evil on api_keys (lies(id))`,
    'drop index evil; drop function lies',
  ],
  'an index over what a function lets in': [
    `${LIES}; create index evil on api_keys (id) where lies(id)`,
    'drop index evil; drop function lies',
  ],
  'an index over what an operator lets in': [
    `create function lies(text, text) returns boolean immutable language sql as 'select true';
     create operator public.=== (leftarg = text, rightarg = text, function = lies);
     create index evil on api_keys (id) where id === 'x'`,
    'drop index evil; drop operator public.=== (text, text); drop function lies(text, text)',
  ],
  'a table of others that a key of ours cascades to': [
    `create unique index evil on people (id, name);
     create table evil_rows (id text, name text,
       foreign key (id, name) references people (id, name) on update cascade)`,
    'drop table evil_rows; drop index evil',
  ],
  'a key of ours that cascades': [
    `alter table grants add constraint evil foreign key (holder) references people (id) on delete cascade not valid`,
    'alter table grants drop constraint evil',
  ],
  'a function in the place of a lock': [
    `create function public.pg_advisory_xact_lock(text) returns void language sql as 'select'`,
    'drop function public.pg_advisory_xact_lock(text)',
  ],
  'a function in the place of one over rows': [
    `create function public.json_populate_recordset(exchanges, json) returns setof exchanges language sql
      as 'select $1'`,
    'drop function public.json_populate_recordset(exchanges, json)',
  ],
  'an operator in the place of one': [
    `create function public.differs(name, name) returns boolean language sql as 'select true';
     create operator public.!~ (leftarg = name, rightarg = name, function = public.differs)`,
    'drop operator public.!~ (name, name); drop function public.differs(name, name)',
  ],
  'a path on which the system comes last': [
    `create schema evil;
     do $$ begin execute format('alter database %I set search_path = evil, pg_catalog, public', current_database()); end $$`,
    `do $$ begin execute format('alter database %I reset search_path', current_database()); end $$;
     drop schema evil`,
  ],
  'a type of its own': [
    'create domain evil as text; alter table api_keys alter column name type evil',
    'alter table api_keys alter column name type text; drop domain evil',
  ],
};

describe('a state in PostgreSQL that was changed behind the product', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let place: StatePlace;
  let fake: FakeSystem;
  let server: TestServer;
  const start = async (): Promise<void> => {
    server = await testServer({
      data: place.data,
      systems: { main: enforced(fake) },
      config: { ...place.config, secrets: { environment: ['STATE_PG_SECRET'] } },
      diverges: true,
    });
  };
  const state = () => server.control.installation.state;
  const look = async (): Promise<string[]> => {
    await state().look();
    return state().diverging.map(({ row, why }) => `${row} ${why}`);
  };

  before(async () => {
    process.env['STATE_PG_SECRET'] = 'x';
    postgres = await startPostgres();
    place = await inPostgres(postgres.url);
    fake = await fakeSystem();
    await start();
    const key = await server.key(['main']);
    await (await server.chat(key, 'hello')).text();
    await placeHold(server.control, 'person:a', 'main', 'a case');
    const admin = await signedIn(server, [{ role: 'administrator' }, { role: 'operator' }]);
    const program = await ok<{ id: string }>(
      await admin.call('POST', '/api/v1/programs', { name: 'p', purpose: 'x', grants: [{ role: 'viewer' }] }),
      201,
    );
    await ok(await admin.call('POST', `/api/v1/programs/${program.id}/keys`, {}), 201);
    const origin = new URL(fake.url).origin;
    await ok(await admin.call('POST', '/api/v1/secret-origins', { ref: 'env:STATE_PG_SECRET', origin }), 201);
    await server.control.accounts.directory.add('test', { name: 'waits', grants: [] });
    await server.control.addSystem('test', 'added', {
      dialect: 'openai',
      urls: [fake.url],
      allowPrivate: true,
    });
    await server.control.thirdParties.propose('person:a', {
      ...{ name: 'vendor', kind: 'vendor-model', owner: null, days: 30 },
      manifest: { purpose: 'x', origins: [origin], systems: ['main'], allowPrivate: true },
    });
    await server.control.accounts.reviews.openGrants('person:a', 10, 90);
    await server.control.installation.announce(
      newEvent('state-noted', { actor: 'test', subject: 'organisation' }),
    );
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await postgres.stop();
  });

  it('rows of every table that is held, changed, taken away and put in, do not follow', async () => {
    assert.deepEqual(await look(), []);
    const empty: string[] = [];
    for (const table of Object.keys(GRANTING_TABLES) as GrantingTable[]) {
      const {
        key,
        columns,
        only = 'true',
        clears,
      } = GRANTING_TABLES[table] as {
        key: string;
        columns: readonly string[];
        only?: string;
        clears?: true;
      };
      const [row] = await place.sql(
        `select *, ${key} as row_key from ${table} where ${only} order by 1 limit 1`,
      );
      if (!row) {
        empty.push(table);
        continue;
      }
      const own = `${key} = '${String(row['row_key'])}'`;
      const back = await place.keep(table);
      const before_ = (await server.control.installation.store.granting.digests()).get(
        `${table}/${row['row_key']}`,
      )!;
      for (const column of columns) {
        if (table === 'factors' && column === 'used_at') continue;
        const other =
          typeof row[column] === 'number' ? `${row[column] + 1}` : `'${String(row[column] ?? '')}x'`;
        await place.sql(`update ${table} set ${column} = ${other} where ${own}`);
        const now = (await server.control.installation.store.granting.digests()).get(
          `${table}/${row['row_key']}`,
        );
        assert.notEqual(now?.digest, before_.digest, `${table}.${column}`);
        const was =
          row[column] === null
            ? 'null'
            : typeof row[column] === 'number'
              ? row[column]
              : `$v$${row[column]}$v$`;
        await place.sql(`update ${table} set ${column} = ${was} where ${own}`);
      }
      const named = (why: string): string => `${table}/${row['row_key']} ${why}`;
      const created = columns.findLast(
        (column) => typeof row[column] === 'string' && column !== 'used_at' && !only.includes(column),
      )!;
      await place.sql(`update ${table} set ${created} = ${created} || 'x' where ${own}`);
      assert.ok((await look()).includes(named('changed')), table);
      await place.sql(`delete from ${table} where ${own}`);
      assert.equal((await look()).includes(named('missing')), clears !== true, table);
      await back();
      assert.deepEqual(await look(), [], table);
    }
    // Made by providers and by registering only: the tests of the embedded engine have rows of them.
    assert.deepEqual(empty.sort(), [
      'asset_versions',
      'assets',
      'attestations',
      'data_sources',
      'deployments',
      'group_members',
      'groups',
      'provisioned',
    ]);
  });

  it('every column of calls and events is held against the log', async () => {
    await server.stop();
    const { verifierKey, quantumSafeVerifierKey } = server.control.installation.ledger;
    const audit = async (): Promise<StateReport> => {
      const view = await viewState(place.view);
      const audited = new StateAudit({ view, isSealed: () => false });
      await verifyLedger(join(place.data, 'ledger'), [verifierKey, quantumSafeVerifierKey], [], () => {}, {
        begin: () => audited.begin(),
        entry: (index, leaf) => audited.entry(index, leaf),
      });
      const report = await audited.report();
      await view.close();
      return report;
    };
    assert.deepEqual((await audit()).problems, []);
    for (const [table, columns, where] of [
      ['exchanges', EXCHANGE_COLUMNS, `id = (select min(id) from exchanges)`],
      ['events', EVENT_COLUMNS, `type = 'key-created'`],
    ] as const) {
      const back = await place.keep(table);
      const [row] = await place.sql(`select * from ${table} where ${where} limit 1`);
      const typed = await place.sql(
        `select column_name from information_schema.columns where table_name = '${table}' and data_type <> 'text'`,
      );
      const numbers = new Set(typed.map((one) => one['column_name']));
      for (const column of columns) {
        const value = row![column];
        const other = numbers.has(column) ? `${Number(value) + 1}` : `'${String(value ?? '')}x'`;
        await place.sql(`update ${table} set ${column} = ${other} where id = '${row!['id']}'`);
        assert.equal((await audit()).result, 'bad', `${table}.${column}`);
        const was = value === null ? 'null' : `$v$${String(value)}$v$`;
        await place.sql(`update ${table} set ${column} = ${was} where id = '${row!['id']}'`);
      }
      await place.sql(`delete from ${table} where id = '${row!['id']}'`);
      assert.equal((await audit()).result, 'bad', `${table} without one`);
      await back();
      assert.deepEqual((await audit()).problems, []);
    }
    await start();
  });

  it('what acts on rows keeps the server from starting, and is named by verification', async () => {
    for (const [what, [make, drop]] of Object.entries(PLANTED)) {
      await place.sql(make);
      const planted = await server.control.installation.store.view().planted();
      // What is set for connections to come, those that are there do not see.
      if (!what.includes('path')) assert.equal(planted.length > 0, true, what);
      if (what === 'a rule') {
        const { state: found } = await auditRunning(server.control.installation);
        assert.equal(found.result, 'bad');
        assert.ok(found.problems.some(({ message }) => message.includes('the rule `evil`')));
      }
      const view = await viewState(place.view);
      assert.ok((await view.planted()).length > 0, what);
      await view.close();
      await place.sql(drop);
      assert.deepEqual(await server.control.installation.store.view().planted(), [], what);
    }
    // What others have in a database that they share: no call of ours is theirs.
    await place.sql(
      `create domain word as text; create function public.lower(word) returns text language sql as 'select $1::text';
       create function public.round(double precision, integer) returns numeric language sql as 'select 1::numeric';
       create table theirs (id text primary key); create table more (id text references theirs (id) on delete cascade)`,
    );
    assert.deepEqual(await server.control.installation.store.view().planted(), []);
    await server.stop();
    const [make, drop] = PLANTED['a trigger on a table that another schema on the path hides']!;
    await place.sql(make);
    await assert.rejects(start(), { code: 'config-invalid', message: /none of Sallyport's/ });
    await place.sql(drop);
    await start();
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Kysely, SqliteDialect } from 'kysely';
import { GRANTING_TABLES, type Granting, NOT_GRANTING } from '../src/granting-tables.ts';
import { migrate, stateTables } from '../src/migrations.ts';
import { projectedTables } from '../src/projected-rows.ts';
import { sqliteDatabase } from '../src/sqlite-driver.ts';

it('every table is held against the log, or it was judged why it need not be', () => {
  const held = Object.keys(GRANTING_TABLES);
  const judged = [...Object.keys(NOT_GRANTING), ...projectedTables];
  assert.deepEqual([...held, ...judged].sort(), [...stateTables().keys()].sort());
  for (const [table, why] of Object.entries(NOT_GRANTING)) assert.ok(why.length > 20, table);
});

it('every column of those tables is part of the digest, or it was judged why it need not be', async () => {
  const database = sqliteDatabase(':memory:');
  const db = new Kysely<never>({ dialect: new SqliteDialect({ database }) });
  await migrate(db, 'sqlite');
  const tables = new Map((await db.introspection.getTables()).map((table) => [table.name, table]));
  for (const [name, table] of Object.entries(GRANTING_TABLES) as [string, Granting][]) {
    const left = Object.entries(table.left ?? {});
    for (const [column, why] of left) assert.ok(why.length > 20, column);
    const known = [...table.columns, ...left.map(([column]) => column)];
    assert.equal(new Set(known).size, known.length, name);
    const all = tables.get(name)!.columns.map((column) => column.name);
    // A key of one column is what the digest is made under.
    assert.deepEqual(known.sort(), all.filter((column) => column !== table.key).sort(), name);
    for (const column of [...(table.first ?? []), ...(table.firstLater ?? [])])
      assert.ok(table.columns.includes(column), `${name}.${column}`);
    for (const column of Object.keys(table.partly ?? {})) assert.ok(table.columns.includes(column));
  }
  await db.destroy();
});

import { Kysely, SqliteDialect, sql } from 'kysely';
import { GRANTING_TABLES } from './granting-tables.ts';
import { appliedMigrations, migrate } from './migrations.ts';
import { PROJECTED_TABLES } from './projected-rows.ts';
import { sqliteDatabase } from './sqlite-driver.ts';

/** Something in the database that acts on rows and that this program did not put there. */
export interface Planted {
  readonly kind: string;
  readonly name: string;
  /** The table that it acts on; null where it acts on no single one. */
  readonly table: string | null;
  /** Whether it is what this program made, and is gone. */
  readonly isGone?: boolean;
  /** What is to be done about it, where that is not to remove it. */
  readonly help?: string;
}

/** What a column holds where nothing is said of it. */
export interface Default {
  readonly table: string;
  readonly name: string;
  readonly value: string;
}

/** Code within an embedded database: it is this program's alone, and has none. */
const IN_SQLITE = sql<Planted>`
  select type as kind, name, tbl_name as "table" from sqlite_master
    where type in ('trigger', 'view') or (type = 'table' and upper(sql) like 'CREATE VIRTUAL%')
  union all
  select 'generated column', x.name, m.name from sqlite_master m, pragma_table_xinfo(m.name) x
    where m.type = 'table' and x.hidden <> 0`;
const DEFAULTS_IN_SQLITE = sql<Default>`
  select m.name as "table", x.name, x.dflt_value as value from sqlite_master m, pragma_table_xinfo(m.name) x
    where m.type = 'table' and x.dflt_value is not null`;
/** What makes tables and indexes what they are: keys, constraints and what follows when one is violated. */
interface Made {
  readonly kind: 'table' | 'index';
  readonly name: string;
  readonly table: string;
  /** Of an index that comes with a constraint there is none. */
  readonly text: string;
}
const MADE = sql<Made>`
  select type as kind, name, tbl_name as "table", coalesce(sql, '') as text from sqlite_master
    where type in ('table', 'index')`;
/** Tables whose rows are held against the log: an index that says something else is read in the place of a row that follows. */
const HELD_TABLES = [...Object.keys(GRANTING_TABLES), ...Object.keys(PROJECTED_TABLES)];
const CHECKED = sql<{ name: string; said: string }>`
  select m.name, x.integrity_check as said from sqlite_master m, pragma_integrity_check(m.name) x
    where m.type = 'table' and m.name in (${sql.join(HELD_TABLES)})`;

/** An empty state of this version, or one to which only some migrations were applied. */
async function withOwn<T>(
  only: readonly string[] | undefined,
  work: (db: Kysely<never>) => Promise<T>,
): Promise<T> {
  const db = new Kysely<never>({ dialect: new SqliteDialect({ database: sqliteDatabase(':memory:') }) });
  try {
    await migrate(db, 'sqlite', only);
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** What columns of this version hold where nothing is said, by `TABLE.COLUMN`. */
export const ownDefaults = (): Promise<ReadonlyMap<string, string>> =>
  withOwn(undefined, async (db) => {
    const { rows } = await DEFAULTS_IN_SQLITE.execute(db);
    return new Map(rows.map(({ table, name, value }) => [`${table}.${name}`, value]));
  });

/** By kind and name. A table that was renamed and back has its name in quotes. */
const byName = (made: readonly Made[]): Map<string, Made> =>
  new Map(
    made.map((one) => [
      `${one.kind} ${one.name}`,
      { ...one, text: one.text.replaceAll(/"(\w+)"/g, '$1').replaceAll(/\s+/g, ' ') },
    ]),
  );

/** Tables and indexes that are not as the migrations that were applied make them. */
async function madeOtherwise<T>(db: Kysely<T>, tables: readonly string[]): Promise<Planted[]> {
  const there = byName((await MADE.execute(db)).rows);
  const applied = there.has('table schema_migrations') ? await appliedMigrations(db) : [];
  const own = byName(await withOwn(applied, async (empty) => (await MADE.execute(empty)).rows));
  // A new file has not even the table of migrations.
  if (!there.has('table schema_migrations')) own.clear();
  const found: Planted[] = [];
  for (const [id, { kind, name, table, text }] of there) {
    const known = own.get(id);
    if (known?.text === text && known.table === table) continue;
    if (!known && !tables.includes(table)) continue;
    found.push({
      kind: known ? `definition of the ${kind}` : kind,
      name,
      table: kind === 'table' ? null : table,
    });
  }
  for (const [id, { kind, name, table }] of own)
    if (!there.has(id)) found.push({ kind, name, table: kind === 'table' ? null : table, isGone: true });
  return found;
}

/** Tables that are held against the log and whose indexes say something else than their rows. */
export async function tablesAstray<T>(db: Kysely<T>): Promise<string[]> {
  const { rows } = await CHECKED.execute(db);
  return [...new Set(rows.flatMap(({ name, said }) => (said === 'ok' ? [] : [name])))];
}

/** What in an embedded database acts on rows behind the product. */
export async function plantedInSqlite<T>(
  db: Kysely<T>,
  tables: readonly string[],
): Promise<{ found: readonly Planted[]; defaults: readonly Default[] }> {
  const { rows } = await IN_SQLITE.execute(db);
  const { rows: defaults } = await DEFAULTS_IN_SQLITE.execute(db);
  if (rows.length > 0) return { found: rows, defaults };
  const astray = (await tablesAstray(db)).map(
    (name): Planted => ({
      kind: 'content of the indexes of',
      name,
      table: null,
      help: `restore a backup, or have SQLite do \`reindex ${name}\` in a copy of the file`,
    }),
  );
  return { found: [...(await madeOtherwise(db, tables)), ...astray], defaults };
}

import { statSync } from 'node:fs';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import { forOwner } from './owned-file.ts';
import { postgresPool } from './postgres-pool.ts';
import type { Database } from './schema.ts';
import { openAtRest, sqliteDatabase } from './sqlite-driver.ts';
import { sqliteReader } from './sqlite-reader.ts';
import { loadState, postgresRows, sqliteRows } from './state-copy.ts';
import { StateView } from './state-view.ts';
import { type Engine, Store } from './store.ts';

/** Connections that read what rows were before a change. */
const BEFORE_CONNECTIONS = 2;

const readOnly = (path: string): Kysely<Database> =>
  new Kysely<Database>({ dialect: new SqliteDialect({ database: async () => sqliteDatabase(path, true) }) });

/** Files of earlier versions up to this size are rewritten at the start, in well under a second, so that they can shrink. */
const COMPACTED_BYTES_MAX = 32 * 1024 * 1024;

/** Opens the embedded store. @param path file, or `:memory:` */
export async function openSqlite(path: string): Promise<Store> {
  const isFile = path !== ':memory:';
  if (isFile) forOwner(path);
  const sqlite = sqliteDatabase(path);
  const store = await Store.open(
    new Kysely<Database>({ dialect: new SqliteDialect({ database: sqlite }) }),
    'sqlite',
    sqlite,
    sqliteRows(path),
    ...(isFile ? [sqliteReader(path), readOnly(path)] : []),
  );
  if (isFile && !sqlite.shrinks && statSync(path).size <= COMPACTED_BYTES_MAX) {
    try {
      sqlite.compact();
    } catch {
      // Where the disk has no room for it, the file stays as it is.
    }
  }
  return store;
}

/**
 * Rewrites the file of an embedded store that nothing has open, without room that nothing uses; from then on it shrinks as rows go.
 * @returns bytes before and after
 */
export function compactSqlite(path: string): { before: number; after: number } {
  const sqlite = sqliteDatabase(path);
  try {
    const before = statSync(path).size;
    sqlite.compact();
    sqlite.settle();
    return { before, after: statSync(path).size };
  } finally {
    sqlite.close();
  }
}

/** Opens a PostgreSQL store. @param url connection URL; a secret, never logged */
export async function openPostgres(url: string): Promise<Store> {
  const pool = await postgresPool(url);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  // Not of that pool: changes under way may hold all of it.
  const before = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: await postgresPool(url, BEFORE_CONNECTIONS) }),
  });
  try {
    return await Store.open(db, 'postgres', null, postgresRows(pool), db, before);
  } catch (fault) {
    await Promise.allSettled([db.destroy(), before.destroy()]);
    throw fault;
  }
}

/** Opens the state of an installation to read it, and changes nothing: no schema is brought up to date. */
export async function viewState(
  place: { readonly file: string } | { readonly url: string },
): Promise<StateView> {
  const dialect =
    'file' in place
      ? new SqliteDialect({ database: sqliteDatabase(place.file, true, openAtRest) })
      : new PostgresDialect({ pool: await postgresPool(place.url) });
  const db = new Kysely<Database>({ dialect });
  return new StateView(db, 'file' in place ? 'sqlite' : 'postgres', () => db.destroy());
}

/**
 * Fills an embedded store that does not exist yet with what {@link Store.dump} gave.
 * @returns rows that it holds
 */
export async function loadSqlite(path: string, lines: AsyncIterable<string>): Promise<number> {
  forOwner(path);
  const database = sqliteDatabase(path);
  return loadAndClose(new Kysely<Database>({ dialect: new SqliteDialect({ database }) }), 'sqlite', lines);
}

/** Fills an empty PostgreSQL database. @param url connection URL; a secret, never logged @returns rows that it holds */
export async function loadPostgres(url: string, lines: AsyncIterable<string>): Promise<number> {
  const dialect = new PostgresDialect({ pool: await postgresPool(url) });
  return loadAndClose(new Kysely<Database>({ dialect }), 'postgres', lines);
}

async function loadAndClose(
  db: Kysely<Database>,
  engine: Engine,
  lines: AsyncIterable<string>,
): Promise<number> {
  try {
    return await loadState(db, engine, lines);
  } finally {
    await db.destroy();
  }
}

import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@sallyport/core';
import { type Kysely, sql } from 'kysely';
import type { Pool } from 'pg';
import { migrate, stateTables } from './migrations.ts';
import { nearest } from './sqlite-driver.ts';

const FORMAT = 'sallyport-state/1';
const ROWS = 1_000;
/** Values in one statement; engines take more. */
const VALUES_MAX = 10_000;

type Value = string | number | null;

/** Reads every row as of one moment, while others change them. */
export interface RowReader {
  /** Names of migrations that made the schema. */
  migrations(): Promise<string[]>;
  /** The columns of a table, then its rows some at a time. */
  table(name: string): AsyncGenerator<readonly (readonly Value[])[], void>;
  columns(name: string): Promise<string[]>;
  end(): Promise<void>;
}

/** Rows of an embedded store, over a connection of its own. */
export const sqliteRows =
  (path: string): (() => Promise<RowReader>) =>
  async () => {
    if (path === ':memory:') throw new CodedError('usage', 'a store in memory is not copied');
    const db = new DatabaseSync(path, { readOnly: true });
    // The moment is that of the first read.
    db.exec('begin; select count(*) from schema_migrations');
    return {
      migrations: async () =>
        db
          .prepare('select name from schema_migrations order by name')
          .all()
          .map((row) => String(row['name'])),
      columns: async (name) =>
        db
          .prepare(`select * from ${name} limit 0`)
          .columns()
          .map((column) => column.name),
      async *table(name) {
        const statement = db.prepare(`select * from ${name} order by rowid`);
        statement.setReturnArrays(true);
        // Whatever size: a number too large to be exact must not keep a backup from being made.
        statement.setReadBigInts(true);
        let rows: Value[][] = [];
        for (const row of statement.iterate()) {
          rows.push((row as unknown as unknown[]).map(nearest) as Value[]);
          if (rows.length < ROWS) continue;
          yield rows;
          rows = [];
          await new Promise((turn) => setImmediate(turn));
        }
        if (rows.length > 0) yield rows;
      },
      end: async () => db.close(),
    };
  };

/** Rows of a PostgreSQL store, in one transaction. */
export const postgresRows =
  (pool: Pool): (() => Promise<RowReader>) =>
  async () => {
    const client = await pool.connect();
    // The moment is that of the first read, not that of the beginning.
    await client.query(
      'begin isolation level repeatable read read only; select from schema_migrations limit 1',
    );
    const rowsOf = async (text: string): Promise<Value[][]> =>
      (await client.query<Value[]>({ text, rowMode: 'array' })).rows;
    return {
      migrations: async () =>
        (await rowsOf('select name from schema_migrations order by name')).map(([name]) => String(name)),
      columns: async (name) =>
        (await client.query(`select * from ${name} limit 0`)).fields.map((field) => field.name),
      async *table(name) {
        await client.query(`declare copied cursor for select * from ${name}`);
        for (;;) {
          const rows = await rowsOf(`fetch ${ROWS} from copied`);
          if (rows.length === 0) break;
          yield rows;
        }
        await client.query('close copied');
      },
      end: async () => {
        await client.query('rollback');
        client.release();
      },
    };
  };

/** State as lines: one that names the schema, one for each table, one for each row of it behind that. It ends the reader. */
export async function* dumpState(reader: RowReader): AsyncGenerator<string> {
  try {
    const migrations = await reader.migrations();
    yield `${JSON.stringify({ format: FORMAT, migrations })}\n`;
    for (const [table, numbered] of stateTables()) {
      const columns = await reader.columns(table);
      // Numbers that the engine gives are given anew, in the same order.
      const kept = columns.flatMap((name, i) => (name === numbered ? [] : [i]));
      const by = numbered === null ? -1 : columns.indexOf(numbered);
      yield `${JSON.stringify({ table, columns: kept.map((i) => columns[i]) })}\n`;
      for await (const rows of reader.table(table)) {
        const sorted = by < 0 ? rows : [...rows].sort((a, b) => Number(a[by]) - Number(b[by]));
        yield sorted.map((row) => `${JSON.stringify(kept.map((i) => row[i]))}\n`).join('');
      }
    }
  } finally {
    await reader.end();
  }
}

/** Pieces of text as lines. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  for await (const piece of pieces) {
    const lines = (held + piece).split('\n');
    held = lines.pop()!;
    yield* lines;
  }
  if (held !== '') yield held;
}

/**
 * Fills an empty database with dumped state, under the schema that it had, and brings that up to date.
 * @returns rows loaded
 * @throws CodedError `config-invalid` where the database is not empty, or the state is of a newer version
 */
export async function loadState<T>(
  db: Kysely<T>,
  engine: 'sqlite' | 'postgres',
  pieces: AsyncIterable<string>,
): Promise<number> {
  const lines = linesOf(pieces);
  try {
    return await loadLines(db, engine, lines);
  } finally {
    await lines.return(undefined);
  }
}

async function loadLines<T>(
  db: Kysely<T>,
  engine: 'sqlite' | 'postgres',
  lines: AsyncGenerator<string>,
): Promise<number> {
  const head = JSON.parse((await lines.next()).value ?? '{}') as { format?: string; migrations?: string[] };
  if (head.format !== FORMAT || !head.migrations)
    throw new CodedError('config-invalid', 'this is no state that was dumped here');
  const applied = await migrate(db, engine, head.migrations);
  if (applied.length !== head.migrations.length)
    throw new CodedError('config-invalid', 'the database is not empty: name another one');
  let loaded = 0;
  await db.transaction().execute(async (tx) => {
    let table = '';
    let columns: readonly string[] = [];
    let rows: Value[][] = [];
    const flush = async (): Promise<void> => {
      if (rows.length === 0) return;
      const names = sql.join(columns.map((name) => sql.ref(name)));
      const values = sql.join(rows.map((row) => sql`(${sql.join(row)})`));
      await sql`insert into ${sql.table(table)} (${names}) values ${values}`.execute(tx);
      loaded += rows.length;
      rows = [];
    };
    for await (const line of lines) {
      const value = JSON.parse(line) as Value[] | { table: string; columns: string[] };
      if (Array.isArray(value)) {
        rows.push(value);
        if (rows.length * columns.length >= VALUES_MAX) await flush();
        continue;
      }
      await flush();
      ({ table, columns } = value);
    }
    await flush();
  });
  await migrate(db, engine);
  return loaded;
}

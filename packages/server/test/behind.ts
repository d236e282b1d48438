import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseConfig } from '@sallyport/core';
import { behindPostgres, createDatabase, startPostgres } from '../../store/test/postgres.ts';
import { Control } from '../src/control.ts';
import { Installation } from '../src/installation.ts';
import { scratch, type TestServer } from './harness.ts';

/** Changes a state in the embedded engine behind the product's back. @param data its folder */
export function behindSqlite(data: string, ...statements: string[]): void {
  const db = new DatabaseSync(join(data, 'state.db'));
  db.exec('pragma busy_timeout = 5000');
  for (const statement of statements) db.exec(statement);
  db.close();
}

/** Rows of a server's state that do not follow from its log, and why, in order. */
export const divergingIn = (server: Pick<TestServer, 'control'>): string[] =>
  server.control.installation.state.diverging.map(({ row, why }) => `${row} ${why}`).sort();

/** A state of either engine for a test server, and a way to change it behind the product's back. */
export interface StatePlace {
  readonly data: string;
  readonly config: Record<string, unknown>;
  /** How a view of the state is opened. */
  readonly view: { readonly file: string } | { readonly url: string };
  /** Runs statements, and gives the rows of the last one. */
  sql(...statements: string[]): Promise<Record<string, unknown>[]>;
  /** Keeps the rows of tables. @returns puts them back as they were */
  keep(...tables: string[]): Promise<() => Promise<void>>;
}

/** A state in the file of the embedded engine. */
export const inSqlite = (): StatePlace => {
  const data = join(scratch(), 'data');
  const file = join(data, 'state.db');
  const use = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(file);
    try {
      db.exec('pragma busy_timeout = 5000; pragma foreign_keys = off');
      return work(db);
    } finally {
      db.close();
    }
  };
  return {
    data,
    config: {},
    view: { file },
    sql: async (...statements) =>
      use((db) => {
        for (const one of statements.slice(0, -1)) db.exec(one);
        return db.prepare(statements.at(-1)!).all() as Record<string, unknown>[];
      }),
    keep: async (...tables) => {
      const kept = tables.map((table) => use((db) => db.prepare(`select * from ${table}`).all()));
      return async () =>
        use((db) => {
          for (const [i, table] of tables.entries()) {
            db.exec(`delete from ${table}`);
            for (const row of kept[i]!) {
              const names = Object.keys(row);
              const marks = names.map(() => '?').join(', ');
              db.prepare(`insert into ${table} (${names.join(', ')}) values (${marks})`).run(
                ...Object.values(row),
              );
            }
          }
        });
    },
  };
};

/** Opens what a place holds, without listeners. */
export async function controlIn({ data, config }: StatePlace): Promise<Control> {
  const parsed = parseConfig(config);
  return new Control(parsed, await Installation.open(data, parsed, `${data}.key`, true));
}

let places = 0;

/** A state in a database of its own of a server of PostgreSQL. */
export async function inPostgres(server: string): Promise<StatePlace> {
  const url = await createDatabase(server);
  const variable = `TEST_STATE_${places++}`;
  process.env[variable] = url;
  return {
    data: join(scratch(), 'data'),
    config: { database: { urlRef: `env:${variable}` } },
    view: { url },
    sql: (...statements) => behindPostgres(url, statements),
    keep: async (...tables) => {
      const kept = tables.map(
        (table) => `create schema if not exists kept; create table kept.${table} as select * from ${table}`,
      );
      await behindPostgres(url, kept);
      const back = tables.map(
        (table) =>
          `delete from ${table}; insert into ${table} overriding system value select * from kept.${table}; drop table kept.${table}`,
      );
      return async () => void (await behindPostgres(url, back));
    },
  };
}

/** Both engines, to run the same tests over. @returns where a state lies, and what ends the engine */
export const ENGINES: Readonly<
  Record<string, () => Promise<{ place: StatePlace; end: () => Promise<void> }>>
> = {
  SQLite: async () => ({ place: inSqlite(), end: async () => {} }),
  PostgreSQL: async () => {
    const server = await startPostgres();
    return { place: await inPostgres(server.url), end: () => server.stop() };
  },
};

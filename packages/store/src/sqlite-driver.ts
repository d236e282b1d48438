import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { CodedError } from '@sallyport/core';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** https://sqlite.org/rescode.html */
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;
/** Statements kept compiled. */
const STATEMENTS_MAX = 128;

/** `node:sqlite` in the shape Kysely's SQLite dialect asks for, and a way to insert many rows at little cost. */
export interface Sqlite extends SqliteDatabase {
  /** Runs one statement for each row, within the transaction that is open. */
  runEach(statement: string, rows: readonly (readonly SQLInputValue[])[]): void;
  /** Gives room that nothing uses back to the disk. @param pages at most so many @returns how many; 0 where the file cannot */
  giveBack(pages: number): number;
  /** Rewrites the file without what nothing uses, so that from then on room can be given back. Takes as much room again meanwhile. */
  compact(): void;
  /** Whether room can be given back. */
  readonly shrinks: boolean;
  /** Takes what lies in the write-ahead log into the file. */
  settle(): void;
}

/** `pragma auto_vacuum`: pages that nothing uses are given back when that is asked for. */
const INCREMENTAL = 2;

/**
 * All rows of a statement. `node:sqlite` refuses a row with a number that JavaScript has no exact one for: such a number
 * is read as the nearest that it has, since a row that was written must be readable.
 */
export function allRows(statement: StatementSync, parameters: readonly SQLInputValue[]): unknown[] {
  try {
    return statement.all(...parameters);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw fault;
  }
  statement.setReadBigInts(true);
  try {
    return statement
      .all(...parameters)
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, nearest(value)])));
  } finally {
    statement.setReadBigInts(false);
  }
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** A 64-bit number as the nearest that JavaScript has exactly; anything else as it is. */
export function nearest(value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return Number(value > MOST ? MOST : value < -MOST ? -MOST : value);
}

const openReader = (path: string): DatabaseSync => new DatabaseSync(path, { readOnly: true });

/**
 * Opens a database file that no process of this program has open, to read it. One that lies where nothing may be written, as a copy on a read-only disk does, has no place for what
 * readers share (https://sqlite.org/wal.html, "Read-Only Databases"): it is read as one that does not change.
 * @throws CodedError `database-unavailable` where what was written last lies in its write-ahead log, and cannot be read there
 */
export function openAtRest(path: string): DatabaseSync {
  const db = openReader(path);
  try {
    db.exec('pragma busy_timeout = 5000; select count(*) from sqlite_master');
    return db;
  } catch (fault) {
    db.close();
    const code = Number((fault as { errcode?: number }).errcode ?? 0) & 0xff;
    if (code !== SQLITE_READONLY && code !== SQLITE_CANTOPEN) throw fault;
  }
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
    throw new CodedError(
      'database-unavailable',
      `\`${path}\` lies where nothing may be written, and what it says last in \`${path}-wal\`: copy the folder to where it may be, and read it there`,
    );
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

/** Opens a database file: write-ahead log, synced on every commit. @param readOnly changes nothing in it @param open how it is opened to be read */
export function sqliteDatabase(path: string, readOnly = false, open = openReader): Sqlite {
  const db = readOnly ? open(path) : new DatabaseSync(path);
  db.exec(
    readOnly
      ? 'pragma busy_timeout = 5000; pragma query_only = on'
      : // What it does with pages that nothing uses is settled by its first page: later it takes a `vacuum`.
        'pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 5000',
  );
  const compiled = new Map<string, StatementSync>();
  const compile = (text: string): StatementSync => {
    const known = compiled.get(text);
    if (known) return known;
    const statement = db.prepare(text);
    if (compiled.size >= STATEMENTS_MAX) compiled.delete(compiled.keys().next().value!);
    compiled.set(text, statement);
    return statement;
  };
  const number = (pragma: string): number =>
    Number(Object.values(db.prepare(`pragma ${pragma}`).get() ?? {})[0]);
  const shrinks = (): boolean => number('auto_vacuum') === INCREMENTAL;
  return {
    giveBack: (pages) => {
      const free = number('freelist_count');
      if (free === 0 || !shrinks()) return 0;
      db.exec(`pragma incremental_vacuum(${pages})`);
      return free - number('freelist_count');
    },
    compact: () => db.exec('pragma auto_vacuum = incremental; vacuum'),
    get shrinks() {
      return shrinks();
    },
    settle: () => db.exec('pragma wal_checkpoint(truncate)'),
    close: () => db.close(),
    runEach: (text, rows) => {
      const statement = compile(text);
      for (const row of rows) statement.run(...row);
    },
    prepare(text: string): SqliteStatement {
      const statement = compile(text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => allRows(statement, parameters as SQLInputValue[]),
        run: (parameters) => {
          // A full disk has SQLite roll back by itself; rolling back again would hide why.
          if (text === 'rollback' && !db.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return statement.run(...(parameters as SQLInputValue[]));
        },
        iterate: (parameters) =>
          statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      };
    },
  };
}

import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Ids of what there is, wherever they stand in a text. */
export const ID = /\b[a-z]{3}_[0-9a-z]{25}\b/g;

/** A row with its number; of equal rows there is one object, so that two moments are compared by identity. */
export interface Row {
  readonly text: string;
  readonly rowid: number | bigint;
  readonly values: Readonly<Record<string, unknown>>;
}

/** All rows of a database at one moment, by table. */
export type Moment = ReadonlyMap<string, readonly Row[]>;

const quoted = (name: string): string => `"${name}"`;

/** Remembers and puts back all rows of a database file, over a connection of its own: milliseconds, whatever is in it. */
export class RowKeeper {
  readonly #db: DatabaseSync;
  readonly #tables: readonly string[];
  readonly #known = new Map<string, Map<string, Row>>();
  readonly #statements = new Map<string, StatementSync>();
  #version = -1;
  #now: Moment = new Map();

  /** @param path the database @param left tables that are neither read nor put back */
  constructor(path: string, left: readonly string[]) {
    this.#db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    this.#db.exec('pragma synchronous = off; pragma busy_timeout = 5000');
    const rows = this.#db.prepare("select name from sqlite_master where type = 'table'").all();
    this.#tables = rows
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith('sqlite_') && !left.includes(name));
    for (const table of this.#tables) this.#known.set(table, new Map());
  }

  /** All rows as they are. */
  take(): Moment {
    const [{ version }] = this.#prepared('select data_version as version from pragma_data_version').all() as [
      { version: number },
    ];
    if (version === this.#version) return this.#now;
    this.#version = version;
    this.#now = new Map(this.#tables.map((table) => [table, this.#rows(table)]));
    return this.#now;
  }

  #rows(table: string): Row[] {
    const known = this.#known.get(table)!;
    const rows = this.#prepared(`select rowid as rowid_, * from ${quoted(table)}`).all();
    return rows.map((row) => {
      const text = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
      const same = known.get(text);
      if (same) return same;
      const { rowid_, ...values } = row;
      const kept: Row = { text, rowid: rowid_ as number, values };
      known.set(text, kept);
      return kept;
    });
  }

  /** Makes all rows what they were at a moment. */
  put(moment: Moment): void {
    const now = this.take();
    if (now === moment) return;
    this.#db.exec('begin immediate');
    for (const table of this.#tables) {
      const [is, was] = [new Set(now.get(table)), new Set(moment.get(table))];
      for (const row of is) if (!was.has(row)) this.#remove(table, row);
      for (const row of was) if (!is.has(row)) this.#insert(table, row);
    }
    this.#db.exec('commit');
    this.#now = moment;
  }

  #remove(table: string, { rowid }: Row): void {
    this.#prepared(`delete from ${quoted(table)} where rowid = ?`).run(rowid);
  }

  #insert(table: string, { rowid, values }: Row): void {
    const names = ['rowid', ...Object.keys(values)];
    const places = names.map(() => '?').join(', ');
    const columns = names.map(quoted).join(', ');
    this.#prepared(`insert into ${quoted(table)} (${columns}) values (${places})`).run(
      rowid,
      ...(Object.values(values) as string[]),
    );
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text) ?? this.#db.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  close(): void {
    this.#db.close();
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { type Kysely, type SqlBool, sql } from 'kysely';
import { GRANTING_TABLES, type Granting, type GrantingTable } from './granting-tables.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Digests of rows by `TABLE/KEY`; null for a row that is gone. */
export type RowDigests = Record<string, string | null>;

const touched = new WeakMap<object, Map<string, readonly [GrantingTable, string]>>();

/** Notes that rows were put in, changed or removed in a transaction: what they are at its end goes into the record. */
export function touch(tx: Connection, table: GrantingTable, keys: readonly string[]): void {
  const own = touched.get(tx) ?? new Map<string, readonly [GrantingTable, string]>();
  for (const key of keys) own.set(`${table}/${key}`, [table, key]);
  touched.set(tx, own);
}

const sha256 = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

/** What a row is: its digest, under each scheme under which the log may have said it. */
export class RowDigest {
  /** Under the newest scheme. Those of the first have no number before them. */
  readonly digest: string;
  readonly #first: readonly unknown[] | null;

  constructor(table: GrantingTable, key: string, row: Readonly<Record<string, unknown>>) {
    const { columns, partly = {}, first, firstLater = [] }: Granting = GRANTING_TABLES[table];
    // Columns that this version adds, where they hold nothing yet or are not there yet, leave digests as they were.
    const pairs = columns
      .filter((name) => (row[name] ?? null) !== null && partly[name]?.(row) !== false)
      .sort()
      .map((name) => [name, row[name]]);
    this.digest = `2:${sha256([table, key, pairs])}`;
    const later = firstLater.flatMap((name) => ((row[name] ?? null) === null ? [] : [[name, row[name]]]));
    this.#first = first ? [table, key, ...first.map((name) => row[name]), ...later] : null;
  }

  /** Whether the row is what the log said of it last. */
  follows(said: string | undefined): boolean {
    return said === this.digest || (this.#first !== null && said === sha256(this.#first));
  }
}

/** Rows of a table and what they are; all where no keys are given. */
export async function rowsOf(
  db: Connection,
  table: GrantingTable,
  keys: readonly string[] | null,
): Promise<(readonly [string, RowDigest])[]> {
  const { key, only }: Granting = GRANTING_TABLES[table];
  const keyed = sql<string>`${sql.raw(key)}`;
  // Whatever columns there are: before a start, a database of an earlier version has not all of them.
  let query = (db as Kysely<Record<string, Record<string, unknown>>>)
    .selectFrom(table)
    .selectAll()
    .select(keyed.as('row_key'));
  if (only !== undefined) query = query.where(sql<SqlBool>`${sql.raw(only)}`);
  if (keys !== null) query = query.where(keyed, 'in', keys);
  return (await query.execute()).map((row) => [
    `${table}/${String(row['row_key'])}`,
    new RowDigest(table, String(row['row_key']), row),
  ]);
}

/** What the rows are that were touched in a transaction, and nothing more of it. */
export async function takeTouched(tx: Connection): Promise<RowDigests> {
  const own = touched.get(tx);
  if (!own) return {};
  touched.delete(tx);
  const out: RowDigests = Object.fromEntries([...own.keys()].map((id) => [id, null]));
  const byTable = new Map<GrantingTable, string[]>();
  for (const [table, key] of own.values()) byTable.set(table, [...(byTable.get(table) ?? []), key]);
  for (const [table, keys] of byTable)
    for (const [id, { digest }] of await rowsOf(tx, table, keys)) out[id] = digest;
  return out;
}

/** What the log said last of a row that does not follow from it. */
export interface Said {
  /** Of whom the last event was that named it. */
  readonly subject: string;
  /** The manifest of a third party, as it was proposed last. */
  readonly manifest?: {
    readonly kind: string;
    readonly text: string;
    /** What it replaces, as JSON; null where that is nothing. */
    readonly replaces: string | null;
  };
  /** Of which files something was said. */
  readonly digest?: string;
}

/** Set within a change that shuts rows out: it sees them as they are stored. */
const asStored = new AsyncLocalStorage<true>();
/** Set while every row that is read is held against the log: those that do not follow from it, and that nobody had found before. */
const held = new AsyncLocalStorage<Set<string>>();

/**
 * Rows that grant nothing, by `TABLE/KEY`: those that do not follow from the record, until the owner has judged them, and
 * those that are shut out by a change that is not stored yet. Its members are the former; {@link has} says both.
 */
export class Quarantine extends Set<string> {
  #unstored: ReadonlySet<string> = new Set();
  #missing: ReadonlySet<string> = new Set();
  #said: ReadonlyMap<string, Said> = new Map();
  #shut: ReadonlySet<string> = new Set();
  /** Whether a row is what the log, or this process since, made of it; null for one that is not there. */
  follows: (row: string, now: RowDigest | null) => boolean = () => true;
  /** Keys of a table's rows that the log says are there. */
  saidOf: (table: GrantingTable) => readonly string[] = () => [];

  /**
   * Does work that lets someone in by what it reads: each row is held against the log as it is read, for others may have changed it
   * since all of them were looked at.
   * @returns what it gives, and the rows that were found so: they granted it nothing
   */
  async holding<T>(work: () => Promise<T>): Promise<{ result: T; found: ReadonlySet<string> }> {
    const found = new Set<string>();
    return { result: await held.run(found, work), found };
  }

  /** Whether a row that was just read grants nothing, for whichever reason. */
  bars(table: GrantingTable, key: string, row: object): boolean {
    const name = `${table}/${key}`;
    if (this.has(name)) return true;
    const found = held.getStore();
    if (!found || this.follows(name, new RowDigest(table, key, row as Readonly<Record<string, unknown>>)))
      return false;
    found.add(name);
    return true;
  }

  /** Notes which rows of a table are missing, while what is read is held. @param there keys of those that were read */
  requireAll(table: GrantingTable, there: ReadonlySet<string>): void {
    const found = held.getStore();
    if (!found) return;
    for (const key of this.saidOf(table)) {
      const name = `${table}/${key}`;
      if (!there.has(key) && !this.has(name) && !this.follows(name, null)) found.add(name);
    }
  }

  /** Whether a row grants nothing, for whichever reason. */
  override has(row: string): boolean {
    return super.has(row) || (this.#unstored.has(row) && asStored.getStore() === undefined);
  }

  /** Whether a row does not follow from the record. */
  diverges(row: string): boolean {
    return super.has(row);
  }

  /** Sets which rows are shut out by changes that are not stored yet. */
  shutUnstored(rows: Iterable<string>): void {
    this.#unstored = new Set(rows);
  }

  /** Whether a row is shut out by a change that is not stored yet. */
  isUnstored(row: string): boolean {
    return this.#unstored.has(row);
  }

  /** Does work that sees rows as they are stored: what is to store a change must not take it for done. */
  seeingStored<T>(work: () => T): T {
    return asStored.run(true, work);
  }

  /** Those that the log says are there, and are not. */
  get missing(): ReadonlySet<string> {
    return this.#missing;
  }

  /** What the log said of them, as far as it is known. */
  get said(): ReadonlyMap<string, Said> {
    return this.#said;
  }

  /** Sets what is in it. */
  put(rows: Iterable<string>, missing: ReadonlySet<string>, said: ReadonlyMap<string, Said>): void {
    this.clear();
    for (const row of rows) this.add(row);
    this.#missing = missing;
    this.#said = said;
    // Without a factor that they had, gone or changed, a person would get in with less. Of one that no event made nothing is said.
    const factors = [...this].filter((row) => row.startsWith('factors/'));
    this.#shut = new Set(
      factors.flatMap((row) => {
        const [kind, id] = said.get(row)?.subject.split(':') ?? [];
        return kind === 'person' ? [`people/${id}`] : [];
      }),
    );
  }

  /** Whether a row grants nothing: it does not follow itself, or what it needs is missing. */
  isShut(row: string): boolean {
    return this.has(row) || this.#shut.has(row);
  }

  /** Keys of a table's rows that are missing. */
  missingOf(table: GrantingTable): string[] {
    return [...this.#missing].flatMap((row) =>
      row.startsWith(`${table}/`) && this.has(row) ? [row.slice(table.length + 1)] : [],
    );
  }
}

/** The rows that grant something, as they are now. */
export class GrantingRows {
  readonly #db: Kysely<Database>;
  /** Rows that do not follow from the record, by `TABLE/KEY`: they grant nothing until someone has judged them. */
  readonly quarantined: Quarantine;

  constructor(db: Kysely<Database>, quarantined: Quarantine) {
    this.#db = db;
    this.quarantined = quarantined;
  }

  /** What all of them are. A table that is not there yet has none. */
  async digests(): Promise<Map<string, RowDigest>> {
    const out = new Map<string, RowDigest>();
    const there = new Set((await this.#db.introspection.getTables()).map(({ name }) => name));
    for (const table of Object.keys(GRANTING_TABLES) as GrantingTable[])
      if (there.has(table)) for (const [id, row] of await rowsOf(this.#db, table, null)) out.set(id, row);
    return out;
  }
}

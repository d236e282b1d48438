import { createHash } from 'node:crypto';
import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** What of a row decides what it lets someone do; what only says how it is used is left out. */
interface Granting {
  readonly key: string;
  readonly columns: readonly string[];
  /** Only such rows grant anything. */
  readonly only?: string;
}

/** Tables whose rows let someone do something. Each of their changes says in the log what the row is from then on. */
export const GRANTING_TABLES = {
  api_keys: {
    key: 'id',
    columns: ['hash', 'systems', 'scope', 'limits', 'created_at', 'expires_at', 'revoked_at', 'program'],
  },
  systems: { key: 'name', columns: ['config', 'demo', 'origin'] },
  secret_origins: { key: 'id', columns: ['ref', 'origin', 'status', 'by_owner'] },
  people: {
    key: 'id',
    columns: [
      'name',
      'email',
      'password',
      'origin',
      'external_id',
      'created_by',
      'disabled_at',
      'shut_out_by',
      'local_user',
    ],
  },
  grants: { key: 'id', columns: ['holder', 'role', 'system', 'origin', 'created_by', 'expires_at'] },
  programs: { key: 'id', columns: ['name', 'owner', 'created_by', 'disabled_at'] },
  factors: {
    key: 'id',
    columns: ['person_id', 'kind', 'handle', 'secret', 'confirmed_at'],
    only: 'confirmed_at is not null',
  },
  sessions: { key: 'id', columns: ['hash', 'person_id', 'level', 'methods', 'expires_at', 'proven_at'] },
  integrations: {
    key: 'id',
    columns: ['name', 'kind', 'manifest', 'owner', 'status', 'seen', 'expires_at', 'approved_by'],
  },
  tickets: {
    key: 'hash',
    columns: ['kind', 'person_id', 'data', 'expires_at', 'used_at'],
    only: "kind in ('set-up', 'provider-link')",
  },
} as const satisfies Partial<Record<keyof Database, Granting>>;
/** One of {@link GRANTING_TABLES}. */
export type GrantingTable = keyof typeof GRANTING_TABLES;

/** Digests of rows by `TABLE/KEY`; null for a row that is gone. */
export type RowDigests = Record<string, string | null>;

const touched = new WeakMap<object, Map<string, readonly [GrantingTable, string]>>();

/** Notes that rows were put in, changed or removed in a transaction: what they are at its end goes into the record. */
export function touch(tx: Connection, table: GrantingTable, keys: readonly string[]): void {
  const own = touched.get(tx) ?? new Map<string, readonly [GrantingTable, string]>();
  for (const key of keys) own.set(`${table}/${key}`, [table, key]);
  touched.set(tx, own);
}

const digestOf = (table: GrantingTable, key: string, values: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([table, key, ...values]))
    .digest('base64url');

async function* rowsOf(
  db: Connection,
  table: GrantingTable,
  keys: readonly string[] | null,
): AsyncGenerator<readonly [string, string]> {
  const { key, columns, only }: Granting = GRANTING_TABLES[table];
  let query = (db as Kysely<Record<string, Record<string, unknown>>>)
    .selectFrom(table)
    .select([key, ...columns]);
  if (only !== undefined) query = query.where(sql<SqlBool>`${sql.raw(only)}`);
  if (keys !== null) query = query.where(key, 'in', keys);
  for (const row of await query.execute())
    yield [
      `${table}/${String(row[key])}`,
      digestOf(
        table,
        String(row[key]),
        columns.map((column) => row[column]),
      ),
    ];
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
    for await (const [id, digest] of rowsOf(tx, table, keys)) out[id] = digest;
  return out;
}

/** The rows that grant something, as they are now. */
export class GrantingRows {
  readonly #db: Kysely<Database>;
  /** Rows that do not follow from the record, by `TABLE/KEY`: they grant nothing until someone has judged them. */
  readonly quarantined: Set<string>;

  constructor(db: Kysely<Database>, quarantined: Set<string>) {
    this.#db = db;
    this.quarantined = quarantined;
  }

  /** Digests of all of them. */
  async digests(): Promise<Map<string, string>> {
    const out = new Map<string, string>();
    for (const table of Object.keys(GRANTING_TABLES) as GrantingTable[])
      for await (const [id, digest] of rowsOf(this.#db, table, null)) out.set(id, digest);
    return out;
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** What of a row decides what it lets someone do; what only says how it is used is left out. */
interface Granting {
  /** A column, or an expression in SQL. */
  readonly key: string;
  readonly columns: readonly string[];
  /** Columns that later versions added: part of the digest where they hold something, so that rows of before keep theirs. */
  readonly later?: readonly string[];
  /** Only such rows grant anything. */
  readonly only?: string;
  /** Rows are cleared away once they have ended, without an event: one that is missing lets no one do anything. */
  readonly clears?: true;
}

/** Tables whose rows let someone do something. Each of their changes says in the log what the row is from then on. */
export const GRANTING_TABLES = {
  api_keys: {
    key: 'id',
    columns: ['hash', 'systems', 'scope', 'limits', 'created_at', 'expires_at', 'revoked_at', 'program'],
    later: ['owner'],
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
  sessions: {
    key: 'id',
    columns: ['hash', 'person_id', 'level', 'methods', 'expires_at', 'proven_at'],
    clears: true,
  },
  provisioned: { key: 'person_id', columns: ['external_id', 'deleted_at'] },
  groups: { key: 'id', columns: ['name', 'external_id'] },
  group_members: { key: "group_id || ':' || person_id", columns: ['group_id', 'person_id'] },
  integrations: {
    key: 'id',
    columns: ['name', 'kind', 'manifest', 'owner', 'status', 'seen', 'expires_at', 'approved_by'],
  },
  tickets: {
    key: 'hash',
    columns: ['kind', 'person_id', 'data', 'expires_at', 'used_at'],
    only: "kind in ('set-up', 'provider-link')",
    clears: true,
  },
} as const satisfies Partial<Record<keyof Database, Granting>>;
/** All other tables, and why what they hold is not held against the log here. A test fails for one that is in neither. */
export const NOT_GRANTING = {
  meta: 'positions in the log and settings of this program; none opens anything',
  attempts: 'counts of attempts, cleared as they age: one who clears them still needs the secret',
  outbox: 'each event carries a signature of this installation, and one without is not recorded',
  exchanges: 'a projection: `ledger verify` holds it against the entries it was made from',
  events: 'a projection: `ledger verify` holds it against the entries it was made from',
  findings: 'made from the log again at any time; shown to people, asked by no gate',
  devices: 'says whether a sign-in is told as one from a new device; opens nothing',
  ai_uses: 'what scans found, shown to people; asked by no gate',
  lineage: 'which asset came of which, shown to people; asked by no gate',
  assessments: 'questionnaires of third parties, shown to approvers; asked by no gate',
  ai_decisions: 'NOT HELD YET: what was decided of an AI service; it is not asked by the gateway',
  holds: 'NOT HELD YET: a hold that is removed here lets content expire; its events stay in the log',
  reviews:
    'NOT HELD YET: a review takes roles away by events of its own; one that is removed is overdue nowhere',
  review_items: 'NOT HELD YET: as for `reviews`',
  assets: 'NOT HELD YET: names and facts of models and datasets; files are held by their digests',
  asset_versions: 'NOT HELD YET: the approval of a version is believed as it stands here',
  attestations: 'NOT HELD YET: the signed envelope is kept, and `passed` beside it is believed',
  deployments: 'NOT HELD YET: what is deployed where is believed as it stands here',
  data_sources: 'NOT HELD YET: the approval of a source of data is believed as it stands here',
} as const satisfies Partial<Record<keyof Database, string>>;

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
  const { key, columns, later = [], only }: Granting = GRANTING_TABLES[table];
  const keyed = sql<string>`${sql.raw(key)}`;
  let query = (db as Kysely<Record<string, Record<string, unknown>>>)
    .selectFrom(table)
    .select([keyed.as('row_key'), ...columns, ...later]);
  if (only !== undefined) query = query.where(sql<SqlBool>`${sql.raw(only)}`);
  if (keys !== null) query = query.where(keyed, 'in', keys);
  for (const row of await query.execute())
    yield [
      `${table}/${String(row['row_key'])}`,
      digestOf(table, String(row['row_key']), [
        ...columns.map((column) => row[column]),
        ...later.flatMap((column) => (row[column] === null ? [] : [[column, row[column]]])),
      ]),
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

/** Whether a row that the log says is there must be there: it may restrict someone, and rows of its table are not cleared away. */
export function mustBeThere(row: string): boolean {
  const table: Granting | undefined = (GRANTING_TABLES as Record<string, Granting>)[row.split('/', 1)[0]!];
  return table !== undefined && table.clears !== true;
}

/** What the log said last of a row that does not follow from it. */
export interface Said {
  /** Of whom the last event was that named it. */
  readonly subject: string;
  /** The manifest of a third party, as it was proposed last. */
  readonly manifest?: { readonly kind: string; readonly text: string };
}

/** Set within a change that shuts rows out: it sees them as they are stored. */
const asStored = new AsyncLocalStorage<true>();

/**
 * Rows that grant nothing, by `TABLE/KEY`: those that do not follow from the record, until the owner has judged them, and
 * those that are shut out by a change that is not stored yet. Its members are the former; {@link has} says both.
 */
export class Quarantine extends Set<string> {
  #unstored: ReadonlySet<string> = new Set();
  #missing: ReadonlySet<string> = new Set();
  #said: ReadonlyMap<string, Said> = new Map();
  #shut: ReadonlySet<string> = new Set();

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
    // Without a factor that they had, a person would get in with less.
    const factors = [...missing].filter((row) => row.startsWith('factors/'));
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

  /** Digests of all of them. */
  async digests(): Promise<Map<string, string>> {
    const out = new Map<string, string>();
    for (const table of Object.keys(GRANTING_TABLES) as GrantingTable[])
      for await (const [id, digest] of rowsOf(this.#db, table, null)) out.set(id, digest);
    return out;
  }
}

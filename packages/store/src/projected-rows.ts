import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A table whose rows the log makes by itself. */
interface Projected {
  readonly key: string;
  /** Only such rows. */
  readonly only?: string;
  /** Number in `HELD` from which on its rows are held. */
  readonly since: number;
}

/** Tables whose rows the log makes by itself, so that no event need carry their digests, and that decide something. */
export const PROJECTED_TABLES = {
  // Those of traffic, alerts and reviews close no gate, and are counted with every call.
  findings: { key: 'fingerprint', only: 'target is not null', since: 4 },
  ai_uses: { key: 'fingerprint', since: 4 },
  ai_decisions: { key: 'service', since: 4 },
  prices: { key: 'id', since: 5 },
} as const satisfies Partial<Record<keyof Database, Projected>>;

/** One of {@link PROJECTED_TABLES}. */
export type ProjectedTable = keyof typeof PROJECTED_TABLES;

/** Their names. */
export const projectedTables = Object.keys(PROJECTED_TABLES) as ProjectedTable[];

/** The table of a row that the log makes by itself, by `TABLE/KEY`; null for other rows. */
export function projectedOf(row: string): ProjectedTable | null {
  const table = row.split('/', 1)[0]!;
  return Object.hasOwn(PROJECTED_TABLES, table) ? (table as ProjectedTable) : null;
}

/** Keys of rows, `TABLE/KEY`, that are of a table. */
export const keysOf = (table: ProjectedTable, rows: Iterable<string>): string[] =>
  [...rows].flatMap((row) => (row.startsWith(`${table}/`) ? [row.slice(table.length + 1)] : []));

/** Rows as they were at one moment. */
export interface ProjectedRows {
  /** Entries that they follow from. */
  readonly cursor: number;
  /** All that they hold, by `TABLE/KEY`. */
  readonly rows: ReadonlyMap<string, string>;
}

const PAGE_ROWS = 1_000;
const CURSOR = 'projected';

/** Entries that a state has seen. */
export async function cursorOf(db: Connection): Promise<number> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', CURSOR).executeTakeFirst();
  return Number(row?.value ?? 0);
}

/** What all rows of these tables hold. A table that is not there yet has none. */
export async function readProjected(db: Connection): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  const there = new Set((await db.introspection.getTables()).map(({ name }) => name));
  for (const table of projectedTables) {
    if (!there.has(table)) continue;
    const { key, only }: Projected = PROJECTED_TABLES[table];
    for (let offset = 0; ; offset += PAGE_ROWS) {
      let query = (db as Kysely<Record<string, Record<string, unknown>>>)
        .selectFrom(table)
        .selectAll()
        .orderBy(key)
        .limit(PAGE_ROWS)
        .offset(offset);
      if (only !== undefined) query = query.where(sql<SqlBool>`${sql.raw(only)}`);
      const rows = await query.execute();
      for (const row of rows) {
        const own = row[key];
        // The embedded engine keeps whatever others put there.
        const name = typeof own === 'string' ? own : JSON.stringify([own]);
        out.set(`${table}/${name}`, JSON.stringify(Object.entries(row).sort()));
      }
      if (rows.length < PAGE_ROWS) break;
      await new Promise((turn) => setImmediate(turn));
    }
  }
  return out;
}

/** The same, and how many entries they follow from, as of one moment. */
export function projectedAt(
  db: Kysely<Database>,
  engine: 'sqlite' | 'postgres',
  cursor: (tx: Connection) => Promise<number> = cursorOf,
): Promise<ProjectedRows> {
  const begin =
    engine === 'postgres' ? db.transaction().setIsolationLevel('repeatable read') : db.transaction();
  return begin.execute(async (tx) => ({ cursor: await cursor(tx), rows: await readProjected(tx) }));
}

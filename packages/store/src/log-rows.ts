import type { SallyportEvent } from '@sallyport/core';
import { InTurn } from '@sallyport/core';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { projectUses } from './ai-uses.ts';
import { FindingProjection } from './findings.ts';
import { migrate } from './migrations.ts';
import { projectPrices } from './prices.ts';
import {
  keysOf,
  PROJECTED_TABLES,
  type ProjectedRows,
  type ProjectedTable,
  projectedTables,
  readProjected,
} from './projected-rows.ts';
import type { Database } from './schema.ts';
import { sqliteDatabase } from './sqlite-driver.ts';
import type { Connection } from './store.ts';
import { livesAnew } from './system-births.ts';

/** Events that say something of these rows. */
const FOR_FINDINGS: ReadonlySet<string> = new Set(['detections-noted', 'scan-completed', 'finding-decided']);
const FOR_USES: ReadonlySet<string> = new Set(['ai-uses-noted', 'ai-use-decided']);
const FOR_PRICES = 'prices-changed';
/** Events that say something of rows of {@link PROJECTED_TABLES}. */
const SAYING: ReadonlySet<string> = new Set([...FOR_FINDINGS, ...FOR_USES, FOR_PRICES]);
/** Events read together. */
const BATCH_EVENTS = 32;
/** Events that wait before they are read in. */
const WAITING_MAX = 256;
const INSERTED_TOGETHER = 200;

type Row = Readonly<Record<string, unknown>>;

/** An event and its number in the log. */
interface Numbered {
  readonly index: number;
  readonly event: SallyportEvent;
}

/** What is kept between starts. */
export interface SavedLogRows {
  readonly next: number;
  readonly applied: number;
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly waiting: readonly Numbered[];
}

/** How a row is not what the log makes of it. */
export interface Unlike {
  readonly row: string;
  readonly why: 'unknown' | 'changed' | 'missing';
}

/**
 * Rows of {@link PROJECTED_TABLES} as the log alone makes them: whoever writes to the database changes nothing here. They are made in
 * memory, by the code that makes them in the state.
 */
export class LogRows {
  #db: Promise<Kysely<Database>> | null = null;
  #saved: SavedLogRows | null;
  #waiting: Numbered[];
  /** Number behind the last event that was noted. */
  #next: number;
  /** Number behind the last event that was read in. */
  #applied: number;
  readonly #turn = new InTurn();

  constructor(saved: SavedLogRows | null = null) {
    this.#saved = saved;
    this.#waiting = [...(saved?.waiting ?? [])];
    this.#next = saved?.next ?? 0;
    this.#applied = saved?.applied ?? 0;
  }

  /** Notes an event; what says nothing of these rows is passed over. */
  see(index: number, event: SallyportEvent): void {
    if (index < this.#next) return;
    this.#next = index + 1;
    if (SAYING.has(event.type) || livesAnew(event) !== null) this.#waiting.push({ index, event });
  }

  /** Whether so much waits that it should be read in. */
  get isFull(): boolean {
    return this.#waiting.length >= WAITING_MAX;
  }

  /** Reads in what the state has read. @param cursor entries that it has seen */
  readIn(cursor: number): Promise<void> {
    return this.#turn.do(() => this.#read(cursor));
  }

  /** Asks these rows, as all events make them that were noted: what the database says of how far it is changes nothing. */
  ask<T>(query: (db: Connection) => Promise<T>): Promise<T> {
    return this.#turn.do(async () => {
      await this.#read(this.#next);
      return query(await this.#ready());
    });
  }

  /** Which rows of a state are not what the log makes of them; null where the state is read anew from the log. */
  unlike(read: () => Promise<ProjectedRows>): Promise<Unlike[] | null> {
    return this.#turn.do(async () => {
      const { cursor, rows } = await read();
      if (cursor < this.#applied) return null;
      await this.#read(cursor);
      const should = await readProjected(await this.#ready());
      const out: Unlike[] = [];
      for (const [row, is] of rows) {
        const own = should.get(row);
        if (own !== is) out.push({ row, why: own === undefined ? 'unknown' : 'changed' });
      }
      for (const row of should.keys()) if (!rows.has(row)) out.push({ row, why: 'missing' });
      return out;
    });
  }

  /** Makes rows of a state what the log makes of them. @param rows `TABLE/KEY` */
  putBack(
    tx: Connection,
    engine: 'sqlite' | 'postgres',
    cursor: number,
    rows: readonly string[],
  ): Promise<void> {
    return this.#turn.do(async () => {
      await this.#read(cursor);
      const own = await this.#ready();
      for (const table of projectedTables)
        for (const key of keysOf(table, rows)) await putBackOne(tx, engine, own, table, key);
    });
  }

  /** What is to be kept. */
  save(): Promise<SavedLogRows> {
    return this.#turn.do(async () => {
      const rows: Record<string, Row[]> = {};
      const db = await this.#ready();
      for (const table of projectedTables) rows[table] = await db.selectFrom(table).selectAll().execute();
      return { next: this.#next, applied: this.#applied, rows, waiting: this.#waiting };
    });
  }

  async close(): Promise<void> {
    await this.#turn.do(async () => {
      await (await this.#db)?.destroy();
      this.#db = null;
    });
  }

  #ready(): Promise<Kysely<Database>> {
    this.#db ??= (async () => {
      const db = new Kysely<Database>({
        dialect: new SqliteDialect({ database: sqliteDatabase(':memory:') }),
      });
      await migrate(db, 'sqlite');
      for (const table of projectedTables) {
        const rows = this.#saved?.rows[table] ?? [];
        for (let at = 0; at < rows.length; at += INSERTED_TOGETHER)
          await db
            .insertInto(table)
            .values(rows.slice(at, at + INSERTED_TOGETHER) as never)
            .execute();
      }
      this.#saved = null;
      return db;
    })().catch((fault: unknown) => {
      // Whoever asks next has it made anew.
      this.#db = null;
      throw fault;
    });
    return this.#db;
  }

  async #read(cursor: number): Promise<void> {
    for (;;) {
      const some = this.#waiting.slice(0, BATCH_EVENTS).filter(({ index }) => index < cursor);
      if (some.length === 0) return;
      const db = await this.#ready();
      await apply(db, some).catch(async () => {
        // What cannot be written in the state is left out alone there.
        for (const one of some) await apply(db, [one]).catch(() => {});
      });
      this.#waiting = this.#waiting.slice(some.length);
      this.#applied = some.at(-1)!.index + 1;
      await new Promise((turn) => setImmediate(turn));
    }
  }
}

async function apply(db: Kysely<Database>, events: readonly Numbered[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const findings = new FindingProjection();
    for (const { event } of events)
      if (!FOR_USES.has(event.type) && event.type !== FOR_PRICES) findings.seeEvent(event);
    await findings.write(tx);
    for (const { event } of events)
      if (event.type === FOR_PRICES) await projectPrices(tx, event);
      else if (!FOR_FINDINGS.has(event.type)) await projectUses(tx, event);
  });
}

async function putBackOne(
  tx: Connection,
  engine: 'sqlite' | 'postgres',
  own: Connection,
  table: ProjectedTable,
  name: string,
): Promise<void> {
  const { key } = PROJECTED_TABLES[table];
  const column = sql.ref(key);
  const row = (await own
    .selectFrom(table)
    .selectAll()
    .where(sql<string>`${column}`, '=', name)
    .executeTakeFirst()) as Row | undefined;
  await sql`delete from ${sql.table(table)} where ${column} = ${name}`.execute(tx);
  // Keys that are no text: no row that the log makes has one.
  if (row === undefined && engine === 'sqlite')
    await sql`delete from ${sql.table(table)} where typeof(${column}) <> 'text'`.execute(tx);
  if (row !== undefined)
    await tx
      .insertInto(table)
      .values(row as never)
      .execute();
}

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ExchangeRow } from './exchange-views.ts';
import { callsByDay } from './expired-calls.ts';
import { GrantingRows, Quarantine, type RowDigest } from './granting.ts';
import { stateTables } from './migrations.ts';
import { sealedText } from './outbox.ts';
import { plantedIn, plantedWords } from './planted.ts';
import { type ProjectedRows, projectedAt } from './projected-rows.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** An event as the projection has it. */
export type EventRow = Database['events'];

/** How many rows say that they are of which entries. */
export interface RowCounts {
  /** Of entries below the first number that was asked for. */
  readonly below: number;
  /** From there on, below the second. */
  readonly between: number;
  /** From there on. */
  readonly beyond: number;
  /** Of none: where others wrote, a number may be negative, a fraction, text or bytes. */
  readonly odd: number;
}

/** What waits in the outbox, at most. */
const WAITING_MAX = 10_000;

/** State as it is, read to be held against the log. It changes nothing. */
export class StateView {
  readonly #db: Kysely<Database>;
  readonly #engine: 'sqlite' | 'postgres';
  readonly #close: () => Promise<void>;

  constructor(db: Kysely<Database>, engine: 'sqlite' | 'postgres', close: () => Promise<void>) {
    this.#db = db;
    this.#engine = engine;
    this.#close = close;
  }

  /** Sentences about what acts on rows behind the product. */
  async planted(): Promise<string[]> {
    return (await plantedIn(this.#db, this.#engine, [...stateTables().keys()])).map(plantedWords);
  }

  /** Number of entries that were projected; null where what stands there is no such number. */
  async cursor(db: Connection = this.#db): Promise<number | null> {
    const row = await db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', 'projected')
      .executeTakeFirst();
    if (!row) return 0;
    return typeof row.value === 'string' && /^(?:0|[1-9]\d{0,14})$/.test(row.value)
      ? Number(row.value)
      : null;
  }

  /** Exchanges by id. @param ids a few hundred at most */
  async exchanges(ids: readonly string[]): Promise<Map<string, ExchangeRow>> {
    const rows = await this.#db.selectFrom('exchanges').selectAll().where('id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Events by id. @param ids a few hundred at most */
  async events(ids: readonly string[]): Promise<Map<string, EventRow>> {
    const rows = await this.#db.selectFrom('events').selectAll().where('id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Counts every exchange and event by the entry of which it says that it is. @param from at most `below` */
  async counts(from: number, below: number): Promise<{ exchanges: RowCounts; events: RowCounts }> {
    const of = async (table: 'exchanges' | 'events', column: string): Promise<RowCounts> => {
      const at = sql.ref(column);
      // The embedded engine keeps whatever it is given, and has text behind all numbers.
      const isPlace =
        this.#engine === 'sqlite' ? sql`typeof(${at}) = 'integer' and ${at} >= 0` : sql`${at} >= 0`;
      const many = (condition: RawBuilder<unknown>): RawBuilder<unknown> =>
        sql`sum(case when ${isPlace} and ${condition} then 1 else 0 end)`;
      const { rows } = await sql<{ total: unknown; a: unknown; b: unknown; c: unknown }>`
        select count(*) as total, ${many(sql`${at} < ${from}`)} as a,
          ${many(sql`${at} >= ${from} and ${at} < ${below}`)} as b, ${many(sql`${at} >= ${below}`)} as c
        from ${sql.table(table)}`.execute(this.#db);
      const [all, first, second, third] = (['total', 'a', 'b', 'c'] as const).map((name) =>
        Number(rows[0]?.[name] ?? 0),
      ) as [number, number, number, number];
      return { below: first, between: second, beyond: third, odd: all - first - second - third };
    };
    return {
      exchanges: await of('exchanges', 'intent_index'),
      events: await of('events', 'leaf_index'),
    };
  }

  /** How many calls there are of each system and day, of those below an entry; see {@link callsByDay}. */
  callsByDay(below: number): Promise<Map<string, number>> {
    return callsByDay(this.#db, below);
  }

  /** Rows that the log makes by itself, as they are at one moment. */
  projected(): Promise<ProjectedRows> {
    return projectedAt(this.#db, this.#engine, async (tx) => (await this.cursor(tx)) ?? 0);
  }

  /** Digests of the rows that grant something. */
  digests(): Promise<Map<string, RowDigest>> {
    return new GrantingRows(this.#db, new Quarantine()).digests();
  }

  /** Signed texts of the outbox, oldest first, and what they are said to be signed with. The log may have them already. */
  async waiting(): Promise<{ text: string; seal: string }[]> {
    const rows = await this.#db
      .selectFrom('outbox')
      .select('event')
      .orderBy('seq')
      .limit(WAITING_MAX)
      .execute();
    return rows.flatMap(({ event }) => sealedText(event) ?? []);
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

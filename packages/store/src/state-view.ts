import type { Kysely } from 'kysely';
import type { ExchangeRow } from './exchange-views.ts';
import { GrantingRows, Quarantine } from './granting.ts';
import type { Database } from './schema.ts';

/** An event as the projection has it. */
export type EventRow = Database['events'];

/** What waits in the outbox, at most. */
const WAITING_MAX = 10_000;

/** State as it is, read to be held against the log. It changes nothing. */
export class StateView {
  readonly #db: Kysely<Database>;
  readonly #close: () => Promise<void>;

  constructor(db: Kysely<Database>, close: () => Promise<void>) {
    this.#db = db;
    this.#close = close;
  }

  /** Number of entries that were projected. */
  async cursor(): Promise<number> {
    const row = await this.#db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', 'projected')
      .executeTakeFirst();
    return Number(row?.value ?? 0);
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

  /** How many exchanges and events say that they are of entries from one number on, below another. */
  async counts(from: number, below: number): Promise<{ exchanges: number; events: number }> {
    const exchanges = await this.#db
      .selectFrom('exchanges')
      .select((e) => e.fn.countAll().as('n'))
      .where('intent_index', '>=', from)
      .where('intent_index', '<', below)
      .executeTakeFirst();
    const events = await this.#db
      .selectFrom('events')
      .select((e) => e.fn.countAll().as('n'))
      .where('leaf_index', '>=', from)
      .where('leaf_index', '<', below)
      .executeTakeFirst();
    return { exchanges: Number(exchanges?.n ?? 0), events: Number(events?.n ?? 0) };
  }

  /** Digests of the rows that grant something. */
  digests(): Promise<Map<string, string>> {
    return new GrantingRows(this.#db, new Quarantine()).digests();
  }

  /** Events in the outbox that may not be in the record yet, as they were put there. */
  async waiting(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('outbox')
      .select('event')
      .where('appended_at', 'is', null)
      .orderBy('seq')
      .limit(WAITING_MAX)
      .execute();
    return rows.map(({ event }) => event);
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

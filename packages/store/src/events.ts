import type { SallyportEvent } from '@sallyport/core';
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Events of a piece of a long reading. */
const PIECE_ROWS = 1_000;

/** The projection of events that came out of the record. */
export class Events {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /**
   * The latest event of a type that is neither demonstration nor synthetic.
   * @param saying what its data says under a name of letters alone
   */
  async latest(
    type: string,
    subject?: string,
    saying?: { readonly field: string; readonly value: string },
  ): Promise<SallyportEvent | null> {
    let query = this.#db
      .selectFrom('events')
      .selectAll()
      .where('type', '=', type)
      .where('demo', '=', 0)
      .where('synthetic', '=', 0);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (saying !== undefined) query = query.where(dataSays(saying.field, saying.value));
    const row = await query.orderBy('at', 'desc').orderBy('leaf_index', 'desc').limit(1).executeTakeFirst();
    if (!row) return null;
    return toEvent(row);
  }

  /** Number of the entry of the log that an event is; null where there is none. */
  async indexOf(id: string): Promise<number | null> {
    const row = await this.#db
      .selectFrom('events')
      .select('leaf_index')
      .where('id', '=', id)
      .executeTakeFirst();
    return row ? Number(row.leaf_index) : null;
  }

  /** Every event of some types since a time, oldest first. */
  async since(types: readonly string[], at: string, most = 10_000): Promise<SallyportEvent[]> {
    const rows = await this.#db
      .selectFrom('events')
      .selectAll()
      .where('type', 'in', types)
      .where('at', '>=', at)
      .orderBy('leaf_index')
      .limit(most)
      .execute();
    return rows.map(toEvent);
  }

  /**
   * Every event of some types that there ever was, with the number of its entry, oldest first, read piece by piece.
   * @param behind the number of the entry behind which they stand
   */
  async *all(
    types: readonly string[],
    behind = -1,
  ): AsyncGenerator<{ readonly index: number; readonly event: SallyportEvent }> {
    for (let after = behind; ; ) {
      const rows = await this.#db
        .selectFrom('events')
        .selectAll()
        .where('type', 'in', types)
        .where('leaf_index', '>', after)
        .orderBy('leaf_index')
        .limit(PIECE_ROWS)
        .execute();
      for (const row of rows) yield { index: Number(row.leaf_index), event: toEvent(row) };
      if (rows.length < PIECE_ROWS) return;
      after = Number(rows.at(-1)!.leaf_index);
    }
  }

  /** Ids of every event of some types since a time that is no demonstration, oldest first. */
  async idsSince(types: readonly string[], at: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('events')
      .select('id')
      .where('type', 'in', types)
      .where('at', '>=', at)
      .where('demo', '=', 0)
      .where('synthetic', '=', 0)
      .orderBy('leaf_index')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Events by id, oldest first. */
  async byIds(ids: readonly string[]): Promise<SallyportEvent[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db
      .selectFrom('events')
      .selectAll()
      .where('id', 'in', ids)
      .orderBy('leaf_index')
      .execute();
    return rows.map(toEvent);
  }

  /** Events of some types, newest first. @param filter `before`: place in the log; `refused`: only what was refused */
  async page(
    types: readonly string[],
    filter: {
      actor?: string | undefined;
      subject?: string | undefined;
      before?: number | undefined;
      refused?: boolean;
    },
    limit: number,
  ): Promise<{ events: SallyportEvent[]; next: number | null }> {
    let query = this.#db.selectFrom('events').selectAll().where('type', 'in', types);
    if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
    if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
    if (filter.before !== undefined) query = query.where('leaf_index', '<', filter.before);
    if (filter.refused === true)
      query = query.where((e) =>
        e.or([e('type', '<>', 'access-decided'), e('data', 'like', '%"allowed":false%')]),
      );
    const rows = await query.orderBy('leaf_index', 'desc').limit(limit).execute();
    return {
      events: rows.map(toEvent),
      next: rows.length === limit ? Number(rows.at(-1)!.leaf_index) : null,
    };
  }

  /** The latest events, newest first. */
  async list(most: number): Promise<SallyportEvent[]> {
    const rows = await this.#db
      .selectFrom('events')
      .selectAll()
      .orderBy('leaf_index', 'desc')
      .limit(most)
      .execute();
    return rows.map(toEvent);
  }
}

/** Whether the text of the data holds this name and value; within other texts its quotes are escaped. */
function dataSays(field: string, value: string): RawBuilder<SqlBool> {
  const text = JSON.stringify({ [field]: value }).slice(1, -1);
  return sql<SqlBool>`replace(data, ${text}, '') <> data`;
}

function toEvent(row: Database['events']): SallyportEvent {
  return {
    v: 1,
    type: row.type as SallyportEvent['type'],
    id: row.id,
    at: row.at,
    actor: row.actor,
    subject: row.subject,
    demo: row.demo === 1,
    synthetic: row.synthetic === 1,
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}

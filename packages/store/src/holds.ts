import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A legal hold: while it stands, nothing that was said to or by a system expires or is destroyed. */
export interface HoldRow {
  readonly id: string;
  readonly system: string;
  readonly reason: string;
  readonly placedAt: string;
  readonly placedBy: string;
  readonly liftedAt: string | null;
  readonly liftedBy: string | null;
}

/** Legal holds. They are lifted, never removed. */
export class Holds {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async place(tx: Connection, hold: Omit<HoldRow, 'liftedAt' | 'liftedBy'>): Promise<void> {
    await tx
      .insertInto('holds')
      .values({
        id: hold.id,
        system: hold.system,
        reason: hold.reason,
        placed_at: hold.placedAt,
        placed_by: hold.placedBy,
        lifted_at: null,
        lifted_by: null,
      })
      .execute();
  }

  /** @returns whether it stood until now */
  async lift(tx: Connection, id: string, at: string, by: string): Promise<boolean> {
    const done = await tx
      .updateTable('holds')
      .set({ lifted_at: at, lifted_by: by })
      .where('id', '=', id)
      .where('lifted_at', 'is', null)
      .executeTakeFirst();
    return Number(done.numUpdatedRows) > 0;
  }

  /** Every hold, the newest first. */
  async list(tx: Connection = this.#db): Promise<HoldRow[]> {
    const rows = await tx
      .selectFrom('holds')
      .selectAll()
      .orderBy('placed_at', 'desc')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      system: row.system,
      reason: row.reason,
      placedAt: row.placed_at,
      placedBy: row.placed_by,
      liftedAt: row.lifted_at,
      liftedBy: row.lifted_by,
    }));
  }

  /** Systems of which nothing is destroyed now. */
  async systems(): Promise<Set<string>> {
    const rows = await this.#db.selectFrom('holds').select('system').where('lifted_at', 'is', null).execute();
    return new Set(rows.map(({ system }) => system));
  }
}

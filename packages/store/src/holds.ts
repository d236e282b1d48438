import { CodedError } from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
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

/** Systems of which nothing is destroyed. */
export class HeldSystems extends Set<string> {
  /** Of every one, where it is not known which are meant. */
  isAll = false;

  override has(system: string): boolean {
    return this.isAll || super.has(system);
  }
}

/** Legal holds. They are lifted, never removed. One that does not follow from the record stands: what is destroyed does not come back. */
export class Holds {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;

  /** @param quarantined rows that do not follow from the record, as `holds/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
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
    touch(tx, 'holds', [hold.id]);
  }

  /** @returns whether it stood until now @throws CodedError `conflict` for one that does not follow from the record */
  async lift(tx: Connection, id: string, at: string, by: string): Promise<boolean> {
    if (this.#quarantined.has(`holds/${id}`))
      throw new CodedError(
        'conflict',
        `\`holds/${id}\` does not follow from the record: judge it with \`sallyport state\` first`,
      );
    const done = await tx
      .updateTable('holds')
      .set({ lifted_at: at, lifted_by: by })
      .where('id', '=', id)
      .where('lifted_at', 'is', null)
      .executeTakeFirst();
    touch(tx, 'holds', [id]);
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
    return [...rows.map((row) => this.#read(row)), ...this.#lost(rows)];
  }

  /** Systems of which nothing is destroyed now. */
  async systems(tx: Connection = this.#db): Promise<HeldSystems> {
    const held = new HeldSystems();
    for (const { id, system, liftedAt } of await this.list(tx)) {
      if (liftedAt !== null) continue;
      // Of what was changed, what it was before and what it says now are both meant.
      const said = this.#saidOf(id);
      if (said !== null) held.add(said);
      if (system !== UNKNOWN) held.add(system);
      else held.isAll = true;
    }
    return held;
  }

  /** The system that the record names of a hold that does not follow from it. */
  #saidOf(id: string): string | null {
    return this.#quarantined.said.get(`holds/${id}`)?.subject.replace(/^system:/, '') ?? null;
  }

  #read(row: Selectable<Database['holds']>): HoldRow {
    const stands = this.#quarantined.has(`holds/${row.id}`);
    return {
      id: row.id,
      system: row.system,
      reason: row.reason,
      placedAt: row.placed_at,
      placedBy: row.placed_by,
      liftedAt: stands ? null : row.lifted_at,
      liftedBy: stands ? null : row.lifted_by,
    };
  }

  /** Those whose rows are missing: as far as the record names their system, of that one, else of all. */
  #lost(rows: readonly { readonly id: string }[]): HoldRow[] {
    const there = new Set(rows.map(({ id }) => id));
    return this.#quarantined
      .missingOf('holds')
      .filter((id) => !there.has(id))
      .map((id) => ({
        id,
        system: this.#saidOf(id) ?? UNKNOWN,
        reason: 'its row is missing, and no event in the record removed it',
        placedAt: '1970-01-01T00:00:00.000Z',
        placedBy: 'sallyport',
        liftedAt: null,
        liftedBy: null,
      }));
  }
}

/** Stands where no one knows of which system a hold is. */
const UNKNOWN = '*';

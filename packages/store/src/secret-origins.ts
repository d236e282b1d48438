import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Where a secret may be sent: one reference at one origin. */
export interface SecretOriginRow {
  readonly id: string;
  /** `env:NAME` or `file:PATH`; never the value. */
  readonly ref: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly status: 'proposed' | 'approved' | 'ended';
  /** Whether a command on the machine allowed the reference itself. */
  readonly byOwner: boolean;
  readonly askedAt: string;
  readonly askedBy: string;
  readonly approvedAt: string | null;
  readonly approvedBy: string | null;
}

/** Where secrets may be sent. */
export class SecretOrigins {
  readonly #db: Kysely<Database>;

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that allow nothing, as `secret_origins/ID` */
  constructor(db: Kysely<Database>, quarantined = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** Puts one in, or makes it what it is now. */
  async put(tx: Connection, row: SecretOriginRow): Promise<void> {
    const rest = {
      status: row.status,
      by_owner: Number(row.byOwner),
      asked_at: row.askedAt,
      asked_by: row.askedBy,
      approved_at: row.approvedAt,
      approved_by: row.approvedBy,
    };
    await tx
      .insertInto('secret_origins')
      .values({ id: row.id, ref: row.ref, origin: row.origin, ...rest })
      .onConflict((conflict) => conflict.columns(['ref', 'origin']).doUpdateSet(rest))
      .execute();
    const own = await tx
      .selectFrom('secret_origins')
      .select('id')
      .where('ref', '=', row.ref)
      .where('origin', '=', row.origin)
      .execute();
    touch(
      tx,
      'secret_origins',
      own.map(({ id }) => id),
    );
  }

  async find(id: string, tx: Connection = this.#db): Promise<SecretOriginRow | null> {
    const row = await tx.selectFrom('secret_origins').selectAll().where('id', '=', id).executeTakeFirst();
    return row && !this.#quarantined.has(`secret_origins/${id}`) ? toRow(row) : null;
  }

  /** All of them. One that does not follow from the record allows nothing; its secret counts as bound all the same. */
  async list(tx: Connection = this.#db): Promise<SecretOriginRow[]> {
    const rows = await tx.selectFrom('secret_origins').selectAll().orderBy('ref').orderBy('origin').execute();
    this.#quarantined.requireAll('secret_origins', new Set(rows.map(({ id }) => id)));
    return rows.map((stored) => {
      const row = toRow(stored);
      return this.#quarantined.bars('secret_origins', row.id, stored)
        ? { ...row, status: 'ended', byOwner: false, approvedAt: row.approvedAt ?? row.askedAt }
        : row;
    });
  }

  /** Whether none is missing: while one is, no secret is known to be bound nowhere. */
  get isWhole(): boolean {
    return this.#quarantined.missingOf('secret_origins').length === 0;
  }
}

const toRow = (row: Selectable<Database['secret_origins']>): SecretOriginRow => ({
  id: row.id,
  ref: row.ref,
  origin: row.origin,
  status: row.status as SecretOriginRow['status'],
  byOwner: row.by_owner === 1,
  askedAt: row.asked_at,
  askedBy: row.asked_by,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
});

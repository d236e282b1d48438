import { CodedError } from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Kinds of further factors. */
export type FactorKind = 'totp' | 'passkey' | 'recovery-code';

/** Something that proves who somebody is, besides a password. */
export interface FactorRow {
  readonly id: string;
  readonly personId: string;
  readonly kind: FactorKind;
  /** What the person calls it. */
  readonly name: string;
  /** Unique where it is looked up by: a credential id, the hash of a code; the id itself otherwise. */
  readonly handle: string;
  /** Sealed secret of a TOTP, public key and flags of a passkey as JSON, empty for a code. */
  readonly secret: string;
  /** Latest time step of a TOTP, signature counter of a passkey. Only ever grows. */
  readonly counter: number;
  readonly createdAt: string;
  /** Null until the person has shown that they hold it. */
  readonly confirmedAt: string | null;
  readonly usedAt: string | null;
}

/** Further factors of people. */
export class Factors {
  readonly #db: Kysely<Database>;

  readonly #quarantined: ReadonlySet<string>;

  /** @param quarantined rows that prove nothing, as `factors/ID` */
  constructor(db: Kysely<Database>, quarantined: ReadonlySet<string> = new Set()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** @throws CodedError `conflict` where a factor of that handle is here already, whosever it is */
  async insert(tx: Connection, factor: FactorRow): Promise<void> {
    const result = await tx
      .insertInto('factors')
      .values({
        id: factor.id,
        person_id: factor.personId,
        kind: factor.kind,
        name: factor.name,
        handle: factor.handle,
        secret: factor.secret,
        counter: factor.counter,
        created_at: factor.createdAt,
        confirmed_at: factor.confirmedAt,
        used_at: factor.usedAt,
      })
      .onConflict((conflict) => conflict.column('handle').doNothing())
      .executeTakeFirst();
    if (Number(result.numInsertedOrUpdatedRows) !== 1)
      throw new CodedError('conflict', 'this factor is enrolled already; use another one');
    touch(tx, 'factors', [factor.id]);
  }

  /** Factors of somebody, oldest first. */
  async list(personId: string, kind?: FactorKind, tx: Connection = this.#db): Promise<FactorRow[]> {
    let query = tx.selectFrom('factors').selectAll().where('person_id', '=', personId);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    return (await query.orderBy('created_at').orderBy('id').execute())
      .filter(({ id }) => !this.#quarantined.has(`factors/${id}`))
      .map(toFactor);
  }

  /** Kinds that everybody holds, confirmed. */
  async kinds(): Promise<Map<string, Set<FactorKind>>> {
    const rows = await this.#db
      .selectFrom('factors')
      .select(['person_id', 'kind'])
      .where('confirmed_at', 'is not', null)
      .execute();
    const kinds = new Map<string, Set<FactorKind>>();
    for (const { person_id: id, kind } of rows)
      kinds.set(id, (kinds.get(id) ?? new Set()).add(kind as FactorKind));
    return kinds;
  }

  async byHandle(handle: string): Promise<FactorRow | null> {
    const row = await this.#db
      .selectFrom('factors')
      .selectAll()
      .where('handle', '=', handle)
      .executeTakeFirst();
    return row && !this.#quarantined.has(`factors/${row.id}`) ? toFactor(row) : null;
  }

  async confirm(tx: Connection, id: string, at: string): Promise<void> {
    await tx.updateTable('factors').set({ confirmed_at: at }).where('id', '=', id).execute();
    touch(tx, 'factors', [id]);
  }

  /** Moves a counter forward: true for exactly one caller for each value. */
  async advance(tx: Connection, id: string, counter: number, at: string): Promise<boolean> {
    const result = await tx
      .updateTable('factors')
      .set({ counter, used_at: at })
      .where('id', '=', id)
      .where('counter', '<', counter)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  }

  /** Notes a use of a passkey whose counter does not count. */
  async used(tx: Connection, id: string, at: string): Promise<void> {
    await tx.updateTable('factors').set({ used_at: at }).where('id', '=', id).execute();
  }

  /** Uses a recovery code up: true for exactly one caller. */
  async useUp(tx: Connection, personId: string, handle: string, at: string): Promise<boolean> {
    const result = await tx
      .updateTable('factors')
      .set({ used_at: at })
      .where('person_id', '=', personId)
      .where('kind', '=', 'recovery-code')
      .where('handle', '=', handle)
      .where('used_at', 'is', null)
      .returning('id')
      .execute();
    touch(
      tx,
      'factors',
      result.map(({ id }) => id),
    );
    return result.length === 1;
  }

  /** Removes factors of somebody. @returns how many */
  async remove(tx: Connection, personId: string, which: { id?: string; kind?: FactorKind }): Promise<number> {
    let query = tx.deleteFrom('factors').where('person_id', '=', personId);
    if (which.id !== undefined) query = query.where('id', '=', which.id);
    if (which.kind !== undefined) query = query.where('kind', '=', which.kind);
    const gone = await query.returning('id').execute();
    touch(
      tx,
      'factors',
      gone.map(({ id }) => id),
    );
    return gone.length;
  }
}

const toFactor = (row: Selectable<Database['factors']>): FactorRow => ({
  id: row.id,
  personId: row.person_id,
  kind: row.kind as FactorKind,
  name: row.name,
  handle: row.handle,
  secret: row.secret,
  counter: Number(row.counter),
  createdAt: row.created_at,
  confirmedAt: row.confirmed_at,
  usedAt: row.used_at,
});

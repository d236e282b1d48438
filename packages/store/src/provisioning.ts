import type { Kysely } from 'kysely';
import type { PersonRow } from './people.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A group that an identity provider keeps. */
export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly createdAt: string;
  /** Ids of people. */
  readonly members: readonly string[];
}

/** People and groups as an identity provider keeps them here. */
export class Provisioning {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Notes the provider's id of somebody. */
  async put(tx: Connection, personId: string, externalId: string | null): Promise<void> {
    await tx
      .insertInto('provisioned')
      .values({ person_id: personId, external_id: externalId, deleted_at: null })
      .onConflict((conflict) =>
        conflict.column('person_id').doUpdateSet({ external_id: externalId, deleted_at: null }),
      )
      .execute();
  }

  /** Notes that the provider forgot somebody. */
  async delete(tx: Connection, personId: string, at: string): Promise<void> {
    await tx.updateTable('provisioned').set({ deleted_at: at }).where('person_id', '=', personId).execute();
    await tx.deleteFrom('group_members').where('person_id', '=', personId).execute();
  }

  /** Everybody whom the provider keeps, by our id, with its id. */
  async people(tx: Connection = this.#db): Promise<Map<string, string | null>> {
    const rows = await tx.selectFrom('provisioned').selectAll().where('deleted_at', 'is', null).execute();
    return new Map(rows.map((row) => [row.person_id, row.external_id]));
  }

  /** Whether the provider removed somebody for good. */
  async isRemoved(tx: Connection, personId: string): Promise<boolean> {
    const row = await tx
      .selectFrom('provisioned')
      .select('person_id')
      .where('person_id', '=', personId)
      .where('deleted_at', 'is not', null)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Whether the provider's id is of somebody whom an administrator shut out, removed by the provider since or not. */
  async isShutOut(tx: Connection, externalId: string): Promise<boolean> {
    const row = await tx
      .selectFrom('provisioned')
      .innerJoin('people', 'people.id', 'provisioned.person_id')
      .select('people.id')
      .where('provisioned.external_id', '=', externalId)
      .where('people.shut_out_by', '=', 'administrator')
      .executeTakeFirst();
    return row !== undefined;
  }

  async groups(tx: Connection = this.#db): Promise<GroupRow[]> {
    const members = await tx.selectFrom('group_members').selectAll().execute();
    const rows = await tx.selectFrom('groups').selectAll().orderBy('name').execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      externalId: row.external_id,
      createdAt: row.created_at,
      members: members.flatMap((one) => (one.group_id === row.id ? [one.person_id] : [])),
    }));
  }

  /** Makes a group what it should be, whether it was there before or not. */
  async putGroup(tx: Connection, group: GroupRow): Promise<void> {
    const { id, name, externalId, createdAt, members } = group;
    await tx
      .insertInto('groups')
      .values({ id, name, external_id: externalId, created_at: createdAt })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, external_id: externalId }))
      .execute();
    await tx.deleteFrom('group_members').where('group_id', '=', id).execute();
    if (members.length > 0)
      await tx
        .insertInto('group_members')
        .values(members.map((person) => ({ group_id: id, person_id: person })))
        .execute();
  }

  async removeGroup(tx: Connection, id: string): Promise<void> {
    await tx.deleteFrom('group_members').where('group_id', '=', id).execute();
    await tx.deleteFrom('groups').where('id', '=', id).execute();
  }
}

/** Somebody whom a provider keeps, with its id. */
export interface ProvisionedPerson {
  readonly person: PersonRow;
  readonly externalId: string | null;
}

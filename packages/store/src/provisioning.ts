import type { Kysely } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { PersonRow } from './people.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Members that one statement names. */
const MEMBERS_AT_ONCE = 1_000;

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
  readonly #quarantined: Quarantine;

  /** @param quarantined rows that give no role, as `groups/ID` and `group_members/GROUP:PERSON` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
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
    touch(tx, 'provisioned', [personId]);
  }

  /** Notes that the provider forgot somebody. */
  async delete(tx: Connection, personId: string, at: string): Promise<void> {
    await tx.updateTable('provisioned').set({ deleted_at: at }).where('person_id', '=', personId).execute();
    const gone = await tx
      .deleteFrom('group_members')
      .where('person_id', '=', personId)
      .returning('group_id')
      .execute();
    touch(tx, 'provisioned', [personId]);
    touch(
      tx,
      'group_members',
      gone.map(({ group_id: group }) => memberKey(group, personId)),
    );
  }

  /** Everybody whom the provider keeps, by our id, with its id. */
  async people(tx: Connection = this.#db): Promise<Map<string, string | null>> {
    const rows = await tx.selectFrom('provisioned').selectAll().where('deleted_at', 'is', null).execute();
    return new Map(rows.map((row) => [row.person_id, row.external_id]));
  }

  /** How many the provider keeps, and how many it ever kept. */
  async count(tx: Connection = this.#db): Promise<{ kept: number; ever: number }> {
    const row = await tx
      .selectFrom('provisioned')
      // Counts what is not null.
      .select((e) => [e.fn.countAll().as('ever'), e.fn.count('deleted_at').as('removed')])
      .executeTakeFirst();
    const ever = Number(row?.ever ?? 0);
    return { kept: ever - Number(row?.removed ?? 0), ever };
  }

  /** What the provider calls somebody; null where it says nothing, undefined where it does not keep them. */
  async knownAs(personId: string, tx: Connection = this.#db): Promise<string | null | undefined> {
    const row = await tx
      .selectFrom('provisioned')
      .select('external_id')
      .where('person_id', '=', personId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    return row === undefined ? undefined : row.external_id;
  }

  /** Everybody whom the provider keeps or kept and has an id for, by our id, with that id. */
  async everKnown(): Promise<Map<string, string>> {
    const query = this.#db.selectFrom('provisioned').select(['person_id', 'external_id']);
    const rows = await query.where('external_id', 'is not', null).execute();
    return new Map(rows.map((row) => [row.person_id, row.external_id!]));
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

  /** Groups and members whose rows follow from the record. */
  async groups(tx: Connection = this.#db): Promise<GroupRow[]> {
    const members = (await tx.selectFrom('group_members').selectAll().execute()).filter(
      (one) =>
        !this.#quarantined.has(`groups/${one.group_id}`) &&
        !this.#quarantined.has(`group_members/${memberKey(one.group_id, one.person_id)}`),
    );
    const of = Map.groupBy(members, (one) => one.group_id);
    const rows = await tx.selectFrom('groups').selectAll().orderBy('name').execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      externalId: row.external_id,
      createdAt: row.created_at,
      members: (of.get(row.id) ?? []).map((one) => one.person_id),
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
    touch(tx, 'groups', [id]);
    // Those who were members before and are so now stay as they are.
    const then = await tx
      .selectFrom('group_members')
      .select('person_id')
      .where('group_id', '=', id)
      .execute();
    const [before, now] = [new Set(then.map((one) => one.person_id)), new Set(members)];
    const went = [...before].filter((one) => !now.has(one));
    const came = members.filter((one) => !before.has(one));
    for (let at = 0; at < went.length; at += MEMBERS_AT_ONCE)
      await tx
        .deleteFrom('group_members')
        .where('group_id', '=', id)
        .where('person_id', 'in', went.slice(at, at + MEMBERS_AT_ONCE))
        .execute();
    for (let at = 0; at < came.length; at += MEMBERS_AT_ONCE)
      await tx
        .insertInto('group_members')
        .values(came.slice(at, at + MEMBERS_AT_ONCE).map((person) => ({ group_id: id, person_id: person })))
        .execute();
    touch(
      tx,
      'group_members',
      [...went, ...came].map((person) => memberKey(id, person)),
    );
  }

  async removeGroup(tx: Connection, id: string): Promise<void> {
    const gone = await this.#empty(tx, id);
    await tx.deleteFrom('groups').where('id', '=', id).execute();
    touch(tx, 'groups', [id]);
    touch(
      tx,
      'group_members',
      gone.map((person) => memberKey(id, person)),
    );
  }

  async #empty(tx: Connection, group: string): Promise<string[]> {
    const rows = await tx
      .deleteFrom('group_members')
      .where('group_id', '=', group)
      .returning('person_id')
      .execute();
    return rows.map(({ person_id: person }) => person);
  }
}

const memberKey = (group: string, person: string): string => `${group}:${person}`;

/** Somebody whom a provider keeps, with its id. */
export interface ProvisionedPerson {
  readonly person: PersonRow;
  readonly externalId: string | null;
}

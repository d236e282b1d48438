import { CodedError } from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Somebody with an account. */
export interface PersonRow {
  readonly id: string;
  /** What they sign in with: lower case, unique. */
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  /** argon2id in PHC string format; null when they sign in through an identity provider. */
  readonly password: string | null;
  readonly passwordChangedAt: string | null;
  /** Who keeps the account: people here, or a provider. */
  readonly origin: 'local' | 'oidc' | 'scim';
  /** The provider's name for them. */
  readonly externalId: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly disabledAt: string | null;
  /** Who shut them out: what an administrator closed, no provider opens again. */
  readonly shutOutBy?: 'administrator' | 'provider' | null;
  /** The user of this machine who is the same human, as an administrator said. */
  readonly localUser?: string | null;
}

/** A role that somebody holds on a system, or on every system (`*`). */
export interface GrantRow {
  readonly id: string;
  /** `person:ID` or `program:ID`. */
  readonly holder: string;
  readonly role: string;
  /** Name of a system, or `*`. */
  readonly system: string;
  readonly origin: 'local' | 'oidc' | 'scim' | 'break-glass';
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

/** Since when a role is not in force that was taken from its holder while their groups give it: before all times. */
const WITHHELD = '1970-01-01T00:00:00.000Z';

/** People and what they may do. */
export class People {
  readonly #db: Kysely<Database>;

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that grant nothing, as `people/ID` and `grants/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  /** Makes whoever changes accounts wait for each other: what is counted stays true until the change is made. */
  async oneAtATime(tx: Connection): Promise<void> {
    await tx
      .insertInto('meta')
      .values({ name: 'people-lock', value: '' })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: '' }))
      .execute();
  }

  /** How many accounts there are. */
  async count(tx: Connection = this.#db): Promise<number> {
    const row = await tx
      .selectFrom('people')
      .select((e) => e.fn.countAll().as('n'))
      .executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  /**
   * Makes an account. While rows are in doubt that say who is shut out, none is made: it could be theirs.
   * @throws CodedError `conflict`
   */
  async insert(tx: Connection, person: PersonRow): Promise<void> {
    const inDoubt = [
      ...this.#quarantined.missingOf('people').map((id) => `people/${id}`),
      ...[...this.#quarantined].filter((row) => row.startsWith('provisioned/')),
    ];
    if (inDoubt.length > 0)
      throw new CodedError(
        'conflict',
        `\`${inDoubt[0]}\` does not follow from the record: judge it with \`sallyport state\` before accounts are made`,
      );
    await tx
      .insertInto('people')
      .values({
        id: person.id,
        name: person.name,
        display_name: person.displayName,
        email: person.email,
        password: person.password,
        password_changed_at: person.passwordChangedAt,
        origin: person.origin,
        external_id: person.externalId,
        created_at: person.createdAt,
        created_by: person.createdBy,
        disabled_at: person.disabledAt,
        shut_out_by: person.shutOutBy ?? null,
        local_user: person.localUser ?? null,
      })
      .execute();
    touch(tx, 'people', [person.id]);
  }

  /** Ids of those whose account is open. */
  async here(): Promise<ReadonlySet<string>> {
    return new Set((await this.list()).flatMap(({ id, disabledAt }) => (disabledAt === null ? [id] : [])));
  }

  async list(): Promise<PersonRow[]> {
    return (await this.#db.selectFrom('people').selectAll().orderBy('name').execute()).map((row) =>
      this.#read(row),
    );
  }

  /** Looks in a transaction where one is given. */
  async byId(id: string, tx: Connection = this.#db): Promise<PersonRow | null> {
    const row = await tx.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  async byName(name: string, tx: Connection = this.#db): Promise<PersonRow | null> {
    const row = await tx.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** Somebody whom a provider knows by this. */
  async byExternalId(externalId: string, tx: Connection = this.#db): Promise<PersonRow | null> {
    const row = await tx
      .selectFrom('people')
      .selectAll()
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** Who is a user of this machine, as an administrator said. */
  async byLocalUser(user: string, tx: Connection = this.#db): Promise<PersonRow | null> {
    const row = await tx.selectFrom('people').selectAll().where('local_user', '=', user).executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** Changes what is given. @returns whether there is such a person */
  async update(
    tx: Connection,
    id: string,
    change: Partial<
      Pick<
        PersonRow,
        | 'displayName'
        | 'email'
        | 'password'
        | 'passwordChangedAt'
        | 'disabledAt'
        | 'externalId'
        | 'name'
        | 'shutOutBy'
        | 'localUser'
      >
    >,
  ): Promise<boolean> {
    const { displayName, email, password, passwordChangedAt, disabledAt, externalId, name } = change;
    const { shutOutBy, localUser } = change;
    const result = await tx
      .updateTable('people')
      .set({
        ...(name === undefined ? {} : { name }),
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(email === undefined ? {} : { email }),
        ...(password === undefined ? {} : { password }),
        ...(passwordChangedAt === undefined ? {} : { password_changed_at: passwordChangedAt }),
        ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
        ...(externalId === undefined ? {} : { external_id: externalId }),
        ...(shutOutBy === undefined ? {} : { shut_out_by: shutOutBy }),
        ...(localUser === undefined ? {} : { local_user: localUser }),
      })
      .where('id', '=', id)
      .executeTakeFirst();
    touch(tx, 'people', [id]);
    return Number(result.numUpdatedRows) === 1;
  }

  /** Gives a role. */
  async grant(tx: Connection, grant: GrantRow): Promise<void> {
    await tx
      .insertInto('grants')
      .values({
        id: grant.id,
        holder: grant.holder,
        role: grant.role,
        system: grant.system,
        origin: grant.origin,
        created_at: grant.createdAt,
        created_by: grant.createdBy,
        expires_at: grant.expiresAt,
        last_used_at: grant.lastUsedAt,
      })
      .execute();
    touch(tx, 'grants', [grant.id]);
  }

  /** Takes a role away. @returns whether there was such a grant */
  async ungrant(tx: Connection, id: string): Promise<boolean> {
    const result = await tx.deleteFrom('grants').where('id', '=', id).executeTakeFirst();
    touch(tx, 'grants', [id]);
    return Number(result.numDeletedRows) === 1;
  }

  /** Takes a role away that groups of its holder give, and that none is to give again while they do. */
  async withhold(tx: Connection, id: string): Promise<void> {
    await tx.updateTable('grants').set({ expires_at: WITHHELD }).where('id', '=', id).execute();
    touch(tx, 'grants', [id]);
  }

  /** Roles that are withheld. @param holder from one person; without it, from all */
  async withheld(tx: Connection, holder?: string): Promise<GrantRow[]> {
    let query = tx.selectFrom('grants').selectAll().where('expires_at', '=', WITHHELD);
    if (holder !== undefined) query = query.where('holder', '=', holder);
    return (await query.execute()).map(toGrant);
  }

  /** Grants in force at a time. @param holder of somebody, or of everybody */
  async grants(now: string, holder?: string, tx: Connection = this.#db): Promise<GrantRow[]> {
    let query = tx
      .selectFrom('grants')
      .selectAll()
      .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]));
    if (holder !== undefined) query = query.where('holder', '=', holder);
    return (await query.orderBy('created_at').orderBy('id').execute())
      .filter(({ id }) => !this.#quarantined.has(`grants/${id}`))
      .map(toGrant);
  }

  /** Notes that grants were used. */
  async usedGrants(ids: readonly string[], at: string): Promise<void> {
    if (ids.length > 0)
      await this.#db.updateTable('grants').set({ last_used_at: at }).where('id', 'in', ids).execute();
  }

  /** One whose row does not follow from the record counts as disabled since it was made. */
  #read(row: Selectable<Database['people']>): PersonRow {
    const person = toPerson(row);
    return this.#quarantined.isShut(`people/${person.id}`)
      ? { ...person, disabledAt: person.disabledAt ?? person.createdAt }
      : person;
  }
}

const toPerson = (row: Selectable<Database['people']>): PersonRow => ({
  id: row.id,
  name: row.name,
  displayName: row.display_name,
  email: row.email,
  password: row.password,
  passwordChangedAt: row.password_changed_at,
  origin: row.origin as PersonRow['origin'],
  externalId: row.external_id,
  createdAt: row.created_at,
  createdBy: row.created_by,
  disabledAt: row.disabled_at,
  shutOutBy: row.shut_out_by as NonNullable<PersonRow['shutOutBy']> | null,
  localUser: row.local_user,
});

const toGrant = (row: Selectable<Database['grants']>): GrantRow => ({
  id: row.id,
  holder: row.holder,
  role: row.role,
  system: row.system,
  origin: row.origin as GrantRow['origin'],
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});

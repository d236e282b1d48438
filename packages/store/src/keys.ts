import { type KeyScope, keyScopeSchema, type UsageLimits, usageLimits } from '@sallyport/core';
import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** An API key as stored: never the secret, only its hash. */
export interface KeyRow {
  readonly id: string;
  readonly name: string;
  /** First characters, for people to tell keys apart. */
  readonly prefix: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  readonly systems: readonly string[];
  readonly scope: KeyScope;
  readonly limits: UsageLimits;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly demo: boolean;
  readonly synthetic: boolean;
  /** The service account that it belongs to. */
  readonly program: string | null;
  /** Id of the person who answers for it; null where the record says who made it, and no one said otherwise. */
  readonly owner?: string | null;
}

/** Keys that are forgotten at a time: what else changes waits no longer than that takes. */
const FORGOTTEN_MAX = 2_000;

/** The API keys. */
export class Keys {
  readonly #db: Kysely<Database>;
  readonly #quarantined: Quarantine;

  /** @param quarantined rows that open nothing, as `api_keys/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async insert(tx: Connection, key: KeyRow): Promise<void> {
    await tx
      .insertInto('api_keys')
      .values({
        id: key.id,
        name: key.name,
        prefix: key.prefix,
        hash: key.hash,
        systems: JSON.stringify(key.systems),
        scope: JSON.stringify(key.scope),
        limits: JSON.stringify(key.limits),
        created_at: key.createdAt,
        expires_at: key.expiresAt,
        revoked_at: key.revokedAt,
        demo: Number(key.demo),
        synthetic: Number(key.synthetic),
        program: key.program,
        owner: key.owner ?? null,
      })
      .execute();
    touch(tx, 'api_keys', [key.id]);
  }

  /** Marks a key revoked. @returns whether it existed and was not revoked before */
  async revoke(tx: Connection, id: string, at: string): Promise<boolean> {
    const result = await tx
      .updateTable('api_keys')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    const revoked = Number(result.numUpdatedRows) === 1;
    if (revoked) touch(tx, 'api_keys', [id]);
    return revoked;
  }

  /** Leaves a key fewer systems than it had. */
  async narrow(tx: Connection, id: string, systems: readonly string[]): Promise<void> {
    await tx
      .updateTable('api_keys')
      .set({ systems: JSON.stringify(systems) })
      .where('id', '=', id)
      .execute();
    touch(tx, 'api_keys', [id]);
  }

  /** Says who answers for a key. */
  async setOwner(tx: Connection, id: string, owner: string | null): Promise<void> {
    await tx.updateTable('api_keys').set({ owner }).where('id', '=', id).execute();
    touch(tx, 'api_keys', [id]);
  }

  /** Lets a key end earlier than it would. @returns whether it lived, and would have lived longer */
  async endBy(tx: Connection, id: string, at: string): Promise<boolean> {
    const result = await tx
      .updateTable('api_keys')
      .set({ expires_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', at)
      .executeTakeFirst();
    touch(tx, 'api_keys', [id]);
    return Number(result.numUpdatedRows) === 1;
  }

  /**
   * Forgets keys of service accounts under some names, and our own of probes and test calls, that ended before a time; so many
   * at a time. @param prefix of their names
   */
  async forget(tx: Connection, prefix: string, before: string): Promise<void> {
    const over = tx
      .selectFrom('api_keys')
      .select('id')
      .where('expires_at', '<', before)
      .where((e) =>
        e.or([
          e.and([e('name', 'like', `${prefix}%`), e('program', 'is not', null)]),
          e('synthetic', '=', 1),
        ]),
      )
      .limit(FORGOTTEN_MAX);
    const gone = await tx.deleteFrom('api_keys').where('id', 'in', over).returning('id').execute();
    touch(
      tx,
      'api_keys',
      gone.map(({ id }) => id),
    );
  }

  async list(tx: Connection = this.#db): Promise<KeyRow[]> {
    const rows = await tx.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id').execute();
    return rows.map((row) => this.#read(row));
  }

  /** The key with this hash. */
  async byHash(hash: string): Promise<KeyRow | null> {
    const row = await this.#db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  async byId(id: string, tx: Connection = this.#db): Promise<KeyRow | null> {
    const row = await tx.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? this.#read(row) : null;
  }

  /** One that does not follow from the record counts as revoked since it was made. */
  #read(row: Selectable<Database['api_keys']>): KeyRow {
    const key = toKey(row);
    return this.#quarantined.bars('api_keys', key.id, row)
      ? { ...key, revokedAt: key.revokedAt ?? key.createdAt }
      : key;
  }
}

/** A row that cannot be read opens nothing: it counts as revoked since it was made, and can be revoked and listed like others. */
function toKey(row: Selectable<Database['api_keys']>): KeyRow {
  const parts = readParts(row);
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    hash: row.hash,
    ...(parts ?? { systems: [], scope: {}, limits: usageLimits({}) }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? (parts === null ? row.created_at : null),
    demo: row.demo === 1,
    synthetic: row.synthetic === 1,
    program: row.program,
    owner: row.owner,
  };
}

function readParts(
  row: Selectable<Database['api_keys']>,
): Pick<KeyRow, 'systems' | 'scope' | 'limits'> | null {
  try {
    const systems: unknown = JSON.parse(row.systems);
    if (!Array.isArray(systems) || !Number.isFinite(Date.parse(row.expires_at))) return null;
    const scope = row.scope === '{}' ? {} : keyScopeSchema.parse(JSON.parse(row.scope));
    const limits = usageLimits(JSON.parse(row.limits) as Partial<UsageLimits>);
    if (!Object.values(limits).every((limit) => Number.isFinite(limit) && limit >= 0)) return null;
    return { systems: systems.filter((one) => typeof one === 'string'), scope, limits };
  } catch {
    return null;
  }
}

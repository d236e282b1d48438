import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A person who administers this installation. */
export interface AdminRow {
  readonly id: string;
  readonly name: string;
  /** argon2id in PHC string format. */
  readonly password: string;
  readonly createdAt: string;
}

/** Administrators, their set-up links and sessions. Tokens are stored as SHA-256 hashes only. */
export class Administrators {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom('administrators')
      .select((e) => e.fn.countAll().as('n'))
      .executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  async insert(tx: Connection, admin: AdminRow): Promise<void> {
    await tx
      .insertInto('administrators')
      .values({
        id: admin.id,
        name: admin.name,
        password: admin.password,
        created_at: admin.createdAt,
      })
      .execute();
  }

  async byName(name: string): Promise<AdminRow | null> {
    const row = await this.#db
      .selectFrom('administrators')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    return row ? { id: row.id, name: row.name, password: row.password, createdAt: row.created_at } : null;
  }

  /** Stores a set-up link and voids earlier ones. */
  async putSetupLink(
    tx: Connection,
    link: { hash: string; createdAt: string; expiresAt: string },
  ): Promise<void> {
    await tx.deleteFrom('setup_links').where('used_at', 'is', null).execute();
    await tx
      .insertInto('setup_links')
      .values({
        hash: link.hash,
        created_at: link.createdAt,
        expires_at: link.expiresAt,
        used_at: null,
      })
      .execute();
  }

  /** Whether a link could be used now. */
  async setupLinkOpen(hash: string, now: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('setup_links')
      .select('hash')
      .where('hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Uses a link up: true for exactly one caller. */
  async useSetupLink(tx: Connection, hash: string, now: string): Promise<boolean> {
    const result = await tx
      .updateTable('setup_links')
      .set({ used_at: now })
      .where('hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  }

  async putSession(
    tx: Connection,
    session: { hash: string; adminId: string; createdAt: string; expiresAt: string },
  ): Promise<void> {
    await tx
      .insertInto('sessions')
      .values({
        hash: session.hash,
        admin_id: session.adminId,
        created_at: session.createdAt,
        last_seen_at: session.createdAt,
        expires_at: session.expiresAt,
      })
      .execute();
  }

  /**
   * The administrator a live session belongs to; sessions idle since before `idleSince` are dead.
   * @param active whether the person did something: what a page fetches by itself keeps no session alive
   */
  async sessionAdmin(
    hash: string,
    now: string,
    idleSince: string,
    active: boolean,
  ): Promise<{ id: string; name: string } | null> {
    const row = await this.#db
      .selectFrom('sessions')
      .innerJoin('administrators', 'administrators.id', 'sessions.admin_id')
      .select(['administrators.id', 'administrators.name'])
      .where('sessions.hash', '=', hash)
      .where('sessions.expires_at', '>', now)
      .where('sessions.last_seen_at', '>', idleSince)
      .executeTakeFirst();
    if (!row) return null;
    if (active)
      await this.#db.updateTable('sessions').set({ last_seen_at: now }).where('hash', '=', hash).execute();
    return { id: row.id, name: row.name };
  }

  async endSession(tx: Connection, hash: string): Promise<void> {
    await tx.deleteFrom('sessions').where('hash', '=', hash).execute();
  }
}

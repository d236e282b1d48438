import type { Kysely, Selectable } from 'kysely';
import { Quarantine, touch } from './granting.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** A session of a person. The token is stored as its SHA-256 only. */
export interface SessionRow {
  readonly id: string;
  readonly hash: string;
  readonly personId: string;
  /** 1 one factor, 2 two, 3 resistant to phishing. */
  readonly level: number;
  /** What it was proven with, such as `password` and `totp`. */
  readonly methods: readonly string[];
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  /** When the person last proved who they are. */
  readonly provenAt: string;
  readonly address: string;
  readonly agent: string;
  readonly deviceId: string | null;
  /** The session at the identity provider that it came from. */
  readonly providerSession: string | null;
}

/** A browser that somebody signed in with before. */
export interface DeviceRow {
  readonly id: string;
  readonly hash: string;
  readonly personId: string;
  readonly agent: string;
  readonly address: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

/** Sessions and devices of people. */
export class Sessions {
  readonly #db: Kysely<Database>;

  readonly #quarantined: Quarantine;

  /** @param quarantined rows that open nothing, as `sessions/ID` and `people/ID` */
  constructor(db: Kysely<Database>, quarantined: Quarantine = new Quarantine()) {
    this.#db = db;
    this.#quarantined = quarantined;
  }

  async insert(tx: Connection, session: SessionRow): Promise<void> {
    await tx
      .insertInto('sessions')
      .values({
        id: session.id,
        hash: session.hash,
        person_id: session.personId,
        level: session.level,
        methods: JSON.stringify(session.methods),
        created_at: session.createdAt,
        last_seen_at: session.lastSeenAt,
        expires_at: session.expiresAt,
        proven_at: session.provenAt,
        address: session.address,
        agent: session.agent,
        device_id: session.deviceId,
        provider_session: session.providerSession,
      })
      .execute();
    touch(tx, 'sessions', [session.id]);
  }

  /** A session that lives: not expired, not idle since before a time, its person not disabled. */
  async live(hash: string, now: string, idleSince: string): Promise<SessionRow | null> {
    const row = await this.#db
      .selectFrom('sessions')
      .innerJoin('people', 'people.id', 'sessions.person_id')
      .selectAll('sessions')
      .where('sessions.hash', '=', hash)
      .where('sessions.expires_at', '>', now)
      .where('sessions.last_seen_at', '>', idleSince)
      .where('people.disabled_at', 'is', null)
      .executeTakeFirst();
    const isBad =
      row &&
      (this.#quarantined.has(`sessions/${row.id}`) || this.#quarantined.isShut(`people/${row.person_id}`));
    return row && !isBad ? toSession(row) : null;
  }

  /** Notes that the person did something. */
  async seen(hash: string, at: string): Promise<void> {
    await this.#db.updateTable('sessions').set({ last_seen_at: at }).where('hash', '=', hash).execute();
  }

  /** Gives a session another token and what was proven since. @returns whether it was still there */
  async renew(
    tx: Connection,
    hash: string,
    change: Pick<SessionRow, 'hash' | 'level' | 'methods' | 'provenAt'>,
  ): Promise<boolean> {
    const result = await tx
      .updateTable('sessions')
      .set({
        hash: change.hash,
        level: change.level,
        methods: JSON.stringify(change.methods),
        proven_at: change.provenAt,
      })
      .where('hash', '=', hash)
      .returning('id')
      .execute();
    touch(
      tx,
      'sessions',
      result.map(({ id }) => id),
    );
    return result.length === 1;
  }

  /** Sessions of somebody that live, newest first. */
  async list(
    personId: string,
    now: string,
    idleSince: string,
    tx: Connection = this.#db,
  ): Promise<SessionRow[]> {
    const rows = await tx
      .selectFrom('sessions')
      .selectAll()
      .where('person_id', '=', personId)
      .where('expires_at', '>', now)
      .where('last_seen_at', '>', idleSince)
      .orderBy('created_at', 'desc')
      .execute();
    return rows.filter(({ id }) => !this.#quarantined.has(`sessions/${id}`)).map(toSession);
  }

  /** Ends sessions. @returns those ended */
  async end(
    tx: Connection,
    which: { hash?: string; id?: string; personId?: string; providerSession?: string; butHash?: string },
  ): Promise<SessionRow[]> {
    let query = tx.deleteFrom('sessions');
    if (which.hash !== undefined) query = query.where('hash', '=', which.hash);
    if (which.id !== undefined) query = query.where('id', '=', which.id);
    if (which.personId !== undefined) query = query.where('person_id', '=', which.personId);
    if (which.providerSession !== undefined)
      query = query.where('provider_session', '=', which.providerSession);
    if (which.butHash !== undefined) query = query.where('hash', '!=', which.butHash);
    const ended = (await query.returningAll().execute()).map(toSession);
    touch(
      tx,
      'sessions',
      ended.map(({ id }) => id),
    );
    return ended;
  }

  /** Forgets sessions that are over. */
  async purge(now: string): Promise<void> {
    await this.#db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
  }

  async putDevice(tx: Connection, device: DeviceRow): Promise<void> {
    await tx
      .insertInto('devices')
      .values({
        id: device.id,
        hash: device.hash,
        person_id: device.personId,
        agent: device.agent,
        address: device.address,
        first_seen_at: device.firstSeenAt,
        last_seen_at: device.lastSeenAt,
      })
      .execute();
  }

  async device(hash: string): Promise<DeviceRow | null> {
    const row = await this.#db.selectFrom('devices').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row ? toDevice(row) : null;
  }

  /** Notes that somebody signed in with a device. */
  async deviceSeen(tx: Connection, id: string, address: string, at: string): Promise<void> {
    await tx.updateTable('devices').set({ last_seen_at: at, address }).where('id', '=', id).execute();
  }

  /** Devices of somebody, the latest used first. */
  async devices(personId: string, tx: Connection = this.#db): Promise<DeviceRow[]> {
    const rows = await tx
      .selectFrom('devices')
      .selectAll()
      .where('person_id', '=', personId)
      .orderBy('last_seen_at', 'desc')
      .execute();
    return rows.map(toDevice);
  }

  /** Forgets devices. @returns how many */
  async forgetDevices(tx: Connection, personId: string, id?: string): Promise<number> {
    let query = tx.deleteFrom('devices').where('person_id', '=', personId);
    if (id !== undefined) query = query.where('id', '=', id);
    return Number((await query.executeTakeFirst()).numDeletedRows);
  }
}

const toSession = (row: Selectable<Database['sessions']>): SessionRow => ({
  id: row.id,
  hash: row.hash,
  personId: row.person_id,
  level: row.level,
  methods: JSON.parse(row.methods) as string[],
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  provenAt: row.proven_at,
  address: row.address,
  agent: row.agent,
  deviceId: row.device_id,
  providerSession: row.provider_session,
});

const toDevice = (row: Selectable<Database['devices']>): DeviceRow => ({
  id: row.id,
  hash: row.hash,
  personId: row.person_id,
  agent: row.agent,
  address: row.address,
  firstSeenAt: row.first_seen_at,
  lastSeenAt: row.last_seen_at,
});

import { type Kysely, sql } from 'kysely';
import { rowsOf, touch } from './granting.ts';
import { IssuedTickets } from './issued-tickets.ts';
import type { PreImages } from './pre-images.ts';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** What a ticket is for. One of one kind is never taken for another. */
export type TicketKind =
  | 'set-up'
  | 'second-factor'
  | 'passkey'
  | 'sign-on'
  | 'statement'
  | 'refresh'
  | 'logout'
  /** An account that was linked to a subject of the provider, until its first sign-on. */
  | 'provider-link';

/** Something that works once, within a time: a link, a challenge, a state. Stored as the SHA-256 of its token. */
export interface TicketRow {
  readonly hash: string;
  readonly kind: TicketKind;
  readonly personId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Kinds that live for days: the record says of each of their rows what it is. */
const HELD_KINDS: ReadonlySet<TicketKind> = new Set(['set-up', 'provider-link']);
/** Kinds that live for minutes: one that this process did not issue is none. */
const OF_PROCESS: ReadonlySet<TicketKind> = new Set([
  'second-factor',
  'passkey',
  'sign-on',
  'statement',
  'logout',
]);
/** Used and expired ones are kept for this long, so that a replay is told from nonsense. */
const KEEP_MS = 86_400_000;

/** Things that work once, and counts of attempts. */
export class Tickets {
  readonly #db: Kysely<Database>;

  readonly #quarantined: ReadonlySet<string>;
  readonly #preImages: PreImages;
  readonly #issued = new IssuedTickets();

  /**
   * @param preImages what the record says of rows
   * @param quarantined rows that open nothing, as `tickets/HASH`
   */
  constructor(db: Kysely<Database>, preImages: PreImages, quarantined: ReadonlySet<string> = new Set()) {
    this.#db = db;
    this.#preImages = preImages;
    this.#quarantined = quarantined;
  }

  /** Told that a transaction is stored: what was used up in it is used up. */
  stored(tx: Connection): void {
    this.#issued.stored(tx);
  }

  /** Whether what is there under a hash is what the record says: a ticket that it tells of, as it was left, or none. */
  async follows(hash: string, tx: Connection = this.#db): Promise<boolean> {
    const row = `tickets/${hash}`;
    const [found] = await rowsOf(tx, 'tickets', [hash]);
    return !this.#quarantined.has(row) && this.#preImages.follows(row, found?.[1] ?? null);
  }

  /** Whether a ticket is as it was issued, and nothing that someone wrote into the database. */
  async #isGood(ticket: TicketRow, tx: Connection): Promise<boolean> {
    if (OF_PROCESS.has(ticket.kind)) return this.#issued.isOpen(ticket);
    return !HELD_KINDS.has(ticket.kind) || this.follows(ticket.hash, tx);
  }

  /** @throws Error where there is one of its hash already */
  async put(ticket: TicketRow, tx: Connection = this.#db): Promise<void> {
    const ofProcess = OF_PROCESS.has(ticket.kind);
    if (ofProcess && this.#issued.has(ticket.hash))
      throw new Error('a ticket of this hash was issued before');
    const old = new Date(Date.parse(ticket.createdAt) - KEEP_MS).toISOString();
    await tx.deleteFrom('tickets').where('expires_at', '<', old).execute();
    await tx
      .insertInto('tickets')
      .values({
        hash: ticket.hash,
        kind: ticket.kind,
        person_id: ticket.personId,
        data: JSON.stringify(ticket.data),
        created_at: ticket.createdAt,
        expires_at: ticket.expiresAt,
        used_at: null,
      })
      .execute();
    touch(tx, 'tickets', [ticket.hash]);
    if (ofProcess) this.#issued.add(tx === this.#db ? null : tx, ticket);
  }

  /** How many tickets of a kind have not expired. */
  async count(kind: TicketKind, now: string): Promise<number> {
    const row = await this.#db
      .selectFrom('tickets')
      .select((e) => e.fn.countAll().as('n'))
      .where('kind', '=', kind)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  /** Forgets tickets of a kind that end first, so that there is room for one more. */
  async makeRoom(kind: TicketKind, most: number): Promise<void> {
    const last = await this.#db
      .selectFrom('tickets')
      .select('expires_at')
      .where('kind', '=', kind)
      .orderBy('expires_at', 'desc')
      .offset(most - 1)
      .limit(1)
      .executeTakeFirst();
    if (!last) return;
    const gone = await this.#db
      .deleteFrom('tickets')
      .where('kind', '=', kind)
      .where('expires_at', '<=', last.expires_at)
      .returning('hash')
      .execute();
    this.#issued.forget(
      null,
      gone.map(({ hash }) => hash),
    );
  }

  /** Forgets one ticket of a kind. */
  async forget(kind: TicketKind, hash: string): Promise<void> {
    await this.#db.deleteFrom('tickets').where('kind', '=', kind).where('hash', '=', hash).execute();
    this.#issued.forget(null, [hash]);
  }

  /** A ticket that could be used now. */
  async open(kind: TicketKind, hash: string, now: string): Promise<TicketRow | null> {
    const row = await this.#db
      .selectFrom('tickets')
      .selectAll()
      .where('hash', '=', hash)
      .where('kind', '=', kind)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    const ticket = row ? toTicket(row) : null;
    return ticket && (await this.#isGood(ticket, this.#db)) ? ticket : null;
  }

  /** Uses a ticket up: answers it to exactly one caller. */
  async use(tx: Connection, kind: TicketKind, hash: string, now: string): Promise<TicketRow | null> {
    // Held against the record before it is changed.
    if (HELD_KINDS.has(kind) && !(await this.follows(hash, tx))) return null;
    const row = await tx
      .updateTable('tickets')
      .set({ used_at: now })
      .where('hash', '=', hash)
      .where('kind', '=', kind)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .returningAll()
      .executeTakeFirst();
    touch(tx, 'tickets', [hash]);
    const ticket = row ? toTicket(row) : null;
    if (!ticket || !OF_PROCESS.has(kind)) return ticket;
    if (!this.#issued.isOpen(ticket)) return null;
    this.#issued.use(tx, hash);
    return ticket;
  }

  /** When a ticket was used, and of whom it was; null when it was not. */
  async used(kind: TicketKind, hash: string): Promise<{ usedAt: string; personId: string | null } | null> {
    const row = await this.#db
      .selectFrom('tickets')
      .select(['used_at', 'person_id'])
      .where('hash', '=', hash)
      .where('kind', '=', kind)
      .executeTakeFirst();
    return row?.used_at ? { usedAt: row.used_at, personId: row.person_id } : null;
  }

  /** Every ticket of a kind of somebody, used or not. */
  async ofPerson(kind: TicketKind, personId: string, tx: Connection = this.#db): Promise<TicketRow[]> {
    const rows = await tx
      .selectFrom('tickets')
      .selectAll()
      .where('kind', '=', kind)
      .where('person_id', '=', personId)
      .execute();
    return rows.map(toTicket);
  }

  /** Voids tickets of a kind that were not used: of one person, or those of nobody in particular. */
  async void(tx: Connection, kind: TicketKind, personId: string | null): Promise<void> {
    const gone = await tx
      .deleteFrom('tickets')
      .where('kind', '=', kind)
      .where('person_id', personId === null ? 'is' : '=', personId)
      .where('used_at', 'is', null)
      .returning('hash')
      .execute();
    this.#forgotten(tx, gone);
  }

  /** Ends tickets of a kind of somebody, used or not. @returns what they were */
  async endAll(tx: Connection, kind: TicketKind, personId: string): Promise<TicketRow[]> {
    const gone = await tx
      .deleteFrom('tickets')
      .where('kind', '=', kind)
      .where('person_id', '=', personId)
      .returningAll()
      .execute();
    this.#forgotten(tx, gone);
    return gone.map(toTicket);
  }

  #forgotten(tx: Connection, gone: readonly { hash: string }[]): void {
    const hashes = gone.map(({ hash }) => hash);
    touch(tx, 'tickets', hashes);
    this.#issued.forget(tx, hashes);
  }

  /**
   * Ends what was handed on and not used yet, set-up links and links to a provider: those for a person, or those that one
   * actor made. They stay, and no longer say who made them: what has no maker opens nothing.
   */
  async endHandedOn(
    tx: Connection,
    which: { readonly personId: string } | { readonly maker: string },
  ): Promise<void> {
    const rows = await tx
      .selectFrom('tickets')
      .select(['hash', 'person_id', 'data'])
      .where('kind', 'in', ['set-up', 'provider-link'])
      .where('person_id', 'is not', null)
      .where('used_at', 'is', null)
      .execute();
    const ended = rows
      .filter(({ person_id, data }) =>
        'maker' in which
          ? (JSON.parse(data) as { maker?: unknown }).maker === which.maker
          : person_id === which.personId,
      )
      .map(({ hash }) => hash);
    for (const hash of ended)
      await tx.updateTable('tickets').set({ data: '{}' }).where('hash', '=', hash).execute();
    touch(tx, 'tickets', ended);
  }

  /**
   * Counts an attempt within a window that begins with the first of them.
   * @returns attempts in the window, this one included, and when it began (milliseconds)
   */
  async attempt(key: string, nowMs: number, windowMs: number): Promise<{ count: number; sinceMs: number }> {
    const over = sql<boolean>`attempts.since <= ${nowMs - windowMs}`;
    const row = await this.#db
      .insertInto('attempts')
      .values({ key, count: 1, since: nowMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({
          count: sql<number>`case when ${over} then 1 else attempts.count + 1 end`,
          since: sql<number>`case when ${over} then ${nowMs} else attempts.since end`,
        }),
      )
      .returning(['count', 'since'])
      .executeTakeFirstOrThrow();
    return { count: Number(row.count), sinceMs: Number(row.since) };
  }

  /** How many counts have a name that holds a text. */
  async countAttempts(text: string): Promise<number> {
    const row = await this.#db
      .selectFrom('attempts')
      .select((e) => e.fn.countAll().as('n'))
      .where('key', 'like', `%${text}%`)
      .executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  /** Takes a counted attempt back: it turned out not to be one. */
  async takeBack(key: string): Promise<void> {
    await this.#db
      .updateTable('attempts')
      .set({ count: sql<number>`count - 1` })
      .where('key', '=', key)
      .where('count', '>', 0)
      .execute();
  }

  /** Forgets counts of windows that began before a time. */
  async purgeAttempts(beforeMs: number): Promise<void> {
    await this.#db.deleteFrom('attempts').where('since', '<', beforeMs).execute();
  }
}

const toTicket = (row: Database['tickets']): TicketRow => ({
  hash: row.hash,
  kind: row.kind as TicketKind,
  personId: row.person_id,
  data: JSON.parse(row.data) as Record<string, unknown>,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { newEvent, type SallyportEvent } from '@sallyport/core';
import { Kysely, PostgresDialect, SqliteDialect, type Transaction } from 'kysely';
import type { Pool } from 'pg';
import { AiUses } from './ai-uses.ts';
import { Events } from './events.ts';
import { Exchanges } from './exchanges.ts';
import { Factors } from './factors.ts';
import { Findings } from './findings.ts';
import { GrantingRows, Quarantine, type RowDigests, takeTouched } from './granting.ts';
import { Holds } from './holds.ts';
import { Integrations } from './integrations.ts';
import { InventoryStore } from './inventory.ts';
import { Keys } from './keys.ts';
import { migrate, stateTables } from './migrations.ts';
import { forOwner } from './owned-file.ts';
import { Pauses } from './pauses.ts';
import { People } from './people.ts';
import { plantedIn, requireNonePlanted } from './planted.ts';
import { PreImages } from './pre-images.ts';
import { Prices } from './prices.ts';
import { Programs } from './programs.ts';
import { Provisioning } from './provisioning.ts';
import { Reviews } from './reviews.ts';
import type { Database } from './schema.ts';
import { SecretOrigins } from './secret-origins.ts';
import { Sessions } from './sessions.ts';
import { type Making, type Room, ShuttingOut, type UnstoredChange, type Work } from './shutting-out.ts';
import { type Sqlite, sqliteDatabase } from './sqlite-driver.ts';
import { sqliteReader } from './sqlite-reader.ts';
import { dumpState, loadState, postgresRows, type RowReader, sqliteRows } from './state-copy.ts';
import { StateView } from './state-view.ts';
import { Systems } from './systems.ts';
import { Tickets } from './tickets.ts';

export type Engine = 'sqlite' | 'postgres';
/** A connection or a transaction. */
export type Connection = Kysely<Database> | Transaction<Database>;

/** Who asks for changes, and may be gone by the time that they are made. */
export interface Asking {
  /** As events name them. */
  readonly actor: string;
  /** Whether they are there still, as the transaction sees it. */
  isThere(tx: Connection): Promise<boolean>;
  /** What they changed of their own is no reason to refuse what follows in the same request. */
  changed(tx: Connection): Promise<void>;
  /** What they are told. */
  refusal(): Error;
}

/** Rows whose digests one event holds: an entry of the log is short. */
const ROWS_MAX = 256;

/** Events that say besides what rows are from then on: the first of them, and more where those are many. */
export function withRows(events: readonly SallyportEvent[], rows: RowDigests): SallyportEvent[] {
  const all = Object.entries(rows);
  if (all.length === 0) return [...events];
  const [first = newEvent('state-noted', { actor: 'sallyport', subject: 'organisation' }), ...rest] = events;
  const out: SallyportEvent[] = [{ ...first, rows: Object.fromEntries(all.slice(0, ROWS_MAX)) }, ...rest];
  for (let at = ROWS_MAX; at < all.length; at += ROWS_MAX)
    out.push({
      ...newEvent('state-noted', { actor: first.actor, subject: first.subject }),
      rows: Object.fromEntries(all.slice(at, at + ROWS_MAX)),
    });
  return out;
}

/** State, outbox and projections behind one interface; the same contract suite runs over both engines. */
export class Store {
  readonly engine: Engine;
  /** Rows that let someone do something, to be held against the record. */
  readonly granting: GrantingRows;
  /** What rows were before they were changed. */
  readonly preImages: PreImages;
  readonly keys: Keys;
  readonly systems: Systems;
  readonly secretOrigins: SecretOrigins;
  readonly people: People;
  readonly sessions: Sessions;
  readonly factors: Factors;
  readonly tickets: Tickets;
  readonly holds: Holds;
  readonly prices: Prices;
  readonly programs: Programs;
  readonly provisioning: Provisioning;
  readonly reviews: Reviews;
  readonly integrations: Integrations;
  readonly inventory: InventoryStore;
  readonly findings: Findings;
  readonly aiUses: AiUses;
  readonly exchanges: Exchanges;
  readonly events: Events;
  readonly #db: Kysely<Database>;
  /** Called when events wait in the outbox; resolves when they are in the record. */
  #deliver: () => Promise<void> = async () => {};
  readonly #shutting: ShuttingOut;
  readonly #asking = new AsyncLocalStorage<Asking>();
  readonly #pauses = new Pauses();

  readonly #reader: Kysely<Database>;
  readonly #rows: () => Promise<RowReader>;

  private constructor(
    db: Kysely<Database>,
    engine: Engine,
    sqlite: Sqlite | null,
    rows: () => Promise<RowReader>,
    reader: Kysely<Database>,
    before: Kysely<Database> | null,
  ) {
    this.#reader = reader;
    this.preImages = new PreImages(before);
    this.#rows = rows;
    this.#db = db;
    this.engine = engine;
    const quarantined = new Quarantine();
    this.granting = new GrantingRows(db, quarantined);
    this.#shutting = new ShuttingOut(
      { commit: (work, making) => this.#commit(work, making), deliver: () => this.#deliver() },
      quarantined,
    );
    this.keys = new Keys(db, quarantined);
    this.systems = new Systems(db, quarantined);
    this.secretOrigins = new SecretOrigins(db, quarantined);
    this.people = new People(db, quarantined);
    this.sessions = new Sessions(db, quarantined);
    this.factors = new Factors(db, quarantined);
    this.tickets = new Tickets(db, quarantined);
    this.holds = new Holds(db, quarantined);
    this.prices = new Prices(db);
    this.programs = new Programs(db, quarantined);
    this.provisioning = new Provisioning(db, quarantined);
    this.reviews = new Reviews(db, quarantined);
    this.integrations = new Integrations(db, quarantined);
    this.inventory = new InventoryStore(db, quarantined);
    this.findings = new Findings(reader);
    this.aiUses = new AiUses(reader);
    this.exchanges = new Exchanges(db, sqlite, reader);
    this.events = new Events(db);
  }

  /** Wraps a connection and brings its schema up to date. */
  static async open(
    db: Kysely<Database>,
    engine: Engine,
    sqlite: Sqlite | null,
    rows: () => Promise<RowReader>,
    reader: Kysely<Database> = db,
    before: Kysely<Database> | null = null,
  ): Promise<Store> {
    await migrate(db, engine);
    requireNonePlanted(await plantedIn(db, engine, [...stateTables().keys()]));
    return new Store(db, engine, sqlite, rows, reader, before);
  }

  /**
   * All state as it is at one moment, as lines of JSON, while changes go on; {@link loadState} reads them.
   * @param alongside begins what is to be of that moment as well: while it does, changes wait
   */
  async dump(alongside: () => Promise<void> = async () => {}): Promise<AsyncGenerator<string>> {
    const reader = await this.#pauses.during(async () => {
      const opened = await this.#rows();
      try {
        await alongside();
      } catch (fault) {
        await opened.end();
        throw fault;
      }
      return opened;
    });
    return dumpState(reader);
  }

  /** The state as it is, to be held against the log. */
  view(): StateView {
    return new StateView(this.#reader, this.engine, async () => {});
  }

  /** Sets what takes events from the outbox into the record. */
  onOutbox(deliver: () => Promise<void>): void {
    this.#deliver = deliver;
  }

  /** Keeps room on the disk for what shuts someone out. @param onSettled told what waited, once it is stored or given up */
  keepRoom(room: Room, onSettled: ShuttingOut['onSettled']): void {
    this.#shutting.room = room;
    this.#shutting.onSettled = onSettled;
  }

  /**
   * Does something for whoever asks: a change that is theirs is made only while they are there still, whatever else took
   * its time between their request and the change.
   */
  asking<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
    return this.#asking.run(asking, work);
  }

  /**
   * Makes a change and its events in one transaction, then waits until the event is in the record: a change is
   * acknowledged only when it is recorded. When the record is down the event stays in the outbox.
   */
  async change<T>(work: Work<T>): Promise<T> {
    await this.#shutting.requireSettled();
    const result = await this.#commit(work);
    await this.#deliver();
    return result;
  }

  /**
   * Makes a change that shuts someone out. It is in force when this resolves, and also when it throws
   * `not-recorded-yet`: then it could not be stored, and the rows that it changes grant nothing for as long as this
   * process runs; or it is stored and not in the record. Either is tried again with {@link storeLate}.
   * @param shuts which of those rows grant nothing until it is stored; all of them when absent
   * @throws CodedError `not-recorded-yet`
   */
  shutOut<T>(work: Work<T>, shuts: (row: string, gone: boolean) => boolean = () => true): Promise<T> {
    return this.#shutting.make(work, shuts);
  }

  /** Makes a change with the room that is kept for what shuts someone out: it belongs to such a change. */
  urgent<T>(work: Work<T>): Promise<T> {
    return this.#shutting.withRoom(async () => {
      const result = await this.#commit(work);
      await this.#deliver();
      return result;
    });
  }

  /** Changes that act and are not stored. */
  get unstored(): readonly UnstoredChange[] {
    return this.#shutting.waiting;
  }

  /** Tries again to store and to record what could not be. */
  storeLate(): Promise<void> {
    return this.#shutting.store();
  }

  #commit<T>(work: Work<T>, making: Making = {}): Promise<T> {
    return this.#pauses.change(() => this.#commitNow(work, making));
  }

  async #commitNow<T>(work: Work<T>, { seen, since }: Making): Promise<T> {
    let gone: readonly string[] = [];
    // What acts already and is stored late was asked for in time.
    const asking = since === undefined ? this.#asking.getStore() : undefined;
    const result = await this.#db.transaction().execute(async (tx) => {
      const isThere = asking === undefined || (await asking.isThere(tx));
      const done = await work(tx);
      if (asking && [done.event].flat().some(({ actor }) => actor === asking.actor)) {
        if (!isThere) throw asking.refusal();
        await asking.changed(tx);
      }
      const events = [done.event]
        .flat()
        .map((one) => (since === undefined ? one : { ...one, data: { ...one.data, inForceSince: since } }));
      const touched = await takeTouched(tx);
      seen?.(touched, events);
      const rows = this.#blessed(touched, await this.preImages.altered(touched));
      for (const event of withRows(events, rows)) {
        await this.events.enqueue(tx, event);
        this.preImages.note(event.rows ?? {});
      }
      gone = Object.entries(rows).flatMap(([id, digest]) => (digest === null ? [id] : []));
      return done.result;
    });
    for (const id of gone) this.granting.quarantined.delete(id);
    return result;
  }

  /** Without rows that did not follow from the record before: a change of one part does not make the rest of it good. */
  #blessed(rows: RowDigests, altered: ReadonlySet<string>): RowDigests {
    return Object.fromEntries(
      Object.entries(rows).filter(
        ([id, digest]) => digest === null || !(this.granting.quarantined.diverges(id) || altered.has(id)),
      ),
    );
  }

  /** Records an event without a change. */
  async announce(event: SallyportEvent): Promise<void> {
    await this.change(async () => ({ result: undefined, event }));
  }

  /** A named value, or null. */
  async meta(name: string): Promise<string | null> {
    const row = await this.#db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst();
    return row?.value ?? null;
  }

  /** Sets a named value. */
  async setMeta(name: string, value: string): Promise<void> {
    await this.#db
      .insertInto('meta')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  async close(): Promise<void> {
    if (this.#reader !== this.#db) await this.#reader.destroy();
    await this.preImages.close();
    await this.#db.destroy();
  }
}

const readOnly = (path: string): Kysely<Database> =>
  new Kysely<Database>({ dialect: new SqliteDialect({ database: async () => sqliteDatabase(path, true) }) });

/** Opens the embedded store. @param path file, or `:memory:` */
export function openSqlite(path: string): Promise<Store> {
  if (path !== ':memory:') forOwner(path);
  const sqlite = sqliteDatabase(path);
  return Store.open(
    new Kysely<Database>({ dialect: new SqliteDialect({ database: sqlite }) }),
    'sqlite',
    sqlite,
    sqliteRows(path),
    ...(path === ':memory:' ? [] : [sqliteReader(path), readOnly(path)]),
  );
}

/** Opens a PostgreSQL store. @param url connection URL; a secret, never logged */
export async function openPostgres(url: string): Promise<Store> {
  // Loaded here: those with the embedded store need none of it.
  const pool = await postgresPool(url);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  // Not of that pool: changes under way may hold all of it.
  const before = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: await postgresPool(url, BEFORE_CONNECTIONS) }),
  });
  return Store.open(db, 'postgres', null, postgresRows(pool), db, before);
}

/** Opens the state of an installation to read it, and changes nothing: no schema is brought up to date. */
export async function viewState(
  place: { readonly file: string } | { readonly url: string },
): Promise<StateView> {
  const dialect =
    'file' in place
      ? new SqliteDialect({ database: sqliteDatabase(place.file, true) })
      : new PostgresDialect({ pool: await postgresPool(place.url) });
  const db = new Kysely<Database>({ dialect });
  return new StateView(db, 'file' in place ? 'sqlite' : 'postgres', () => db.destroy());
}

/** A 64-bit number as the nearest that JavaScript has exactly. */
const safeNumber = (text: string): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(text)));

const CONNECTIONS = 8;
/** Those that read what rows were before a change. */
const BEFORE_CONNECTIONS = 2;

async function postgresPool(url: string, max = CONNECTIONS): Promise<Pool> {
  const { default: pg } = await import('pg');
  const types = { getTypeParser: (oid: number) => (oid === 20 ? safeNumber : pg.types.getTypeParser(oid)) };
  const pool = new pg.Pool({ connectionString: url, max, types: types as never });
  pool.on('error', () => {});
  return pool;
}

/**
 * Fills an embedded store that does not exist yet with what {@link Store.dump} gave.
 * @returns rows that it holds
 */
export async function loadSqlite(path: string, lines: AsyncIterable<string>): Promise<number> {
  forOwner(path);
  const database = sqliteDatabase(path);
  return loadAndClose(new Kysely<Database>({ dialect: new SqliteDialect({ database }) }), 'sqlite', lines);
}

/** Fills an empty PostgreSQL database. @param url connection URL; a secret, never logged @returns rows that it holds */
export async function loadPostgres(url: string, lines: AsyncIterable<string>): Promise<number> {
  const dialect = new PostgresDialect({ pool: await postgresPool(url) });
  return loadAndClose(new Kysely<Database>({ dialect }), 'postgres', lines);
}

async function loadAndClose(
  db: Kysely<Database>,
  engine: Engine,
  lines: AsyncIterable<string>,
): Promise<number> {
  try {
    return await loadState(db, engine, lines);
  } finally {
    await db.destroy();
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { SallyportEvent } from '@sallyport/core';
import { InTurn } from '@sallyport/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import { AiUses } from './ai-uses.ts';
import type { Asking } from './asking.ts';
import { Events } from './events.ts';
import { Exchanges } from './exchanges.ts';
import { Factors } from './factors.ts';
import { Findings } from './findings.ts';
import { GrantingRows, Quarantine, type RowDigests, takeTouched } from './granting.ts';
import { Holds } from './holds.ts';
import { Integrations } from './integrations.ts';
import { InventoryStore } from './inventory.ts';
import { Keys } from './keys.ts';
import type { LogRows } from './log-rows.ts';
import { migrate, stateTables } from './migrations.ts';
import { withRows } from './noted-rows.ts';
import { Outbox } from './outbox.ts';
import { Pauses } from './pauses.ts';
import { People } from './people.ts';
import { plantedIn, requireNonePlanted } from './planted.ts';
import { PreImages } from './pre-images.ts';
import { Prices } from './prices.ts';
import { Programs } from './programs.ts';
import { type ProjectedRows, projectedAt } from './projected-rows.ts';
import { Provisioning } from './provisioning.ts';
import { Reviews } from './reviews.ts';
import type { Database } from './schema.ts';
import { SecretOrigins } from './secret-origins.ts';
import { Sessions } from './sessions.ts';
import { type Making, type Room, ShuttingOut, type UnstoredChange, type Work } from './shutting-out.ts';
import type { Sqlite } from './sqlite-driver.ts';
import { dumpState, type RowReader } from './state-copy.ts';
import { StateView } from './state-view.ts';
import { Systems } from './systems.ts';
import { Tickets } from './tickets.ts';

export type Engine = 'sqlite' | 'postgres';
/** A connection or a transaction. */
export type Connection = Kysely<Database> | Transaction<Database>;

/** Under which changes wait for each other in PostgreSQL; migrations have the number before it. */
const CHANGES_LOCK = 5_348_002;

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
  readonly outbox: Outbox;
  readonly #db: Kysely<Database>;
  /** Called when events wait in the outbox; resolves when they are in the record. */
  #deliver: () => Promise<void> = async () => {};
  readonly #shutting: ShuttingOut;
  readonly #asking = new AsyncLocalStorage<Asking>();
  readonly #pauses = new Pauses();
  /** The change that was begun last. */
  readonly #turn = new InTurn();

  readonly #reader: Kysely<Database>;
  /** Where what was stored is read as it is at one moment. */
  readonly #moments: Kysely<Database>;
  readonly #rows: () => Promise<RowReader>;
  readonly #sqlite: Sqlite | null;

  private constructor(
    db: Kysely<Database>,
    engine: Engine,
    sqlite: Sqlite | null,
    rows: () => Promise<RowReader>,
    reader: Kysely<Database>,
    before: Kysely<Database> | null,
  ) {
    this.#reader = reader;
    this.#moments = before ?? db;
    this.preImages = new PreImages(before);
    this.#rows = rows;
    this.#sqlite = sqlite;
    this.#db = db;
    this.engine = engine;
    const quarantined = new Quarantine();
    quarantined.follows = (row, now) => this.preImages.followsSoon(row, now);
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
    this.tickets = new Tickets(db, this.preImages, quarantined);
    this.holds = new Holds(db, quarantined);
    this.prices = new Prices(db);
    this.programs = new Programs(db, quarantined);
    this.provisioning = new Provisioning(db, quarantined);
    this.reviews = new Reviews(db, quarantined);
    this.integrations = new Integrations(db, quarantined);
    this.inventory = new InventoryStore(db, quarantined);
    this.findings = new Findings(reader, quarantined);
    this.aiUses = new AiUses(reader, quarantined);
    this.exchanges = new Exchanges(db, sqlite, reader);
    this.events = new Events(db);
    this.outbox = new Outbox(db);
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
    const requireOwn = async (): Promise<void> =>
      requireNonePlanted(await plantedIn(db, engine, [...stateTables().keys()]));
    // Before, too: what is to be found may lie where migrations would make tables anew.
    await requireOwn();
    await migrate(db, engine);
    await requireOwn();
    return new Store(db, engine, sqlite, rows, reader, before);
  }

  /** Asks the database whether it is there. @throws CodedError `database-unavailable` */
  async ask(): Promise<void> {
    await sql`select 1`.execute(this.#reader);
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

  /** Rows that the log makes by itself, as they are at one moment. */
  projected(): Promise<ProjectedRows> {
    return projectedAt(this.#moments, this.engine);
  }

  /** Has findings, uses of AI and prices asked of the log as well: where their rows do not follow from it, what it says counts. */
  follow(log: LogRows): void {
    this.prices.log = log;
    this.findings.log = log;
    this.aiUses.log = log;
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

  /** Asks once more about what somebody may, just before the first change that they asked for. See {@link asking}. */
  askAgain(again: () => Promise<void>): void {
    this.#asking.getStore()?.keep(again);
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
    return this.#pauses.change(() => {
      // One after the other: those that wait hold no connection, which the one under way may need.
      return this.#turn.do(() => this.#commitNow(work, making));
    });
  }

  async #commitNow<T>(work: Work<T>, { seen, since }: Making): Promise<T> {
    const enqueued: SallyportEvent[] = [];
    let gone: readonly string[] = [];
    let stored: Connection | null = null;
    // What acts already and is stored late was asked for in time.
    const asking = since === undefined ? this.#asking.getStore() : undefined;
    // Before the transaction: it reads what is stored, and no other change of this process comes between.
    await asking?.again();
    const made = this.#db.transaction().execute(async (tx) => {
      // What a change has seen is so until it is made, whoever else has a connection: the embedded engine has one for all.
      if (this.engine === 'postgres')
        await sql`select pg_catalog.pg_advisory_xact_lock(${CHANGES_LOCK}::bigint)`.execute(tx);
      await this.outbox.settle(tx);
      const isThere = asking === undefined || (await asking.isThere(tx));
      const done = await work(tx);
      if (asking && [done.event].flat().some(({ actor }) => actor === asking.actor)) {
        const altered = await this.preImages.altered(asking.rows);
        if (!isThere || altered.size > 0) throw asking.refusal();
        await asking.changed(tx);
        // That somebody was permitted something is no change yet.
        if ([done.event].flat().some(({ type }) => type !== 'access-decided')) asking.made();
      }
      const events = [done.event]
        .flat()
        .map((one) => (since === undefined ? one : { ...one, data: { ...one.data, inForceSince: since } }));
      const touched = await takeTouched(tx);
      seen?.(touched, events);
      const rows = this.#blessed(touched, await this.preImages.altered(Object.keys(touched)));
      for (const event of withRows(events, rows)) {
        enqueued.push(event);
        await this.outbox.enqueue(tx, event);
        this.preImages.note(event.rows ?? {});
      }
      gone = Object.entries(rows).flatMap(([id, digest]) => (digest === null ? [id] : []));
      stored = tx;
      return done.result;
    });
    const result = await made.catch((fault) => {
      this.outbox.ended(enqueued, 'unsure');
      throw fault;
    });
    this.outbox.ended(enqueued, 'stored');
    for (const { rows = {} } of enqueued) this.preImages.stored(rows);
    if (stored !== null) this.tickets.stored(stored);
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

  /**
   * Gives room of removed rows back to the disk, where the file of the embedded engine can; the other engine's server does that itself.
   * @param pages at most so many at once, of 4 KiB each @returns how many
   */
  async giveBack(pages: number): Promise<number> {
    return this.#sqlite?.giveBack(pages) ?? 0;
  }

  async close(): Promise<void> {
    if (this.#reader !== this.#db) await this.#reader.destroy();
    await this.preImages.close();
    await this.#db.destroy();
  }
}

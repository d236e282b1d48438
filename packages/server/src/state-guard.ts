import { join } from 'node:path';
import { CodedError, clock, newEvent, type SallyportEvent, type WorkerLeaf } from '@sallyport/core';
import { HELD, priceEvents, projectedOf, type RowDigest, type Said, withRows } from '@sallyport/store';
import type { CallTally } from './call-tally.ts';
import type { ExpiredCalls } from './expired-calls.ts';
import type { Installation } from './installation.ts';
import { log } from './log.ts';
import { NextRound } from './next-round.ts';
import type { SaidEvents } from './said-events.ts';
import { whatWasSaid } from './state-said.ts';
import { DIVERGENCE_WORDS, type Divergence, StateWatch } from './state-watch.ts';

/** Looks at rows that seem to diverge, until a change that is under way can be no reason. */
const LOOKS = 4;
const LOOK_MS = 200;
/** Rows named in one event. */
const NAMED_MAX = 100;
const REASON_CHARACTERS_MAX = 500;
/** Entries read since what was read was kept: so many are read again after a crash. */
const UNSAVED_MAX = 20_000;

const digestsOf = (rows: ReadonlyMap<string, RowDigest>): Record<string, string> =>
  Object.fromEntries([...rows].map(([row, { digest }]) => [row, digest]));

/** Holds rows that grant something against what the log says of them; those that do not follow from it grant nothing. */
export class StateGuard {
  readonly #installation: Installation;
  readonly #path: string;
  #watch: StateWatch;
  #diverging: readonly Divergence[] = [];
  readonly #looks = new NextRound(() => this.#look());
  /** How many rows of the outbox were put there by others. */
  #refused = 0;
  #savedAt: number;
  /** Whether what waits for the rows that the log makes is read in. */
  #isReading = false;
  #said: ReadonlyMap<string, Said> = new Map();

  constructor(installation: Installation) {
    this.#installation = installation;
    // Not part of a backup: what a restored state follows from is read from its log.
    this.#path = join(installation.folder, 'state.db-follows');
    this.#watch = StateWatch.load(this.#path, installation.signers, installation.ledger.size);
    this.#savedAt = this.#watch.next;
  }

  /** Whether the log says of rows what they are: those of earlier versions do not. */
  get noted(): boolean {
    return this.#watch.noted;
  }

  /** Rows that did not follow when they were looked at last. */
  get diverging(): readonly Divergence[] {
    return this.#diverging;
  }

  /** Reads an entry as it is projected. */
  see(index: number, leaf: WorkerLeaf | SallyportEvent): void {
    this.#watch.see(index, leaf);
    const { rows } = leaf as SallyportEvent;
    if (rows !== undefined) this.#installation.store.preImages.recorded(rows);
    if (!this.#watch.log.isFull || this.#isReading) return;
    this.#isReading = true;
    const read = async (): Promise<void> =>
      this.#watch.log.readIn(await this.#installation.store.exchanges.cursor());
    setImmediate(
      () =>
        void read()
          .catch(() => {})
          .finally(() => {
            this.#isReading = false;
          }),
    );
  }

  /** At the start, before anything is read: what an earlier run read counts where it is of this log. */
  async requireOwn(): Promise<void> {
    if (await this.#watch.isOf((index) => this.#installation.ledger.leaf(index))) return;
    log('error', 'what was read of the record before is of another history, and the record is read again', {
      file: this.#path,
    });
    this.#watch = new StateWatch();
    this.#savedAt = 0;
  }

  /** Reads what the projection has and this has not. @param until first entry that is still to be projected */
  async replay(until: number): Promise<void> {
    if (this.#watch.next >= until) return;
    for await (const { index, leaf } of this.#installation.ledger.read(this.#watch.next, until)) {
      this.#watch.seeBytes(index, leaf);
      if (this.#watch.log.isFull) await this.#watch.log.readIn(until);
    }
  }

  /**
   * Events that decide about someone, as the log has them now. The log itself is read on.
   */
  async said(): Promise<SaidEvents> {
    await this.readOn();
    return this.#watch.events;
  }

  /** Reads what the log has and this has not: the database says neither what that is nor how much. */
  async readOn(): Promise<void> {
    await this.replay(this.#installation.ledger.size);
  }

  /** Calls whose rows have expired, as the log says now. */
  async expired(): Promise<ExpiredCalls> {
    await this.readOn();
    return this.#watch.expired;
  }

  /** Calls without an end, and what was spent, as far as the log was read. See {@link readOn}. */
  get calls(): CallTally {
    return this.#watch.calls;
  }

  /** Where the latest life of a system began or ended, by name, as the log has it. @param cursor entries that count */
  lives(cursor: number): ReadonlyMap<string, number> {
    return this.#watch.lives(cursor);
  }

  /** Rows that someone else put into the outbox are not recorded. @param rows how many */
  refuse(rows: number): void {
    if (rows === 0) return;
    this.#refused += rows;
    log('error', 'events in the outbox were not put there by this installation, and are not recorded', {
      rows,
    });
  }

  /** At the start: notes the rows of an earlier version, or looks whether all follow. @param fresh whether the installation is new */
  async begin(fresh: boolean): Promise<void> {
    const { store } = this.#installation;
    if (!fresh && this.#watch.held < HELD) await this.#adopt();
    store.follow(this.#watch.log);
    await this.look();
    const { preImages, granting } = store;
    granting.quarantined.saidOf = (table) => this.#watch.keysOf(table);
    preImages.said = (row) => this.#watch.said(row);
    preImages.onAltered = () => void this.look().catch(() => {});
  }

  /**
   * Earlier versions said in the log of fewer columns and tables what they are. What is there now is taken for right, once: what
   * followed by what the log said before, and all that it said nothing of. The log says so, and from then on all of it is held.
   * Rows that the log makes by itself are made what it makes of them: earlier versions made some of them otherwise.
   */
  async #adopt(): Promise<void> {
    const { store } = this.#installation;
    const digests = await store.granting.digests();
    const from = this.#watch.held;
    const rows = from === 0 ? digestsOf(digests) : this.#watch.adopted(digests);
    const again = (await this.#watch.unheldProjected(() => store.projected())).map(({ row }) => row);
    // Of prices earlier versions said in the log which they were by a digest alone: what is there is said anew.
    const prices = again.some((row) => projectedOf(row) === 'prices') ? await store.prices.stored() : null;
    const putBack = again.filter((row) => projectedOf(row) !== 'prices');
    const data = {
      ...{ rows: Object.keys(rows).length, first: from === 0, from, held: HELD, putBack: putBack.length },
      ...(putBack.length > 0 ? { examples: putBack.slice(0, NAMED_MAX) } : {}),
    };
    const event = newEvent('state-noted', { actor: 'sallyport', subject: 'organisation', data });
    // In one step: of what is left out by a crash the log would say for ever that it is unknown.
    const events = [
      ...withRows([{ ...event, rows: {} }], rows),
      ...(prices ? priceEvents('sallyport', prices.rows, prices.version) : []),
    ];
    const cursor = await store.exchanges.cursor();
    await store.change(async (tx) => {
      await this.#watch.log.putBack(tx, store.engine, cursor, putBack);
      return { result: undefined, event: events };
    });
    await this.#installation.flush();
    await this.save();
  }

  /**
   * Looks at every row that grants something. Those that do not follow from the log grant nothing from now on, and are told.
   * @returns whether what does not follow has changed
   */
  look(): Promise<boolean> {
    return this.#looks.do();
  }

  async #look(): Promise<boolean> {
    const { store } = this.#installation;
    if (this.#watch.next - this.#savedAt > UNSAVED_MAX) await this.save();
    // While the record is down, what waits stays: it excuses its own rows below.
    await this.#installation.sweep().catch(() => {});
    let found: Divergence[] = [];
    for (let at = 0; at < LOOKS; at++) {
      const digests = await store.granting.digests();
      const ahead = store.outbox.ahead();
      await this.#installation.flush();
      // What the database says of how far it is may keep the projection from reading on.
      await this.readOn();
      const now = this.#watch
        .diverging(digests)
        .filter(({ row }) => ahead.get(row)?.has(digests.get(row)?.digest ?? null) !== true);
      found = at === 0 ? now : found.filter((one) => now.some(({ row }) => row === one.row));
      if (found.length === 0) break;
      await new Promise((tick) => setTimeout(tick, LOOK_MS));
    }
    const projected = await this.#projected();
    found = [...found, ...projected];
    const known = new Map(this.#diverging.map(({ row, why }) => [row, why]));
    const fresh = found.filter(({ row, why }) => known.get(row) !== why);
    const changed = fresh.length > 0 || found.length !== this.#diverging.length;
    this.#diverging = found;
    if (changed) this.#said = await whatWasSaid(this.#installation.ledger, found);
    const missing = new Set(found.flatMap(({ row, why }) => (why === 'missing' ? [row] : [])));
    store.granting.quarantined.put(
      found.map(({ row }) => row),
      missing,
      this.#said,
    );
    if (fresh.length > 0 || this.#refused > 0) await this.#tell(fresh);
    return changed;
  }

  /** Rows that the log makes by itself, and that are something else; while the state is made anew, those of before. */
  async #projected(): Promise<readonly Divergence[]> {
    const { store } = this.#installation;
    const now = await this.#watch.projected(() => store.projected());
    return now ?? this.#diverging.filter(({ row }) => projectedOf(row) !== null);
  }

  async #tell(fresh: readonly Divergence[]): Promise<void> {
    for (const { row, why } of fresh.slice(0, NAMED_MAX))
      log('error', 'a row of the state does not follow from the record, and counts for nothing', {
        row,
        why: DIVERGENCE_WORDS[why],
        help: 'sallyport state',
      });
    const data = { rows: fresh.slice(0, NAMED_MAX), count: fresh.length, refusedEvents: this.#refused };
    this.#refused = 0;
    await this.#installation.announce(
      newEvent('state-diverged', { actor: 'sallyport', subject: 'organisation', data }),
    );
  }

  /**
   * Takes a row for right as it is, by the word of whoever owns the machine. One that the log makes by itself is made what it makes of it.
   * @throws CodedError `not-found`, `request-invalid`
   */
  async accept(actor: string, row: string, reason: string): Promise<void> {
    if (reason.trim() === '' || reason.length > REASON_CHARACTERS_MAX)
      throw new CodedError('request-invalid', `say why, in up to ${REASON_CHARACTERS_MAX} characters`);
    const { store } = this.#installation;
    const known = this.#diverging.find((one) => one.row === row);
    if (known && projectedOf(row) !== null) {
      const data = { row, reason, putBack: true };
      const event = newEvent('state-accepted', { actor, subject: 'organisation', data });
      await this.#installation.flush();
      const cursor = await store.exchanges.cursor();
      await store.change(async (tx) => {
        await this.#watch.log.putBack(tx, store.engine, cursor, [row]);
        return { result: undefined, event };
      });
      await this.look();
      return;
    }
    const digest = (await store.granting.digests()).get(row)?.digest ?? null;
    if (!known || (digest === null) !== (known.why === 'missing'))
      throw new CodedError('not-found', `no row \`${row.slice(0, 80)}\` waits to be judged`);
    const event = newEvent('state-accepted', { actor, subject: 'organisation', data: { row, reason } });
    await this.#installation.announce({ ...event, rows: { [row]: digest } });
    await this.look();
  }

  /** Keeps what was read, so that the next start need not read the whole log. */
  async save(): Promise<void> {
    this.#savedAt = this.#watch.next;
    const { ledger, signers } = this.#installation;
    const leafOf = (index: number): Promise<Uint8Array | null> => ledger.leaf(index);
    await this.#watch.save(this.#path, signers, Math.floor(clock.nowMs() / 1000), leafOf);
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.save();
    await this.#watch.log.close();
  }
}

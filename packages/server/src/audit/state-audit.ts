import type { ExchangeLeaf, SallyportEvent } from '@sallyport/core';
import { type LedgerProblem, TILE_WIDTH } from '@sallyport/ledger';
import {
  closedRow,
  type EventRow,
  type ExchangeRow,
  eventRow,
  isHeld,
  openRow,
  PROJECTED_TOGETHER_MAX,
  projectedOf,
  type StateView,
} from '@sallyport/store';
import { callOf } from '../recorded-in.ts';
import { DIVERGENCE_WORDS, type Divergence, StateWatch } from '../state-watch.ts';
import type { RowsMade } from './audit-memory.ts';
import { ExpiredRows, NO_DAYS } from './expired-rows.ts';
import { differing, differingExchange, EVENT_COLUMNS, type Expected, entryOf } from './projected-rows.ts';
import { countRows, newTally } from './row-counts.ts';
import { FILE, type StateReport, unread } from './state-report.ts';

/** How state is held against the log. */
export interface StateAuditOptions {
  readonly view: StateView;
  /** Whose signature an event in the outbox must carry. */
  readonly isSealed: (text: string, seal: string) => boolean;
  /** What a server that runs says of rows that grant something: its changes are on their way while it is asked. */
  readonly told?: readonly Divergence[];
  /** Whether the exchanges and events of a bundle of entries are looked at; all are, unless said otherwise. */
  readonly sample?: (bundle: number) => boolean;
  /** What the entries of bundles made, as read before: those that are not in the sample need not be shown again. */
  readonly made?: Map<number, RowsMade>;
}

const PROBLEMS_MAX = 100;
const MISSING = 'is in the log and missing in the state';
/** Bundles behind one that was looked at in which ends of its exchanges are looked for. */
const ENDS_WITHIN = 4;
const BATCH_ROWS = 500;

const [INTENT, DENIED, OUTCOME, HEARTBEAT, CALLS_EXPIRED] = [
  'exchange-intent',
  'exchange-denied',
  'exchange-outcome',
  'worker-heartbeat',
  'calls-expired',
].map((type) => Buffer.from(`"type":"${type}"`)) as [Buffer, Buffer, Buffer, Buffer, Buffer];

/** Holds the state against the log as its entries are verified: exchanges, events, and rows that grant something. */
export class StateAudit {
  readonly #options: StateAuditOptions;
  /** How many entries the state has seen: null until it was asked. */
  #cursor: number | null = null;
  /** Events that this installation put into the outbox, by id, without those that the log has. */
  #waiting = new Map<string, SallyportEvent>();
  #next = 0;
  #watch = new StateWatch();
  #open = new Map<string, ExchangeRow>();
  #exchanges: Expected<ExchangeRow>[] = [];
  #events: Expected<EventRow>[] = [];
  #tally = newTally();
  #expired = new ExpiredRows();
  #counts = { exchanges: 0, events: 0, missing: 0, different: 0 };
  /** Exchanges that were looked at and whose ends were not found in the bundles that were read. */
  #unended: ExchangeRow[] = [];
  /** The bundle that is being read from its first entry on, and what was made before it. */
  #bundle: { readonly n: number; readonly exchanges: number; readonly events: number } | null = null;
  /** Entries of the journal that were not shown, since nothing says who wrote them. */
  #withheld = 0;
  /** The last bundle that was looked at. */
  #lookedAt = 0;
  /** The first entry behind the cursor of which a row is there that no crash leaves. */
  #setBack: number | null = null;
  #problems: LedgerProblem[] = [];
  /** Why the state cannot be read. */
  #fault: string | null = null;

  constructor(options: StateAuditOptions) {
    this.#options = options;
  }

  /** Forgets what was read: the log is read from its beginning. */
  begin(): void {
    this.#fault = null;
    this.#cursor = null;
    this.#waiting = new Map();
    this.#next = 0;
    this.#watch = new StateWatch();
    this.#open = new Map();
    this.#unended = [];
    this.#bundle = null;
    this.#exchanges = [];
    this.#events = [];
    this.#tally = newTally();
    this.#expired = new ExpiredRows();
    this.#counts = { exchanges: 0, events: 0, missing: 0, different: 0 };
    this.#setBack = null;
    this.#withheld = 0;
    this.#problems = [];
  }

  /**
   * Whether a bundle is to be shown although its entries were verified before: of exchanges that were looked at and have
   * not ended, the ends are looked for in some that follow.
   */
  wants(bundle: number): boolean {
    const { made, sample } = this.#options;
    if (this.#fault !== null) return false;
    if (!made?.has(bundle) || (sample?.(bundle) ?? true)) return true;
    return this.#open.size > 0 && bundle - this.#lookedAt <= ENDS_WITHIN;
  }

  /** Takes what the entries of a bundle made from before. */
  passed(bundle: number): void {
    const known = this.#options.made?.get(bundle);
    const { exchanges, events, days } = known ?? { exchanges: 0, events: 0, days: NO_DAYS };
    this.#expired.passed(days);
    this.#tally.exchanges.made += exchanges;
    this.#tally.events.made += events;
    this.#next = (bundle + 1) * TILE_WIDTH;
    // Their ends may stand here.
    this.#unended.push(...this.#open.values());
    this.#open = new Map();
  }

  /** Takes note that there are so many entries more which are not shown: what they may have made is not judged. */
  withheld(entries: number): void {
    this.#withheld = entries;
  }

  /** Remembers what the entries of a bundle made, where all of them were read and the state has seen them. */
  #remember(index: number): void {
    const { made } = this.#options;
    const { exchanges, events } = this.#tally;
    const n = Math.floor(index / TILE_WIDTH);
    if (!made || index % TILE_WIDTH !== TILE_WIDTH - 1) return;
    if (this.#bundle?.n === n && index < this.#cursor!)
      made.set(n, {
        exchanges: exchanges.made - this.#bundle.exchanges,
        events: events.made - this.#bundle.events,
        days: this.#expired.bundle(),
      });
    else made.delete(n);
  }

  /** Reads an entry. */
  async entry(index: number, leaf: Buffer): Promise<void> {
    if (this.#fault !== null) return;
    try {
      const { exchanges, events } = this.#tally;
      if (index % TILE_WIDTH === 0) {
        this.#expired.beginBundle();
        this.#bundle = { n: Math.floor(index / TILE_WIDTH), exchanges: exchanges.made, events: events.made };
      }
      await this.#entry(index, leaf);
      this.#remember(index);
    } catch (fault) {
      this.#fault = (fault as Error).message;
    }
  }

  /** Asks once how much the state has seen. */
  async #seen(): Promise<number> {
    if (this.#cursor !== null) return this.#cursor;
    const cursor = await this.#options.view.cursor();
    if (cursor === null) this.#say(null, null, 'the state does not say how many entries it has seen');
    this.#cursor = cursor ?? 0;
    if (!this.#options.told) await this.#readWaiting();
    return this.#cursor;
  }

  async #readWaiting(): Promise<void> {
    const { view, isSealed } = this.#options;
    for (const { text, seal } of await view.waiting()) {
      if (!isSealed(text, seal)) continue;
      const event = JSON.parse(text) as SallyportEvent;
      this.#waiting.set(event.id, event);
    }
  }

  async #entry(index: number, leaf: Buffer): Promise<void> {
    const isAhead = index >= (await this.#seen());
    // A server that runs says what diverges.
    if (!this.#options.told) {
      this.#watch.seeBytes(index, leaf);
      if (this.#watch.log.isFull) await this.#watch.log.readIn(this.#cursor!);
    }
    this.#next = index + 1;
    // What the log has may lie in the outbox again: it says nothing anew.
    if (this.#waiting.size > 0 && callOf(leaf) === null)
      this.#waiting.delete(entryOf<SallyportEvent>(leaf)?.id ?? '');
    const bundle = Math.floor(index / TILE_WIDTH);
    const isLooked = this.#options.sample?.(bundle) ?? true;
    if (isLooked) this.#lookedAt = bundle;
    if (leaf.includes(HEARTBEAT)) return;
    if (leaf.includes(OUTCOME)) {
      // Without its beginning, which is not looked at, nothing is known of its row.
      if (this.#open.size === 0) return;
      const own = entryOf<Extract<ExchangeLeaf, { type: 'exchange-outcome' }>>(leaf);
      if (own) this.#end(own, index);
    } else if (leaf.includes(INTENT) || leaf.includes(DENIED)) {
      this.#tally.exchanges[isAhead ? 'ahead' : 'made']++;
      const own = entryOf<Exclude<ExchangeLeaf, { type: 'exchange-outcome' }>>(leaf);
      if (!own) return;
      if (!isAhead) this.#expired.made(own.system, own.at);
      if (!isLooked) return;
      const row = openRow(own, index);
      if (own.type === 'exchange-denied') this.#exchanges.push({ rows: [row], isAhead });
      else this.#open.set(own.id, row);
    } else {
      this.#tally.events[isAhead ? 'ahead' : 'made']++;
      const isExpiry = leaf.includes(CALLS_EXPIRED);
      if (!isLooked && !isExpiry) return;
      const own = entryOf<SallyportEvent>(leaf);
      if (own && isExpiry) this.#expired.see(index, own);
      if (!isLooked) return;
      if (own) this.#events.push({ rows: [eventRow(own, index)], isAhead });
    }
    if (this.#exchanges.length + this.#events.length >= BATCH_ROWS) await this.#compare();
  }

  #end(leaf: Extract<ExchangeLeaf, { type: 'exchange-outcome' }>, index: number): void {
    const row = this.#open.get(leaf.id);
    if (!row) return;
    this.#open.delete(leaf.id);
    const cursor = this.#cursor!;
    const closed = closedRow(row, leaf, index);
    this.#exchanges.push({
      rows: index >= cursor ? [closed, row] : [closed],
      isAhead: row.intent_index >= cursor,
    });
  }

  #say(kind: 'missing' | 'different' | null, entry: number | null, message: string): void {
    if (kind) this.#counts[kind]++;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ file: FILE, entry, message });
  }

  async #compare(): Promise<void> {
    const { view } = this.#options;
    const [exchanges, events] = [this.#exchanges, this.#events];
    [this.#exchanges, this.#events] = [[], []];
    const ids = (list: readonly Expected<{ id: string }>[]): string[] => list.map(({ rows }) => rows[0].id);
    const rows: ReadonlyMap<string, ExchangeRow> =
      exchanges.length > 0 ? await view.exchanges(ids(exchanges)) : new Map();
    for (const should of exchanges) {
      const { id, intent_index: entry } = should.rows[0];
      const is = rows.get(id);
      this.#hold(
        'exchanges',
        should,
        `exchange \`${id}\``,
        entry,
        is && differingExchange(is, should, this.#next),
      );
      if (!is && !should.isAhead) this.#expired.missing(should.rows[0]);
      const last = Number(is?.outcome_index ?? is?.intent_index ?? 0);
      if (last >= this.#cursor! + PROJECTED_TOGETHER_MAX) this.#setBack ??= last;
    }
    const known: ReadonlyMap<string, EventRow> =
      events.length > 0 ? await view.events(ids(events)) : new Map();
    for (const should of events) {
      const { id, type, leaf_index: entry } = should.rows[0];
      const is = known.get(id);
      this.#hold(
        'events',
        should,
        `event \`${id}\` (${type})`,
        entry,
        is && differing(is, should, EVENT_COLUMNS),
      );
      // Events are read into the state in one step with the number of entries that it has seen.
      if (is && should.isAhead) this.#setBack ??= entry;
    }
  }

  /** @param wrong in which columns a row is not what it should be; undefined where there is none */
  #hold(
    kind: 'exchanges' | 'events',
    { isAhead }: Expected<unknown>,
    name: string,
    entry: number,
    wrong: readonly string[] | undefined,
  ): void {
    const tally = this.#tally[kind];
    if (wrong === undefined) {
      if (isAhead) return;
      // Of calls it is told at the end, once all that may say why was read.
      if (kind === 'exchanges') return;
      tally.gone++;
      this.#say('missing', entry, `${name} ${MISSING}`);
      return;
    }
    if (isAhead) tally.there++;
    if (wrong.length === 0) this.#counts[kind]++;
    else this.#say('different', entry, `${name} is not what the log says: ${wrong.join(', ')}`);
  }

  /** Rows that grant something, by what the log and the events that wait for it say. */
  async #diverging(): Promise<readonly Divergence[] | null> {
    const { view, told } = this.#options;
    if (told) return told;
    if (!this.#watch.noted || this.#withheld > 0) return null;
    const projected = await this.#watch.projected(() => view.projected());
    for (const event of this.#waiting.values()) this.#watch.see(this.#watch.next, event);
    return [...this.#watch.diverging(await view.digests()), ...(projected ?? [])];
  }

  /** What was found; call it once the log is read. A state that cannot be read is not taken for right. */
  async report(): Promise<StateReport> {
    try {
      if (this.#fault === null) return await this.#report();
    } catch (fault) {
      this.#fault = (fault as Error).message;
    }
    return unread('bad', `the state cannot be read: ${this.#fault}`);
  }

  async #report(): Promise<StateReport> {
    const { view, told } = this.#options;
    const cursor = await this.#seen();
    this.#exchanges.push(
      ...[...this.#open.values()].map((row) => ({
        rows: [row] as const,
        isAhead: row.intent_index >= cursor,
      })),
      ...this.#unended.map((row) => ({ rows: [row] as const, isAhead: false, isEndUnread: true })),
    );
    this.#open = new Map();
    for (const words of await view.planted()) this.#say(null, null, words);
    await this.#compare();
    if (cursor > this.#next + this.#withheld && !told)
      this.#say(
        null,
        this.#next,
        `the state has seen ${cursor} entries, and the log has ${this.#next}: it was cut`,
      );
    // A server that runs reads more into the state meanwhile.
    if (this.#setBack !== null && !told)
      this.#say(
        null,
        this.#setBack,
        `the state says that it has seen ${cursor} entries, and has rows of later ones: that number was set back`,
      );
    for (const { id, entry } of this.#expired.unexplained())
      this.#say(null, entry, `exchange \`${id}\` ${MISSING}`);
    this.#counts.missing += this.#expired.missingRows;
    const counted = await countRows({
      ...{ view, seen: Math.min(cursor, this.#next), size: this.#next },
      ...{ tally: this.#tally, expired: this.#expired },
      ...{ isRunning: told !== undefined, isWithheld: this.#withheld > 0 },
    });
    for (const words of counted.problems) this.#say(null, null, words);
    const diverging = await this.#diverging();
    for (const { row, why } of diverging ?? [])
      this.#say(
        null,
        null,
        `\`${row}\` ${projectedOf(row) ? '' : 'grants something and '}does not follow from the log: ${DIVERGENCE_WORDS[why]}`,
      );
    const digests = diverging === null ? null : await view.digests();
    const rowsNow = digests && [...digests.keys(), ...(told ? [] : (await view.projected()).rows.keys())];
    const unheld = rowsNow && !told ? this.#watch.unheld(rowsNow) : [];
    await this.#watch.log.close();
    const why =
      diverging === null && this.#withheld > 0
        ? `${this.#withheld} entries of the journal wait for a checkpoint, and the keys that say who wrote them are not here`
        : diverging === null
          ? 'the log does not say yet what rows that grant something are; start the server once'
          : unheld.length > 0
            ? `the log does not say yet what rows of ${unheld.map((table) => `\`${table}\``).join(', ')} are; start the server once`
            : null;
    const result = this.#problems.length > 0 ? 'bad' : why === null ? 'ok' : 'not-checked';
    const held = digests && [...digests.keys()].filter((row) => told || isHeld(row, this.#watch.held));
    const other = diverging?.filter((one) => one.why !== 'missing' && projectedOf(one.row) === null);
    const rows = held && held.length - other!.length;
    return {
      result,
      why,
      ...this.#counts,
      expired: counted.expired,
      rows,
      waiting: Math.max(0, this.#next - cursor),
      diverging: diverging ?? [],
      unknown: counted.unknown,
      problems: this.#problems,
    };
  }
}

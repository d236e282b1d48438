import type { ExchangeLeaf, SallyportEvent } from '@sallyport/core';
import { type LedgerProblem, TILE_WIDTH } from '@sallyport/ledger';
import {
  closedRow,
  type EventRow,
  type ExchangeRow,
  eventRow,
  openRow,
  type StateView,
} from '@sallyport/store';
import { DIVERGENCE_WORDS, type Divergence, StateWatch } from '../state-watch.ts';

/** What came of holding the state against the log that it follows from. */
export interface StateReport {
  readonly result: 'ok' | 'bad' | 'not-checked';
  /** Why it was not checked, or not whole. */
  readonly why: string | null;
  /** Exchanges and events that are in the state as the log has them. */
  readonly exchanges: number;
  readonly events: number;
  /** Rows that grant something and follow from the log; null where those were not held against it. */
  readonly rows: number | null;
  /** Entries that are not projected yet: the next start does it. */
  readonly waiting: number;
  readonly diverging: readonly Divergence[];
  readonly missing: number;
  readonly different: number;
  /** Exchanges and events that no entry made. */
  readonly unknown: number;
  readonly problems: readonly LedgerProblem[];
}

/** How state is held against the log. */
export interface StateAuditOptions {
  readonly view: StateView;
  /** Whose signature an event in the outbox must carry. */
  readonly isSealed: (text: string, seal: string) => boolean;
  /** What a server that runs says of rows that grant something: its changes are on their way while it is asked. */
  readonly told?: readonly Divergence[];
  /** Whether the exchanges and events of a bundle of entries are looked at; all are, unless said otherwise. */
  readonly sample?: (bundle: number) => boolean;
}

const PROBLEMS_MAX = 100;
const BATCH_ROWS = 500;

const FILE = 'state.db';
/** What of an exchange's row is held against its entries. */
const EXCHANGE_COLUMNS = [
  ...['at', 'ended_at', 'system', 'actor', 'dialect', 'operation', 'model', 'mode', 'stream', 'demo'],
  ...['synthetic', 'outcome', 'status', 'code', 'action', 'would_be', 'input_tokens', 'output_tokens'],
  ...['cost_micro_usd', 'detections', 'intent_index', 'outcome_index'],
] as (keyof ExchangeRow)[];
const EVENT_COLUMNS: (keyof EventRow)[] = ['at', 'type', 'actor', 'subject', 'demo', 'synthetic', 'data'];
const [INTENT, DENIED, OUTCOME, HEARTBEAT] = [
  'exchange-intent',
  'exchange-denied',
  'exchange-outcome',
  'worker-heartbeat',
].map((type) => Buffer.from(`"type":"${type}"`)) as [Buffer, Buffer, Buffer, Buffer];

/** A report of state that could not be read. */
export const unread = (result: 'bad' | 'not-checked', why: string): StateReport => ({
  result,
  why,
  ...{ exchanges: 0, events: 0, rows: null, waiting: 0, missing: 0, different: 0, unknown: 0 },
  diverging: [],
  problems: result === 'bad' ? [{ file: FILE, entry: null, message: why }] : [],
});

/** The first columns in which a row is not what it should be. */
function differing<T extends object>(is: T, should: T, columns: readonly (keyof T)[]): string[] {
  const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
  return columns.filter((column) => text(is[column]) !== text(should[column])).map(String);
}

/** Holds the state against the log as its entries are verified: exchanges, events, and rows that grant something. */
export class StateAudit {
  readonly #options: StateAuditOptions;
  #cursor = 0;
  #next = 0;
  #watch = new StateWatch();
  #open = new Map<string, ExchangeRow>();
  #exchanges: ExchangeRow[] = [];
  #events: EventRow[] = [];
  #made = { exchanges: 0, events: 0 };
  #counts = { exchanges: 0, events: 0, missing: 0, different: 0 };
  #gone = { exchanges: 0, events: 0 };
  #problems: LedgerProblem[] = [];
  /** Why the state cannot be read. */
  #fault: string | null = null;

  constructor(options: StateAuditOptions) {
    this.#options = options;
  }

  /** Forgets what was read: the log is read from its beginning. */
  begin(): void {
    this.#fault = null;
    this.#cursor = -1;
    this.#next = 0;
    this.#watch = new StateWatch();
    this.#open = new Map();
    this.#exchanges = [];
    this.#events = [];
    this.#made = { exchanges: 0, events: 0 };
    this.#counts = { exchanges: 0, events: 0, missing: 0, different: 0 };
    this.#gone = { exchanges: 0, events: 0 };
    this.#problems = [];
  }

  /** Reads an entry. */
  async entry(index: number, leaf: Buffer): Promise<void> {
    if (this.#fault !== null) return;
    try {
      await this.#entry(index, leaf);
    } catch (fault) {
      this.#fault = (fault as Error).message;
    }
  }

  async #entry(index: number, leaf: Buffer): Promise<void> {
    if (this.#cursor < 0) this.#cursor = await this.#options.view.cursor();
    this.#watch.seeBytes(index, leaf);
    this.#next = index + 1;
    if (index >= this.#cursor) return;
    const isLooked = this.#options.sample?.(Math.floor(index / TILE_WIDTH)) ?? true;
    if (leaf.includes(HEARTBEAT)) return;
    if (leaf.includes(OUTCOME)) {
      // Without its beginning, which is not looked at, nothing is known of its row.
      if (this.#open.size === 0) return;
      this.#end(JSON.parse(leaf.toString()) as Extract<ExchangeLeaf, { type: 'exchange-outcome' }>, index);
    } else if (leaf.includes(INTENT) || leaf.includes(DENIED)) {
      this.#made.exchanges++;
      if (!isLooked) return;
      const own = JSON.parse(leaf.toString()) as Exclude<ExchangeLeaf, { type: 'exchange-outcome' }>;
      const row = openRow(own, index);
      if (own.type === 'exchange-denied') this.#exchanges.push(row);
      else this.#open.set(own.id, row);
    } else {
      this.#made.events++;
      if (!isLooked) return;
      this.#events.push(eventRow(JSON.parse(leaf.toString()) as SallyportEvent, index));
    }
    if (this.#exchanges.length + this.#events.length >= BATCH_ROWS) await this.#compare();
  }

  #end(leaf: Extract<ExchangeLeaf, { type: 'exchange-outcome' }>, index: number): void {
    const row = this.#open.get(leaf.id);
    if (!row) return;
    this.#open.delete(leaf.id);
    this.#exchanges.push(closedRow(row, leaf, index));
  }

  #say(kind: 'missing' | 'different' | null, entry: number | null, message: string): void {
    if (kind) this.#counts[kind]++;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ file: FILE, entry, message });
  }

  async #compare(): Promise<void> {
    const { view } = this.#options;
    const [exchanges, events] = [this.#exchanges, this.#events];
    [this.#exchanges, this.#events] = [[], []];
    const rows = exchanges.length > 0 ? await view.exchanges(exchanges.map(({ id }) => id)) : new Map();
    for (const should of exchanges) {
      const is = rows.get(should.id) as ExchangeRow | undefined;
      // Its end is recorded behind what was projected when the state was looked at.
      const columns =
        should.outcome_index === null && Number(is?.outcome_index ?? 0) >= this.#cursor
          ? (['at', 'system', 'actor', 'model', 'intent_index'] as const)
          : EXCHANGE_COLUMNS;
      const wrong = is ? differing(is, should, columns) : [];
      const name = `exchange \`${should.id}\``;
      if (!is) this.#gone.exchanges++;
      if (!is) this.#say('missing', should.intent_index, `${name} is in the log and missing in the state`);
      else if (wrong.length > 0)
        this.#say('different', should.intent_index, `${name} is not what the log says: ${wrong.join(', ')}`);
      else this.#counts.exchanges++;
    }
    const known = events.length > 0 ? await view.events(events.map(({ id }) => id)) : new Map();
    for (const should of events) {
      const is = known.get(should.id) as EventRow | undefined;
      const wrong = is ? differing(is, should, EVENT_COLUMNS) : [];
      const name = `event \`${should.id}\` (${should.type})`;
      if (!is) this.#gone.events++;
      if (!is) this.#say('missing', should.leaf_index, `${name} is in the log and missing in the state`);
      else if (wrong.length > 0)
        this.#say('different', should.leaf_index, `${name} is not what the log says: ${wrong.join(', ')}`);
      else this.#counts.events++;
    }
  }

  /** Rows that grant something, by what the log and the events that wait for it say. */
  async #diverging(): Promise<readonly Divergence[] | null> {
    const { view, told, isSealed } = this.#options;
    if (told) return told;
    if (!this.#watch.noted) return null;
    for (const kept of await view.waiting()) {
      const value = JSON.parse(kept) as { text?: string; seal?: string };
      if (typeof value.text !== 'string' || !isSealed(value.text, String(value.seal))) continue;
      this.#watch.see(this.#watch.next, JSON.parse(value.text) as SallyportEvent);
    }
    return this.#watch.diverging(await view.digests());
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
    if (this.#cursor < 0) this.#cursor = await view.cursor();
    this.#exchanges.push(...this.#open.values());
    this.#open = new Map();
    await this.#compare();
    if (this.#cursor > this.#next && !told)
      this.#say(
        null,
        this.#next,
        `the state has seen ${this.#cursor} entries, and the log has ${this.#next}: it was cut`,
      );
    const found = await view.counts(-Number.MAX_SAFE_INTEGER, Math.min(this.#cursor, this.#next));
    // A server that runs projects meanwhile; where none does, no row is of an entry that is not there.
    const beyond = told
      ? null
      : await view.counts(Math.max(this.#cursor, this.#next), Number.MAX_SAFE_INTEGER);
    let more = 0;
    for (const kind of ['exchanges', 'events'] as const) {
      const should = this.#made[kind] - this.#gone[kind];
      const extra = Math.max(0, found[kind] - should) + (beyond?.[kind] ?? 0);
      more += extra;
      if (extra > 0) this.#say(null, null, `${extra} ${kind} in the state were made by no entry of the log`);
      // Of those that were not looked at one by one.
      if (found[kind] < should)
        this.#say(null, null, `${should - found[kind]} ${kind} are in the log and missing in the state`);
    }
    const diverging = await this.#diverging();
    for (const { row, why } of diverging ?? [])
      this.#say(
        null,
        null,
        `\`${row}\` grants something and does not follow from the log: ${DIVERGENCE_WORDS[why]}`,
      );
    const rows = diverging === null ? null : (await view.digests()).size - diverging.length;
    const why =
      diverging === null
        ? 'the log does not say yet what rows that grant something are; start the server once'
        : null;
    const result = this.#problems.length > 0 ? 'bad' : diverging === null ? 'not-checked' : 'ok';
    return {
      result,
      why,
      ...this.#counts,
      rows,
      waiting: Math.max(0, this.#next - this.#cursor),
      diverging: diverging ?? [],
      unknown: more,
      problems: this.#problems,
    };
  }
}

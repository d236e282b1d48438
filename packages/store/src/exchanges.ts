import {
  CodedError,
  countUpTo,
  type Detection,
  type ExchangeLeaf,
  NUMBER_LIMITS,
  type SallyportEvent,
  type WorkerLeaf,
} from '@sallyport/core';
import { type Kysely, sql } from 'kysely';
import { projectUses } from './ai-uses.ts';
import { type ExchangeRow, ExchangeViews, refusedName } from './exchange-views.ts';
import { type ExpiredRange, removeExpired } from './expired-calls.ts';
import { FindingProjection } from './findings.ts';
import { projectPrices } from './prices.ts';
import { projectedTables } from './projected-rows.ts';
import { LEFT_OUT_MAX, type LeftOut, liesInRow } from './projection-fault.ts';
import type { Database } from './schema.ts';
import type { Sqlite } from './sqlite-driver.ts';
import type { Connection } from './store.ts';
import { livesAnew, SystemBirths } from './system-births.ts';

/** A leaf of the log with its number. */
export interface NumberedLeaf {
  readonly index: number;
  readonly leaf: WorkerLeaf | SallyportEvent;
}

/** Entries that are projected together, at most. A crash leaves rows of so many of them behind the cursor. */
export const PROJECTED_TOGETHER_MAX = 2_000;
/** Rows written in one transaction while calls go on. */
const SLICE_ROWS = 128;
/** Columns that the end of an exchange changes; of the indexes only that of open exchanges knows one. */
const CLOSING = new Set([
  'ended_at',
  'outcome',
  'status',
  'code',
  'action',
  'would_be',
  'redactions',
  'input_tokens',
  'output_tokens',
  'cost_micro_usd',
  'priced',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'audio_tokens',
  'detections',
  'timings',
  'outcome_index',
]);
const ROWS_PER_STATEMENT = 200;
/** Exchanges in flight whose rows are kept in memory. */
const OPEN_ROWS_MAX = 10_000;
const CURSOR = 'projected';
const LEFT_OUT = 'left-out';

async function setMeta(tx: Connection, name: string, value: string): Promise<void> {
  await tx
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** The projection of the log into rows. Everything here can be rebuilt from the log. */
export class Exchanges extends ExchangeViews {
  readonly #db: Kysely<Database>;
  readonly #sqlite: Sqlite | null;
  readonly #open = new Map<string, ExchangeRow>();

  /**
   * @param sqlite the embedded database itself, where that is the engine: the fast way for many rows
   * @param reader where long reads go
   */
  constructor(db: Kysely<Database>, sqlite: Sqlite | null, reader: Kysely<Database>) {
    super(reader, new SystemBirths(db));
    this.#db = db;
    this.#sqlite = sqlite;
  }

  async byId(id: string): Promise<ExchangeRow | null> {
    await this.births.ready();
    const row = await this.#byId(id);
    return row && this.births.named(row);
  }

  /** Says where the lives of systems begin and end. @param lives the latest entry of each name, of those before a number */
  livesBy(lives: (cursor: number) => ReadonlyMap<string, number>): void {
    this.births.lives = async () => lives(await this.cursor());
    this.births.forget();
  }

  /** A row as the log makes it, with its system as it is called now. */
  async calledNow(row: ExchangeRow): Promise<ExchangeRow> {
    await this.births.ready();
    return this.births.named(row);
  }

  /** As the log names it: by the name that its system had then. */
  async #byId(id: string): Promise<ExchangeRow | null> {
    return (
      (await this.#db.selectFrom('exchanges').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
    );
  }

  /** Number of leaves projected so far. */
  async cursor(): Promise<number> {
    const row = await this.#db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', CURSOR)
      .executeTakeFirst();
    return Number(row?.value ?? 0);
  }

  /** Removes rows of calls whose days are over, so many at once; see {@link removeExpired}. */
  removeExpired(range: ExpiredRange, index: number, most: number): Promise<number> {
    return this.#db.transaction().execute((tx) => removeExpired(tx, range, index, most));
  }

  /** Forgets the projection, to build it anew. */
  async reset(): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      for (const table of ['exchanges', 'events', ...projectedTables] as const)
        await tx.deleteFrom(table).execute();
      await tx.deleteFrom('meta').where('name', 'in', [CURSOR, LEFT_OUT]).execute();
    });
    this.births.forget();
  }

  /**
   * Projects leaves in order, the cursor last. What was projected before is passed over.
   * @returns the exchanges that are new or changed
   * @throws CodedError `internal` when leaves between the cursor and the first of these are missing
   */
  async project(given: readonly NumberedLeaf[]): Promise<ExchangeRow[]> {
    if (given.length === 0) return [];
    const cursor = await this.cursor();
    const leaves = given.filter(({ index }) => index >= cursor);
    if (leaves.length === 0) return [];
    if (leaves[0]!.index > cursor)
      throw new CodedError('internal', `the projection misses entries ${cursor} to ${leaves[0]!.index - 1}`);
    return this.#projectAll(leaves);
  }

  /** Projects leaves together; where one of them cannot be written, finds it by halves and leaves it out alone. */
  async #projectAll(leaves: readonly NumberedLeaf[]): Promise<ExchangeRow[]> {
    try {
      return await this.#write(leaves);
    } catch (fault) {
      if (!liesInRow(fault)) throw fault;
      if (leaves.length === 1) return this.#leaveOut(leaves[0]!.index, (fault as Error).message);
    }
    const middle = leaves.length >> 1;
    const first = await this.#projectAll(leaves.slice(0, middle));
    return [...first, ...(await this.#projectAll(leaves.slice(middle)))];
  }

  /** Entries of the log that could not be projected: they are in the record, and in no list. */
  async leftOut(): Promise<LeftOut[]> {
    const row = await this.#db
      .selectFrom('meta')
      .select('value')
      .where('name', '=', LEFT_OUT)
      .executeTakeFirst();
    return row ? (JSON.parse(row.value) as LeftOut[]) : [];
  }

  async #leaveOut(index: number, why: string): Promise<ExchangeRow[]> {
    const known = await this.leftOut();
    const told = known.length < LEFT_OUT_MAX ? [...known, { index, why: why.slice(0, 200) }] : known;
    await this.#db.transaction().execute(async (tx) => {
      for (const [name, value] of [
        [LEFT_OUT, JSON.stringify(told)],
        [CURSOR, String(index + 1)],
      ] as const)
        await setMeta(tx, name, value);
    });
    return [];
  }

  async #write(leaves: readonly NumberedLeaf[]): Promise<ExchangeRow[]> {
    await this.births.ready();
    /** Systems that began or ended with an entry of these. */
    const begun = new Map<string, number>();
    const rows = new Map<string, ExchangeRow>();
    const events: Database['events'][] = [];
    const findings = new FindingProjection();
    const uses: SallyportEvent[] = [];
    const prices: SallyportEvent[] = [];
    /** How many exchanges each worker could not record, as it said last. */
    const refused = new Map<string, string>();
    for (const item of leaves) {
      const { leaf, index } = item;
      if (leaf.type === 'exchange-intent' || leaf.type === 'exchange-denied') {
        rows.set(leaf.id, openRow(leaf, index));
        findings.seeDetections(leaf.system, leaf.verdict?.detections ?? [], leaf.at, leaf.demo);
      } else if (leaf.type === 'exchange-outcome') {
        const row = rows.get(leaf.id) ?? this.#open.get(leaf.id) ?? (await this.#byId(leaf.id));
        if (row && row.outcome_index === null) rows.set(leaf.id, closedRow(row, leaf, index));
        // What ends after its system was removed is still of that one.
        const system = row ? this.births.nameOf(row, begun) : leaf.system;
        findings.seeDetections(system, leaf.verdict?.detections ?? [], leaf.at, leaf.demo);
      } else if (leaf.type === 'worker-heartbeat') {
        refused.set(refusedName(leaf.run, leaf.worker), String(leaf.failed));
      } else {
        events.push(eventRow(leaf, index));
        findings.seeEvent(leaf);
        const name = livesAnew(leaf);
        if (name !== null) begun.set(name, index);
        if (name !== null || leaf.type === 'ai-uses-noted' || leaf.type === 'ai-use-decided') uses.push(leaf);
        if (leaf.type === 'prices-changed') prices.push(leaf);
      }
    }
    const until = String(leaves.at(-1)!.index + 1);
    // Rows first, in slices between which the thread records what waits; the cursor last. A crash in between projects
    // the same leaves again, which changes nothing.
    const changed = [...rows.values()];
    let at = 0;
    for (; changed.length - at > SLICE_ROWS; at += SLICE_ROWS) {
      const slice = changed.slice(at, at + SLICE_ROWS);
      await this.#db.transaction().execute((tx) => this.#insert(tx, 'exchanges', slice));
      await new Promise((turn) => setImmediate(turn));
    }
    await this.#db.transaction().execute(async (tx) => {
      await this.#insert(tx, 'exchanges', changed.slice(at));
      await this.#insert(tx, 'events', events);
      await findings.write(tx);
      for (const event of uses) await projectUses(tx, event);
      for (const event of prices) await projectPrices(tx, event);
      for (const [name, value] of [...refused, [CURSOR, until] as const]) await setMeta(tx, name, value);
    });
    this.#remember(rows.values());
    // Written it is: what could not be read now is read when it is asked for next.
    for (const [name, index] of begun) await this.births.see(name, index).catch(() => this.births.forget());
    return [...rows.values()].map((row) => this.births.named(row));
  }

  /** Inserts many rows, or replaces those that are there: a leaf projected twice changes nothing. */
  async #insert(tx: Connection, table: 'exchanges' | 'events', rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const columns = Object.keys(rows[0]!);
    const updates = columns
      .filter((column) => column !== 'id' && (table !== 'exchanges' || CLOSING.has(column)))
      .map((column) => `${column} = excluded.${column}`)
      .join(', ');
    if (this.#sqlite) {
      const marks = columns.map(() => '?').join(', ');
      this.#sqlite.runEach(
        `insert into ${table} (${columns.join(', ')}) values (${marks}) on conflict (id) do update set ${updates}`,
        rows.map(Object.values),
      );
      return;
    }
    // The rows travel as one JSON parameter, whatever their number.
    const names = sql.join(columns.map((column) => sql.ref(column)));
    for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
      const json = JSON.stringify(rows.slice(at, at + ROWS_PER_STATEMENT));
      await sql`insert into ${sql.table(table)} (${names}) select ${names} from pg_catalog.json_populate_recordset(null::${sql.table(table)}, ${json}::json) on conflict (id) do update set ${sql.raw(updates)}`.execute(
        tx,
      );
    }
  }

  /** Keeps rows whose end is still to come: closing one then needs no look-up. */
  #remember(rows: Iterable<ExchangeRow>): void {
    for (const row of rows) {
      if (row.outcome !== null) this.#open.delete(row.id);
      else if (this.#open.size < OPEN_ROWS_MAX) this.#open.set(row.id, row);
    }
  }
}

// An entry of the log stays as it was written; what is too large for a row is read as the most a call can have.
const tokens = (value: unknown): number =>
  countUpTo(value, NUMBER_LIMITS.tokensMax * NUMBER_LIMITS.choicesMax);
const spend = (value: unknown): number => countUpTo(value, NUMBER_LIMITS.costMicroUsdMax);

/** The row of an exchange as its first entry makes it. */
export function openRow(
  leaf: Exclude<ExchangeLeaf, { type: 'exchange-outcome' }>,
  index: number,
): ExchangeRow {
  const denied = leaf.type === 'exchange-denied';
  return {
    id: leaf.id,
    at: leaf.at,
    ended_at: denied ? leaf.at : null,
    system: leaf.system,
    actor: leaf.actor,
    dialect: leaf.dialect,
    operation: leaf.operation,
    model: leaf.model,
    mode: leaf.mode,
    stream: Number(leaf.stream),
    demo: Number(leaf.demo),
    synthetic: Number(leaf.synthetic),
    outcome: denied ? leaf.outcome : null,
    status: denied ? leaf.status : null,
    code: denied ? leaf.code : null,
    action: leaf.verdict?.action ?? 'allow',
    would_be: leaf.verdict?.wouldBe ?? 'allow',
    inspected: leaf.verdict ? 1 : 0,
    policy_ids: leaf.policy ? leaf.policy.ids.join(',') : null,
    redactions: leaf.verdict?.action === 'redact' ? 1 : 0,
    input_tokens: 0,
    output_tokens: 0,
    cost_micro_usd: 0,
    priced: 0,
    ...{ cache_read_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, audio_tokens: 0 },
    reserved_tokens: tokens(leaf.reservedTokens),
    reserved_micro_usd: spend(leaf.reservedMicroUsd),
    detections: JSON.stringify(leaf.verdict?.detections ?? []),
    timings: JSON.stringify(denied ? leaf.timingsMs : {}),
    intent_index: index,
    outcome_index: denied ? index : null,
    worker: leaf.worker,
    seq: leaf.seq,
    run: leaf.run,
    trace: leaf.trace ? `${leaf.trace.id}/${leaf.trace.span}/${leaf.trace.parent ?? ''}` : null,
  };
}

const ACTIONS: readonly string[] = ['allow', 'flag', 'redact', 'deny'];
const stricter = (a: string, b: string): string => (ACTIONS.indexOf(b) > ACTIONS.indexOf(a) ? b : a);

/** The row of an exchange with its end. A row in memory stays as it is until this one is committed. */
export function closedRow(
  row: ExchangeRow,
  leaf: Extract<ExchangeLeaf, { type: 'exchange-outcome' }>,
  index: number,
): ExchangeRow {
  const { verdict } = leaf;
  // Leaves of earlier versions have neither kinds nor word of whether a price was set.
  const kinds = leaf.tokenKinds as typeof leaf.tokenKinds | undefined;
  return {
    ...row,
    ended_at: leaf.at,
    outcome: leaf.outcome,
    status: leaf.status,
    code: leaf.code,
    input_tokens: tokens(leaf.inputTokens),
    output_tokens: tokens(leaf.outputTokens),
    cost_micro_usd: spend(leaf.costMicroUsd),
    priced: Number(kinds !== undefined && leaf.costMicroUsd !== null),
    cache_read_tokens: tokens(kinds?.cacheRead),
    cache_write_tokens: tokens(kinds?.cacheWrite),
    reasoning_tokens: tokens(kinds?.reasoning),
    audio_tokens: tokens(kinds?.audioInput) + tokens(kinds?.audioOutput),
    timings: JSON.stringify(leaf.timingsMs),
    outcome_index: index,
    action: verdict ? stricter(row.action, verdict.action) : row.action,
    would_be: verdict ? stricter(row.would_be, verdict.wouldBe) : row.would_be,
    redactions: row.redactions + Number(verdict?.action === 'redact'),
    detections:
      verdict && verdict.detections.length > 0
        ? JSON.stringify([...(JSON.parse(row.detections) as Detection[]), ...verdict.detections])
        : row.detections,
  };
}

/** The row of an event. */
export function eventRow(event: SallyportEvent, index: number): Database['events'] {
  return {
    id: event.id,
    at: event.at,
    type: event.type,
    actor: event.actor,
    subject: event.subject,
    demo: Number(event.demo),
    synthetic: Number(event.synthetic),
    data: JSON.stringify(event.data),
    leaf_index: index,
  };
}

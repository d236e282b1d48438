import { idOf } from '@sallyport/core';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { Connection } from './store.ts';

/** Calls of one system whose days are over. Of two days the first is in it and the second is not; both `YYYY-MM-DD`, UTC. */
export interface ExpiredRange {
  /** As the log names it; null for calls that reached none. */
  readonly system: string | null;
  /** The first day; null where there is none before it. */
  readonly from: string | null;
  readonly before: string;
}

/** What of a range there is. */
export interface ExpiringCalls {
  readonly calls: number;
  /** Of those, calls of our own probes. */
  readonly synthetic: number;
  /** Ids of the oldest and the newest; null where there is none. */
  readonly first: string | null;
  readonly last: string | null;
}

/** What is kept of the rows of one worker's calls that were removed, so that its sequence is still known to be whole. */
interface Removed {
  readonly calls: number;
  /** The highest number in the sequence. */
  readonly last: number;
}

const REMOVED = 'removed:';
const KINDS = [0, 1] as const;

const nameOf = (run: string, worker: number): string => `${REMOVED}${run}:${worker}`;

/** Rows of a range, of one kind: real or synthetic. Ids sort by time, so that an index finds them. */
function within({ system, from, before }: ExpiredRange, kind: 0 | 1): RawBuilder<boolean> {
  const own = system === null ? sql`system is null` : sql`system = ${system}`;
  const since = from === null ? sql`` : sql` and id >= ${idOf('exc', Date.parse(from))} and at >= ${from}`;
  return sql<boolean>`synthetic = ${sql.lit(kind)} and ${own} and id < ${idOf('exc', Date.parse(before))}
    and at < ${before}${since} and outcome is not null`;
}

/**
 * Calls of a range that have ended.
 * @param but the first day of those that count, where earlier ones were told before
 */
export async function expiringCalls(
  db: Connection,
  range: ExpiredRange,
  but: string | null,
): Promise<ExpiringCalls> {
  const own = but !== null && (range.from === null || but > range.from) ? { ...range, from: but } : range;
  let sum: ExpiringCalls = { calls: 0, synthetic: 0, first: null, last: null };
  for (const kind of KINDS) {
    const row = await db
      .selectFrom('exchanges')
      .where(within(own, kind))
      .select((e) => [e.fn.countAll().as('calls'), e.fn.min('id').as('first'), e.fn.max('id').as('last')])
      .executeTakeFirstOrThrow();
    const ends = [sum.first, sum.last, row.first, row.last].filter((id) => id !== null).sort();
    const calls = Number(row.calls);
    sum = {
      calls: sum.calls + calls,
      synthetic: sum.synthetic + calls * kind,
      first: ends[0] ?? null,
      last: ends.at(-1) ?? null,
    };
  }
  return sum;
}

/**
 * Removes rows of a range whose entries come before one of the log, the oldest first.
 * @param most how many at once
 * @returns how many were removed; fewer than `most` where none is left
 */
export async function removeExpired(
  tx: Connection,
  range: ExpiredRange,
  index: number,
  most: number,
): Promise<number> {
  let removed = 0;
  for (const kind of KINDS) {
    const ids = tx
      .selectFrom('exchanges')
      .select('id')
      .where(within(range, kind))
      .where('intent_index', '<', index)
      .orderBy('id')
      .limit(most - removed);
    const rows = await tx
      .deleteFrom('exchanges')
      .where('id', 'in', ids)
      .returning(['run', 'worker', 'seq'])
      .execute();
    await noteRemoved(tx, rows);
    removed += rows.length;
    if (removed >= most) break;
  }
  return removed;
}

async function noteRemoved(
  tx: Connection,
  rows: readonly Pick<Database['exchanges'], 'run' | 'worker' | 'seq'>[],
): Promise<void> {
  const sums = new Map<string, Removed>();
  for (const { run, worker, seq } of rows) {
    const { calls, last } = sums.get(nameOf(run, worker)) ?? { calls: 0, last: 0 };
    sums.set(nameOf(run, worker), { calls: calls + 1, last: Math.max(last, Number(seq)) });
  }
  const known = await removedCalls(tx, [...sums.keys()]);
  for (const [name, { calls, last }] of sums) {
    const before = known.get(name);
    const value = JSON.stringify({
      calls: calls + (before?.calls ?? 0),
      last: Math.max(last, before?.last ?? 0),
    } satisfies Removed);
    await tx
      .insertInto('meta')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }
}

async function removedCalls(db: Connection, names?: readonly string[]): Promise<Map<string, Removed>> {
  if (names?.length === 0) return new Map();
  const query = db.selectFrom('meta').select(['name', 'value']);
  const rows = await (names === undefined
    ? query.where('name', 'like', `${REMOVED}%`)
    : query.where('name', 'in', names)
  ).execute();
  return new Map(rows.map(({ name, value }) => [name, JSON.parse(value) as Removed]));
}

/** A worker's calls: how many, and the highest number in their sequence. */
export interface Sequence {
  readonly run: string;
  readonly worker: number;
  readonly last: number;
  readonly calls: number;
}

/** Sequences with the calls whose rows were removed. */
export async function withRemoved(db: Connection, rows: readonly Sequence[]): Promise<Sequence[]> {
  const removed = await removedCalls(db);
  const there = rows.map((row) => {
    const { calls = 0, last = 0 } = removed.get(nameOf(row.run, row.worker)) ?? {};
    removed.delete(nameOf(row.run, row.worker));
    return { ...row, calls: row.calls + calls, last: Math.max(row.last, last) };
  });
  const gone = [...removed].map(([name, one]) => {
    const [run = '', worker = '0'] = name.slice(REMOVED.length).split(':');
    return { run, worker: Number(worker), ...one };
  });
  return [...there, ...gone];
}

/** How many calls there are of each system and day, of those below an entry of the log. The key is {@link dayKey}. */
export async function callsByDay(db: Connection, below: number): Promise<Map<string, number>> {
  const { rows } = await sql<{ system: string | null; day: string; n: unknown }>`
    select system, substr(at, 1, 10) as day, count(*) as n from exchanges
    where intent_index >= 0 and intent_index < ${below} group by system, substr(at, 1, 10)`.execute(db);
  return new Map(rows.map(({ system, day, n }) => [dayKey(system, day), Number(n)]));
}

/** A system and a day in one text; no name has a slash. */
export const dayKey = (system: string | null, day: string): string => `${day}/${system ?? ''}`;

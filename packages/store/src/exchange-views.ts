import type { Detection, ExchangeCounts } from '@sallyport/core';
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { type ExchangeFilter, type ExchangePage, filtered } from './exchange-filter.ts';
import { type ExpiredRange, type ExpiringCalls, expiringCalls, withRemoved } from './expired-calls.ts';
import type { Database } from './schema.ts';
import type { SystemBirths } from './system-births.ts';

/** An exchange as projected from its leaves. */
export type ExchangeRow = Database['exchanges'];

/** What a rule on trial saw. */
export interface Trial {
  readonly technique: string;
  readonly calls: number;
  /** Of those, how many other detectors denied, or in observe mode would have. */
  readonly denied: number;
  readonly latest: string;
}

/** Exchanges of one bucket of time. */
export interface TrafficBucket {
  /** Start of the minute or hour, ISO 8601. */
  readonly at: string;
  readonly answered: number;
  readonly flagged: number;
  readonly denied: number;
  readonly failed: number;
}

/** One kind of detection that enforcing would have acted on, on one system. */
export interface BlockedKind {
  readonly detector: string;
  readonly technique: string;
  readonly severity: string;
  readonly exchanges: number;
  readonly latest: string;
  /** Ids of some of them, newest first. */
  readonly examples: readonly string[];
}

/** What enforcing would have stopped, by system, detector and technique. */
export interface Summary {
  readonly system: string;
  readonly exchanges: number;
  /** Those whose question was inspected; what asks a model nothing is left out. */
  readonly inspected: number;
  /** Those of them that the system answered with a status from 200 to 299. */
  readonly answered: number;
  /** Those that the system should have answered, and did not. */
  readonly failed: number;
  readonly wouldHaveDenied: number;
  /** Those in which it would have replaced personal data or secrets, and passed the rest on. */
  readonly wouldHaveRedacted: number;
  readonly denied: number;
}

/** Operations that ask a model nothing: what there is, and whether it is up. The gateway may answer some itself. */
export const ABOUT_MODELS: readonly string[] = [
  ...['models.list', 'models.get', 'show', 'model.ready', 'model.metadata'],
  ...['server.metadata', 'server.live', 'version'],
];

/** A call whose question was read. */
const INSPECTED = sql`inspected = 1 and (operation is null or operation not in (${sql.join(
  ABOUT_MODELS.map((one) => sql.lit(one)),
)}))`;
/** A call that the system should have answered, and did not. */
const FAILED = sql`outcome in ('failed', 'crashed', 'timeout', 'upstream-error')`;

const REFUSED = 'refused:';

/** Under which name it is kept how many exchanges a worker could not record. */
export const refusedName = (run: string, worker: number): string => `${REFUSED}${run}:${worker}`;

/** What is read of the projected exchanges: lists, counts, reports. May take long, and holds nothing up. */
export class ExchangeViews {
  readonly #db: Kysely<Database>;
  /** Which calls were to a system that has its name no more. */
  protected readonly births: SystemBirths;

  constructor(db: Kysely<Database>, births: SystemBirths) {
    this.#db = db;
    this.births = births;
  }

  #where<Q extends SelectQueryBuilder<Database, 'exchanges', unknown>>(query: Q, filter: ExchangeFilter): Q {
    return filtered(query, filter, this.births);
  }

  /** One page, newest first. The ids are found in an index first, so that a page far down costs little more. */
  async list(page: ExchangePage): Promise<ExchangeRow[]> {
    await this.births.ready();
    const ids = this.#where(this.#db.selectFrom('exchanges').select('id'), page)
      .orderBy('id', 'desc')
      .limit(page.limit)
      .offset(page.offset ?? 0);
    const rows = await this.#db
      .selectFrom('exchanges')
      .selectAll()
      .where('id', 'in', ids)
      .orderBy('id', 'desc')
      .execute();
    return rows.map((row) => this.births.named(row));
  }

  /** The systems that there are exchanges of, by the names that they have now. */
  async systems(): Promise<string[]> {
    await this.births.ready();
    return (await this.calledSystems()).flatMap((system) => this.births.namesOf(system));
  }

  /** The systems that there are exchanges of, as the log names them: one step in an index for each. */
  async calledSystems(): Promise<string[]> {
    const { rows } = await sql<{ system: string }>`with recursive names (synthetic, system) as (
      select kind, (select min(system) from exchanges where synthetic = kind)
        from (select 0 as kind union all select 1) kinds
      union all
      select synthetic, (
        select min(e.system) from exchanges e where e.synthetic = names.synthetic and e.system > names.system
      ) from names where system is not null
    ) select distinct system from names where system is not null`.execute(this.#db);
    return rows.map(({ system }) => system);
  }

  /** How many there are, and the newest of them. */
  async count(filter: ExchangeFilter): Promise<{ total: number; newest: string | null }> {
    await this.births.ready();
    const row = await this.#where(
      this.#db.selectFrom('exchanges').select((e) => [e.fn.countAll().as('n'), e.fn.max('id').as('newest')]),
      filter,
    ).executeTakeFirstOrThrow();
    return { total: Number(row.n), newest: row.newest ?? null };
  }

  /** Traffic by minute or hour since a time; buckets without traffic are left out. */
  async traffic(
    since: string,
    width: 'minute' | 'hour',
    calls: Partial<Pick<ExchangeFilter, 'systems' | 'except'>> = {},
  ): Promise<TrafficBucket[]> {
    await this.births.ready();
    const bucket = sql<string>`substr(at, 1, ${sql.lit(width === 'minute' ? 16 : 13)})`;
    const rows = await this.#where(this.#db.selectFrom('exchanges'), {
      ...calls,
      from: since,
      synthetic: false,
    })
      .select([bucket.as('bucket'), 'outcome', 'action', sql<number>`count(*)`.as('n')])
      .groupBy([bucket, 'outcome', 'action'])
      .execute();
    const buckets = new Map<string, { answered: number; flagged: number; denied: number; failed: number }>();
    for (const row of rows) {
      const own = buckets.get(row.bucket) ?? { answered: 0, flagged: 0, denied: 0, failed: 0 };
      const kind =
        row.outcome === 'denied'
          ? 'denied'
          : row.outcome !== null && row.outcome !== 'answered'
            ? 'failed'
            : row.action === 'allow'
              ? 'answered'
              : 'flagged';
      own[kind] += Number(row.n);
      buckets.set(row.bucket, own);
    }
    return [...buckets]
      .map(([at, counts]) => ({ at: `${at}${width === 'minute' ? ':00Z' : ':00:00Z'}`, ...counts }))
      .sort((a, b) => a.at.localeCompare(b.at));
  }

  /** The "would have blocked" report of a system: what enforcing would have acted on, by kind, commonest first. */
  async wouldHaveBlocked(system: string, most = 5_000): Promise<BlockedKind[]> {
    await this.births.ready();
    const rows = await this.#db
      .selectFrom('exchanges')
      .select(['id', 'at', 'detections'])
      .where(this.births.among([system]))
      .where('synthetic', '=', 0)
      .where('would_be', 'in', ['deny', 'redact'])
      .orderBy('id', 'desc')
      .limit(most)
      .execute();
    const kinds = new Map<
      string,
      { -readonly [K in keyof BlockedKind]: BlockedKind[K] } & { examples: string[] }
    >();
    for (const { id, at, detections } of rows) {
      const seen = new Set<string>();
      for (const { detector, technique, severity } of JSON.parse(detections) as Detection[]) {
        const name = `${detector}/${technique}`;
        if (seen.has(name)) continue;
        seen.add(name);
        const known = kinds.get(name);
        if (!known) {
          kinds.set(name, { detector, technique, severity, exchanges: 1, latest: at, examples: [id] });
          continue;
        }
        known.exchanges++;
        if (known.examples.length < 5) known.examples.push(id);
      }
    }
    return [...kinds.values()].sort((a, b) => b.exchanges - a.exchanges);
  }

  /** What rules on trial saw in the newest calls that they saw something in, and how many of those were denied anyway. */
  async trials(
    calls: Partial<Pick<ExchangeFilter, 'systems' | 'except'>> = {},
    most = 5_000,
  ): Promise<Trial[]> {
    await this.births.ready();
    const rows = await this.#where(this.#db.selectFrom('exchanges'), { ...calls, synthetic: false })
      .select(['at', 'would_be', 'detections'])
      .where('detections', 'like', '%"shadow":true%')
      .orderBy('id', 'desc')
      .limit(most)
      .execute();
    const trials = new Map<string, { -readonly [K in keyof Trial]: Trial[K] }>();
    for (const { at, would_be, detections } of rows) {
      const seen = new Set(
        (JSON.parse(detections) as Detection[]).flatMap(({ shadow, technique }) =>
          shadow ? [technique] : [],
        ),
      );
      for (const technique of seen) {
        const own = trials.get(technique) ?? { technique, calls: 0, denied: 0, latest: at };
        own.calls++;
        if (would_be === 'deny') own.denied++;
        trials.set(technique, own);
      }
    }
    return [...trials.values()].sort((a, b) => b.calls - a.calls);
  }

  /** Counts over real exchanges, for the posture. */
  async counts(since: string, system?: string): Promise<ExchangeCounts> {
    await this.births.ready();
    let query = this.#db
      .selectFrom('exchanges')
      .where('demo', '=', 0)
      .where('synthetic', '=', 0)
      .where('at', '>=', since)
      .where('system', 'is not', null)
      .where('actor', '!=', 'anonymous');
    if (system !== undefined) query = query.where(this.births.among([system]));
    const row = await query
      .select((e) => [
        e.fn.countAll().as('total'),
        // Intent and outcome in one entry: refused before anything was forwarded, so that nothing passed uninspected.
        sql<number>`sum(case when ${e.ref('inspected')} = 1 or ${e.ref('intent_index')} = ${e.ref('outcome_index')} then 1 else 0 end)`.as(
          'inspected',
        ),
        e.fn.count('policy_ids').as('with_policy'),
        sql<number>`sum(case when ${e.ref('outcome')} is not null then 1 else 0 end)`.as('complete'),
        e.fn.min('at').as('oldest'),
        e.fn.max('at').as('newest'),
        e.fn.sum('redactions').as('redactions'),
      ])
      .executeTakeFirstOrThrow();
    const number = (value: unknown): number => Number(value ?? 0);
    return {
      total: number(row.total),
      inspected: number(row.inspected),
      withPolicyId: number(row.with_policy),
      complete: number(row.complete),
      oldestAt: row.oldest ?? null,
      newestAt: row.newest ?? null,
      redactions: number(row.redactions),
    };
  }

  /** How calls to some systems went since a time: real ones only. */
  async health(
    systems: readonly string[],
    since: string,
  ): Promise<{ readonly calls: number; readonly failed: number; readonly flagged: number }> {
    if (systems.length === 0) return { calls: 0, failed: 0, flagged: 0 };
    await this.births.ready();
    const row = await this.#db
      .selectFrom('exchanges')
      .where('demo', '=', 0)
      .where('synthetic', '=', 0)
      .where('at', '>=', since)
      .where(this.births.among(systems))
      .where('outcome', 'is not', null)
      .where('outcome', '<>', 'denied')
      .select((e) => [
        e.fn.countAll().as('calls'),
        sql<number>`sum(case when ${FAILED} then 1 else 0 end)`.as('failed'),
        // What is in answers and in no question.
        sql<number>`sum(case when ${e.ref('detections')} like '%"link"%' or ${e.ref('detections')} like '%"canary"%' or ${e.ref('detections')} like '%"system-prompt-leak"%' or ${e.ref('detections')} like '%"command"%' or ${e.ref('detections')} like '%"training-echo"%' then 1 else 0 end)`.as(
          'flagged',
        ),
      ])
      .executeTakeFirstOrThrow();
    return { calls: Number(row.calls), failed: Number(row.failed ?? 0), flagged: Number(row.flagged ?? 0) };
  }

  /** By system: how many exchanges, how many denied, how many enforcing would have denied; our probes left out. */
  async summaries(): Promise<Summary[]> {
    await this.births.ready();
    const rows = await this.#db
      .selectFrom('exchanges')
      .where('system', 'is not', null)
      .where('synthetic', '=', 0)
      .select((e) => [
        this.births.column.as('system'),
        e.fn.countAll().as('exchanges'),
        sql<number>`sum(case when ${INSPECTED} then 1 else 0 end)`.as('inspected'),
        sql<number>`sum(case when ${FAILED} then 1 else 0 end)`.as('failed'),
        sql<number>`sum(case when ${INSPECTED} and ${e.ref('outcome')} = 'answered' and ${e.ref('status')} between 200 and 299 then 1 else 0 end)`.as(
          'answered',
        ),
        sql<number>`sum(case when ${e.ref('would_be')} = 'deny' and ${e.ref('action')} <> 'deny' then 1 else 0 end)`.as(
          'would',
        ),
        sql<number>`sum(case when ${e.ref('would_be')} = 'redact' and ${e.ref('action')} not in ('redact', 'deny') then 1 else 0 end)`.as(
          'rewritten',
        ),
        sql<number>`sum(case when ${e.ref('outcome')} = 'denied' then 1 else 0 end)`.as('denied'),
      ])
      .groupBy(this.births.column)
      .orderBy(this.births.column)
      .execute();
    return rows.map((row) => ({
      system: row.system!,
      exchanges: Number(row.exchanges),
      inspected: Number(row.inspected),
      answered: Number(row.answered),
      failed: Number(row.failed),
      wouldHaveDenied: Number(row.would),
      wouldHaveRedacted: Number(row.rewritten),
      denied: Number(row.denied),
    }));
  }

  /** Calls of a range that have ended; see {@link expiringCalls}. */
  expiring(range: ExpiredRange, but: string | null): Promise<ExpiringCalls> {
    return expiringCalls(this.#db, range, but);
  }

  /** Numbers that are missing from the sequence of each worker, other than those of calls that it could not record. */
  async sequenceGaps(): Promise<{ run: string; worker: number; missing: number }[]> {
    const told = await this.#db
      .selectFrom('meta')
      .select(['name', 'value'])
      .where('name', 'like', `${REFUSED}%`)
      .execute();
    const refused = new Map(told.map(({ name, value }) => [name, Number(value)]));
    const rows = await this.#db
      .selectFrom('exchanges')
      .select((e) => ['run', 'worker', e.fn.max('seq').as('last'), e.fn.countAll().as('n')])
      .groupBy(['run', 'worker'])
      .execute();
    const there = rows.map(({ n, last, ...one }) => ({ ...one, calls: Number(n), last: Number(last) }));
    return (await withRemoved(this.#db, there))
      .map(({ run, worker, last, calls }) => {
        const missing = last + 1 - calls - (refused.get(refusedName(run, worker)) ?? 0);
        return { run, worker, missing };
      })
      .filter((row) => row.missing > 0);
  }
}

import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { SystemBirths } from './system-births.ts';

/** Which exchanges. What is left out restricts nothing. */
export interface ExchangeFilter {
  readonly system?: string | undefined;
  /** Only exchanges of one of these. */
  readonly systems?: readonly string[] | undefined;
  /** No exchange of any of these. */
  readonly except?: readonly string[] | undefined;
  readonly outcome?: string | undefined;
  /** What was done, or in observe mode would have been done. */
  readonly wouldBe?: string | undefined;
  readonly actor?: string | undefined;
  /** Detector that saw something. */
  readonly detector?: string | undefined;
  /** Whether calls of our own probes are among them; left out, both kinds are. */
  readonly synthetic?: boolean | undefined;
  /** Times in ISO 8601: from, included, and to, excluded. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only exchanges before this id. */
  readonly before?: string | undefined;
  /** Only exchanges up to this id: a list that stays as it is while new ones arrive. */
  readonly until?: string | undefined;
}

/** Which exchanges, and how many of them. */
export interface ExchangePage extends ExchangeFilter {
  readonly limit: number;
  readonly offset?: number | undefined;
}

/** A query over the exchanges of a filter alone. */
export function filtered<Q extends SelectQueryBuilder<Database, 'exchanges', unknown>>(
  query: Q,
  filter: ExchangeFilter,
  births: SystemBirths,
): Q {
  let q = query as SelectQueryBuilder<Database, 'exchanges', unknown>;
  const equal = [
    ['outcome', filter.outcome],
    ['would_be', filter.wouldBe],
    ['actor', filter.actor],
  ] as const;
  for (const [column, value] of equal) if (value !== undefined) q = q.where(column, '=', value);
  if (filter.system !== undefined) q = q.where(births.among([filter.system]));
  if (filter.systems !== undefined) q = q.where(births.among(filter.systems));
  if (filter.except !== undefined)
    q = q.where(sql<boolean>`(system is null or not ${births.among(filter.except)})`);
  if (filter.detector !== undefined) q = q.where('detections', 'like', `%"detector":"${filter.detector}"%`);
  if (filter.synthetic !== undefined) q = q.where('synthetic', '=', Number(filter.synthetic));
  if (filter.from !== undefined) q = q.where('at', '>=', filter.from);
  if (filter.to !== undefined) q = q.where('at', '<', filter.to);
  if (filter.before !== undefined) q = q.where('id', '<', filter.before);
  if (filter.until !== undefined) q = q.where('id', '<=', filter.until);
  return q as Q;
}

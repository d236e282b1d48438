import { VERSION_ORDERS } from '../versions/index.ts';
import type { Advisory, RangeEvent } from './advisory.ts';

/** What an advisory says about a version. */
export type Affected =
  | { readonly affected: false }
  /** `fixed`: the least version above it that is not affected, null where there is none yet. */
  | { readonly affected: true; readonly fixed: string | null }
  /** It cannot be ordered, and so cannot be judged. */
  | { readonly affected: 'unknown' };

type Order = (typeof VERSION_ORDERS)[keyof typeof VERSION_ORDERS];

/** Whether a version lies in one range (OSV schema, "Evaluation"). @returns the version that ends it, or whether it has no end */
function inRange(
  version: string,
  events: readonly RangeEvent[],
  order: Order,
): { fixed: string | null } | null {
  const limits = events.flatMap(({ limit }) => (limit === undefined || limit === '*' ? [] : [limit]));
  if (
    limits.length > 0 &&
    !limits.some((limit) => order.isVersion(limit) && order.compare(version, limit) < 0)
  )
    return null;
  const bounds = events
    .flatMap(({ introduced, fixed, lastAffected }) => [
      ...(introduced === undefined ? [] : [{ at: introduced, kind: 'introduced' as const }]),
      ...(fixed === undefined ? [] : [{ at: fixed, kind: 'fixed' as const }]),
      ...(lastAffected === undefined ? [] : [{ at: lastAffected, kind: 'last' as const }]),
    ])
    .filter(({ at }) => at === '0' || order.isVersion(at))
    .sort((a, b) => (a.at === '0' ? (b.at === '0' ? 0 : -1) : b.at === '0' ? 1 : order.compare(a.at, b.at)));
  let affected = false;
  for (const [index, { at, kind }] of bounds.entries()) {
    const order0 = at === '0' ? 1 : order.compare(version, at);
    if (kind === 'introduced' && order0 >= 0) affected = true;
    else if (kind === 'fixed' && order0 >= 0) affected = false;
    else if (kind === 'last' && order0 > 0) affected = false;
    else if (affected && order0 < 0) {
      const end = bounds.slice(index).find((one) => one.kind !== 'introduced');
      return { fixed: end?.kind === 'fixed' ? end.at : null };
    }
  }
  return affected ? { fixed: null } : null;
}

/** Judges one version of the package that an advisory is about. */
export function affects(advisory: Advisory, version: string): Affected {
  const order = VERSION_ORDERS[advisory.ecosystem];
  const listed = advisory.versions.includes(version);
  if (!order.isVersion(version))
    return listed
      ? { affected: true, fixed: null }
      : { affected: advisory.ranges.length > 0 ? 'unknown' : false };
  const ends = advisory.ranges.map((events) => inRange(version, events, order)).filter((end) => end !== null);
  const isListed =
    listed || advisory.versions.some((one) => order.isVersion(one) && order.compare(one, version) === 0);
  if (ends.length === 0 && !isListed) return { affected: false };
  const fixes = ends.flatMap(({ fixed }) => (fixed === null ? [] : [fixed]));
  return { affected: true, fixed: fixes.sort(order.compare).at(-1) ?? null };
}

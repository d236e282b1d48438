import { type AccountCounts, clock } from '@sallyport/core';
import type { GrantRow, Store } from '@sallyport/store';

const DAY_MS = 86_400_000;
/** Whoever was added and never chose a password within this many days will not come any more. */
const ARRIVAL_DAYS = 7;
const olderThan = (at: string, days: number): boolean => clock.nowMs() - Date.parse(at) > days * DAY_MS;
/** Whether nobody used a grant for some days. */
export const isUnused = ({ lastUsedAt, createdAt }: GrantRow, days: number): boolean =>
  olderThan(lastUsedAt ?? createdAt, days);

/** Counts accounts and what they hold. */
export async function countAccounts(
  { people, reviews }: Store,
  unusedDays: number,
): Promise<Omit<AccountCounts, 'keys' | 'keysOwnerless'>> {
  const grants = (await people.grants(clock.nowIso())).filter(({ holder }) => holder.startsWith('person:'));
  const active = (await people.list()).filter(({ disabledAt }) => disabledAt === null);
  const orphans = active.filter(
    ({ id, password, origin, createdAt }) =>
      // Who is kept by a provider may come to hold something by the groups they come into.
      origin === 'local' &&
      (!grants.some(({ holder }) => holder === `person:${id}`) ||
        (password === null && olderThan(createdAt, ARRIVAL_DAYS))),
  );
  return {
    people: active.length,
    grants: grants.length,
    unusedGrants: grants.filter((grant) => isUnused(grant, unusedDays)).length,
    orphans: orphans.length,
    reviewsOverdue: (await reviews.list()).filter(
      ({ closedAt, dueAt }) => closedAt === null && dueAt < clock.nowIso(),
    ).length,
    unusedDays,
  };
}

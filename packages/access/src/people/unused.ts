import { type AccountCounts, CodedError, clock, type SallyportEvent } from '@sallyport/core';
import type { Connection, GrantRow, Store } from '@sallyport/store';

const DAY_MS = 86_400_000;
/** Whoever was added and never chose a password within this many days will not come any more. */
const ARRIVAL_DAYS = 7;
const olderThan = (at: string, days: number): boolean => clock.nowMs() - Date.parse(at) > days * DAY_MS;
/** Whether nobody used a grant for some days. */
const isUnused = ({ lastUsedAt, createdAt }: GrantRow, days: number): boolean =>
  olderThan(lastUsedAt ?? createdAt, days);

/** Takes away roles that nobody used for some days. @param takeAway what ends one, and says so @returns how many */
export async function takeAwayUnused(
  store: Store,
  days: number,
  takeAway: (tx: Connection, grant: GrantRow, why: string) => Promise<SallyportEvent[]>,
): Promise<number> {
  let count = 0;
  for (const grant of await store.people.grants(clock.nowIso())) {
    if (!isUnused(grant, days)) continue;
    count += await store
      .change(async (tx) => {
        const event = await takeAway(tx, grant, `not used for ${days} days`);
        return { result: event.length > 0 ? 1 : 0, event };
      })
      .catch((fault: unknown) => {
        // The last administrator stays.
        if (fault instanceof CodedError && fault.code === 'conflict') return 0;
        throw fault;
      });
  }
  return count;
}

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

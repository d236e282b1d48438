import { clock } from '@sallyport/core';
import { type AccessWindow, impossibleTravel, type Whereabouts } from '@sallyport/monitor';
import type { PersonRow, Store } from '@sallyport/store';
import type { OrphanKey } from './key-owners.ts';

const HOUR_MS = 3_600_000;
/** Days before its end from which a key is spoken of. */
const ENDING_DAYS = 7;
/** Hours that are nobody's working hours, on the clock of this machine. */
const NIGHT = { from: 22, until: 6 };

const isOffHours = (at: string): boolean => {
  const time = new Date(at);
  const hour = time.getHours();
  return time.getDay() === 0 || time.getDay() === 6 || hour >= NIGHT.from || hour < NIGHT.until;
};

/** Hours within which a journey is looked at. */
const JOURNEY_HOURS = 24;

/** Journeys that nobody makes and that ended within the last hour. */
async function travel(
  store: Store,
  place: (address: string) => Promise<Whereabouts['place']>,
): Promise<AccessWindow['travel']> {
  const now = clock.nowMs();
  const sessions = await store.events.since(
    ['session-created'],
    new Date(now - (JOURNEY_HOURS + 1) * HOUR_MS).toISOString(),
  );
  const been: Whereabouts[] = [];
  for (const { subject, at, data } of sessions) {
    const address = String(data['address']);
    been.push({ subject, atMs: Date.parse(at), address, place: await place(address) });
  }
  return impossibleTravel(been, now - HOUR_MS);
}

/**
 * What people and programs did in the last hour.
 * @param place where an address is; null where no file says so
 * @param orphans keys whose owner left
 * @param stillIn accounts that are open, by the id of who was shut out
 */
export async function accessWindow(
  store: Store,
  place: ((address: string) => Promise<Whereabouts['place']>) | null = null,
  orphans: readonly OrphanKey[] = [],
  stillIn: ReadonlyMap<string, readonly PersonRow[]> = new Map(),
): Promise<AccessWindow> {
  const now = clock.nowMs();
  const hour = new Date(now - HOUR_MS).toISOString();
  // Each by itself: however many there are of one, they hide none of another.
  const failed = await store.events.since(['sign-in-failed'], hour);
  const sessions = await store.events.since(['session-created'], hour);
  const content = await store.events.since(['content-read'], hour);
  const count = (
    of: typeof failed,
    subject: (event: (typeof failed)[number]) => string,
  ): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const event of of) counts[subject(event)] = (counts[subject(event)] ?? 0) + 1;
    return counts;
  };
  const reads = content.filter(({ actor }) => !actor.startsWith('local:'));
  const keys = (await store.keys.list()).filter(
    ({ demo, synthetic, revokedAt, expiresAt }) =>
      !demo && !synthetic && revokedAt === null && Date.parse(expiresAt) > now,
  );
  // A key that was replaced already ends as it should.
  const replaced = new Set(
    (await store.events.since(['key-rotated'], new Date(now - 31 * 24 * HOUR_MS).toISOString())).map(
      ({ subject }) => subject,
    ),
  );
  const reviews = (await store.reviews.list()).filter(({ closedAt }) => closedAt === null);
  const emergencies = await Promise.all(
    reviews.flatMap(({ id, kind }) => (kind === 'break-glass' ? [store.reviews.items(id)] : [])),
  );
  return {
    emergencies: emergencies.flat().map(({ holder, evidence }) => ({
      subject: holder,
      detail: `\`${evidence['name']}\` took emergency access: ${evidence['reason']}`,
    })),
    travel: place === null ? [] : await travel(store, place),
    stillIn: [...stillIn].flatMap(([id, open]) =>
      open.length === 0
        ? []
        : [
            {
              subject: `person:${id}`,
              detail: `was shut out, and has another account that was not: ${open.map(({ name }) => `\`${name}\``).join(', ')}`,
            },
          ],
    ),
    suspended: (await store.integrations.list())
      .filter(({ status }) => status === 'suspended')
      .map(({ name, why }) => ({
        subject: `integration:${name}`,
        detail: `nothing goes to \`${name}\`: ${why}`,
      })),
    overdue: reviews
      .map(({ id, dueAt }) => ({ subject: `review:${id}`, days: (now - Date.parse(dueAt)) / (24 * HOUR_MS) }))
      .filter(({ days }) => days > 0),
    failures: count(failed, ({ subject }) => subject),
    newAddresses: sessions
      .filter(({ data }) => data['newAddress'] === true && Number(data['levelNeeded']) === 3)
      .map(({ subject, data }) => ({ subject, address: String(data['address']) })),
    contentReads: count(reads, ({ actor }) => actor),
    contentReadsOffHours: count(
      reads.filter(({ at }) => isOffHours(at)),
      ({ actor }) => actor,
    ),
    keysOwnerless: orphans.map(({ id, name, endsAt }) => ({
      subject: `key:${id}`,
      name,
      days: (Date.parse(endsAt) - now) / (24 * HOUR_MS),
    })),
    keysEnding: keys
      .map(({ id, name, expiresAt, createdAt }) => ({
        subject: `key:${id}`,
        name,
        days: (Date.parse(expiresAt) - now) / (24 * HOUR_MS),
        lifeDays: (Date.parse(expiresAt) - Date.parse(createdAt)) / (24 * HOUR_MS),
      }))
      // One that is meant for a day or two is not a reminder.
      .filter(
        ({ subject, days, lifeDays }) =>
          days <= ENDING_DAYS && lifeDays > ENDING_DAYS && !replaced.has(subject),
      )
      .map(({ lifeDays: _, ...key }) => key),
  };
}

/** Where somebody began a session, and when. */
export interface Whereabouts {
  /** Who: `person:ID`. */
  readonly subject: string;
  readonly atMs: number;
  readonly address: string;
  /** Degrees, and how far off they may be. */
  readonly place: { readonly latitude: number; readonly longitude: number; readonly radiusKm: number } | null;
}

/** Faster than airliners fly. */
const KM_PER_HOUR_MAX = 1_000;
/** Databases place whole networks; what is nearer than this is the same place. */
const KM_MIN = 500;
const EARTH_KM = 6_371;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance between two places, in kilometres (haversine). */
export function distanceKm(
  a: { latitude: number; longitude: number },
  b: { latitude: number; longitude: number },
): number {
  const [lat, lon] = [radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)];
  const h =
    Math.sin(lat / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(lon / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Sessions of one person that begin so far apart in so little time that nobody travels it. What a database is unsure of
 * counts for the person.
 * @param sessions oldest first @param sinceMs journeys that ended before are left out
 */
export function impossibleTravel(
  sessions: readonly Whereabouts[],
  sinceMs = Number.NEGATIVE_INFINITY,
): { subject: string; detail: string }[] {
  const last = new Map<string, Whereabouts>();
  const found: { subject: string; detail: string }[] = [];
  for (const session of sessions) {
    if (session.place === null) continue;
    const before = last.get(session.subject);
    last.set(session.subject, session);
    if (!before?.place || before.address === session.address || session.atMs < sinceMs) continue;
    const between = distanceKm(before.place, session.place) - before.place.radiusKm - session.place.radiusKm;
    const hours = Math.max((session.atMs - before.atMs) / 3_600_000, 1 / 60);
    if (between < KM_MIN || between / hours <= KM_PER_HOUR_MAX) continue;
    found.push({
      subject: session.subject,
      detail: `signed in from ${before.address} and ${session.address}, ${Math.round(between)} km apart, within ${
        hours < 1 ? `${Math.round(hours * 60)} minutes` : `${Math.round(hours)} hours`
      }`,
    });
  }
  return found;
}

import { closedVendors, type ThirdParty } from '@sallyport/access';
import { type ClosedPlace, destinationOf, isSameDestination, mayBeSamePlace } from '@sallyport/core';
import { Resolved } from '@sallyport/gateway';
import type { Control } from './control.ts';
import type { KnownSystem } from './snapshot.ts';

/** Names that are resolved at a time: what else waits for a thread is not held up. */
const AT_ONCE = 3;
const HOSTS_MAX = 10_000;

const isTls = (url: string): boolean => new URL(url).protocol === 'https:';

/**
 * Which URLs lead to one place: spelt otherwise, or by another name or address of the same host. What names lead to is
 * remembered as it was seen last; where a call does go is looked at again on its connection.
 */
export class Places {
  readonly #resolved: Resolved;
  #seen = new Map<string, readonly string[]>();

  constructor(resolved = new Resolved()) {
    this.#resolved = resolved;
  }

  /** Looks where hosts lead now. @returns whether any leads elsewhere than before */
  async look(urls: readonly string[]): Promise<boolean> {
    const waiting = [...new Set(urls.map((url) => destinationOf(url).host))];
    let changed = false;
    const work = async (): Promise<void> => {
      for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
        const now = [...(await this.#resolved.of(host))].sort();
        // One that does not resolve for a moment is where it was.
        if (now.length === 0 || String(now) === String(this.#seen.get(host))) continue;
        if (this.#seen.size >= HOSTS_MAX) this.#seen = new Map();
        this.#seen.set(host, now);
        changed = true;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return changed;
  }

  /** The addresses of a URL's host as they were seen last. */
  addressesOf(url: string): readonly string[] {
    return this.#seen.get(destinationOf(url).host) ?? [];
  }

  readonly #isSameHost = (one: string, other: string): boolean => {
    const addresses = new Set(this.#seen.get(one));
    return (this.#seen.get(other) ?? []).some((address) => addresses.has(address));
  };

  /** Whether two URLs could lead to one place: reason enough to ask who opens another way. */
  readonly mayBeSame = (one: string, other: string): boolean =>
    isSameDestination(one, other, this.#isSameHost);

  /**
   * Whether two URLs lead to one place. Names behind one proxy share an address and are told apart by their certificates:
   * of two with TLS that is known only when one is called.
   */
  readonly isSame = (one: string, other: string): boolean =>
    isSameDestination(one, other, isTls(one) && isTls(other) ? undefined : this.#isSameHost);

  /** Whether some URL of one leads where some URL of the other does. */
  anySame(urls: readonly string[], others: readonly string[]): boolean {
    return urls.some((url) => others.some((other) => this.isSame(url, other)));
  }
}

/** Places to which no call may go, by whichever name: of systems that are held, and of vendors that are not live. */
export function closedPlaces(
  places: Places,
  systems: readonly KnownSystem[],
  parties: readonly ThirdParty[],
  held: ReadonlyMap<string, string>,
): ClosedPlace[] {
  const why = 'it leads to the same place as a system whose model may not be served';
  const closed = [
    ...systems.flatMap(({ name, config }) =>
      held.has(name) ? config.urls.map((url) => ({ url, why, code: 'gate-closed' as const })) : [],
    ),
    ...closedVendors(parties).map((one) => ({ ...one, code: 'integration-refused' as const })),
  ];
  return closed.map((one) => ({ ...one, addresses: places.addressesOf(one.url) }));
}

/** Those URLs that may be at one of these places, as far as port and path say, and the places that they may be at. */
function overlapping(urls: readonly string[], places: readonly string[]): string[] {
  const own = urls.map((url) => [url, destinationOf(url)] as const);
  const there = places.map((url) => [url, destinationOf(url)] as const);
  const pairs = own.flatMap(([url, a]) =>
    there.flatMap(([place, b]) => (a.host !== b.host && mayBeSamePlace(a, b) ? [url, place] : [])),
  );
  return [...new Set(pairs)];
}

/** Whether URLs lead, or could lead, where a system other than this one or a third party is already. */
export async function leadsToKnown(
  control: Control,
  name: string,
  urls: readonly string[],
): Promise<boolean> {
  const own = urls.filter((url) => URL.canParse(url));
  const places = [
    ...(await control.systems()).flatMap((one) => (one.name === name ? [] : one.config.urls)),
    ...(await control.thirdParties.list()).flatMap(({ manifest }) => manifest.origins),
  ];
  await control.places.look(overlapping(own, places));
  return own.some((url) => places.some((place) => control.places.mayBeSame(url, place)));
}

/** Looks again where names lead that gates depend on, and hands the gateway what follows from it. */
export async function watchPlaces(control: Control): Promise<void> {
  const systems = await control.systems();
  const held = await control.installation.store.holds.systems();
  const gated = [
    ...systems.flatMap(({ name, config }) =>
      config.serves !== undefined || held.has(name) ? config.urls : [],
    ),
    ...(await control.thirdParties.list()).flatMap(({ manifest }) => manifest.origins),
  ];
  const urls = systems.flatMap(({ config }) => config.urls);
  if (await control.places.look(overlapping(urls, gated))) await control.publish();
}

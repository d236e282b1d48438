import { lookup } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { checkServerIdentity, TLSSocket } from 'node:tls';
import {
  bareHost,
  type ClosedPlace,
  CodedError,
  clock,
  destinationOf,
  mayBeSamePlace,
} from '@sallyport/core';

/** How long what a name resolved to is taken for true, in milliseconds. */
const RESOLVED_MS = 5_000;
/** How long is waited for a name to resolve, in milliseconds. */
const RESOLVE_MS = 2_000;
const NAMES_MAX = 1_000;
/** What every address of this machine is called. */
const OWN = 'localhost';

/** Resolves a name to every address of it. Port: tests give their own. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveHere: Resolve = (host) =>
  new Promise((done, fail) =>
    lookup(host, { all: true }, (fault, found) =>
      fault ? fail(fault) : done(found.map(({ address }) => address)),
    ),
  );

/** An address written in one way, however it is spelt; those of this machine are one. */
export function addressKey(address: string): string {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*/s, '');
  const { host } = destinationOf(isIP(plain) === 6 ? `http://[${plain}]` : `http://${plain}`);
  if (host === OWN) return OWN;
  const own = Object.values(networkInterfaces()).flat();
  const bare = host.replace(/^\[|\]$/g, '');
  return own.some((one) => one?.address.toLowerCase() === bare) ? OWN : host;
}

/** What names resolve to, kept for a moment. What does not resolve in time leads nowhere that is known. */
export class Resolved {
  readonly #resolve: Resolve;
  readonly #known = new Map<
    string,
    { readonly atMs: number; readonly addresses: Promise<readonly string[]> }
  >();

  constructor(resolve: Resolve = resolveHere) {
    this.#resolve = resolve;
  }

  /** Keys of the addresses of a host, which may be an address itself. */
  of(host: string): Promise<readonly string[]> {
    const bare = host.replace(/^\[|\]$/g, '');
    if (host === OWN || isIP(bare) !== 0)
      return Promise.resolve([addressKey(bare === OWN ? '127.0.0.1' : bare)]);
    const now = clock.nowMs();
    const known = this.#known.get(host);
    if (known && now - known.atMs < RESOLVED_MS) return known.addresses;
    if (this.#known.size >= NAMES_MAX) this.#known.clear();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly string[]>((done) => {
      timer = setTimeout(done, RESOLVE_MS, []);
      timer.unref();
    });
    const found = this.#resolve(host).then(
      (addresses) => [...new Set(addresses.map(addressKey))],
      () => [],
    );
    const addresses = Promise.race([found, late]).finally(() => clearTimeout(timer));
    this.#known.set(host, { atMs: now, addresses });
    return addresses;
  }
}

/** Of the places behind closed gates, those to which a call by a URL could come. */
export const closedFor = (url: string, closed: readonly ClosedPlace[]): readonly ClosedPlace[] => {
  if (closed.length === 0) return closed;
  const own = destinationOf(url);
  return closed.filter((place) => mayBeSamePlace(own, destinationOf(place.url)));
};

/**
 * Whether the certificate that was shown is of another server than the place: names behind one proxy or content network
 * share an address, and are not one place for that.
 */
function isOtherServer(socket: Socket, url: URL): boolean {
  if (!(socket instanceof TLSSocket) || url.protocol !== 'https:') return false;
  const host = bareHost(url).replace(/\.$/, '');
  return checkServerIdentity(host, socket.getPeerCertificate()) !== undefined;
}

/**
 * Why nothing may be sent over a connection: what it leads to is behind a closed gate. Null where it is not.
 * @param proxied the host that a proxy was asked for, whose address only the proxy knows; null for a connection of our own
 */
export async function refusedPlace(
  socket: Socket,
  places: readonly ClosedPlace[],
  resolved: Resolved,
  proxied: string | null = null,
): Promise<CodedError | null> {
  const address = socket.remoteAddress;
  if (address === undefined && proxied === null) return new CodedError('upstream-unreachable');
  const keys =
    proxied === null ? [addressKey(address!)] : await resolved.of(destinationOf(`http://${proxied}`).host);
  for (const { url, addresses, code, why } of places) {
    const known = new Set([...addresses, ...(await resolved.of(destinationOf(url).host))]);
    const secure = socket instanceof TLSSocket && url.startsWith('https:');
    // Behind a proxy a certificate tells more than addresses; where neither tells, it may be the place.
    const same =
      proxied !== null && (secure || keys.length === 0) ? true : keys.some((key) => known.has(key));
    if (same && !isOtherServer(socket, new URL(url))) return new CodedError(code, why);
  }
  return null;
}

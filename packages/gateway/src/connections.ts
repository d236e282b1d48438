import type { Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { type ClosedPlace, type Deadlines, LIMITS, TLS_GROUPS, type Way } from '@sallyport/core';
import { buildConnector, Pool } from 'undici';
import { type CertificatePin, pinnedIdentity } from './certificate-pin.ts';
import { type Resolved, refusedPlace } from './closed-places.ts';
import { checkedLookup } from './safe-lookup.ts';
import { openTunnel } from './tunnel.ts';

/** Connections kept to one address of a system. */
const CONNECTIONS_MAX = 4096;
/** Kinds of connections that are kept: places, and ways to them. */
const POOLS_MAX = 1_024;
const KEEP_ALIVE_MS = 4_000;
/** Time after which a connection that was used before, and closes, may have closed under a call that was worked on. */
const UNUSED_MS = 2_000;

/** How an address of a system is reached. */
export interface Route {
  readonly origin: string;
  readonly allowPrivate: boolean;
  readonly pin: CertificatePin | null;
  readonly way: Way;
  /** Places behind closed gates to which it could lead. */
  readonly closed: readonly ClosedPlace[];
}

/** Authorities that are trusted: the machine's, and those that the operator names. */
const trusted = (ca: string | null): string[] | undefined =>
  ca === null ? undefined : [...getCACertificates('default'), ca];

/** When connections opened, by where they begin, and by the errors that ended them. */
class Ages {
  readonly #byPlace = new Map<string, number>();
  readonly #byError = new WeakMap<object, number>();

  note(socket: Socket): void {
    const place = `${socket.localAddress}:${socket.localPort}`;
    const at = performance.now();
    this.#byPlace.set(place, at);
    socket.on('error', (error) => this.#byError.set(error, at));
    // The fault that its end is told by comes after it.
    socket.on('close', () =>
      setImmediate(() => this.#byPlace.get(place) === at && this.#byPlace.delete(place)),
    );
  }

  /** When the connection opened that an error ended; undefined where that is not known. */
  of(error: object): number | undefined {
    const place = (error as { socket?: { localAddress?: string; localPort?: number } | null }).socket;
    return this.#byError.get(error) ?? this.#byPlace.get(`${place?.localAddress}:${place?.localPort}`);
  }
}

/** Connections to all systems, kept while they are of use. */
export class Connections {
  readonly #deadlines: () => Deadlines;
  readonly #pools = new Map<string, Pool>();
  readonly #ages = new Ages();
  readonly #resolved: Resolved;

  constructor(deadlines: () => Deadlines, resolved: Resolved) {
    this.#resolved = resolved;
    this.#deadlines = deadlines;
  }

  /**
   * Whether a connection had been open before a call was sent over it, and ended at once: whoever closed it did so while
   * nobody used it, and has not worked on the call.
   * @param sinceMs when the call was sent, by `performance.now()`
   */
  diedUnused(error: object, sinceMs: number): boolean {
    const openedMs = this.#ages.of(error);
    return openedMs !== undefined && openedMs < sinceMs && performance.now() - sinceMs < UNUSED_MS;
  }

  #connector({ origin, allowPrivate, pin, way, closed }: Route): buildConnector.connector {
    const { connectMs } = this.#deadlines();
    const ca = trusted(way.ca);
    const connect = buildConnector({
      timeout: connectMs,
      ecdhCurve: TLS_GROUPS,
      lookup: checkedLookup(allowPrivate) as never,
      ...(ca && { ca }),
      ...(pin && { checkServerIdentity: pinnedIdentity(pin) }),
    });
    const { proxy } = way;
    const secure = origin.startsWith('https:');
    /** Looks where a connection leads before anything is sent over it. */
    const opened = (socket: Socket, host: string, callback: buildConnector.Callback): void => {
      this.#ages.note(socket);
      if (closed.length === 0) return callback(null, socket);
      refusedPlace(socket, closed, this.#resolved, proxy === null ? null : host).then(
        (refused) => {
          if (refused === null) return callback(null, socket);
          socket.destroy();
          callback(refused, null);
        },
        (fault: Error) => {
          socket.destroy();
          callback(fault, null);
        },
      );
    };
    const direct: buildConnector.connector = (options, callback) =>
      connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
        if (error || !socket) callback(error ?? new Error('no connection'), null);
        else opened(socket, options.hostname, callback);
      });
    if (proxy === null) return direct;
    return (options, callback) => {
      const target = { host: options.hostname, port: Number(options.port || (secure ? 443 : 80)) };
      openTunnel(proxy, target, { ca, timeoutMs: connectMs }, (error, socket) => {
        if (error || !socket) callback(error ?? new Error('no tunnel'), null);
        else if (secure) direct({ ...options, httpSocket: socket }, callback);
        else opened(socket, options.hostname, callback);
      });
    };
  }

  /** @param fresh whether the connection must be a new one, which is not kept */
  pool(route: Route, fresh = false): Pool {
    const { firstByteMs, idleMs } = this.#deadlines();
    const { origin, allowPrivate, pin, way, closed } = route;
    const pinned = pin === null ? '' : `${pin.keeps} ${pin.seen[pin.keeps]}`;
    // Connections that were opened before a gate closed are used no more.
    const gates = closed.map(({ url, addresses }) => [url, ...addresses].join()).join(';');
    const key = [origin, allowPrivate, pinned, gates, way.proxy, way.ca, fresh, this.#generation()].join(' ');
    const known = this.#pools.get(key);
    if (known) return known;
    const pool = new Pool(origin, {
      connections: CONNECTIONS_MAX,
      pipelining: fresh ? 0 : 1,
      headersTimeout: firstByteMs,
      bodyTimeout: idleMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: LIMITS.headerBytesMax,
      connect: this.#connector(route),
    });
    this.#forget();
    this.#pools.set(key, pool);
    return pool;
  }

  /** Lets go of the oldest connections where there are too many kinds of them. */
  #forget(): void {
    if (this.#pools.size < POOLS_MAX) return;
    const [[key, pool] = []] = this.#pools;
    if (key === undefined || pool === undefined) return;
    this.#pools.delete(key);
    void pool.close().catch(() => {});
  }

  #generation(): string {
    const { connectMs, firstByteMs, idleMs } = this.#deadlines();
    return `${connectMs} ${firstByteMs} ${idleMs}`;
  }

  /** Lets go of connections that were opened under other deadlines, once their calls have ended. */
  settle(): void {
    const now = this.#generation();
    for (const [key, pool] of this.#pools) {
      if (key.endsWith(` ${now}`)) continue;
      this.#pools.delete(key);
      void pool.close().catch(() => {});
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}

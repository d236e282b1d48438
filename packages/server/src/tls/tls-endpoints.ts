import {
  bareHost,
  type Config,
  clock,
  HYBRID_GROUP,
  isLoopback,
  type RootConfig,
  UnderWay,
} from '@sallyport/core';
import type { Control } from '../control.ts';
import type { KnownSystem } from '../snapshot.ts';
import { lookOverTls } from './tls-look.ts';

const DAY_MS = 86_400_000;
/** A certificate that ends sooner is told. */
const EXPIRY_MS_MIN = 14 * DAY_MS;

/** A connection that is accepted or made. */
export interface TlsEndpoint {
  /** What it is, such as `listener:gateway`, `system:helpdesk`. */
  readonly name: string;
  readonly url: string;
  readonly allowPrivate: boolean;
  /** The certificate that is served there, where it is one of the listeners here (PEM). */
  readonly own?: string;
}

/** What an endpoint agrees to when it is asked now. */
export interface TlsState {
  readonly name: string;
  readonly url: string;
  /** Such as `TLSv1.3`; null where no connection came about that holds. */
  readonly protocol: string | null;
  /** The group that keys are agreed in. */
  readonly group: string | null;
  readonly cipher: string | null;
  /** When its certificate ends. */
  readonly expiresAt: string | null;
  readonly issuer: string | null;
  /** In words: what is wrong, or null. */
  readonly problem: string | null;
}

const named = (name: string, url: string | undefined, allowPrivate: boolean): TlsEndpoint[] =>
  url === undefined ? [] : [{ name, url: new URL(url).origin, allowPrivate }];

/** An address that stands for every one is asked at the one of this machine. */
const here = (url: string): string => url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');

const transitOf = (root: RootConfig | undefined): TlsEndpoint[] =>
  root?.kind === 'transit' ? named('key provider', root.url, root.allowPrivate) : [];

/** The listeners that are served now. */
function listenersOf({ config, snapshots, gatewayUrl, controlUrl }: Control): TlsEndpoint[] {
  const urls = { gateway: gatewayUrl, control: controlUrl };
  return (['gateway', 'control'] as const).flatMap((name) => {
    const url = urls[name];
    if (url === null) return [];
    const tls = snapshots.certificates.of(config[name], name);
    return named(`listener:${name}`, here(url), true).map((one) => ({
      ...one,
      ...(tls ? { own: tls.cert } : {}),
    }));
  });
}

/** Every connection that is configured to be made. */
function upstreamsOf(config: Config, systems: readonly KnownSystem[]): TlsEndpoint[] {
  const { record, telemetry, inventory, access, keys } = config;
  return [
    ...systems
      .filter(({ demo }) => !demo)
      .flatMap(({ name, config: own }) =>
        own.urls.flatMap((url) => named(`system:${name}`, url, own.allowPrivate)),
      ),
    ...record.witnesses.flatMap(({ url, allowPrivate }, at) => named(`witness ${at + 1}`, url, allowPrivate)),
    ...named('telemetry', telemetry?.otlp.url, telemetry?.otlp.allowPrivate ?? false),
    ...named('object store', inventory.objects?.endpoint, inventory.objects?.allowPrivate ?? false),
    ...named('identity provider', access.signOn?.issuer, access.signOn?.allowPrivate ?? false),
    ...transitOf(keys.root),
  ];
}

const problemOf = (protocol: string, expiresAt: string | null): string | null => {
  if (protocol !== 'TLSv1.3') return `it answers with ${protocol} instead of TLS 1.3`;
  if (expiresAt === null) return 'its certificate does not say when it ends';
  const leftMs = Date.parse(expiresAt) - clock.nowMs();
  return leftMs < EXPIRY_MS_MIN ? `its certificate ends in ${Math.floor(leftMs / DAY_MS)} days` : null;
};

/** Looks that are under way: however many ask, each endpoint is asked once at a time. */
const looks = new UnderWay<TlsState>();

const lookAtEndpoint = (endpoint: TlsEndpoint): Promise<TlsState> =>
  looks.of(JSON.stringify(endpoint), () => ask(endpoint));

/** Asks one endpoint what it agrees to; nothing is sent over the connection. */
async function ask({ name, url, allowPrivate, own }: TlsEndpoint): Promise<TlsState> {
  const trusted = own === undefined ? {} : { own };
  const place = new URL(url);
  const nothing = { name, url, protocol: null, group: null, cipher: null, expiresAt: null, issuer: null };
  if (place.protocol === 'http:')
    return {
      ...nothing,
      problem: isLoopback(bareHost(place)) ? null : 'it is reached without TLS',
    };
  const seen = await lookOverTls(
    url,
    allowPrivate,
    (socket) => {
      const { valid_to: until, issuer } = socket.getPeerCertificate();
      const agreed = socket.getEphemeralKeyInfo() as { name?: string } | null;
      return {
        protocol: socket.getProtocol() ?? 'unknown',
        cipher: socket.getCipher().standardName,
        group: agreed?.name ?? null,
        expiresAt: until ? new Date(until).toISOString() : null,
        issuer: [issuer?.CN ?? issuer?.O ?? ''].flat().join(', ') || null,
      };
    },
    trusted,
  );
  if (!seen) return { ...nothing, problem: 'no connection came about whose certificate holds' };
  const hybrid = await lookOverTls(url, allowPrivate, () => true, { ...trusted, group: HYBRID_GROUP });
  // The best group that both know is the one that is used.
  const group = hybrid === true ? HYBRID_GROUP : seen.group;
  return { name, url, ...seen, group, problem: problemOf(seen.protocol, seen.expiresAt) };
}

/** Asks every listener and every endpoint that is called. @param systems those that the answer may tell of */
export async function lookAtEndpoints(
  control: Control,
  systems: readonly KnownSystem[],
): Promise<TlsState[]> {
  const endpoints = [...listenersOf(control), ...upstreamsOf(control.config, systems)];
  return Promise.all(endpoints.map(lookAtEndpoint));
}

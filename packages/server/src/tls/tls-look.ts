import { connect, type TLSSocket } from 'node:tls';
import { bareHost, TLS_GROUPS } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';

const LOOK_MS = 10_000;

/**
 * Speaks TLS with an endpoint and looks at the connection; nothing is sent over it.
 * @param options the only group that keys are agreed in; a certificate (PEM) that is trusted under any name, because it is one that is served here
 * @returns null where no connection came about: refused address, no answer, a certificate that does not hold
 */
export function lookOverTls<T>(
  origin: string,
  allowPrivate: boolean,
  see: (socket: TLSSocket) => T,
  { group = TLS_GROUPS, own }: { readonly group?: string; readonly own?: string } = {},
): Promise<T | null> {
  return new Promise((done) => {
    const url = new URL(origin);
    const { port } = url;
    const host = bareHost(url);
    try {
      const socket = connect({
        host,
        port: port === '' ? 443 : Number(port),
        servername: /^[\d.]+$|:/.test(host) ? '' : host,
        lookup: safeLookup(origin, allowPrivate),
        timeout: LOOK_MS,
        ecdhCurve: group,
        ...(own === undefined
          ? {}
          : { ca: own, allowPartialTrustChain: true, checkServerIdentity: () => undefined }),
      });
      const end = (seen: T | null): void => {
        socket.destroy();
        done(seen);
      };
      socket.once('secureConnect', () => end(see(socket)));
      socket.once('timeout', () => end(null));
      socket.once('error', () => end(null));
    } catch {
      done(null);
    }
  });
}

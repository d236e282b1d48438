import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket, TlsOptions } from 'node:tls';
import { type ListenerTls, TLS_GROUPS, tableOf } from '@sallyport/core';

/** Options of a TLS 1.3 server for a listener. Clients that must show a certificate are not let in without. */
export function tlsServerOptions({ cert, key, clients }: ListenerTls): TlsOptions {
  const base = { cert, key, minVersion: 'TLSv1.3', ecdhCurve: TLS_GROUPS } as const;
  if (!clients) return base;
  return { ...base, ca: clients.ca, requestCert: true, rejectUnauthorized: clients.required };
}

/** A certificate that a client proved to hold, issued by an authority that is trusted for clients. */
export interface ClientCertificate {
  /** SHA-256 of the certificate, hex. */
  readonly sha256: string;
  /** Names in it: `dns:…`, `uri:…`, `email:…`. */
  readonly names: readonly string[];
}

const KINDS: Readonly<Record<string, string>> = tableOf({ DNS: 'dns', URI: 'uri', email: 'email' });

/** Names of a certificate, from its subject alternative names; those in quotes may hold what deceives, and are left out. */
function namesOf({ subjectaltname }: PeerCertificate): string[] {
  return (subjectaltname ?? '').split(', ').flatMap((entry) => {
    const at = entry.indexOf(':');
    const kind = KINDS[entry.slice(0, at)];
    const value = entry.slice(at + 1);
    return kind === undefined || value.includes('"') ? [] : [`${kind}:${value}`];
  });
}

const known = new WeakMap<Socket, ClientCertificate | null>();

/** What a client showed on its connection; null without TLS, or when what it showed does not verify. */
export function clientCertificate(socket: Socket): ClientCertificate | null {
  const seen = known.get(socket);
  if (seen !== undefined) return seen;
  const { authorized, getPeerCertificate } = socket as TLSSocket;
  const shown = authorized ? getPeerCertificate.call(socket) : null;
  // Whoever shows none is not authorised, unless none was asked for.
  const certificate =
    shown?.fingerprint256 === undefined
      ? null
      : { sha256: shown.fingerprint256.replaceAll(':', '').toLowerCase(), names: namesOf(shown) };
  known.set(socket, certificate);
  return certificate;
}

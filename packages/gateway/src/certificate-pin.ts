import { hash, X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { SeenCertificate } from '@sallyport/core';

/** What of an endpoint's certificate must be as it was when somebody approved it. */
export interface CertificatePin {
  readonly keeps: 'key' | 'issuer';
  readonly seen: SeenCertificate;
}

/** Code of the error with which a connection to another certificate ends. */
export const CERTIFICATE_CHANGED = 'ERR_CERTIFICATE_CHANGED';

const keyDigest = (raw: Buffer): string =>
  hash('sha256', new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' }), 'base64');

/** Keys of a certificate and of whoever issued it, from the chain that was verified. */
export function seenCertificate(
  certificate: PeerCertificate & { issuerCertificate?: PeerCertificate },
): SeenCertificate {
  const key = keyDigest(certificate.raw);
  const issuer = certificate.issuerCertificate?.raw;
  return { key, issuer: issuer ? keyDigest(issuer) : key };
}

/** Checks the name as TLS clients do, and then that the certificate is the one that was approved. */
export function pinnedIdentity(pin: CertificatePin) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const fault = checkServerIdentity(host, certificate);
    if (fault) return fault;
    if (seenCertificate(certificate)[pin.keeps] === pin.seen[pin.keeps]) return undefined;
    const words = `${host} shows another ${pin.keeps} than the one that was approved`;
    return Object.assign(new Error(words), { code: CERTIFICATE_CHANGED });
  };
}

import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { clock } from '@sallyport/core';
import {
  formatEnvelope,
  isWrapped,
  type KeyRing,
  parseEnvelope,
  readKeyFile,
  type WrappedFile,
  writeDurably,
} from '@sallyport/vault';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
const LEAF_DAYS = 90;
/** A clock that is a little behind still takes a new certificate. */
const EARLIER_MS = 5 * 60_000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate of a listener, with its key. */
export interface IssuedCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly expiresMs: number;
}

/** Where the key of the authority lies, wrapped, and its certificate. */
export const localAuthorityFile = (folder: string): WrappedFile => ({
  path: join(folder, 'keys', 'tls-authority.json'),
  context: { purpose: 'tls', owner: '', object: 'authority', version: 1 },
});

/** Loaded when a certificate is issued: most listeners have their own. */
async function x509() {
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as unknown as Crypto);
  return library;
}

const serialNumber = (): string => `00${randomBytes(15).toString('hex')}`;

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)),
    format: 'der',
    type: 'pkcs8',
  })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();

/** Issues certificates for the listeners of one installation; whoever trusts its own certificate reaches them. */
export class LocalAuthority {
  /** PEM: what clients are to trust. */
  readonly certificate: string;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: string, key: webcrypto.CryptoKey) {
    this.certificate = certificate;
    this.#key = key;
  }

  /** Opens the authority of an installation, or makes it. @throws CodedError `root-key-wrong` */
  static async open(folder: string, ring: KeyRing, id: string): Promise<LocalAuthority> {
    const { path, context } = localAuthorityFile(folder);
    if (existsSync(path)) {
      const { envelope, certificate } = readKeyFile<{ envelope: string; certificate: string }>(
        path,
        (file) => isWrapped(file) && typeof file.certificate === 'string',
      );
      const der = ring.unwrap(parseEnvelope(envelope), context);
      const key = await webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
      return new LocalAuthority(certificate, key);
    }
    const library = await x509();
    const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
    const now = clock.nowMs();
    const made = await library.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: `CN=Sallyport local authority ${id}`,
      notBefore: new Date(now - EARLIER_MS),
      notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
      signingAlgorithm: ECDSA,
      keys: keys as CryptoKeyPair,
      extensions: [
        // It signs certificates of listeners, and of nobody who could sign others.
        new library.BasicConstraintsExtension(true, 0, true),
        new library.KeyUsagesExtension(
          library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign,
          true,
        ),
        await library.SubjectKeyIdentifierExtension.create(keys.publicKey as CryptoKey),
      ],
    });
    const certificate = `${made.toString('pem')}\n`;
    await ring.ensure(context.purpose);
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const envelope = formatEnvelope(ring.wrap(context, der));
    writeDurably(path, `${JSON.stringify({ envelope, certificate })}\n`, 0o600, true);
    return new LocalAuthority(certificate, keys.privateKey);
  }

  /** Issues a certificate with a new key. @param names host names and addresses that clients use */
  async issue(names: readonly string[]): Promise<IssuedCertificate> {
    const library = await x509();
    const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
    const authority = new library.X509Certificate(this.certificate);
    const now = clock.nowMs();
    const expiresMs = Math.min(now + LEAF_DAYS * DAY_MS, authority.notAfter.getTime());
    const made = await library.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${names[0]!.replaceAll(/[^\w.:-]/g, '')}`,
      issuer: authority.subject,
      notBefore: new Date(now - EARLIER_MS),
      notAfter: new Date(expiresMs),
      signingAlgorithm: ECDSA,
      publicKey: keys.publicKey as CryptoKey,
      signingKey: this.#key as CryptoKey,
      extensions: [
        new library.BasicConstraintsExtension(false, undefined, true),
        new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
        new library.ExtendedKeyUsageExtension([library.ExtendedKeyUsage.serverAuth]),
        new library.SubjectAlternativeNameExtension(
          names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
        ),
        await library.SubjectKeyIdentifierExtension.create(keys.publicKey as CryptoKey),
        await library.AuthorityKeyIdentifierExtension.create(authority),
      ],
    });
    return { cert: `${made.toString('pem')}\n`, key: await pemOf(keys.privateKey), expiresMs };
  }
}

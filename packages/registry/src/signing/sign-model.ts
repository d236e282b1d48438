import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { basename, resolve } from 'node:path';
import { CodedError, tableOf } from '@sallyport/core';
import { type Envelope, envelope } from './dsse.ts';
import type { HashType } from './hash-files.ts';
import { GIT_PATHS, ignoredPath } from './model-files.ts';
import {
  type HashWatcher,
  type ModelManifest,
  manifestOf,
  SHARD_BYTES,
  toStatement,
} from './model-manifest.ts';

/** The form of a bundle that this writes, and that everybody reads. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** Digest that goes with a curve (NIST SP 800-57). */
const CURVE_DIGESTS: Readonly<Record<string, string>> = tableOf({
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
});

/** A signature beside a model, as Sigstore bundles are written. */
export interface ModelBundle {
  readonly mediaType: string;
  readonly verificationMaterial: object;
  readonly dsseEnvelope: Envelope;
}

/** How a model is signed. */
export interface SignOptions extends HashWatcher {
  /** PEM of a private key on P-256, P-384 or P-521. */
  readonly key: string;
  /** Passphrase of the key. */
  readonly passphrase?: string;
  /** PEM of the certificate of the key and those above it, from the leaf up; absent where the key speaks for itself. */
  readonly certificates?: string;
  readonly name?: string;
  readonly ignored?: readonly string[];
  readonly allowLinks?: boolean;
  /** Hashes shards of this many bytes instead of whole files. */
  readonly shardBytes?: number;
  readonly hashType?: HashType;
}

/** The digest with which a key of a curve signs. @throws CodedError `usage` for other keys */
export function digestFor(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const digest = key.asymmetricKeyType === 'ec' && curve !== undefined ? CURVE_DIGESTS[curve] : undefined;
  if (digest === undefined)
    throw new CodedError('usage', 'the key is on none of the curves P-256, P-384 and P-521');
  return digest;
}

/** How a bundle names a public key: SHA-256 of its PEM, hexadecimal. */
export const keyHint = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'pem', type: 'spki' }))
    .digest('hex');

/** Certificates of a PEM file, in order. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new CodedError('usage', 'a certificate cannot be read');
  }
}

function openKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch {
    throw new CodedError(
      'usage',
      'the private key cannot be read: it is not PEM, or its passphrase is another',
    );
  }
}

/**
 * Signs a model as it lies in a folder, to the OpenSSF Model Signing specification v1.0.
 * @param root folder or file
 * @returns what belongs in `model.sig` beside it, and what it covers
 * @throws CodedError `usage`, `conflict` where the model changes meanwhile
 */
export async function signModel(
  root: string,
  options: SignOptions,
): Promise<{ bundle: ModelBundle; manifest: ModelManifest }> {
  const key = openKey(options.key, options.passphrase);
  const digest = digestFor(key);
  const chain = options.certificates === undefined ? [] : readCertificates(options.certificates);
  if (options.certificates !== undefined && !chain[0]?.checkPrivateKey(key))
    throw new CodedError('usage', 'the first certificate is not that of the key');
  const manifest = await manifestOf(
    root,
    options.name ?? basename(resolve(root)),
    {
      method: options.shardBytes === undefined ? 'files' : 'shards',
      hashType: options.hashType ?? 'sha256',
      shardBytes: options.shardBytes ?? SHARD_BYTES,
      allowLinks: options.allowLinks ?? false,
      ignored: [...new Set([...(options.ignored ?? []).map(ignoredPath), ...GIT_PATHS])],
    },
    options,
  );
  const dsseEnvelope = envelope(toStatement(manifest), (bytes) => sign(digest, bytes, key));
  const verificationMaterial =
    chain.length > 0
      ? {
          x509CertificateChain: {
            certificates: chain.map(({ raw }) => ({ rawBytes: raw.toString('base64') })),
          },
          tlogEntries: [],
        }
      : { publicKey: { hint: keyHint(createPublicKey(key)) }, tlogEntries: [] };
  return { bundle: { mediaType: BUNDLE_TYPE, verificationMaterial, dsseEnvelope }, manifest };
}

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeDurably } from './durable.ts';
import { formatEnvelope, parseEnvelope } from './envelope.ts';
import { isWrapped, readKeyFile } from './key-file.ts';
import type { KeyRing } from './key-ring.ts';

/** Two key pairs that sign the same: Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204). The private halves stay inside. */
export interface SigningKey {
  /** Ed25519, 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
  /** ML-DSA-44, 1,312 raw bytes. */
  readonly quantumSafePublicKey: Uint8Array;
  /** ML-DSA-44 with an empty context, 2,420 bytes. */
  signQuantumSafe(message: Uint8Array): Uint8Array;
}

/** As files hold it. Before there were key-encryption keys, `wrapped` was an Ed25519 key that the root wrapped itself. */
interface SigningKeyFile {
  readonly envelope?: string;
  readonly wrapped?: string;
}

const SEED_BYTES = 32;
const ED25519_BYTES = 32;
const ML_DSA_44_BYTES = 1312;
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const PKCS8_ML_DSA_44 = Buffer.from('3034020100300b060960864801650304031104228020', 'hex');
const LEGACY_CONTEXT = Buffer.from('ledger-signing-key');

const fromSeed = (prefix: Buffer, seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
const rawPublic = (key: KeyObject, bytes: number): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-bytes);

/** Both key pairs from their seeds, 32 bytes each (RFC 8032, FIPS 204). */
export function signingKey(seeds: Uint8Array): SigningKey {
  const classic = fromSeed(PKCS8_ED25519, seeds.subarray(0, SEED_BYTES));
  const lattice = fromSeed(PKCS8_ML_DSA_44, seeds.subarray(SEED_BYTES, 2 * SEED_BYTES));
  return {
    publicKey: rawPublic(classic, ED25519_BYTES),
    sign: (message) => sign(null, message, classic),
    quantumSafePublicKey: rawPublic(lattice, ML_DSA_44_BYTES),
    signQuantumSafe: (message) => sign(null, message, lattice),
  };
}

const contextOf = (name: string) => ({ purpose: 'signing', owner: '', object: name, version: 1 }) as const;

/**
 * The same for a reader: nothing is made or written.
 * @returns null where there is none, or none that a ring wrapped
 * @throws CodedError `sealed-content-unreadable`
 */
export function readSigningKey(path: string, ring: KeyRing, name: string): SigningKey | null {
  if (!existsSync(path)) return null;
  const { envelope } = readKeyFile<SigningKeyFile>(path, isWrapped);
  if (envelope === undefined) return null;
  return signingKey(ring.unwrap(parseEnvelope(envelope), contextOf(name)));
}

/** Opens the signing key kept wrapped at `path`, or makes it. @param name what signs, bound to the wrapping @throws CodedError `root-key-wrong` */
export async function openSigningKey(path: string, ring: KeyRing, name: string): Promise<SigningKey> {
  const context = contextOf(name);
  await ring.ensure('signing');
  const file = existsSync(path) ? readKeyFile<SigningKeyFile>(path, isWrapped) : null;
  let seeds: Uint8Array;
  if (file?.envelope !== undefined) seeds = ring.unwrap(parseEnvelope(file.envelope), context);
  else {
    const first =
      file === null
        ? randomBytes(SEED_BYTES)
        : Buffer.from(
            await ring.provider.unwrap(Buffer.from(file.wrapped ?? '', 'base64'), LEGACY_CONTEXT),
          ).subarray(PKCS8_ED25519.length);
    seeds = Buffer.concat([first, randomBytes(SEED_BYTES)]);
    const envelope = formatEnvelope(ring.wrap(context, seeds));
    writeDurably(path, `${JSON.stringify({ envelope })}\n`, 0o600, file === null);
  }
  return signingKey(seeds);
}

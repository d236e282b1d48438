import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { fromBase64, isNoteName } from './note.ts';

/** Kinds of signatures of notes, as https://c2sp.org/signed-note numbers them. */
export const SIGNATURE_TYPES = {
  /** Over the text. */
  ed25519: 1,
  /** Over the text and a time (https://c2sp.org/tlog-cosignature). */
  'ed25519-cosignature': 4,
  /** ML-DSA-44 over what the tree is and a time (https://c2sp.org/tlog-cosignature). */
  'ml-dsa-44-cosignature': 6,
} as const;
/** A kind of {@link SIGNATURE_TYPES}. */
export type SignatureType = keyof typeof SIGNATURE_TYPES;

/** Files beside a log with the keys that verify it: Ed25519, ML-DSA-44. */
export const VERIFIER_FILES = ['verifier.key', 'verifier-quantum-safe.key'] as const;

/** A key that checks signatures of one kind under one name. */
export interface VerifierKey {
  readonly name: string;
  readonly type: SignatureType;
  /** Raw. */
  readonly publicKey: Uint8Array;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
}

const ED25519 = { bytes: 32, spki: Buffer.from('302a300506032b6570032100', 'hex') };
const ML_DSA_44 = { bytes: 1312, spki: Buffer.from('30820532300b06096086480165030403110382052100', 'hex') };
const FORMATS = {
  ed25519: ED25519,
  'ed25519-cosignature': ED25519,
  'ml-dsa-44-cosignature': ML_DSA_44,
} as const satisfies Readonly<Record<SignatureType, { bytes: number; spki: Buffer }>>;

/** What one byte counts: ML-DSA-44 signs names and origins behind their length (https://c2sp.org/tlog-cosignature). */
export const PREFIXED_BYTES_MAX = 255;

/** Whether a key of a type can have a name. */
const fits = (name: string, type: SignatureType): boolean =>
  isNoteName(name) && (type !== 'ml-dsa-44-cosignature' || Buffer.byteLength(name) <= PREFIXED_BYTES_MAX);

/** A key under a name. @throws CodedError `ledger-corrupt` for a name that none can have, or a key of another length */
export function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  if (!fits(name, type) || publicKey.length !== FORMATS[type].bytes)
    throw new CodedError('ledger-corrupt', 'the verifier key is malformed');
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([SIGNATURE_TYPES[type]]), publicKey]);
  return { name, type, publicKey, keyId: hash('sha256', input, 'buffer').subarray(0, 4) };
}

/** The verifier key as text: `name+hash+key`. */
export function formatVerifierKey({ name, type, publicKey, keyId }: VerifierKey): string {
  const key = Buffer.concat([Buffer.from([SIGNATURE_TYPES[type]]), publicKey]).toString('base64');
  return `${name}+${Buffer.from(keyId).toString('hex')}+${key}`;
}

/** Reads a verifier key. @throws CodedError `ledger-corrupt` */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, base64] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = base64 === undefined ? null : fromBase64(base64);
  const type = (Object.keys(SIGNATURE_TYPES) as SignatureType[]).find(
    (one) => SIGNATURE_TYPES[one] === bytes?.[0],
  );
  if (!bytes || !type) throw new CodedError('ledger-corrupt', 'the verifier key is malformed');
  const key = verifierKey(name!, type, bytes.subarray(1));
  if (Buffer.from(key.keyId).toString('hex') !== id)
    throw new CodedError('ledger-corrupt', 'the verifier key does not match its own hash');
  return key;
}

const opened = new WeakMap<VerifierKey, KeyObject>();

/** Whether a signature over bytes is of a key. */
export function verifyRaw(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  let publicKey = opened.get(key);
  if (!publicKey) {
    const { spki } = FORMATS[key.type];
    publicKey = createPublicKey({ key: Buffer.concat([spki, key.publicKey]), format: 'der', type: 'spki' });
    opened.set(key, publicKey);
  }
  return verify(null, message, publicKey, signature);
}

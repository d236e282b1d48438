import { CodedError } from '@sallyport/core';
import { formatNote, fromBase64, type Note, type NoteSignature, parseNote } from './note.ts';
import { type VerifierKey, verifierKey, verifyRaw } from './verifier-key.ts';

/** What a checkpoint (https://c2sp.org/tlog-checkpoint) of a log says. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** Signs checkpoints under a name: with Ed25519, and with ML-DSA-44, which a quantum computer does not forge. */
export interface NoteSigner {
  readonly name: string;
  /** 32 raw bytes, Ed25519. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
  /** 1,312 raw bytes, ML-DSA-44. */
  readonly quantumSafePublicKey: Uint8Array;
  signQuantumSafe(message: Uint8Array): Uint8Array;
}

const HASH_BYTES = 32;
const TIME_BYTES = 8;

type PublicKeys = Pick<NoteSigner, 'name' | 'publicKey' | 'quantumSafePublicKey'>;

/** The keys that verify what a signer signs: Ed25519 first, then ML-DSA-44. @param classic what it signs with Ed25519: texts, or cosignatures */
const keysOf =
  (classic: 'ed25519' | 'ed25519-cosignature') =>
  ({ name, publicKey, quantumSafePublicKey }: PublicKeys): readonly [VerifierKey, VerifierKey] => [
    verifierKey(name, classic, publicKey),
    verifierKey(name, 'ml-dsa-44-cosignature', quantumSafePublicKey),
  ];

/** The keys that verify checkpoints which a log signs. */
export const verifierKeysOf = keysOf('ed25519');
/** The keys that verify what a witness cosigns. */
export const witnessKeys = keysOf('ed25519-cosignature');

/** The lines of a checkpoint. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

/** Reads the text of a note as a checkpoint; lines behind the third are extensions, and kept out. @throws CodedError `ledger-corrupt` */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.slice(0, -1).split('\n');
  const hash = fromBase64(root);
  if (
    !text.endsWith('\n') ||
    origin === '' ||
    !/^(0|[1-9]\d{0,15})$/.test(size) ||
    !Number.isSafeInteger(Number(size)) ||
    hash?.length !== HASH_BYTES
  )
    throw new CodedError('ledger-corrupt', 'the checkpoint is malformed');
  if (rest.includes('')) throw new CodedError('ledger-corrupt', 'the checkpoint has an empty line');
  return { origin, size: Number(size), root: hash };
}

const prefixed = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes]);
const eightBytes = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
};

/** What a cosignature is over. @param seconds since 1970; 0 where ML-DSA-44 signs without a time */
export function cosignedBytes(
  { name, type }: Pick<VerifierKey, 'name' | 'type'>,
  text: string,
  seconds: number,
): Buffer {
  if (type === 'ed25519-cosignature') return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
  const { origin, size, root } = parseCheckpoint(text);
  return Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    prefixed(Buffer.from(name)),
    eightBytes(seconds),
    prefixed(Buffer.from(origin)),
    eightBytes(0),
    eightBytes(size),
    root,
  ]);
}

/** A cosignature of a checkpoint: a time, then the signature. */
export const cosignature = (
  key: VerifierKey,
  text: string,
  seconds: number,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSignature => ({
  name: key.name,
  keyId: key.keyId,
  signature: Buffer.concat([eightBytes(seconds), sign(cosignedBytes(key, text, seconds))]),
});

/** The signed note over a checkpoint. @param signers each signs twice @param seconds since 1970 */
export function signCheckpoint(
  checkpoint: Checkpoint,
  signers: NoteSigner | readonly NoteSigner[],
  seconds: number,
): string {
  const text = formatCheckpoint(checkpoint);
  const signatures = [signers].flat().flatMap((signer: NoteSigner) => {
    const [classic, quantumSafe] = verifierKeysOf(signer);
    return [
      { name: signer.name, keyId: classic.keyId, signature: signer.sign(Buffer.from(text)) },
      cosignature(quantumSafe, text, seconds, (message) => signer.signQuantumSafe(message)),
    ];
  });
  return formatNote({ text, signatures });
}

/**
 * Finds and checks the signature of one key: the first of its lines decides, and one that is wrong is not made up for by
 * another.
 * @returns when it was made, in seconds since 1970 (0 where it says none); null where there is none that is right
 */
export function signedAt({ text, signatures }: Note, key: VerifierKey): number | null {
  const line = signatures.find(
    ({ name, keyId }) => name === key.name && Buffer.compare(keyId, key.keyId) === 0,
  );
  if (!line) return null;
  const { signature } = line;
  if (key.type === 'ed25519') return verifyRaw(key, Buffer.from(text), signature) ? 0 : null;
  if (signature.length <= TIME_BYTES) return null;
  const seconds = Number(Buffer.from(signature).readBigUInt64BE());
  if (!Number.isSafeInteger(seconds)) return null;
  return verifyRaw(key, cosignedBytes(key, text, seconds), signature.subarray(TIME_BYTES)) ? seconds : null;
}

/**
 * Reads a signed checkpoint and checks that every key given has signed it; other signatures are passed over.
 * @throws CodedError `ledger-corrupt`
 */
export function openCheckpoint(note: string, ...keys: readonly VerifierKey[]): Checkpoint {
  const parsed = parseNote(note);
  const checkpoint = parseCheckpoint(parsed.text);
  for (const key of keys)
    if (signedAt(parsed, key) === null)
      throw new CodedError(
        'ledger-corrupt',
        key.type === 'ml-dsa-44-cosignature'
          ? 'the checkpoint carries no valid quantum-safe signature of the log'
          : 'the checkpoint carries no valid signature of the log',
      );
  return checkpoint;
}

/** Reads a checkpoint that one of several signed, with its first key. @throws CodedError `ledger-corrupt` */
export function openOneOf(note: string, signers: readonly NoteSigner[]): Checkpoint {
  const parsed = parseNote(note);
  const signed = signers.find((signer) => signedAt(parsed, verifierKeysOf(signer)[0]) !== null);
  return openCheckpoint(note, verifierKeysOf(signed ?? signers[0]!)[0]);
}

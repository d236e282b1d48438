import { CodedError } from '@sallyport/core';
import { formatNote, fromBase64, type Note, type NoteSignature, parseNote } from './note.ts';
import { heldNumber, sixtyFourBits } from './sixty-four-bits.ts';
import { HASH_BYTES } from './tile.ts';
import { PREFIXED_BYTES_MAX, type VerifierKey, verifierKey, verifyRaw } from './verifier-key.ts';

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

const TIME_BYTES = 8;
const SECONDS_MAX = (1n << 63n) - 1n;

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

/** Reads the text of a note as a checkpoint of any size that 64 bits hold. @throws CodedError `ledger-corrupt` */
export function readCheckpoint(text: string): Omit<Checkpoint, 'size'> & { readonly size: bigint } {
  const [origin = '', decimal = '', root = '', ...rest] = text.slice(0, -1).split('\n');
  const hash = fromBase64(root);
  const size = sixtyFourBits(decimal);
  if (!text.endsWith('\n') || origin === '' || size === null || hash?.length !== HASH_BYTES)
    throw new CodedError('ledger-corrupt', 'the checkpoint is malformed');
  if (rest.includes('')) throw new CodedError('ledger-corrupt', 'the checkpoint has an empty line');
  return { origin, size, root: hash };
}

/** Reads the text of a note as a checkpoint; lines behind the third are extensions, and kept out. @throws CodedError `ledger-corrupt` */
export function parseCheckpoint(text: string): Checkpoint {
  const { origin, size, root } = readCheckpoint(text);
  return { origin, size: heldNumber(size), root };
}

/** A text behind its length in one byte. @throws CodedError `ledger-corrupt` for one of no bytes, or more than one byte counts */
function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0 || bytes.length > PREFIXED_BYTES_MAX)
    throw new CodedError(
      'ledger-corrupt',
      `ML-DSA-44 signs for names and origins of 1 to ${PREFIXED_BYTES_MAX} bytes, and this one has ${bytes.length}`,
    );
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Whether ML-DSA-44 can sign checkpoints of a log: its message has one byte for the length of the origin. */
export const hasQuantumSafeForm = (origin: string): boolean =>
  Buffer.byteLength(origin) <= PREFIXED_BYTES_MAX;

const eightBytes = (value: number | bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
};

/**
 * What a cosignature is over.
 * @param seconds since 1970; 0 where ML-DSA-44 signs without a time
 * @throws CodedError `ledger-corrupt` for what cannot be signed so
 */
export function cosignedBytes(
  { name, type }: Pick<VerifierKey, 'name' | 'type'>,
  text: string,
  seconds: number | bigint,
): Buffer {
  if (type === 'ed25519-cosignature') return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
  const { origin, size, root } = readCheckpoint(text);
  return Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    prefixed(name),
    eightBytes(seconds),
    prefixed(origin),
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

/** When a line of a key was signed, in seconds since 1970 (0 where it says none); null where it does not hold. */
function lineAt(text: string, { signature }: NoteSignature, key: VerifierKey): number | null {
  if (key.type === 'ed25519') return verifyRaw(key, Buffer.from(text), signature) ? 0 : null;
  if (signature.length <= TIME_BYTES) return null;
  const seconds = Buffer.from(signature).readBigUInt64BE();
  if (seconds > SECONDS_MAX) return null;
  const holds = verifyRaw(key, cosignedBytes(key, text, seconds), signature.subarray(TIME_BYTES));
  return holds ? Number(seconds) : null;
}

/** Whether a line says to be of a key: by name and id, which proves nothing yet. */
export const isLineOf = ({ name, keyId }: NoteSignature, key: VerifierKey): boolean =>
  name === key.name && Buffer.compare(keyId, key.keyId) === 0;

/**
 * Which of the keys given signed a note, and when: in seconds since 1970, 0 where a signature says no time. Lines of other
 * keys are passed over.
 * @throws CodedError `ledger-corrupt` where any line of a key given does not hold: such a note is worth nothing, whatever else it carries
 */
export function signedBy(note: Note, keys: readonly VerifierKey[]): ReadonlyMap<VerifierKey, number> {
  const signed = new Map<VerifierKey, number>();
  for (const key of keys)
    for (const line of note.signatures.filter((one) => isLineOf(one, key))) {
      const at = lineAt(note.text, line, key);
      if (at === null)
        throw new CodedError('ledger-corrupt', `a signature of \`${key.name}\` (${key.type}) does not hold`);
      signed.set(key, Math.max(at, signed.get(key) ?? 0));
    }
  return signed;
}

/**
 * Finds and checks what one key signed.
 * @returns when, in seconds since 1970 (0 where it says none); null where it signed nothing, or a line of it does not hold
 */
export function signedAt(note: Note, key: VerifierKey): number | null {
  try {
    return signedBy(note, [key]).get(key) ?? null;
  } catch {
    return null;
  }
}

/**
 * Reads a signed checkpoint and checks that every key given has signed it; other signatures are passed over.
 * @throws CodedError `ledger-corrupt`
 */
export function openCheckpoint(note: string | Uint8Array, ...keys: readonly VerifierKey[]): Checkpoint {
  const parsed = parseNote(note);
  const checkpoint = parseCheckpoint(parsed.text);
  const signed = signedBy(parsed, keys);
  for (const key of keys)
    if (!signed.has(key))
      throw new CodedError(
        'ledger-corrupt',
        key.type === 'ml-dsa-44-cosignature'
          ? 'the checkpoint carries no valid quantum-safe signature of the log'
          : 'the checkpoint carries no valid signature of the log',
      );
  return checkpoint;
}

/** Reads a checkpoint that one of several signed, with its first key. @throws CodedError `ledger-corrupt` */
export function openOneOf(note: string | Uint8Array, signers: readonly NoteSigner[]): Checkpoint {
  const keys = signers.map((signer) => verifierKeysOf(signer)[0]);
  const signed = signedBy(parseNote(note), keys);
  return openCheckpoint(note, keys.find((key) => signed.has(key)) ?? keys[0]!);
}

import { createPublicKey, hash, verify } from 'node:crypto';
import { CodedError } from '@sallyport/core';

const ALGORITHM_ED25519 = 1;

/** What a signed note (https://c2sp.org/signed-note) of a log says. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** Signs notes under a name. */
export interface NoteSigner {
  readonly name: string;
  /** 32 raw bytes, Ed25519. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

function keyHash(name: string, publicKey: Uint8Array): Buffer {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ALGORITHM_ED25519]), publicKey]);
  return hash('sha256', input, 'buffer').subarray(0, 4);
}

/** The verifier key: `name+hash+key`, as the signed-note specification writes it. */
export function formatVerifierKey(signer: Pick<NoteSigner, 'name' | 'publicKey'>): string {
  const key = Buffer.concat([Buffer.from([ALGORITHM_ED25519]), signer.publicKey]).toString('base64');
  return `${signer.name}+${keyHash(signer.name, signer.publicKey).toString('hex')}+${key}`;
}

/** Reads a verifier key. @throws CodedError `ledger-corrupt` */
export function parseVerifierKey(text: string): { name: string; publicKey: Buffer } {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const key = match ? Buffer.from(match[3]!, 'base64') : Buffer.alloc(0);
  if (!match || key.length !== 33 || key[0] !== ALGORITHM_ED25519) {
    throw new CodedError('ledger-corrupt', 'the verifier key is malformed');
  }
  const publicKey = key.subarray(1);
  if (keyHash(match[1]!, publicKey).toString('hex') !== match[2]) {
    throw new CodedError('ledger-corrupt', 'the verifier key does not match its own hash');
  }
  return { name: match[1]!, publicKey };
}

/** The signed note over a checkpoint: origin, size, root, blank line, signature line. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
  const signature = Buffer.concat([keyHash(signer.name, signer.publicKey), signer.sign(Buffer.from(text))]);
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`;
}

/**
 * Reads a signed checkpoint and checks the signature of the log's key; other signatures are passed over.
 * @throws CodedError `ledger-corrupt`
 */
export function openCheckpoint(note: string, verifierKey: string): Checkpoint {
  const key = parseVerifierKey(verifierKey);
  const end = note.indexOf('\n\n');
  if (end < 0) throw new CodedError('ledger-corrupt', 'the checkpoint is no signed note');
  const text = note.slice(0, end + 1);
  const lines = text.split('\n');
  const size = Number(lines[1]);
  const root = Buffer.from(lines[2] ?? '', 'base64');
  if (lines.length < 4 || !/^(0|[1-9]\d{0,15})$/.test(lines[1]!) || root.length !== 32) {
    throw new CodedError('ledger-corrupt', 'the checkpoint is malformed');
  }
  const expected = keyHash(key.name, key.publicKey);
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') },
    format: 'jwk',
  });
  for (const line of note.slice(end + 2).split('\n')) {
    const match = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    if (!match || match[1] !== key.name) continue;
    const blob = Buffer.from(match[2]!, 'base64');
    if (blob.length !== 68 || !blob.subarray(0, 4).equals(expected)) continue;
    if (verify(null, Buffer.from(text), publicKey, blob.subarray(4)))
      return { origin: lines[0]!, size, root };
  }
  throw new CodedError('ledger-corrupt', 'the checkpoint carries no valid signature of the log');
}

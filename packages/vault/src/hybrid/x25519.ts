import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { requireLength } from './kem.ts';

const SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const KEY_BYTES = 32;

function privateKeyOf(scalar: Uint8Array): KeyObject {
  requireLength(scalar, KEY_BYTES, 'a private key of X25519');
  return createPrivateKey({ key: Buffer.concat([PKCS8, scalar]), format: 'der', type: 'pkcs8' });
}

/** The public key, raw, of a private one (RFC 7748). @throws RangeError */
export const x25519PublicKey = (scalar: Uint8Array): Buffer =>
  createPublicKey(privateKeyOf(scalar)).export({ format: 'der', type: 'spki' }).subarray(SPKI.length);

/** The shared secret. @throws RangeError for a point of low order: its secret would be known to all (RFC 7748, section 6.1) */
export function x25519(scalar: Uint8Array, publicKey: Uint8Array): Buffer {
  requireLength(publicKey, KEY_BYTES, 'a public key of X25519');
  const other = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  try {
    return diffieHellman({ privateKey: privateKeyOf(scalar), publicKey: other });
  } catch (cause) {
    throw new RangeError('it is a point of low order', { cause });
  }
}

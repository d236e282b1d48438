import { createPrivateKey, createPublicKey, decapsulate, encapsulate, type KeyObject } from 'node:crypto';
import { requireLength } from './kem.ts';

/** Sizes of ML-KEM (FIPS 203, table 3), and how its keys are wrapped in ASN.1 (RFC 9935). */
interface Parameters {
  readonly publicKeyBytes: number;
  readonly encapsulatedBytes: number;
  readonly spki: Buffer;
  readonly pkcs8: Buffer;
}

const SEED_BYTES = 64;

const parameters = (publicKeyBytes: number, encapsulatedBytes: number, last: string): Parameters => {
  const algorithm = `300b0609608648016503040${last}`;
  const key = (1 + publicKeyBytes).toString(16).padStart(4, '0');
  const whole = (13 + 4 + 1 + publicKeyBytes).toString(16).padStart(4, '0');
  return {
    publicKeyBytes,
    encapsulatedBytes,
    spki: Buffer.from(`3082${whole}${algorithm}0382${key}00`, 'hex'),
    pkcs8: Buffer.from(`3054020100${algorithm}04428040`, 'hex'),
  };
};

/** ML-KEM with 768 and with 1024 (FIPS 203). */
export const ML_KEM = {
  768: parameters(1184, 1088, '402'),
  1024: parameters(1568, 1568, '403'),
} as const;

/** A private key from the seed `d ‖ z`. @throws RangeError */
function privateKeyOf({ pkcs8 }: Parameters, seed: Uint8Array): KeyObject {
  requireLength(seed, SEED_BYTES, 'a seed of ML-KEM');
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
}

/** The public key, raw, of a seed. @throws RangeError */
export function mlKemPublicKey(of: Parameters, seed: Uint8Array): Buffer {
  const spki = createPublicKey(privateKeyOf(of, seed)).export({ format: 'der', type: 'spki' });
  return spki.subarray(of.spki.length);
}

/** @throws RangeError for what is no public key (FIPS 203, section 7.2) */
export function mlKemEncapsulate(
  of: Parameters,
  publicKey: Uint8Array,
): { readonly secret: Buffer; readonly encapsulated: Buffer } {
  requireLength(publicKey, of.publicKeyBytes, 'a public key of ML-KEM');
  try {
    const key = createPublicKey({ key: Buffer.concat([of.spki, publicKey]), format: 'der', type: 'spki' });
    const { sharedKey, ciphertext } = encapsulate(key);
    return { secret: sharedKey, encapsulated: ciphertext };
  } catch (cause) {
    throw new RangeError('it is no public key of ML-KEM', { cause });
  }
}

/** What was made for another key gives another secret, and no error (implicit rejection). @throws RangeError for another length */
export function mlKemDecapsulate(of: Parameters, seed: Uint8Array, encapsulated: Uint8Array): Buffer {
  requireLength(encapsulated, of.encapsulatedBytes, 'an encapsulated key of ML-KEM');
  return decapsulate(privateKeyOf(of, seed), encapsulated);
}

import { createHash, randomBytes } from 'node:crypto';
import { type Kem, requireLength } from './kem.ts';
import { ML_KEM, mlKemDecapsulate, mlKemEncapsulate, mlKemPublicKey } from './ml-kem.ts';
import { x25519, x25519PublicKey } from './x25519.ts';

const SEED_BYTES = 32;
const POINT_BYTES = 32;
const PUBLIC_KEY_BYTES = ML_KEM[768].publicKeyBytes + POINT_BYTES;
const ENCAPSULATED_BYTES = ML_KEM[768].encapsulatedBytes + POINT_BYTES;
const LABEL = Buffer.from('5c2e2f2f5e5c', 'hex');

interface Expanded {
  readonly lattice: Buffer;
  readonly scalar: Buffer;
}

/** Both private keys from one seed. */
function expand(seed: Uint8Array): Expanded {
  requireLength(seed, SEED_BYTES, 'a seed of X-Wing');
  const bytes = createHash('shake256', { outputLength: 96 }).update(seed).digest();
  return { lattice: bytes.subarray(0, 64), scalar: bytes.subarray(64) };
}

const combine = (lattice: Uint8Array, point: Uint8Array, sent: Uint8Array, publicKey: Uint8Array): Buffer =>
  createHash('sha3-256').update(lattice).update(point).update(sent).update(publicKey).update(LABEL).digest();

/** X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 together, safe as long as either is. */
export const X_WING: Kem = {
  name: 'x-wing',
  id: 0x647a,
  seedBytes: SEED_BYTES,
  publicKeyBytes: PUBLIC_KEY_BYTES,
  encapsulatedBytes: ENCAPSULATED_BYTES,
  publicKey(seed) {
    const { lattice, scalar } = expand(seed);
    return Buffer.concat([mlKemPublicKey(ML_KEM[768], lattice), x25519PublicKey(scalar)]);
  },
  encapsulate(publicKey) {
    requireLength(publicKey, PUBLIC_KEY_BYTES, 'a public key of X-Wing');
    const point = publicKey.subarray(ML_KEM[768].publicKeyBytes);
    const lattice = mlKemEncapsulate(ML_KEM[768], publicKey.subarray(0, ML_KEM[768].publicKeyBytes));
    const own = randomBytes(POINT_BYTES);
    const sent = x25519PublicKey(own);
    return {
      secret: combine(lattice.secret, x25519(own, point), sent, point),
      encapsulated: Buffer.concat([lattice.encapsulated, sent]),
    };
  },
  decapsulate(seed, encapsulated) {
    requireLength(encapsulated, ENCAPSULATED_BYTES, 'an encapsulated key of X-Wing');
    const { lattice, scalar } = expand(seed);
    const sent = encapsulated.subarray(ML_KEM[768].encapsulatedBytes);
    const secret = mlKemDecapsulate(
      ML_KEM[768],
      lattice,
      encapsulated.subarray(0, ML_KEM[768].encapsulatedBytes),
    );
    return combine(secret, x25519(scalar, sent), sent, x25519PublicKey(scalar));
  },
};

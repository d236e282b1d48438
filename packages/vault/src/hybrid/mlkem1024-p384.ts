import { createECDH, createHash } from 'node:crypto';
import { type Kem, requireLength } from './kem.ts';
import { ML_KEM, mlKemDecapsulate, mlKemEncapsulate, mlKemPublicKey } from './ml-kem.ts';

const SEED_BYTES = 32;
const POINT_BYTES = 97;
const SCALAR_BYTES = 48;
const CURVE = 'secp384r1';
const PUBLIC_KEY_BYTES = ML_KEM[1024].publicKeyBytes + POINT_BYTES;
const ENCAPSULATED_BYTES = ML_KEM[1024].encapsulatedBytes + POINT_BYTES;
const LABEL = Buffer.from('MLKEM1024-P384');
/** Order of the group (FIPS 186-5); the part of draws that is not below it is 2^-190. */
const ORDER = Buffer.from(
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  'hex',
);
const DRAWS = 4;

/** Both private keys from one seed: the first draw that is a scalar of the curve. */
function expand(seed: Uint8Array): { readonly lattice: Buffer; readonly scalar: Buffer } {
  requireLength(seed, SEED_BYTES, 'a seed of MLKEM1024-P384');
  const bytes = createHash('shake256', { outputLength: 64 + DRAWS * SCALAR_BYTES })
    .update(seed)
    .digest();
  for (let draw = 0; draw < DRAWS; draw++) {
    const scalar = bytes.subarray(64 + draw * SCALAR_BYTES, 64 + (draw + 1) * SCALAR_BYTES);
    if (scalar.compare(ORDER) < 0 && !scalar.every((byte) => byte === 0))
      return { lattice: bytes.subarray(0, 64), scalar };
  }
  throw new RangeError('the seed gives no scalar');
}

function pointOf(scalar: Uint8Array): Buffer {
  const own = createECDH(CURVE);
  own.setPrivateKey(scalar);
  return own.getPublicKey();
}

/** The x-coordinate (SP 800-56A). @throws RangeError for what is no point of the curve */
function exchange(scalar: Uint8Array, point: Uint8Array): Buffer {
  const own = createECDH(CURVE);
  own.setPrivateKey(scalar);
  try {
    return own.computeSecret(point);
  } catch (cause) {
    throw new RangeError('it is no point of P-384', { cause });
  }
}

const combine = (lattice: Uint8Array, point: Uint8Array, sent: Uint8Array, publicKey: Uint8Array): Buffer =>
  createHash('sha3-256').update(lattice).update(point).update(sent).update(publicKey).update(LABEL).digest();

/**
 * ML-KEM-1024 and P-384 together, put together as draft-irtf-cfrg-concrete-hybrid-kems does: for whoever must have the
 * highest parameters, and for the drill that changes every wrapping to another suite.
 */
export const MLKEM1024_P384: Kem = {
  name: 'mlkem1024-p384',
  id: 0x0051,
  seedBytes: SEED_BYTES,
  publicKeyBytes: PUBLIC_KEY_BYTES,
  encapsulatedBytes: ENCAPSULATED_BYTES,
  publicKey(seed) {
    const { lattice, scalar } = expand(seed);
    return Buffer.concat([mlKemPublicKey(ML_KEM[1024], lattice), pointOf(scalar)]);
  },
  encapsulate(publicKey) {
    requireLength(publicKey, PUBLIC_KEY_BYTES, 'a public key of MLKEM1024-P384');
    const point = publicKey.subarray(ML_KEM[1024].publicKeyBytes);
    const lattice = mlKemEncapsulate(ML_KEM[1024], publicKey.subarray(0, ML_KEM[1024].publicKeyBytes));
    const own = createECDH(CURVE);
    const sent = own.generateKeys();
    return {
      secret: combine(lattice.secret, exchange(own.getPrivateKey(), point), sent, point),
      encapsulated: Buffer.concat([lattice.encapsulated, sent]),
    };
  },
  decapsulate(seed, encapsulated) {
    requireLength(encapsulated, ENCAPSULATED_BYTES, 'an encapsulated key of MLKEM1024-P384');
    const { lattice, scalar } = expand(seed);
    const sent = encapsulated.subarray(ML_KEM[1024].encapsulatedBytes);
    const secret = mlKemDecapsulate(
      ML_KEM[1024],
      lattice,
      encapsulated.subarray(0, ML_KEM[1024].encapsulatedBytes),
    );
    return combine(secret, exchange(scalar, sent), sent, pointOf(scalar));
  },
};

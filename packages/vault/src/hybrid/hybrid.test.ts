import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { ml_kem768_x25519, ml_kem1024_p384 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { signingKey } from '../signing-key.ts';
import { AEADS, hpkeOpen, hpkeSeal } from './hpke.ts';
import { ML_KEM, mlKemDecapsulate, mlKemEncapsulate, mlKemPublicKey } from './ml-kem.ts';
import { MLKEM1024_P384 } from './mlkem1024-p384.ts';
import { X_WING } from './x-wing.ts';
import { x25519 } from './x25519.ts';

const same = (a: Uint8Array, b: Uint8Array): void =>
  assert.equal(Buffer.from(a).toString('hex'), Buffer.from(b).toString('hex'));

describe('key encapsulation', () => {
  it('of ML-KEM is that of another implementation, both ways', () => {
    for (const [of, other] of [
      [ML_KEM[768], ml_kem768],
      [ML_KEM[1024], ml_kem1024],
    ] as const)
      for (let round = 0; round < 8; round++) {
        const seed = randomBytes(64);
        const { publicKey, secretKey } = other.keygen(seed);
        same(mlKemPublicKey(of, seed), publicKey);
        const theirs = other.encapsulate(publicKey);
        same(mlKemDecapsulate(of, seed, theirs.cipherText), theirs.sharedSecret);
        const ours = mlKemEncapsulate(of, publicKey);
        same(other.decapsulate(ours.encapsulated, secretKey), ours.secret);
        const broken = Buffer.from(theirs.cipherText);
        broken[round]! ^= 1;
        same(mlKemDecapsulate(of, seed, broken), other.decapsulate(broken, secretKey));
      }
  });

  for (const [kem, other] of [
    [X_WING, ml_kem768_x25519],
    [MLKEM1024_P384, ml_kem1024_p384],
  ] as const)
    it(`of ${kem.name} is that of another implementation, both ways`, () => {
      for (let round = 0; round < 8; round++) {
        const seed = randomBytes(kem.seedBytes);
        const { publicKey, secretKey } = other.keygen(seed);
        same(kem.publicKey(seed), publicKey);
        const theirs = other.encapsulate(publicKey);
        same(kem.decapsulate(seed, theirs.cipherText), theirs.sharedSecret);
        const ours = kem.encapsulate(publicKey);
        same(other.decapsulate(ours.encapsulated, secretKey), ours.secret);
      }
    });

  it('refuses what is no key, and what has another length', () => {
    for (const kem of [X_WING, MLKEM1024_P384]) {
      const seed = randomBytes(kem.seedBytes);
      const publicKey = kem.publicKey(seed);
      assert.equal(publicKey.length, kem.publicKeyBytes);
      const { secret, encapsulated } = kem.encapsulate(publicKey);
      assert.equal(encapsulated.length, kem.encapsulatedBytes);
      same(kem.decapsulate(seed, encapsulated), secret);
      assert.throws(() => kem.encapsulate(publicKey.subarray(1)), RangeError);
      assert.throws(() => kem.decapsulate(seed, encapsulated.subarray(1)), RangeError);
      assert.throws(() => kem.decapsulate(seed.subarray(1), encapsulated), RangeError);
      // Coefficients at or over the modulus (FIPS 203, section 7.2).
      assert.throws(() => kem.encapsulate(Buffer.alloc(publicKey.length, 0xff)), RangeError);
      const other = kem.decapsulate(randomBytes(kem.seedBytes), encapsulated);
      assert.notDeepEqual(Buffer.from(other), Buffer.from(secret));
    }
    assert.throws(() => x25519(randomBytes(32), Buffer.alloc(32)), RangeError);
  });
});

describe('HPKE', () => {
  for (const aead of Object.keys(AEADS) as (keyof typeof AEADS)[])
    it(`with ${aead} opens with its key and its purpose, and with nothing else`, () => {
      const seed = randomBytes(32);
      const info = Buffer.from('what it is for');
      const sealed = hpkeSeal(X_WING, aead, X_WING.publicKey(seed), info, Buffer.from('a key'));
      assert.equal(hpkeOpen(X_WING, aead, seed, info, sealed).toString(), 'a key');
      const unreadable = { code: 'sealed-content-unreadable' };
      assert.throws(() => hpkeOpen(X_WING, aead, seed, Buffer.from('another'), sealed), unreadable);
      assert.throws(() => hpkeOpen(X_WING, aead, randomBytes(32), info, sealed), unreadable);
      assert.throws(
        () => hpkeOpen(X_WING, aead, seed, info, { ...sealed, sealed: Buffer.alloc(3) }),
        unreadable,
      );
    });
});

describe('signatures', () => {
  it('of ML-DSA-44 are those of another implementation, both ways', () => {
    const seeds = randomBytes(64);
    const own = signingKey(seeds);
    const { publicKey, secretKey } = ml_dsa44.keygen(seeds.subarray(32));
    same(own.quantumSafePublicKey, publicKey);
    const message = Buffer.from('a checkpoint');
    const signature = own.signQuantumSafe(message);
    assert.ok(ml_dsa44.verify(signature, message, publicKey));
    assert.ok(!ml_dsa44.verify(signature, Buffer.from('another'), publicKey));
    assert.equal(ml_dsa44.sign(message, secretKey).length, signature.length);
  });
});

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { NoteSigner } from '../src/checkpoint.ts';

const raw = (key: KeyObject, bytes: number): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(-bytes);

/** A signer with new keys, made by node alone. */
export function testSigner(name = 'example.com/log'): NoteSigner {
  const [classic, lattice] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ml-dsa-44')];
  return {
    name,
    publicKey: raw(classic.publicKey, 32),
    sign: (message) => sign(null, message, classic.privateKey),
    quantumSafePublicKey: raw(lattice.publicKey, 1312),
    signQuantumSafe: (message) => sign(null, message, lattice.privateKey),
  };
}

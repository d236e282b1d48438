import { type Chapter, met, notMet } from './answer.ts';

/** V11: cryptography. */
export const CRYPTOGRAPHY: Chapter = {
  id: 'V11',
  title: 'Cryptography',
  requirements: [
    [
      '11.1.1',
      2,
      'a documented life of keys',
      met(
        'made, wrapped, changed, destroyed, and by whom',
        'docs/VAULT.md',
        '## Changing keys',
        'docs/VAULT.md',
        '## Who keeps the root',
        'server/vault',
        'changes root, key-encryption and data keys under load, and no call fails',
        'packages/vault/src/keys.test.ts',
        'of one purpose or owner do not open as those of another, whoever swaps the files',
      ),
    ],
    [
      '11.1.2',
      2,
      'an inventory of what is cryptographic',
      met(
        '`sallyport crypto-bom`: keys, algorithms, connections',
        'server/vault',
        'lists what is cryptographic, soundly, and lights FUT-03 by it',
        'tools/means.test.ts',
        'every algorithm that is used is in the bill of what is cryptographic',
      ),
    ],
    [
      '11.2.1',
      2,
      'validated implementations',
      notMet(
        'primitives are those of OpenSSL in Node; HPKE, X-Wing, XAES, age and shares are composed of them by our own code, which is compared with other implementations and published vectors, and which no one has validated',
        'packages/vault/src/hybrid/hybrid.test.ts',
        'of ML-KEM is that of another implementation, both ways',
        'packages/vault/src/age/age.test.ts',
        'open in another implementation, and those of another open here',
      ),
    ],
    [
      '11.2.2',
      2,
      'algorithms and keys can be changed',
      met(
        'wrappings name their suite, hashes of passwords their cost, digests their scheme',
        'packages/vault/src/keys.test.ts',
        'are wrapped anew under another key, another suite and another root, while they are used',
        'packages/access/src/factors/factors.test.ts',
        'verify with whatever their hash cost; composed and decomposed letters are the same',
      ),
    ],
    [
      '11.2.3',
      2,
      '128 bits of security',
      notMet(
        'so with all that is made here; RSA keys of 2,048 bits are taken of identity providers and signers of models, as most have them',
        'tools/means.test.ts',
        'ciphers: authenticated ones, none of RSA; a single block of AES only to derive keys',
      ),
    ],
    [
      '11.3.1',
      1,
      'no weak modes or paddings',
      met(
        'no ECB, no PKCS#1 v1.5',
        'tools/means.test.ts',
        'ciphers: authenticated ones, none of RSA; a single block of AES only to derive keys',
      ),
    ],
    [
      '11.3.2',
      1,
      'approved ciphers',
      met(
        'AES-256-GCM; ChaCha20-Poly1305 in age files',
        'tools/means.test.ts',
        'ciphers: authenticated ones, none of RSA; a single block of AES only to derive keys',
      ),
    ],
    [
      '11.3.3',
      2,
      'what is encrypted cannot be changed',
      met(
        'with what it is for bound to it',
        'packages/vault/src/vault.test.ts',
        'opens with its key and context, and with nothing else',
        'packages/vault/src/seal-stream.test.ts',
        'are refused under another key or context, and when anything in them is other, missing, more or elsewhere',
      ),
    ],
    [
      '11.4.1',
      1,
      'approved hashes',
      met(
        'SHA-256 and SHA-3; SHA-1 where a format of others has it, and nothing hangs on it',
        'tools/means.test.ts',
        'hashes: none that is broken, but where what is read from elsewhere has it',
      ),
    ],
    [
      '11.4.2',
      2,
      'passwords are hashed slowly',
      met(
        'argon2id, 64 MiB, 3 passes',
        'packages/access/src/factors/factors.test.ts',
        'verify with whatever their hash cost; composed and decomposed letters are the same',
        'packages/access/src/access.test.ts',
        'verify against argon2id and nothing else',
      ),
    ],
    [
      '11.4.3',
      2,
      'hashes of signatures resist collisions',
      met(
        '256 bits',
        'tools/means.test.ts',
        'hashes: none that is broken, but where what is read from elsewhere has it',
        'registry/signing',
        'are refused when what they say was changed, in every way',
      ),
    ],
    [
      '11.4.4',
      2,
      'keys from passwords by stretching',
      met(
        'argon2id for the root, scrypt for age files',
        'packages/vault/src/providers/providers.test.ts',
        'opens only as it was given, costs what RFC 9106 recommends, and is never in its file',
      ),
    ],
    [
      '11.5.1',
      2,
      'random values from a secure generator, 128 bits',
      met(
        '256 bits of `node:crypto`; recovery codes 120, bound to a person and throttled',
        'tools/means.test.ts',
        'random values come from the generator of the system',
        'packages/access/src/access.test.ts',
        'carry 256 bits, a checksum, and are stored as a hash',
      ),
    ],
    [
      '11.6.1',
      2,
      'approved keys and signatures',
      met(
        'Ed25519, ML-DSA-44, P-256, by OpenSSL',
        'packages/vault/src/hybrid/hybrid.test.ts',
        'of ML-DSA-44 are those of another implementation, both ways',
        'registry/signing',
        ', by files and by shards, until anything changes',
      ),
    ],
  ],
};

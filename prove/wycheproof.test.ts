import assert from 'node:assert/strict';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  verify,
} from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  ML_KEM,
  mlKemDecapsulate,
  mlKemEncapsulate,
  mlKemPublicKey,
} from '../packages/vault/src/hybrid/ml-kem.ts';
import { x25519 } from '../packages/vault/src/hybrid/x25519.ts';
import { signingKey } from '../packages/vault/src/signing-key.ts';
import { vectorFolder } from './vector-folders.ts';

/** A vector of Project Wycheproof, with what its group says. */
type Vector = Readonly<Record<string, string>> & { readonly result: 'valid' | 'invalid' | 'acceptable' };
type Group = Readonly<Record<string, unknown>> & { readonly tests: readonly Vector[] };

/** What came of a vector: whether it is right, or why nobody here asks for it. */
type Answer = boolean | string;
const hex = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'hex');

function aead(name: 'aes-gcm' | 'chacha20-poly1305'): (vector: Vector, group: Group) => Answer {
  return ({ key, iv, aad, msg, ct, tag }, { keySize, ivSize, tagSize }) => {
    if (tagSize !== 128) return 'tags of 128 bits only';
    if (ivSize !== 96) return 'nonces of 96 bits only';
    const cipher = name === 'aes-gcm' ? `aes-${String(keySize)}-gcm` : name;
    const options = { authTagLength: 16 };
    const of = cipher as 'aes-256-gcm';
    const one = createCipheriv(of, hex(key), hex(iv), options).setAAD(hex(aad));
    const made = Buffer.concat([one.update(hex(msg)), one.final()]);
    if (!made.equals(hex(ct)) || !one.getAuthTag().equals(hex(tag))) return false;
    const two = createDecipheriv(of, hex(key), hex(iv), options).setAAD(hex(aad)).setAuthTag(hex(tag));
    try {
      return Buffer.concat([two.update(hex(ct)), two.final()]).equals(hex(msg));
    } catch {
      return false;
    }
  };
}

/** Invalid ones must be refused when they are opened; making them anew would make the right ones. */
function opens(
  name: 'aes-gcm' | 'chacha20-poly1305',
  vector: Vector,
  { keySize, ivSize, tagSize }: Group,
): Answer {
  if (tagSize !== 128 || ivSize !== 96) return 'nonces of 96 and tags of 128 bits only';
  const of = (name === 'aes-gcm' ? `aes-${String(keySize)}-gcm` : name) as 'aes-256-gcm';
  const two = createDecipheriv(of, hex(vector['key']), hex(vector['iv']), { authTagLength: 16 });
  two.setAAD(hex(vector['aad'])).setAuthTag(hex(vector['tag']));
  try {
    two.update(hex(vector['ct']));
    two.final();
    return true;
  } catch {
    return false;
  }
}

/** RFC 3394 wraps two blocks and more; nothing here wraps with AES-KW, and what OpenSSL makes of one block is its own. */
function unwraps({ key, msg, ct, result }: Vector, { keySize }: Group): Answer {
  const of = `id-aes${String(keySize)}-wrap`;
  try {
    const two = createDecipheriv(of, hex(key), Buffer.alloc(8, 0xa6));
    const right = Buffer.concat([two.update(hex(ct)), two.final()]).equals(hex(msg));
    return right && result === 'invalid' && hex(ct).length < 24 ? 'OpenSSL unwraps a single block' : right;
  } catch {
    return false;
  }
}

const ML_DSA_44 = Buffer.from('30820532300b06096086480165030403110382052100', 'hex');
const mlDsaKey = (raw: unknown) =>
  createPublicKey({ key: Buffer.concat([ML_DSA_44, hex(String(raw))]), format: 'der', type: 'spki' });
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

const CHECKS: readonly {
  readonly file: RegExp;
  readonly check: (vector: Vector, group: Group) => Answer;
}[] = [
  {
    file: /^aes_gcm_test/,
    check: (vector, group) =>
      vector.result === 'valid' ? aead('aes-gcm')(vector, group) : opens('aes-gcm', vector, group),
  },
  {
    file: /^chacha20_poly1305_test/,
    check: (vector, group) =>
      vector.result === 'valid'
        ? aead('chacha20-poly1305')(vector, group)
        : opens('chacha20-poly1305', vector, group),
  },
  {
    file: /^hkdf_sha256_test/,
    check: ({ ikm, salt, info, okm, size }) => {
      if (Number(size) > 255 * 32) return false;
      return Buffer.from(hkdfSync('sha256', hex(ikm), hex(salt), hex(info), Number(size))).equals(hex(okm));
    },
  },
  {
    file: /^hmac_sha256_test/,
    check: ({ key, msg, tag }, { tagSize }) =>
      createHmac('sha256', createSecretKey(hex(key)))
        .update(hex(msg))
        .digest()
        .subarray(0, Number(tagSize) / 8)
        .equals(hex(tag)),
  },
  {
    file: /^x25519_test/,
    check: (vector) => {
      try {
        return x25519(hex(vector['private']), hex(vector['public'])).equals(hex(vector['shared']));
      } catch {
        // A point of low order gives a secret that everybody knows.
        return /^0+$/.test(vector['shared'] ?? '') ? 'points of low order are refused' : false;
      }
    },
  },
  {
    file: /^(?:eddsa|ed25519)_test/,
    check: ({ msg, sig }, group) => {
      const { pk } = (group['key'] ?? group['publicKey']) as { pk: string };
      if (hex(pk).length !== 32) return 'Ed25519 only';
      const key = createPublicKey({ key: Buffer.concat([ED25519, hex(pk)]), format: 'der', type: 'spki' });
      return verify(null, hex(msg), key, hex(sig));
    },
  },
  { file: /^(?:kw|aes_wrap)_test/, check: unwraps },
  {
    file: /^mlkem_(?:768|1024)_test/,
    check: ({ seed, ek, c, K }, { parameterSet }) => {
      const of = ML_KEM[String(parameterSet).endsWith('1024') ? 1024 : 768];
      try {
        if (ek !== undefined && !mlKemPublicKey(of, hex(seed)).equals(hex(ek))) return false;
        return mlKemDecapsulate(of, hex(seed), hex(c)).equals(hex(K));
      } catch {
        return false;
      }
    },
  },
  {
    file: /^mlkem_(?:768|1024)_encaps_test/,
    check: ({ ek, result }, { parameterSet }) => {
      const of = ML_KEM[String(parameterSet).endsWith('1024') ? 1024 : 768];
      if (result === 'valid') return 'encapsulation draws its own randomness';
      try {
        mlKemEncapsulate(of, hex(ek));
        return true;
      } catch {
        return false;
      }
    },
  },
  {
    file: /^mlkem_(?:768|1024)_keygen_seed_test/,
    check: ({ seed, ek }, { parameterSet }) => {
      const of = ML_KEM[String(parameterSet).endsWith('1024') ? 1024 : 768];
      return mlKemPublicKey(of, hex(seed)).equals(hex(ek));
    },
  },
  {
    file: /^mldsa_44_sign_seed_test/,
    check: ({ msg, sig, ctx, result }, { privateSeed, publicKey }) => {
      if (msg === undefined) return 'messages only, no digests made elsewhere';
      if (ctx !== undefined && ctx !== '') return 'empty contexts only';
      if (hex(String(privateSeed)).length !== 32)
        return result === 'invalid' ? false : 'seeds of 32 bytes only';
      const seeds = Buffer.concat([Buffer.alloc(32), hex(String(privateSeed))]);
      const { quantumSafePublicKey, signQuantumSafe } = signingKey(seeds);
      if (!Buffer.from(quantumSafePublicKey).equals(hex(String(publicKey)))) return false;
      // What is made here holds; OpenSSL takes new randomness each time, so it is another signature (FIPS 204, 3.4).
      const key = mlDsaKey(publicKey);
      return verify(null, hex(msg), key, hex(sig)) && verify(null, hex(msg), key, signQuantumSafe(hex(msg)));
    },
  },
  {
    file: /^mldsa_44_verify_test/,
    check: ({ msg, sig, ctx }, { publicKey }) => {
      if (ctx !== undefined && ctx !== '') return 'empty contexts only';
      // As verifier keys of the record are read: of no other length.
      if (hex(String(publicKey)).length !== 1312) return false;
      try {
        return verify(null, hex(msg), mlDsaKey(publicKey), hex(sig));
      } catch {
        return false;
      }
    },
  },
];

describe('vectors of Project Wycheproof', () => {
  const vectors = process.env['SALLYPORT_VECTORS'];
  const { folder, skip } = vectorFolder(
    'wycheproof',
    vectors === undefined ? undefined : join(vectors, 'wycheproof'),
  );

  it('are answered as they say, and what is left is named', { skip }, (t) => {
    let asked = 0;
    for (const { file, check } of CHECKS) {
      const names = readdirSync(folder).filter((one) => file.test(one));
      if (names.length === 0) t.diagnostic(`${String(file)}: not in the folder`);
      for (const name of names) {
        const { testGroups } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
          testGroups: Group[];
        };
        const left = new Map<string, number>();
        let right = 0;
        for (const group of testGroups)
          for (const vector of group.tests) {
            const answer = check(vector, group);
            if (typeof answer === 'string') {
              left.set(answer, (left.get(answer) ?? 0) + 1);
              continue;
            }
            if (vector.result !== 'acceptable')
              assert.equal(
                answer,
                vector.result === 'valid',
                `${name} ${vector['tcId']}: ${vector['comment']}`,
              );
            right++;
          }
        asked += right;
        const rest = [...left].map(([why, count]) => `${count} left: ${why}`).join('; ');
        t.diagnostic(`${name}: ${right} as they say${rest === '' ? '' : `; ${rest}`}`);
      }
    }
    assert.ok(asked > 100, `${asked} were asked`);
  });
});

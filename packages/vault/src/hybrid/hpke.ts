import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { hkdfExpand } from '../hkdf.ts';
import type { Kem } from './kem.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KDF_HKDF_SHA256 = 1;
const EMPTY = new Uint8Array(0);

/** Ciphers of HPKE (RFC 9180, section 7.3). */
export const AEADS = {
  'aes-256-gcm': { id: 2, keyBytes: 32 },
  'chacha20-poly1305': { id: 3, keyBytes: 32 },
} as const;
export type Aead = keyof typeof AEADS;

const twoBytes = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => {
  const sum = createHmac('sha256', key);
  for (const part of parts) sum.update(part);
  return sum.digest();
};

/** Key and nonce of one message (RFC 9180, section 5.1, mode base). */
export function schedule(
  kem: Kem,
  aead: Aead,
  secret: Uint8Array,
  info: Uint8Array,
): { readonly key: Buffer; readonly nonce: Buffer } {
  const suite = Buffer.concat([
    Buffer.from('HPKE'),
    twoBytes(kem.id),
    twoBytes(KDF_HKDF_SHA256),
    twoBytes(AEADS[aead].id),
  ]);
  const extract = (salt: Uint8Array, label: string, input: Uint8Array): Buffer =>
    hmac(salt, Buffer.from('HPKE-v1'), suite, Buffer.from(label), input);
  const context = Buffer.concat([
    Buffer.from([0]),
    extract(EMPTY, 'psk_id_hash', EMPTY),
    extract(EMPTY, 'info_hash', info),
  ]);
  const prk = extract(secret, 'secret', EMPTY);
  const labeled = (label: string, length: number): Buffer =>
    hkdfExpand(
      'sha256',
      prk,
      Buffer.concat([twoBytes(length), Buffer.from('HPKE-v1'), suite, Buffer.from(label), context]),
      length,
    );
  return { key: labeled('key', AEADS[aead].keyBytes), nonce: labeled('base_nonce', NONCE_BYTES) };
}

/** What one message is sealed as. */
export interface HpkeSealed {
  readonly encapsulated: Uint8Array;
  /** With its tag behind it. */
  readonly sealed: Uint8Array;
}

/** Seals one message to a public key (RFC 9180, single-shot, mode base). @param info bound to the key: opening needs the same */
export function hpkeSeal(
  kem: Kem,
  aead: Aead,
  publicKey: Uint8Array,
  info: Uint8Array,
  plain: Uint8Array,
): HpkeSealed {
  const { secret, encapsulated } = kem.encapsulate(publicKey);
  const { key, nonce } = schedule(kem, aead, secret, info);
  // Both ciphers take the same options; the types know of one each.
  const cipher = createCipheriv(aead as 'chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { encapsulated, sealed: Buffer.concat([body, cipher.getAuthTag()]) };
}

/** Opens what {@link hpkeSeal} made. @throws CodedError `sealed-content-unreadable` */
export function hpkeOpen(
  kem: Kem,
  aead: Aead,
  seed: Uint8Array,
  info: Uint8Array,
  { encapsulated, sealed }: HpkeSealed,
): Buffer {
  try {
    const { key, nonce } = schedule(kem, aead, kem.decapsulate(seed, encapsulated), info);
    const end = sealed.length - TAG_BYTES;
    if (end < 0) throw new RangeError('it is shorter than its tag');
    const decipher = createDecipheriv(aead as 'chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new CodedError('sealed-content-unreadable', undefined, { cause });
  }
}

import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { CodedError } from '@sallyport/core';

const VERSION = 1;
const KEY_ID_BYTES = 30;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes that sealing adds. */
export const SEAL_OVERHEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

const pool = new Uint8Array(NONCE_BYTES * 256);
let used = pool.length;

function nonceInto(target: Uint8Array, at: number): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  target.set(pool.subarray(used, used + NONCE_BYTES), at);
  used += NONCE_BYTES;
}

/**
 * Encrypts content: version, key id, 96-bit random nonce, tag, ciphertext (AES-256-GCM, NIST SP 800-38D).
 * A data key serves one system and one day, far below the 2^32 messages random nonces allow.
 * @param context bound as associated data: what the content is; opening needs the same
 */
export function seal(key: { id: string; key: Uint8Array }, context: string, ...parts: Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = Buffer.allocUnsafe(SEAL_OVERHEAD_BYTES + size);
  out[0] = VERSION;
  out.write(key.id.padEnd(KEY_ID_BYTES), 1, KEY_ID_BYTES, 'latin1');
  const nonceAt = 1 + KEY_ID_BYTES;
  nonceInto(out, nonceAt);
  const cipher = createCipheriv('aes-256-gcm', key.key, out.subarray(nonceAt, nonceAt + NONCE_BYTES));
  cipher.setAAD(Buffer.from(context));
  let at = SEAL_OVERHEAD_BYTES;
  for (const part of parts) {
    const piece = cipher.update(part);
    out.set(piece, at);
    at += piece.length;
  }
  cipher.final();
  out.set(cipher.getAuthTag(), nonceAt + NONCE_BYTES);
  return out;
}

/** The id of the data key a sealed blob needs. */
export function sealedKeyId(sealed: Uint8Array): string {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) throw new CodedError('sealed-content-unreadable');
  return Buffer.from(sealed.buffer, sealed.byteOffset + 1, KEY_ID_BYTES).toString('latin1').trimEnd();
}

/** Decrypts what {@link seal} made. @throws CodedError `sealed-content-unreadable` */
export function open(key: Uint8Array, context: string, sealed: Uint8Array): Uint8Array {
  sealedKeyId(sealed);
  const nonceAt = 1 + KEY_ID_BYTES;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(nonceAt, nonceAt + NONCE_BYTES));
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(nonceAt + NONCE_BYTES, SEAL_OVERHEAD_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(SEAL_OVERHEAD_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new CodedError('sealed-content-unreadable', undefined, { cause });
  }
}

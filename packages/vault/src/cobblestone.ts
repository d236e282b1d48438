import { createSecretKey, type KeyObject } from 'node:crypto';
import { hkdfExpand } from './hkdf.ts';

/** Bytes of a message in each chunk; the last is always shorter, and may be empty. */
export const COBBLESTONE_CHUNK_BYTES = 16 * 1024;
export const COBBLESTONE_SALT_BYTES = 24;
const COMMITMENT_BYTES = 32;
const NONCE_BYTES = 12;
const CHUNKS_MAX = 2 ** 38;
const KEY_BYTES = 32;
const LABEL = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');

/** What seals one message. */
export interface MessageKey {
  readonly key: KeyObject;
  /** 12 bytes, from which every chunk has its own. */
  readonly baseNonce: Buffer;
  /** 32 bytes that stand before the chunks: two keys never open the same message. */
  readonly commitment: Buffer;
}

/**
 * The key of one message of Cobblestone-256 (C2SP chunked-encryption, "Key derivation").
 * @param inputKey 32 bytes, uniformly random
 * @param salt 24 bytes, never twice under one key
 * @param context bound to the message: opening needs the same
 * @throws RangeError for a key or salt of another length
 */
export function cobblestoneKey(inputKey: Uint8Array, salt: Uint8Array, context: Uint8Array): MessageKey {
  if (inputKey.length !== KEY_BYTES || salt.length !== COBBLESTONE_SALT_BYTES)
    throw new RangeError('a key of Cobblestone-256 has 32 bytes, and a salt 24');
  const end = KEY_BYTES + NONCE_BYTES;
  const info = Buffer.concat([LABEL, salt, context]);
  const bytes = hkdfExpand('sha512', inputKey, info, end + COMMITMENT_BYTES);
  return {
    key: createSecretKey(bytes.subarray(0, KEY_BYTES)),
    baseNonce: bytes.subarray(KEY_BYTES, end),
    commitment: bytes.subarray(end),
  };
}

/** Nonce of a chunk ("AEAD usage"). @param chunk its number, from zero @throws RangeError at 2^38, where a message must end */
export function cobblestoneNonce(baseNonce: Uint8Array, chunk: number): Buffer {
  if (chunk >= CHUNKS_MAX) throw new RangeError('a message of Cobblestone has less than 4 PiB');
  const nonce = Buffer.from(baseNonce);
  nonce[NONCE_BYTES - 5]! ^= Math.floor(chunk / 2 ** 32);
  nonce.writeUInt32BE((nonce.readUInt32BE(NONCE_BYTES - 4) ^ (chunk >>> 0)) >>> 0, NONCE_BYTES - 4);
  return nonce;
}

import { type Cipheriv, createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';

const BLOCK_BYTES = 16;
/** Nonces so long may be taken at random for 2^80 messages under one key. */
export const XAES_NONCE_BYTES = 24;
const DERIVING_BYTES = 12;

/** The first subkey of CMAC (NIST SP 800-38B, section 6.1). @param block the cipher over zeros */
function subkey(block: Buffer): Buffer {
  const out = Buffer.alloc(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) out[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  out[BLOCK_BYTES - 1]! ^= (block[0]! >> 7) * 0x87;
  return out;
}

/**
 * Gives each message a key of its own, derived from one key and half of its nonce (C2SP XAES-256-GCM, after NIST SP
 * 800-108r1 with CMAC): AES-256-GCM under it, with the other half as its nonce, is safe under random nonces for more
 * messages than anybody sends.
 */
export class MessageKeys {
  readonly #cipher: Cipheriv;
  readonly #subkey: Buffer;
  readonly #blocks = Buffer.alloc(2 * BLOCK_BYTES);

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false) as Cipheriv;
    this.#subkey = subkey(this.#cipher.update(Buffer.alloc(BLOCK_BYTES)));
  }

  /** @param nonce 24 bytes @returns the key of a message, 32 bytes, and the nonce under it, 12 bytes */
  of(nonce: Uint8Array): { readonly key: KeyObject; readonly nonce: Uint8Array } {
    const blocks = this.#blocks;
    for (const [at, counter] of [
      [0, 1],
      [BLOCK_BYTES, 2],
    ] as const) {
      blocks.fill(0, at, at + 4);
      blocks[at + 1] = counter;
      blocks[at + 2] = 0x58;
      blocks.set(nonce.subarray(0, DERIVING_BYTES), at + 4);
      for (let i = 0; i < BLOCK_BYTES; i++) blocks[at + i]! ^= this.#subkey[i]!;
    }
    // As an object: to find out that bytes are none costs Node four times what a message does.
    return { key: createSecretKey(this.#cipher.update(blocks)), nonce: nonce.subarray(DERIVING_BYTES) };
  }
}

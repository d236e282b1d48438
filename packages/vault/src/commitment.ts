import { createHash, hash, randomFillSync } from 'node:crypto';

/** Salts are 128 random bits: enough that a commitment reveals nothing about guessable content. */
export const SALT_BYTES = 16;
const TAG = Buffer.from('sallyport content commitment v1\0');

const pool = new Uint8Array(4096);
let used = pool.length;

/** A fresh random salt. */
export function newSalt(): Uint8Array {
  if (used + SALT_BYTES > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const salt = pool.slice(used, used + SALT_BYTES);
  used += SALT_BYTES;
  return salt;
}

/** An incremental commitment, for content that arrives in pieces. */
export function commitmentHasher(salt: Uint8Array): { update(piece: Uint8Array): void; digest(): string } {
  const hasher = createHash('sha256').update(TAG).update(salt);
  return {
    update: (piece) => void hasher.update(piece),
    digest: () => hasher.digest('base64'),
  };
}

/**
 * Commits to content and lays out salt and content together, ready to be sealed, without copying twice.
 * @returns the commitment, and salt followed by content
 */
export function commitWithSalt(content: Uint8Array): { commitment: string; salted: Uint8Array } {
  const out = Buffer.allocUnsafe(TAG.length + SALT_BYTES + content.length);
  out.set(TAG, 0);
  out.set(newSalt(), TAG.length);
  out.set(content, TAG.length + SALT_BYTES);
  return { commitment: hash('sha256', out, 'base64'), salted: out.subarray(TAG.length) };
}

/** SHA-256 over tag, salt and content; base64. Binding, and hiding while the salt is secret. */
export function commit(salt: Uint8Array, content: Uint8Array): string {
  return createHash('sha256').update(TAG).update(salt).update(content).digest('base64');
}

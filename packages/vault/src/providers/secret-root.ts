import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { CodedError, type KeyProvider } from '@sallyport/core';

/** Bytes of a root key: AES-256, which a quantum computer does not open either. */
export const ROOT_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_TAG = Buffer.from('sallyport root key id\0');

/** Names a root key without telling anything of it. */
export const rootKeyId = (key: Uint8Array): string =>
  hash('sha256', Buffer.concat([ID_TAG, key]), 'hex').slice(0, 16);

/** A root while keys go from one to another: wraps under the next, opens what either wrapped. */
export const eitherRoot = (next: KeyProvider, previous: KeyProvider): KeyProvider => ({
  id: next.id,
  kind: next.kind,
  wrap: (key, context) => next.wrap(key, context),
  unwrap: async (wrapped, context) => {
    try {
      return await next.unwrap(wrapped, context);
    } catch (fault) {
      if (!(fault instanceof CodedError) || fault.code !== 'root-key-wrong') throw fault;
      return previous.unwrap(wrapped, context);
    }
  },
});

/**
 * A root whose key lies in memory: AES-256-GCM under a random nonce. It wraps a few dozen keys, far below what random nonces allow.
 * @param where in words, for whoever must find the right one
 */
export function secretRoot(kind: KeyProvider['kind'], key: Uint8Array, where: string): KeyProvider {
  return {
    id: rootKeyId(key),
    kind,
    async wrap(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context);
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    async unwrap(wrapped, context) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(context).setAuthTag(wrapped.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw new CodedError('root-key-wrong', `${where} does not open this data folder`, { cause });
      }
    },
  };
}

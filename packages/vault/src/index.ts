/**
 * Keys and what is done with them: the root key outside the data folder, data keys wrapped by it, sealed
 * content, salted commitments, Ed25519 signing keys.
 *
 * Call first: {@link openRootKey}, then {@link DataKeys}.
 * Do not trust it with: keeping a key secret from whoever can read this process's memory.
 */
export { commit, commitmentHasher, commitWithSalt, newSalt, SALT_BYTES } from './commitment.ts';
export { type DataKey, DataKeys } from './data-keys.ts';
export { writeDurably } from './durable.ts';
export { defaultRootKeyPath, openRootKey, type RootKey, type RootKeyPlace } from './root-key.ts';
export {
  open,
  SEAL_OVERHEAD_BYTES,
  type Sealable,
  type SealingKey,
  seal,
  sealedKeyId,
  sealedPart,
  sealedPlace,
  sealingKey,
  sealTogether,
} from './seal.ts';
export { isSealedFile, openSealedFile, sealedHeadKey, sealFile } from './seal-stream.ts';
export { openSigningKey, type SigningKey } from './signing-key.ts';

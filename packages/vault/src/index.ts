/**
 * Keys and what is done with them: a root outside the data folder, key-encryption keys for each purpose under it, data
 * keys under those; sealed content, salted commitments, signing keys.
 *
 * Call first: {@link openRootKey}, then {@link KeyRing}, then {@link DataKeys}.
 * Do not trust it with: keeping a key secret from whoever can read this process's memory.
 */
export { decryptAge, encryptAge } from './age/file.ts';
export {
  type AgeIdentity,
  type AgeKeyPair,
  type AgeRecipient,
  classicPair,
  hybridPair,
  newIdentity,
  parseIdentity,
  parseRecipient,
  passphraseIdentity,
  passphraseRecipient,
} from './age/recipients.ts';
export type { BackupFile, BackupManifest, BackupRead } from './backup/backup-file.ts';
export { commit, commitmentHasher, commitWithSalt, newSalt, SALT_BYTES } from './commitment.ts';
export { type DataKey, type DataKeyEntry, DataKeys } from './data-keys.ts';
export { syncFolder, writeDurably, writePieces } from './durable.ts';
export { formatEnvelope, parseEnvelope } from './envelope.ts';
export type { KeyContext } from './key-context.ts';
export { isWrapped, readKeyFile } from './key-file.ts';
export { KEY_PURPOSES, type KeyPurpose } from './key-purposes.ts';
export { type KeyEncryptionKey, KeyRing } from './key-ring.ts';
export {
  configFolder,
  newRootKey,
  openRootKey,
  placed,
  type RootKey,
  type RootKeyPlace,
  readRootKey,
  rootKeyPath,
} from './providers/file.ts';
export { openPassphraseRoot } from './providers/passphrase.ts';
export { type Pkcs11Library, pkcs11Root } from './providers/pkcs11.ts';
export { eitherRoot } from './providers/secret-root.ts';
export { formatShare, joinShares, parseShare, splitRoot } from './providers/shares.ts';
export { type TransitAnswer, transitRoot } from './providers/transit.ts';
export {
  open,
  type Sealable,
  type SealingKey,
  seal,
  sealedKeyId,
  sealedPart,
  sealedPlace,
  sealingKey,
  sealTogether,
} from './seal.ts';
export { isSealedAsNow, isSealedFile, openSealedFile, openSealedRange, sealFile } from './seal-stream.ts';
export { openSigningKey, readSigningKey, type SigningKey, signingKey } from './signing-key.ts';
export { isSuite, SUITE_NAMES, type SuiteName, WRAPPING_SUITES } from './suites.ts';
export { parentOf, rewrapFile, type WrappedFile } from './wrapped-file.ts';

/** Writes and reads backups; loaded when the first is asked for. */
export const backupFiles = () => import('./backup/backup-file.ts');

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { hpkeOpen, hpkeSeal } from '../hybrid/hpke.ts';
import { X_WING } from '../hybrid/x-wing.ts';
import { x25519, x25519PublicKey } from '../hybrid/x25519.ts';
import { decodeBech32, encodeBech32 } from './bech32.ts';
import { ageFault, fromBase64, type Stanza, toBase64 } from './header.ts';

/** Whom a file is for. */
export interface AgeRecipient {
  /** A file for one that a quantum computer cannot open is for none that it can. */
  readonly isQuantumSafe: boolean;
  /** Whether nobody else may be named beside it: whoever knows a passphrase may make a file too. */
  readonly isAlone: boolean;
  wrap(fileKey: Uint8Array): Stanza;
}

/** Who opens a file. */
export interface AgeIdentity {
  /** @returns the file key, or null where the stanza is not for it @throws CodedError `sealed-content-unreadable` for one that is malformed */
  unwrap(stanza: Stanza, all: readonly Stanza[]): Uint8Array | null;
}

const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
const ZERO_NONCE = Buffer.alloc(12);
const X25519_INFO = 'age-encryption.org/v1/X25519';
const SCRYPT_LABEL = Buffer.from('age-encryption.org/v1/scrypt');
const HYBRID_INFO = Buffer.from('age-encryption.org/mlkem768x25519');
const HYBRID = 'mlkem768x25519';
/** Work of scrypt that makes a file of ours, and that is spent on one of others: 2 to this power. */
const SCRYPT_LOG = 18;
const SCRYPT_LOG_MAX = 22;

function sealKey(key: Uint8Array, fileKey: Uint8Array): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, ZERO_NONCE, { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
}

/** @returns null where it is under another key */
function openKey(key: Uint8Array, body: Uint8Array): Buffer | null {
  if (body.length !== FILE_KEY_BYTES + TAG_BYTES) throw ageFault('its file key has another length');
  const decipher = createDecipheriv('chacha20-poly1305', key, ZERO_NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, FILE_KEY_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

const argument = (stanza: Stanza, at: number, of: number, bytes: number): Buffer => {
  const value = stanza.args.length === of ? fromBase64(stanza.args[at]!) : null;
  if (value?.length !== bytes) throw ageFault(`its part for ${stanza.type} is malformed`);
  return value;
};

const x25519Key = (shared: Uint8Array, share: Uint8Array, publicKey: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, Buffer.concat([share, publicKey]), X25519_INFO, 32));

const X25519: { recipient(publicKey: Uint8Array): AgeRecipient; identity(secret: Uint8Array): AgeIdentity } =
  {
    recipient: (publicKey) => ({
      isQuantumSafe: false,
      isAlone: false,
      wrap(fileKey) {
        const secret = randomBytes(32);
        const share = x25519PublicKey(secret);
        const body = sealKey(x25519Key(x25519(secret, publicKey), share, publicKey), fileKey);
        return { type: 'X25519', args: [toBase64(share)], body };
      },
    }),
    identity: (secret) => ({
      unwrap(stanza) {
        if (stanza.type !== 'X25519') return null;
        const share = argument(stanza, 0, 1, 32);
        let shared: Buffer;
        try {
          shared = x25519(secret, share);
        } catch {
          throw ageFault('it was made with a point of low order');
        }
        return openKey(x25519Key(shared, share, x25519PublicKey(secret)), stanza.body);
      },
    }),
  };

const hybrid: typeof X25519 = {
  recipient: (publicKey) => ({
    isQuantumSafe: true,
    isAlone: false,
    wrap(fileKey) {
      const { encapsulated, sealed } = hpkeSeal(X_WING, 'chacha20-poly1305', publicKey, HYBRID_INFO, fileKey);
      return { type: HYBRID, args: [toBase64(encapsulated)], body: sealed };
    },
  }),
  identity: (seed) => ({
    unwrap(stanza) {
      if (stanza.type !== HYBRID) return null;
      const encapsulated = argument(stanza, 0, 1, X_WING.encapsulatedBytes);
      if (stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES)
        throw ageFault('its file key has another length');
      try {
        return hpkeOpen(X_WING, 'chacha20-poly1305', seed, HYBRID_INFO, {
          encapsulated,
          sealed: stanza.body,
        });
      } catch {
        return null;
      }
    },
  }),
};

const KINDS = [
  { of: X25519, recipient: 'age', secret: 'age-secret-key-', bytes: 32, secretBytes: 32 },
  {
    of: hybrid,
    recipient: 'age1pq',
    secret: 'age-secret-key-pq-',
    bytes: X_WING.publicKeyBytes,
    secretBytes: 32,
  },
] as const;

/** A recipient as age writes it: `age1…`, or `age1pq1…`, which a quantum computer does not open. @throws CodedError `usage` */
export function parseRecipient(text: string): AgeRecipient {
  const read = decodeBech32(text.trim());
  const kind = KINDS.find(
    ({ recipient, bytes }) => recipient === read?.prefix && bytes === read.bytes.length,
  );
  if (!read || !kind || text.trim() !== text.trim().toLowerCase())
    throw new CodedError('usage', 'a recipient is `age1…` or `age1pq1…`, as `age-keygen` prints it');
  return kind.of.recipient(read.bytes);
}

/** A secret key as age writes it. @throws CodedError `usage` */
export function parseIdentity(text: string): AgeIdentity {
  const read = decodeBech32(text.trim());
  const kind = KINDS.find(
    ({ secret, secretBytes }) => secret === read?.prefix && secretBytes === read.bytes.length,
  );
  if (!read || !kind || text.trim() !== text.trim().toUpperCase())
    throw new CodedError('usage', 'an identity is `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`');
  return kind.of.identity(read.bytes);
}

/** A pair of keys as age writes them: for `identity` a secret, for `recipient` its public half. */
export interface AgeKeyPair {
  readonly identity: string;
  readonly recipient: string;
}

/** The pair of keys that a seed of 32 bytes gives, which a quantum computer does not open, as `age-keygen -pq` makes them. */
export const hybridPair = (seed: Uint8Array): AgeKeyPair => ({
  identity: encodeBech32('age-secret-key-pq-', seed).toUpperCase(),
  recipient: encodeBech32('age1pq', X_WING.publicKey(seed)),
});

/** The same for every `age`, those before 1.3 as well; a quantum computer opens what it seals. */
export const classicPair = (seed: Uint8Array): AgeKeyPair => ({
  identity: encodeBech32('age-secret-key-', seed).toUpperCase(),
  recipient: encodeBech32('age', x25519PublicKey(seed)),
});

/** A new pair of keys. */
export const newIdentity = (): AgeKeyPair => hybridPair(randomBytes(X_WING.seedBytes));

const scryptKey = (passphrase: string, salt: Uint8Array, log: number): Buffer =>
  scryptSync(passphrase, Buffer.concat([SCRYPT_LABEL, salt]), 32, {
    N: 2 ** log,
    r: 8,
    p: 1,
    maxmem: 2 ** log * 1024 + 1024 * 1024,
  });

/** Whoever knows a passphrase. */
export function passphraseRecipient(passphrase: string, log = SCRYPT_LOG): AgeRecipient {
  return {
    isQuantumSafe: true,
    isAlone: true,
    wrap(fileKey) {
      const salt = randomBytes(16);
      const body = sealKey(scryptKey(passphrase, salt, log), fileKey);
      return { type: 'scrypt', args: [toBase64(salt), String(log)], body };
    },
  };
}

/** Opens what was made for a passphrase. */
export function passphraseIdentity(passphrase: string, logMax = SCRYPT_LOG_MAX): AgeIdentity {
  return {
    unwrap(stanza, all) {
      if (stanza.type !== 'scrypt') return null;
      if (all.length !== 1) throw ageFault('a passphrase stands beside other ways into it');
      const salt = argument(stanza, 0, 2, 16);
      const log = stanza.args[1]!;
      if (!/^[1-9]\d?$/.test(log)) throw ageFault('its part for scrypt is malformed');
      if (Number(log) > logMax) throw ageFault('it asks for more work than is spent on a passphrase');
      return openKey(scryptKey(passphrase, salt, Number(log)), stanza.body);
    },
  };
}

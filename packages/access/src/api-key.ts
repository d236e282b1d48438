import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ErrorCode, KeySnapshot } from '@sallyport/core';

/** `sp_`, 43 characters of base62 (256 random bits), `_`, 6 of checksum. */
export const KEY_PATTERN = /^sp_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX_CHARACTERS = 9;

function base62(value: bigint, width: number): string {
  let out = '';
  for (let rest = value; out.length < width; rest /= 62n) out = BASE62[Number(rest % 62n)]! + out;
  return out;
}

const checksum = (body: string): string => base62(BigInt(crc32(body)), 6);

/** A key as handed out, once; only its hash is kept. */
export interface IssuedKey {
  readonly secret: string;
  /** SHA-256, hex. 256 random bits need no slow hash. */
  readonly hash: string;
  /** What people may see. */
  readonly prefix: string;
}

/** Makes a new API key. */
export function issueKey(): IssuedKey {
  const body = `sp_${base62(BigInt(`0x${randomBytes(32).toString('hex')}`), 43)}`;
  const secret = `${body}_${checksum(body)}`;
  return { secret, hash: hash('sha256', secret, 'hex'), prefix: secret.slice(0, PREFIX_CHARACTERS) };
}

/** A key that was recognised, or why not. */
export type KeyVerdict =
  | { readonly key: KeySnapshot }
  | { readonly code: Extract<ErrorCode, `key-${string}`>; readonly key?: KeySnapshot };

/** The keys of one snapshot, ready for look-up. */
export class KeyRing {
  readonly #byHash = new Map<string, KeySnapshot>();

  constructor(keys: readonly KeySnapshot[]) {
    for (const key of keys) this.#byHash.set(key.hash, key);
  }

  /** A key as it is now that was recognised before; undefined where it is gone. */
  known({ hash }: KeySnapshot): KeySnapshot | undefined {
    return this.#byHash.get(hash);
  }

  /**
   * Recognises a presented secret. The look-up is by SHA-256, so its timing tells nothing about a stored key; the
   * comparison is constant-time besides.
   * @param nowMs wall-clock time
   */
  verify(presented: string | null, nowMs: number): KeyVerdict {
    if (presented === null || presented === '') return { code: 'key-missing' };
    if (!KEY_PATTERN.test(presented))
      return { code: presented.startsWith('sp_') ? 'key-malformed' : 'key-unknown' };
    if (checksum(presented.slice(0, 46)) !== presented.slice(47)) return { code: 'key-malformed' };
    const digest = hash('sha256', presented, 'hex');
    const key = this.#byHash.get(digest);
    if (!key || !timingSafeEqual(Buffer.from(key.hash, 'latin1'), Buffer.from(digest, 'latin1')))
      return { code: 'key-unknown' };
    if (key.revoked) return { code: 'key-revoked', key };
    if (key.expiresAtMs <= nowMs) return { code: 'key-expired', key };
    return { key };
  }
}

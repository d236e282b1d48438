import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import { CodedError } from '@sallyport/core';

/** First byte of a sealed blob: one content, several contents, or a pointer to a part of such. */
const SINGLE = 1;
const BATCH = 2;
const POINTER = 3;
const POINTER_BYTES = 5;
/** Contents sealed together at most. */
const BATCH_PARTS_MAX = 256;
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

/** A data key made ready once for many seals. */
export interface SealingKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** Makes a raw key ready. */
export function sealingKey({ id, key }: { readonly id: string; readonly key: Uint8Array }): SealingKey {
  return { id, key: createSecretKey(key) };
}

/**
 * Encrypts content: version, key id, 96-bit random nonce, tag, ciphertext (AES-256-GCM, NIST SP 800-38D).
 * A data key serves one system and one day, far below the 2^32 messages random nonces allow.
 * @param context bound as associated data: what the content is; opening needs the same
 */
export function seal(
  key: SealingKey,
  context: string,
  plain: Uint8Array,
  kind: typeof SINGLE | typeof BATCH = SINGLE,
): Uint8Array {
  const out = Buffer.allocUnsafe(SEAL_OVERHEAD_BYTES + plain.length);
  out[0] = kind;
  out.write(key.id.padEnd(KEY_ID_BYTES), 1, KEY_ID_BYTES, 'latin1');
  const nonceAt = 1 + KEY_ID_BYTES;
  nonceInto(out, nonceAt);
  const cipher = createCipheriv('aes-256-gcm', key.key, out.subarray(nonceAt, nonceAt + NONCE_BYTES));
  cipher.setAAD(Buffer.from(context, 'latin1'));
  out.set(cipher.update(plain), SEAL_OVERHEAD_BYTES);
  cipher.final();
  out.set(cipher.getAuthTag(), nonceAt + NONCE_BYTES);
  return out;
}

/** A content that waits to be sealed. */
export interface Sealable {
  readonly key: SealingKey;
  readonly context: string;
  readonly plain: Uint8Array;
}

/**
 * Seals contents that are stored one after the other. Those under one key are sealed together, at the price of one;
 * the first holds them all, each further one points back to it.
 * @param items in the order of storage; null where there is no content
 */
export function sealTogether(items: readonly (Sealable | null)[]): (Uint8Array | null)[] {
  const out: (Uint8Array | null)[] = new Array(items.length).fill(null);
  const open = new Map<SealingKey, number[]>();
  const groups: number[][] = [];
  items.forEach((item, i) => {
    if (!item) return;
    let group = open.get(item.key);
    if (!group || group.length === BATCH_PARTS_MAX) {
      group = [];
      groups.push(group);
      open.set(item.key, group);
    }
    group.push(i);
  });
  for (const group of groups) sealGroup(items, group, out);
  return out;
}

function sealGroup(
  items: readonly (Sealable | null)[],
  group: readonly number[],
  out: (Uint8Array | null)[],
): void {
  const first = items[group[0]!]!;
  if (group.length === 1) {
    out[group[0]!] = seal(first.key, first.context, first.plain);
    return;
  }
  const pieces: Uint8Array[] = [];
  group.forEach((i, part) => {
    const { plain } = items[i]!;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(plain.length);
    pieces.push(length, plain);
    if (part === 0) return;
    const pointer = Buffer.allocUnsafe(POINTER_BYTES);
    pointer[0] = POINTER;
    pointer.writeUInt16BE(i - group[0]!, 1);
    pointer.writeUInt16BE(part, 3);
    out[i] = pointer;
  });
  out[group[0]!] = seal(first.key, first.context, Buffer.concat(pieces), BATCH);
}

/** Where a stored content really is: so many places back, as which part. */
export function sealedPlace(stored: Uint8Array): { back: number; part: number } {
  if (stored[0] !== POINTER || stored.length !== POINTER_BYTES) return { back: 0, part: 0 };
  const view = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  return { back: view.readUInt16BE(1), part: view.readUInt16BE(3) };
}

/** One part of what {@link open} gave for a sealed blob. @throws CodedError `sealed-content-unreadable` */
export function sealedPart(sealed: Uint8Array, plain: Uint8Array, part: number): Uint8Array {
  if (sealed[0] === SINGLE && part === 0) return plain;
  const view = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  let at = 0;
  for (let i = 0; at + 4 <= view.length; i++) {
    const length = view.readUInt32BE(at);
    if (i === part && at + 4 + length <= view.length) return plain.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  throw new CodedError('sealed-content-unreadable');
}

/** The id of the data key a sealed blob needs. */
export function sealedKeyId(sealed: Uint8Array): string {
  if (sealed.length < SEAL_OVERHEAD_BYTES || (sealed[0] !== SINGLE && sealed[0] !== BATCH))
    throw new CodedError('sealed-content-unreadable');
  return Buffer.from(sealed.buffer, sealed.byteOffset + 1, KEY_ID_BYTES)
    .toString('latin1')
    .trimEnd();
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

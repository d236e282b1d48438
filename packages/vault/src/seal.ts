import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import { MessageKeys, XAES_NONCE_BYTES } from './xaes.ts';

/** First byte of a sealed blob: one content, several contents, or a pointer to a part of such. */
const SINGLE = 4;
const BATCH = 5;
const POINTER = 3;
/** What was sealed before messages had keys of their own: opened, and no longer made. */
const EARLIER = new Map([
  [1, SINGLE],
  [2, BATCH],
]);
const POINTER_BYTES = 5;
/** Contents sealed together at most. */
const BATCH_PARTS_MAX = 256;
const KEY_ID_BYTES = 30;
const EARLIER_NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Seals under one key in one process; a key of a day of one system never comes near. */
const USES_MAX = 2 ** 32;
/** Keys whose uses are counted at a time. */
const COUNTED_MAX = 4_096;

const pool = new Uint8Array(XAES_NONCE_BYTES * 128);
let used = pool.length;

function nonceInto(target: Uint8Array, at: number): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  target.set(pool.subarray(used, used + XAES_NONCE_BYTES), at);
  used += XAES_NONCE_BYTES;
}

/** How often a key has sealed. */
interface UseCounter {
  uses: number;
}

const counters = new Map<string, UseCounter>();

/** The counter of a key: one for all that seal under it in this process. */
function counterOf(id: string): UseCounter {
  const known = counters.get(id) ?? { uses: 0 };
  counters.delete(id);
  if (counters.size >= COUNTED_MAX) counters.delete(counters.keys().next().value!);
  counters.set(id, known);
  return known;
}

/** A data key made ready once for many seals. */
export interface SealingKey {
  readonly id: string;
  readonly messages: MessageKeys;
  readonly counter: UseCounter;
  readonly usesMax: number;
}

/** Makes a raw key ready. @param usesMax seals under it until it seals no more */
export function sealingKey(
  { id, key }: { readonly id: string; readonly key: Uint8Array },
  usesMax = USES_MAX,
): SealingKey {
  return { id, messages: new MessageKeys(key), counter: counterOf(id), usesMax };
}

/** Where the parts of a sealed blob lie: nonce, tag, ciphertext behind version and key id. */
const layoutOf = (kind: number) => {
  const nonce = 1 + KEY_ID_BYTES;
  const tag = nonce + (EARLIER.has(kind) ? EARLIER_NONCE_BYTES : XAES_NONCE_BYTES);
  return { nonce, tag, content: tag + TAG_BYTES };
};

/**
 * Encrypts content: version, key id, 192-bit random nonce, tag, ciphertext (C2SP XAES-256-GCM: each has a key of its own).
 * @param context bound as associated data: what the content is; opening needs the same
 * @throws CodedError `data-key-used-up` once the key has sealed as often as it may
 */
export function seal(
  key: SealingKey,
  context: string,
  plain: Uint8Array,
  kind: typeof SINGLE | typeof BATCH = SINGLE,
): Uint8Array {
  if (++key.counter.uses > key.usesMax) throw new CodedError('data-key-used-up');
  const at = layoutOf(kind);
  const out = Buffer.allocUnsafe(at.content + plain.length);
  out[0] = kind;
  out.write(key.id.padEnd(KEY_ID_BYTES), 1, KEY_ID_BYTES, 'latin1');
  nonceInto(out, at.nonce);
  const own = key.messages.of(out.subarray(at.nonce, at.tag));
  const cipher = createCipheriv('aes-256-gcm', own.key, own.nonce);
  cipher.setAAD(Buffer.from(context));
  out.set(cipher.update(plain), at.content);
  cipher.final();
  out.set(cipher.getAuthTag(), at.tag);
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
  if (kindOf(sealed) === SINGLE && part === 0) return plain;
  const view = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  let at = 0;
  for (let i = 0; at + 4 <= view.length; i++) {
    const length = view.readUInt32BE(at);
    if (i === part && at + 4 + length <= view.length) return plain.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  throw new CodedError('sealed-content-unreadable');
}

/** What a blob is, whichever way it was sealed. */
const kindOf = (sealed: Uint8Array): number | undefined => EARLIER.get(sealed[0]!) ?? sealed[0];

/** The id of the data key a sealed blob needs. */
export function sealedKeyId(sealed: Uint8Array): string {
  const kind = kindOf(sealed);
  if ((kind !== SINGLE && kind !== BATCH) || sealed.length < layoutOf(sealed[0]!).content)
    throw new CodedError('sealed-content-unreadable');
  return Buffer.from(sealed.buffer, sealed.byteOffset + 1, KEY_ID_BYTES)
    .toString('latin1')
    .trimEnd();
}

/** Decrypts what {@link seal} made. @throws CodedError `sealed-content-unreadable` */
export function open(key: Uint8Array, context: string, sealed: Uint8Array): Uint8Array {
  sealedKeyId(sealed);
  const at = layoutOf(sealed[0]!);
  const nonce = sealed.subarray(at.nonce, at.tag);
  try {
    const own = EARLIER.has(sealed[0]!) ? { key, nonce } : new MessageKeys(key).of(nonce);
    const decipher = createDecipheriv('aes-256-gcm', own.key, own.nonce);
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(at.tag, at.content));
    return Buffer.concat([decipher.update(sealed.subarray(at.content)), decipher.final()]);
  } catch (cause) {
    throw new CodedError('sealed-content-unreadable', undefined, { cause });
  }
}

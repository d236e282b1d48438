import { hash, randomBytes } from 'node:crypto';
import { CodedError, type KeyProvider } from '@sallyport/core';
import { ROOT_KEY_BYTES, rootKeyId, secretRoot } from './secret-root.ts';

/** One part of a root key: any `threshold` of them make it, fewer tell nothing of it (Shamir, 1979). */
export interface RootShare {
  /** Of the root key. */
  readonly rootId: string;
  readonly threshold: number;
  /** Where the polynomial is taken, 1 to 255. */
  readonly at: number;
  readonly value: Uint8Array;
}

const HEAD = 'sallyport-share/1';
const SHARES_MAX = 255;
const sumOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 8);
const wrong = (why: string): CodedError => new CodedError('root-key-wrong', why);

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, in time that depends on neither factor. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = a;
  for (let bit = 0; bit < 8; bit++) {
    product ^= factor & -((b >> bit) & 1);
    factor = ((factor << 1) ^ (0x11b & -(factor >> 7))) & 0xff;
  }
  return product;
}

/** The inverse: a^254. */
function invert(a: number): number {
  let power = a;
  let result = 1;
  for (let bit = 1; bit < 8; bit++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/**
 * Splits a root key into shares.
 * @throws RangeError for a threshold below 2 or above the number of shares
 */
export function splitRoot(key: Uint8Array, shares: number, threshold: number): RootShare[] {
  if (!(threshold >= 2 && threshold <= shares && shares <= SHARES_MAX))
    throw new RangeError(`${threshold} of ${shares} cannot be; take at least 2, of at most ${SHARES_MAX}`);
  const coefficients = Array.from({ length: threshold - 1 }, () => randomBytes(key.length));
  return Array.from({ length: shares }, (_, index): RootShare => {
    const at = index + 1;
    const value = Uint8Array.from(key, (secret, byte) => {
      let sum = 0;
      for (let degree = coefficients.length - 1; degree >= 0; degree--)
        sum = multiply(sum ^ coefficients[degree]![byte]!, at);
      return sum ^ secret;
    });
    return { rootId: rootKeyId(key), threshold, at, value };
  });
}

/** A share as one line of text, with a sum that tells a slip of the hand. */
export function formatShare({ rootId, threshold, at, value }: RootShare): string {
  const text = `${HEAD} ${rootId} ${threshold} ${at} ${Buffer.from(value).toString('base64url')}`;
  return `${text} ${sumOf(text)}`;
}

/** Reads a line. Whatever it reads, {@link formatShare} prints identically. @throws CodedError `root-key-wrong` */
export function parseShare(text: string): RootShare {
  const [head, rootId = '', threshold = '', at = '', value = '', sum, ...rest] = text.trim().split(' ');
  const bytes = Buffer.from(value, 'base64url');
  const share = { rootId, threshold: Number(threshold), at: Number(at), value: bytes };
  if (
    head !== HEAD ||
    rest.length > 0 ||
    !/^[0-9a-f]{16}$/.test(rootId) ||
    !/^[1-9]\d{0,2}$/.test(threshold) ||
    !/^[1-9]\d{0,2}$/.test(at) ||
    share.at > SHARES_MAX ||
    bytes.length !== ROOT_KEY_BYTES
  )
    throw wrong('it is no share of a root key');
  if (formatShare(share) !== text.trim() || sum === undefined)
    throw wrong(`share ${at} was copied wrongly: its sum does not fit`);
  return share;
}

/** The root key that shares make. @throws CodedError `root-key-wrong` for too few, for those of two roots, or for one that was changed */
export function joinShares(shares: readonly RootShare[]): KeyProvider {
  const [first] = shares;
  if (!first) throw wrong('there are no shares of the root key');
  if (shares.some(({ rootId, threshold }) => rootId !== first.rootId || threshold !== first.threshold))
    throw wrong('the shares are of different root keys');
  const own = [...new Map(shares.map((share) => [share.at, share])).values()].slice(0, first.threshold);
  if (own.length < first.threshold)
    throw wrong(`${own.length} shares of the root key are there, and ${first.threshold} are needed`);
  const key = new Uint8Array(ROOT_KEY_BYTES);
  for (const { at, value } of own) {
    // The share of Lagrange's polynomial at 0.
    let weight = 1;
    for (const other of own)
      if (other.at !== at) weight = multiply(weight, multiply(other.at, invert(other.at ^ at)));
    for (let byte = 0; byte < key.length; byte++) key[byte]! ^= multiply(weight, value[byte]!);
  }
  if (rootKeyId(key) !== first.rootId)
    throw wrong('the shares do not make the root key: one of them was changed');
  return secretRoot('shares', key, 'the root key that the shares make');
}

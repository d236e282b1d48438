import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { CodedError } from '@sallyport/core';
import type { Store } from '@sallyport/store';

const QUARTER_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;
/** Failed attempts from devices that the account does not know, in a quarter of an hour. */
const ACCOUNT_MAX = 10;
/** Failed attempts from one device that it knows, in a quarter of an hour. */
const DEVICE_MAX = 10;
/** Failed attempts at one account in an hour, whoever makes them (NIST SP 800-63B-4 section 3.2.2 allows 100). */
const ACCOUNT_HOUR_MAX = 80;
/** Failed attempts from one address in a quarter of an hour, over all accounts. */
const ADDRESS_MAX = 30;
/** Hex digits of a counter's name: a million counters at most, whatever names and addresses are tried. */
const BUCKET_DIGITS = 5;

/** Counts attempts; those that come too often are refused before anything is computed. */
export class Throttle {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Counts an attempt at an account, as failed until told otherwise. The same for accounts that do not exist. Known
   * devices have a count of their own, so that strangers who fail do not lock the owner out (OWASP, device cookies).
   * @returns takes the attempt back: it succeeded
   * @throws CodedError `rate-limited`
   */
  async attempt(
    kind: 'password' | 'second-factor',
    account: string,
    address: string,
    knownDevice: string | null,
    nowMs: number,
  ): Promise<() => Promise<void>> {
    const own =
      knownDevice === null
        ? ({ key: bucket(`${kind} account`, account), most: ACCOUNT_MAX } as const)
        : ({ key: bucket(`${kind} device`, `${account} ${knownDevice}`), most: DEVICE_MAX } as const);
    const counters = [
      { key: bucket(`${kind} address`, network(address)), most: ADDRESS_MAX, windowMs: QUARTER_MS },
      { ...own, windowMs: QUARTER_MS },
      { key: bucket(`${kind} hour`, account), most: ACCOUNT_HOUR_MAX, windowMs: HOUR_MS },
    ];
    const counted: string[] = [];
    const takeBack = async (): Promise<void> => {
      for (const key of counted) await this.#store.tickets.takeBack(key);
    };
    for (const { key, most, windowMs } of counters) {
      const { count, sinceMs } = await this.#store.tickets.attempt(key, nowMs, windowMs);
      counted.push(key);
      if (count > most) {
        // What is refused here was no attempt: many at the same time must not lock anybody out for longer.
        await takeBack();
        const minutes = Math.max(1, Math.ceil((sinceMs + windowMs - nowMs) / 60_000));
        throw new CodedError('rate-limited', `too many failed attempts; wait ${minutes} minutes`);
      }
    }
    return takeBack;
  }

  /** Forgets what no window needs any more. */
  async purge(nowMs: number): Promise<void> {
    await this.#store.tickets.purgeAttempts(nowMs - HOUR_MS);
  }
}

const bucket = (kind: string, value: string): string =>
  `${kind} ${hash('sha256', `${kind} ${value}`, 'hex').slice(0, BUCKET_DIGITS)}`;

/** Who has one IPv6 address has the 2^64 beside it: those count together. */
function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const whole =
    tail === undefined ? groups : [...groups, ...Array(8 - groups.length - rest.length).fill('0'), ...rest];
  return whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

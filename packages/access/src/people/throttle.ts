import { createHmac, randomBytes } from 'node:crypto';
import { CodedError } from '@sallyport/core';
import type { Store } from '@sallyport/store';
import { addressBlock } from '../address.ts';

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
/** Counters of addresses and of names that are no account, at most; those of accounts are as many as there are accounts. */
const COUNTERS_MAX = 200_000;
/** Hex digits of the names of counters that are shared once there are that many. */
const SHARED_DIGITS = 5;

/** What somebody tries to get into. */
export interface Attempted {
  readonly kind: 'password' | 'second-factor';
  /** Id of the person; null where there is no such person. */
  readonly person: string | null;
  /** What was typed. */
  readonly name: string;
  readonly address: string;
  /** Id of a device that the account knows. */
  readonly knownDevice: string | null;
}

/** What counts are kept in. */
export type Counters = Pick<Store['tickets'], 'attempt' | 'takeBack' | 'purgeAttempts' | 'countAttempts'>;

/** Counts attempts; those that come too often are refused before anything is computed. */
export class Throttle {
  readonly #counters: Counters;
  readonly #countersMax: number;
  // Of this process: who cannot compute the names of counters cannot choose whose count they add to.
  readonly #key = randomBytes(32);
  /** Counters that strangers made, as far as is known. */
  #strangers: number | null = null;

  /** @param countersMax counters that strangers may make, before they share some */
  constructor(counters: Counters, countersMax = COUNTERS_MAX) {
    this.#counters = counters;
    this.#countersMax = countersMax;
  }

  /**
   * Counts an attempt at an account, as failed until told otherwise. The same for accounts that do not exist. An account
   * and each device that it knows have counters of their own, which no other attempt adds to (OWASP, device cookies):
   * a known device is not held up by what strangers do, at this account, at others, or from the same address.
   * @returns takes the attempt back: it succeeded
   * @throws CodedError `rate-limited`
   */
  async attempt(what: Attempted, nowMs: number): Promise<() => Promise<void>> {
    const { kind, person, knownDevice } = what;
    const account = person ?? this.#stranger(what.name);
    const of = (count: string, most: number, windowMs = QUARTER_MS) => ({
      key: `${kind} ${count}`,
      most,
      windowMs,
      strange: false,
    });
    const counters =
      person !== null && knownDevice !== null
        ? [of(`device ${person} ${knownDevice}`, DEVICE_MAX)]
        : [
            { ...of(`address ${this.#stranger(addressBlock(what.address))}`, ADDRESS_MAX), strange: true },
            { ...of(`account ${account}`, ACCOUNT_MAX), strange: person === null },
          ];
    counters.push({ ...of(`hour ${account}`, ACCOUNT_HOUR_MAX, HOUR_MS), strange: person === null });
    const counted: string[] = [];
    const takeBack = async (): Promise<void> => {
      for (const key of counted) await this.#counters.takeBack(key);
    };
    for (const { key: exact, most, windowMs, strange } of counters) {
      const key = strange ? await this.#bounded(exact) : exact;
      const { count, sinceMs } = await this.#counters.attempt(key, nowMs, windowMs);
      if (strange && count === 1 && this.#strangers !== null) this.#strangers++;
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

  /** Counts something that whoever is at an address did. @returns whether that was too often */
  async tooMany(what: 'sign-on', address: string, nowMs: number): Promise<boolean> {
    const key = await this.#bounded(`${what} address ${this.#stranger(addressBlock(address))}`);
    const { count } = await this.#counters.attempt(key, nowMs, QUARTER_MS);
    if (count === 1 && this.#strangers !== null) this.#strangers++;
    return count > ADDRESS_MAX;
  }

  /** What stands for something that a stranger sent: 128 bits under a key of ours. */
  #stranger(value: string): string {
    return `~${createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 32)}`;
  }

  /** The counter itself while there is room for more, else one that strangers share; never that of an account. */
  async #bounded(key: string): Promise<string> {
    this.#strangers ??= await this.#counters.countAttempts('~');
    if (this.#strangers < this.#countersMax) return key;
    return key.replace(/~.*/s, (name) => `~${name.slice(1, 1 + SHARED_DIGITS)}`);
  }

  /** Forgets what no window needs any more. */
  async purge(nowMs: number): Promise<void> {
    await this.#counters.purgeAttempts(nowMs - HOUR_MS);
    this.#strangers = null;
  }
}

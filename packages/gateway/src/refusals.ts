import { addressBlock } from '@sallyport/access';
import { LIMITS } from '@sallyport/core';

const WINDOW_MS = 60_000;
/** Records a minute of a flood that goes on, which are half as many from minute to minute. */
const RECORDS_MIN = 4;
/** Addresses that a count names, those with the most calls. */
const ADDRESSES_NAMED = 16;

/** Calls that were refused within a window and only counted. */
export interface CountedRefusals {
  /** Id of the key that they came with; null for those without one that is known. */
  readonly key: string | null;
  readonly count: number;
  /** Of calls without a key where most came from, with how many: addresses, or networks of IPv6. */
  readonly addresses: readonly (readonly [address: string, count: number])[];
}

/** What of one caller, or of all without a key, is recorded within a window. */
interface Share {
  allowed: number;
  recorded: number;
  counted: number;
}

const share = (allowed: number): Share => ({ allowed, recorded: 0, counted: 0 });

/** What one caller has. */
function shareOf(shares: Map<string, Share>, id: string): Share {
  const own = shares.get(id) ?? share(LIMITS.refusalRecordsPerMinute);
  shares.set(id, own);
  return own;
}

/** Takes a call from every share that it falls under. @returns whether one of them was used up, so that it is only counted */
function isOver(shares: readonly Share[]): boolean {
  const over = shares.some(({ allowed, recorded }) => recorded >= allowed);
  for (const one of shares) one[over ? 'counted' : 'recorded']++;
  return over;
}

/** A share for the next window; null where it is as at the beginning. */
function next({ allowed, counted }: Share): Share | null {
  return counted === 0 ? null : share(Math.max(RECORDS_MIN, Math.floor(allowed / 2)));
}

/**
 * Keeps a flood of refused calls from filling the record. Those that were refused before they took anything from a limit are
 * recorded one by one up to a bound, by key and without one by address and in all; further ones are counted, and told.
 */
export class Refusals {
  readonly #report: (refused: CountedRefusals) => void;
  #keys = new Map<string, Share>();
  #addresses = new Map<string, Share>();
  #open = share(LIMITS.unknownRefusalRecordsPerMinute);
  readonly #timer: NodeJS.Timeout;

  /** @param report takes the counts of a window when it ends */
  constructor(report: (refused: CountedRefusals) => void) {
    this.#report = report;
    this.#timer = setInterval(() => this.flush(), WINDOW_MS).unref();
  }

  /** Whether this call is one that is only counted. @param key id of the key that it came with */
  count(key: string | null, address: string): boolean {
    if (key !== null) return isOver([shareOf(this.#keys, key)]);
    const block = addressBlock(address);
    if (!this.#addresses.has(block) && this.#addresses.size >= LIMITS.addressesTrackedMax) {
      this.#open.counted++;
      return true;
    }
    return isOver([shareOf(this.#addresses, block), this.#open]);
  }

  /** Reports what was counted and begins a new window. */
  flush(): void {
    for (const [key, { counted }] of this.#keys)
      if (counted > 0) this.#report({ key, count: counted, addresses: [] });
    if (this.#open.counted > 0) {
      const addresses = [...this.#addresses]
        .flatMap(([address, { counted }]) => (counted > 0 ? [[address, counted] as const] : []))
        .sort(([, one], [, other]) => other - one)
        .slice(0, ADDRESSES_NAMED);
      this.#report({ key: null, count: this.#open.counted, addresses });
    }
    const keep = (shares: Map<string, Share>): Map<string, Share> =>
      new Map([...shares].flatMap(([id, own]) => [next(own)].flatMap((one) => (one ? [[id, one]] : []))));
    this.#keys = keep(this.#keys);
    this.#addresses = keep(this.#addresses);
    this.#open = next(this.#open) ?? share(LIMITS.unknownRefusalRecordsPerMinute);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

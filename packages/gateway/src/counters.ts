import { countUpTo, NUMBER_LIMITS, type UsageLimits } from '@sallyport/core';
import { MinuteWindows, secondOf, THREADS_MAX } from './minute-window.ts';

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;
/** Keys and systems that are counted at a time. */
export const SLOTS_MAX = 16_384;
/** Gateway workers one process can have. */
export const WORKERS_MAX = THREADS_MAX;

const REQUESTS = 0;
const TOKENS = 1;
const RATES = 2;
/** Day since 1970 in the upper bits, spend in the lower 48: one cell, so that a new day races with nothing. */
const SPEND_BITS = 48n;
const SPEND_MAX = 2n ** SPEND_BITS - 1n;
/** Tokens that one call can take: those asked for, of every choice. */
const TOKENS_MAX = NUMBER_LIMITS.tokensMax * (NUMBER_LIMITS.choicesMax + 1);

/** A limit as it is counted; one that is no number lets nothing pass. */
const whole = (limit: number): number => countUpTo(limit, Number.MAX_SAFE_INTEGER);
const wholeLimit = (limit: number): bigint => BigInt(whole(limit));
const wholeTokens = (tokens: number): number => countUpTo(Math.ceil(tokens), TOKENS_MAX);
const wholeSpend = (microUsd: number): number =>
  countUpTo(Math.ceil(microUsd), NUMBER_LIMITS.costMicroUsdMax);

/** Whose limits are counted. */
export interface Counted {
  readonly slot: number;
  readonly limits: UsageLimits;
  /** Who that is, in words. */
  readonly of?: string;
}

/** What was taken from the limits, to be settled or given back. */
export interface Reservation {
  readonly slots: readonly Counted[];
  /** When, by {@link secondOf}. */
  readonly second: number;
  /** Day of whose spend it was taken, since 1970, for each of `slots`. */
  readonly days: readonly bigint[];
  tokens: number;
  microUsd: number;
  /** Whether the call has ended and its places are free. */
  settled: boolean;
}

/** Why a call may not pass now, or ever. */
export interface LimitHit {
  readonly code: 'rate-limited' | 'concurrency-limited' | 'spend-limited' | 'over-limit';
  /** Null where no time helps. */
  readonly retryAfterMs: number | null;
  readonly message: string;
}

/** Memory shared by the main thread and all workers. */
export interface CounterMemory {
  readonly rates: SharedArrayBuffer;
  readonly spend: SharedArrayBuffer;
  readonly concurrent: SharedArrayBuffer;
}

/** What no wait can help: a call that alone is more than a limit lets through at all. */
function beyond({ limits, of }: Counted, tokens: number, microUsd: number): string | null {
  const their = of === undefined ? '' : ` of ${of}`;
  if (whole(limits.concurrent) === 0) return `no calls at all are the limit${their}`;
  if (whole(limits.requestsPerMinute) === 0) return `no requests at all are the limit${their}`;
  if (tokens > whole(limits.tokensPerMinute))
    return `this call may use ${tokens} tokens, and ${limits.tokensPerMinute} a minute are the limit${their}`;
  if (microUsd > whole(limits.spendMicroUsdPerDay) || whole(limits.spendMicroUsdPerDay) === 0)
    return `this call may cost ${dollars(microUsd)}, and ${dollars(limits.spendMicroUsdPerDay)} a day are the limit${their}`;
  return null;
}

const dollars = (microUsd: number): string => `${microUsd / 1e6} US dollars`;

/**
 * Limits, counted once for all threads. Rates hold for every minute on the monotonic clock ({@link MinuteWindows}), spend in
 * one 64-bit cell each, moved by compare-and-swap: no clock jump and no race lets more through.
 */
export class Counters {
  readonly memory: CounterMemory;
  readonly #rates: MinuteWindows;
  readonly #spent: BigInt64Array;
  readonly #concurrent: Int32Array;
  readonly #worker: number;

  /** @param worker number of the thread; the main thread takes 0 as well and only reads */
  constructor(memory: CounterMemory, worker: number) {
    this.memory = memory;
    this.#rates = new MinuteWindows(memory.rates);
    this.#spent = new BigInt64Array(memory.spend);
    this.#concurrent = new Int32Array(memory.concurrent);
    this.#worker = worker;
  }

  static allocate(): CounterMemory {
    return {
      rates: MinuteWindows.allocate(SLOTS_MAX * RATES),
      spend: new SharedArrayBuffer(SLOTS_MAX * 8),
      concurrent: new SharedArrayBuffer(SLOTS_MAX * WORKERS_MAX * 4),
    };
  }

  /** Takes one request, tokens and spend from every slot, or nothing at all. */
  reserve(
    slots: Reservation['slots'],
    tokens: number,
    microUsd: number,
    nowNs: bigint,
    nowMs: number,
  ): Reservation | LimitHit {
    const [takenTokens, takenMicroUsd] = [wholeTokens(tokens), wholeSpend(microUsd)];
    for (const one of slots) {
      const message = beyond(one, takenTokens, takenMicroUsd);
      if (message !== null) return { code: 'over-limit', retryAfterMs: null, message };
    }
    const second = secondOf(nowNs);
    const undo: (() => void)[] = [];
    const days: bigint[] = [];
    let done = false;
    try {
      const hit = this.#takeAll(slots, takenTokens, takenMicroUsd, second, nowMs, days, undo);
      done = hit === null;
      return hit ?? { slots, second, days, tokens: takenTokens, microUsd: takenMicroUsd, settled: false };
    } finally {
      if (!done) for (const step of undo) step();
    }
  }

  /** @param days gets the day of each slot's spend @param undo gets a step for all that was taken, at once */
  #takeAll(
    slots: Reservation['slots'],
    tokens: number,
    microUsd: number,
    second: number,
    nowMs: number,
    days: bigint[],
    undo: (() => void)[],
  ): LimitHit | null {
    for (const { slot, limits, of } of slots) {
      const their = of === undefined ? '' : ` of ${of}`;
      if (!this.#enter(slot, limits.concurrent)) {
        return {
          code: 'concurrency-limited',
          retryAfterMs: 1000,
          message: `${limits.concurrent} calls at the same time are the limit${their}`,
        };
      }
      undo.push(() => this.#leave(slot));
      const requestWait = this.#take(slot, REQUESTS, 1, limits.requestsPerMinute, second);
      if (requestWait > 0) {
        return {
          code: 'rate-limited',
          retryAfterMs: requestWait,
          message: `${limits.requestsPerMinute} requests a minute are the limit${their}`,
        };
      }
      undo.push(() => this.#count(slot, REQUESTS, -1, second));
      const tokenWait = this.#take(slot, TOKENS, tokens, limits.tokensPerMinute, second);
      if (tokenWait > 0) {
        return {
          code: 'rate-limited',
          retryAfterMs: tokenWait,
          message: `${limits.tokensPerMinute} tokens a minute are the limit${their}; this call may use ${tokens}`,
        };
      }
      undo.push(() => this.#count(slot, TOKENS, -tokens, second));
      const day = this.#spend(slot, microUsd, limits.spendMicroUsdPerDay, nowMs);
      if (day === null) {
        return {
          code: 'spend-limited',
          retryAfterMs: DAY_MS - (nowMs % DAY_MS),
          message: `${dollars(limits.spendMicroUsdPerDay)} a day are the limit${their}`,
        };
      }
      days.push(day);
      undo.push(() => this.#unspend(slot, microUsd, day));
    }
    return null;
  }

  /** Ends a call, the first time it is told so: frees its places, and replaces what was reserved by what was used. */
  settle(
    reservation: Reservation,
    usedTokens: number,
    usedMicroUsd: number,
    nowNs = process.hrtime.bigint(),
  ): void {
    if (reservation.settled) return;
    reservation.settled = true;
    const [tokens, microUsd] = [wholeTokens(usedTokens), wholeSpend(usedMicroUsd)];
    for (const { slot } of reservation.slots) this.#leave(slot);
    for (const [n, { slot }] of reservation.slots.entries()) {
      const more = tokens - reservation.tokens;
      // What was not used is free again where it was taken; what was used besides is used now.
      if (more !== 0) this.#count(slot, TOKENS, more, more < 0 ? reservation.second : secondOf(nowNs));
      const saved = reservation.microUsd - microUsd;
      if (saved !== 0) this.#unspend(slot, saved, reservation.days[n]!);
    }
    reservation.tokens = tokens;
    reservation.microUsd = microUsd;
  }

  /** Takes the places of a call that was settled once more, while its answer waits for its reader. @returns gives them back */
  hold({ slots }: Reservation): () => void {
    for (const { slot } of slots) Atomics.add(this.#concurrent, this.#worker * SLOTS_MAX + slot, 1);
    return () => {
      for (const { slot } of slots) this.#leave(slot);
    };
  }

  /** Sets the spend of the day, as rebuilt from the record at start. */
  setSpend(slot: number, microUsd: number, nowMs: number): void {
    const day = BigInt(Math.floor(nowMs / DAY_MS));
    Atomics.store(this.#spent, slot, (day << SPEND_BITS) | BigInt(countUpTo(microUsd, Number(SPEND_MAX))));
  }

  /** Spend of the day so far, in millionths of a US dollar. */
  spend(slot: number): number {
    return Number(BigInt.asUintN(48, Atomics.load(this.#spent, slot)));
  }

  /** Calls in flight on a slot, over all workers. */
  concurrent(slot: number): number {
    let sum = 0;
    for (let worker = 0; worker < WORKERS_MAX; worker++)
      sum += Atomics.load(this.#concurrent, worker * SLOTS_MAX + slot);
    return sum;
  }

  /** Forgets the calls of a worker that died. */
  clearWorker(worker: number): void {
    for (let slot = 0; slot < SLOTS_MAX; slot++)
      Atomics.store(this.#concurrent, worker * SLOTS_MAX + slot, 0);
  }

  /** Forgets everything about a slot that is given to another key or system. */
  clearSlot(slot: number): void {
    for (let rate = 0; rate < RATES; rate++) this.#rates.clear(slot * RATES + rate);
    Atomics.store(this.#spent, slot, 0n);
  }

  #enter(slot: number, limit: number): boolean {
    Atomics.add(this.#concurrent, this.#worker * SLOTS_MAX + slot, 1);
    if (BigInt(this.concurrent(slot)) <= wholeLimit(limit)) return true;
    this.#leave(slot);
    return false;
  }

  #leave(slot: number): void {
    Atomics.sub(this.#concurrent, this.#worker * SLOTS_MAX + slot, 1);
  }

  /** @returns 0, or milliseconds until as much is free */
  #take(slot: number, rate: number, units: number, limit: number, second: number): number {
    return this.#rates.take(slot * RATES + rate, units, whole(limit), second) * 1000;
  }

  #count(slot: number, rate: number, units: number, second: number): void {
    this.#rates.add(slot * RATES + rate, units, second);
  }

  /** @returns the day of which it was taken; null where no more may be */
  #spend(slot: number, microUsd: number, limit: number, nowMs: number): bigint | null {
    const today = BigInt(Math.floor(nowMs / DAY_MS));
    const most = wholeLimit(limit);
    for (;;) {
      const known = Atomics.load(this.#spent, slot);
      // A clock set back keeps the later day: it must not hand out a second budget.
      const day = known >> SPEND_BITS > today ? known >> SPEND_BITS : today;
      const spent = day === known >> SPEND_BITS ? BigInt.asUintN(48, known) : 0n;
      const after = spent + BigInt(microUsd);
      if (after > most || after > SPEND_MAX || (microUsd === 0 && spent >= most)) return null;
      if (Atomics.compareExchange(this.#spent, slot, known, (day << SPEND_BITS) | after) === known)
        return day;
    }
  }

  /**
   * Takes back spend, never below zero. What was taken of a day gone by is gone with it; what was used besides (a negative
   * number) is used now.
   */
  #unspend(slot: number, microUsd: number, day: bigint): void {
    for (;;) {
      const known = Atomics.load(this.#spent, slot);
      if (microUsd > 0 && known >> SPEND_BITS !== day) return;
      const spent = BigInt.asUintN(48, known) - BigInt(microUsd);
      const next =
        ((known >> SPEND_BITS) << SPEND_BITS) | (spent < 0n ? 0n : spent > SPEND_MAX ? SPEND_MAX : spent);
      if (Atomics.compareExchange(this.#spent, slot, known, next) === known) return;
    }
  }
}

import { countUpTo, NUMBER_LIMITS, type UsageLimits } from '@sallyport/core';

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;
const WINDOW_NS = 60_000_000_000n;
/** Keys and systems that are counted at a time. */
export const SLOTS_MAX = 16_384;
/** Gateway workers one process can have. */
export const WORKERS_MAX = 16;

const REQUESTS = 0;
const TOKENS = 1;
/** Day since 1970 in the upper bits, spend in the lower 48: one cell, so that a new day races with nothing. */
const SPEND = 2;
const SPEND_BITS = 48n;
const SPEND_MAX = 2n ** SPEND_BITS - 1n;
const FIELDS = 3;
/** Tokens that one call can take: those asked for, of every choice. */
const TOKENS_MAX = NUMBER_LIMITS.tokensMax * (NUMBER_LIMITS.choicesMax + 1);

/** A limit as it is counted; one that is no number lets nothing pass. */
const wholeLimit = (limit: number): bigint => BigInt(countUpTo(limit, Number.MAX_SAFE_INTEGER));
const wholeTokens = (tokens: number): number => countUpTo(Math.ceil(tokens), TOKENS_MAX);
const wholeSpend = (microUsd: number): number =>
  countUpTo(Math.ceil(microUsd), NUMBER_LIMITS.costMicroUsdMax);

/** What was taken from the limits, to be settled or given back. */
export interface Reservation {
  readonly slots: readonly { readonly slot: number; readonly limits: UsageLimits }[];
  tokens: number;
  microUsd: number;
  /** Whether the call has ended and its places are free. */
  settled: boolean;
}

/** Why a call may not pass now. */
export interface LimitHit {
  readonly code: 'rate-limited' | 'concurrency-limited' | 'spend-limited';
  readonly retryAfterMs: number;
  readonly message: string;
}

/** Memory shared by the main thread and all workers. */
export interface CounterMemory {
  readonly cells: SharedArrayBuffer;
  readonly concurrent: SharedArrayBuffer;
}

/**
 * Limits, counted once for all threads. Rates follow the generic cell rate algorithm (ITU-T I.371 annex A) on the
 * monotonic clock, one 64-bit cell each, moved by compare-and-swap: no clock jump and no race lets more through.
 */
export class Counters {
  readonly memory: CounterMemory;
  readonly #cells: BigInt64Array;
  readonly #concurrent: Int32Array;
  readonly #worker: number;

  /** @param worker number of the thread; the main thread takes 0 as well and only reads */
  constructor(memory: CounterMemory, worker: number) {
    this.memory = memory;
    this.#cells = new BigInt64Array(memory.cells);
    this.#concurrent = new Int32Array(memory.concurrent);
    this.#worker = worker;
  }

  static allocate(): CounterMemory {
    return {
      cells: new SharedArrayBuffer(SLOTS_MAX * FIELDS * 8),
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
    const undo: (() => void)[] = [];
    let done = false;
    try {
      const hit = this.#takeAll(slots, takenTokens, takenMicroUsd, nowNs, nowMs, undo);
      done = hit === null;
      return hit ?? { slots, tokens: takenTokens, microUsd: takenMicroUsd, settled: false };
    } finally {
      if (!done) for (const step of undo) step();
    }
  }

  /** @param undo gets a step for all that was taken, at once */
  #takeAll(
    slots: Reservation['slots'],
    tokens: number,
    microUsd: number,
    nowNs: bigint,
    nowMs: number,
    undo: (() => void)[],
  ): LimitHit | null {
    for (const { slot, limits } of slots) {
      if (!this.#enter(slot, limits.concurrent)) {
        return {
          code: 'concurrency-limited',
          retryAfterMs: 1000,
          message: `${limits.concurrent} calls at the same time are the limit`,
        };
      }
      undo.push(() => this.#leave(slot));
      const requestWait = this.#take(slot, REQUESTS, 1, limits.requestsPerMinute, nowNs);
      if (requestWait > 0) {
        return {
          code: 'rate-limited',
          retryAfterMs: requestWait,
          message: `${limits.requestsPerMinute} requests a minute are the limit`,
        };
      }
      undo.push(() => this.#give(slot, REQUESTS, 1, limits.requestsPerMinute));
      const tokenWait = this.#take(slot, TOKENS, tokens, limits.tokensPerMinute, nowNs);
      if (tokenWait > 0) {
        return {
          code: 'rate-limited',
          retryAfterMs: tokenWait,
          message: `${limits.tokensPerMinute} tokens a minute are the limit; this call may use ${tokens}`,
        };
      }
      undo.push(() => this.#give(slot, TOKENS, tokens, limits.tokensPerMinute));
      if (!this.#spend(slot, microUsd, limits.spendMicroUsdPerDay, nowMs)) {
        return {
          code: 'spend-limited',
          retryAfterMs: DAY_MS - (nowMs % DAY_MS),
          message: `${limits.spendMicroUsdPerDay / 1e6} US dollars a day are the limit`,
        };
      }
      undo.push(() => this.#unspend(slot, microUsd));
    }
    return null;
  }

  /** Ends a call, the first time it is told so: frees its places, and replaces what was reserved by what was used. */
  settle(reservation: Reservation, usedTokens: number, usedMicroUsd: number): void {
    if (reservation.settled) return;
    reservation.settled = true;
    const [tokens, microUsd] = [wholeTokens(usedTokens), wholeSpend(usedMicroUsd)];
    for (const { slot } of reservation.slots) this.#leave(slot);
    for (const { slot, limits } of reservation.slots) {
      const over = reservation.tokens - tokens;
      if (over !== 0) this.#give(slot, TOKENS, over, limits.tokensPerMinute);
      const saved = reservation.microUsd - microUsd;
      if (saved !== 0) this.#unspend(slot, saved);
    }
    reservation.tokens = tokens;
    reservation.microUsd = microUsd;
  }

  /** Sets the spend of the day, as rebuilt from the record at start. */
  setSpend(slot: number, microUsd: number, nowMs: number): void {
    const day = BigInt(Math.floor(nowMs / DAY_MS));
    Atomics.store(
      this.#cells,
      slot * FIELDS + SPEND,
      (day << SPEND_BITS) | BigInt(countUpTo(microUsd, Number(SPEND_MAX))),
    );
  }

  /** Spend of the day so far, in millionths of a US dollar. */
  spend(slot: number): number {
    return Number(BigInt.asUintN(48, Atomics.load(this.#cells, slot * FIELDS + SPEND)));
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
    for (let field = 0; field < FIELDS; field++) Atomics.store(this.#cells, slot * FIELDS + field, 0n);
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
  #take(slot: number, field: number, units: number, limit: number, nowNs: bigint): number {
    if (units === 0) return 0;
    const most = wholeLimit(limit);
    if (most === 0n) return 60_000;
    const cell = slot * FIELDS + field;
    const cost = (WINDOW_NS * BigInt(units)) / most;
    for (;;) {
      const due = Atomics.load(this.#cells, cell);
      const next = (due > nowNs ? due : nowNs) + cost;
      const wait = next - nowNs - WINDOW_NS;
      if (wait > 0n) return Math.max(1, Math.ceil(Number(wait) / 1e6));
      if (Atomics.compareExchange(this.#cells, cell, due, next) === due) return 0;
    }
  }

  #give(slot: number, field: number, units: number, limit: number): void {
    const most = wholeLimit(limit);
    if (most > 0n) Atomics.sub(this.#cells, slot * FIELDS + field, (WINDOW_NS * BigInt(units)) / most);
  }

  #spend(slot: number, microUsd: number, limit: number, nowMs: number): boolean {
    const cell = slot * FIELDS + SPEND;
    const today = BigInt(Math.floor(nowMs / DAY_MS));
    const most = wholeLimit(limit);
    for (;;) {
      const known = Atomics.load(this.#cells, cell);
      // A clock set back keeps the later day: it must not hand out a second budget.
      const day = known >> SPEND_BITS > today ? known >> SPEND_BITS : today;
      const spent = day === known >> SPEND_BITS ? BigInt.asUintN(48, known) : 0n;
      const after = spent + BigInt(microUsd);
      if (after > most || after > SPEND_MAX || (microUsd === 0 && spent >= most)) return false;
      if (Atomics.compareExchange(this.#cells, cell, known, (day << SPEND_BITS) | after) === known)
        return true;
    }
  }

  /** Takes back spend, never below zero; what belongs to a day gone by is gone with it. */
  #unspend(slot: number, microUsd: number): void {
    const cell = slot * FIELDS + SPEND;
    for (;;) {
      const known = Atomics.load(this.#cells, cell);
      const spent = BigInt.asUintN(48, known) - BigInt(microUsd);
      const next =
        ((known >> SPEND_BITS) << SPEND_BITS) | (spent < 0n ? 0n : spent > SPEND_MAX ? SPEND_MAX : spent);
      if (Atomics.compareExchange(this.#cells, cell, known, next) === known) return;
    }
  }
}

import { CodedError } from '@sallyport/core';
import { log } from '../log.ts';

/** Decisions that are recorded for an account at once: more than the largest team has people, keys or systems to set up. */
const BURST = 5_000;
/** Such decisions a second from there on. */
const PER_SECOND = 10;
const SAID_EVERY_MS = 60_000;

/** An account asks for too much that the record keeps. */
export class ChangesTooFast extends CodedError {
  constructor(retryAfterMs: number) {
    const wait = Math.ceil(retryAfterMs / 1_000);
    super('rate-limited', `this account asks for more than ${PER_SECOND} changes a second; wait ${wait} s`, {
      retryAfterMs,
    });
  }
}

interface Bucket {
  left: number;
  atMs: number;
}

/**
 * How fast each account may ask for what the record keeps: changes, readings of content, and what it is refused. A bucket of
 * {@link BURST} fills again with {@link PER_SECOND}, so that no account fills the disk. There are as many buckets as accounts.
 */
export class ChangePace {
  readonly #buckets = new Map<string, Bucket>();
  /** When the log last said so. */
  #saidMs = Number.NEGATIVE_INFINITY;

  /** Counts one. @param account as the record writes it @throws ChangesTooFast */
  take(account: string, nowMs: number): void {
    const { left: before, atMs } = this.#buckets.get(account) ?? { left: BURST, atMs: nowMs };
    const filled = Math.min(BURST, before + (Math.max(0, nowMs - atMs) / 1_000) * PER_SECOND);
    if (filled < 1) {
      if (nowMs - this.#saidMs >= SAID_EVERY_MS) {
        this.#saidMs = nowMs;
        log('warn', 'an account asks for too many changes', { account });
      }
      throw new ChangesTooFast(((1 - filled) / PER_SECOND) * 1_000);
    }
    this.#buckets.set(account, { left: filled - 1, atMs: nowMs });
  }
}

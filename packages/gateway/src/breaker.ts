import type { IncomingHttpHeaders } from 'node:http';
import { CodedError, type SystemSnapshot } from '@sallyport/core';

/** What came of a call, as far as it says how an AI system is. */
export type Came = 'answered' | 'no-connection' | 'failed' | 'untold';

/** A system that calls do not go to for a while. */
export interface BackingOff {
  readonly system: string;
  /** Whether it is kept from all callers, or from one whose calls it fails. */
  readonly all: boolean;
  /** Failures in a row. */
  readonly failures: number;
  /** Milliseconds until the next call is tried; 0 where that is due. */
  readonly forMs: number;
}

/** Slots that are kept; of more the oldest is forgotten, and its system is called again. */
const SLOTS_MAX = 4_096;
/** When to come back while one call is tried. */
const TRIAL_MS = 1_000;
/** Not done, not spoken: it says so to this one request. */
const OF_THE_REQUEST: ReadonlySet<number> = new Set([501, 505]);

/** A call that is not sent, since those before it failed. */
export class BackOffFault extends CodedError {
  declare readonly retryAfterMs: number;
  constructor(system: string, retryAfterMs: number) {
    super('upstream-backing-off', `the last calls to \`${system}\` failed; it is tried again soon`, {
      retryAfterMs,
    });
  }
}

/** What a status says. One that names the time to come back is an answer: the caller must see it, and knows what to do. */
export function cameOfStatus(status: number, headers: IncomingHttpHeaders): Came {
  if (status < 500 || OF_THE_REQUEST.has(status)) return 'answered';
  return headers['retry-after'] === undefined ? 'failed' : 'untold';
}

/** @param unsent whether nothing of the call can have arrived */
export function cameOfFault({ code }: CodedError, unsent: boolean): Came {
  if (code !== 'upstream-unreachable' && code !== 'upstream-timeout') return 'untold';
  return unsent ? 'no-connection' : 'failed';
}

interface Slot {
  readonly system: string;
  readonly all: boolean;
  failures: number;
  /** How long it is left alone; 0 before it ever was. */
  waitMs: number;
  untilMs: number;
  /** Until then one call is tried, and no other. */
  trialUntilMs: number;
}

type Kept = Pick<SystemSnapshot, 'name' | 'urls' | 'backOff'>;

/**
 * Leaves AI systems alone that fail, for longer each time, and tries them with one call at a time. That no connection can be
 * made counts for everyone; a call that arrived and failed counts for its key only: what one caller sends must not shut out others.
 */
export class Breaker {
  readonly #slots = new Map<string, Slot>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Refuses a call that would not be sent. @throws BackOffFault */
  require(system: Kept, key: string): void {
    const nowMs = this.#nowMs();
    const waits = this.#of(system, key).map(([, slot]) =>
      slot.trialUntilMs > nowMs ? TRIAL_MS : slot.untilMs - nowMs,
    );
    const waitMs = Math.max(0, ...waits);
    if (waitMs > 0) throw new BackOffFault(system.name, waitMs);
  }

  /** Lets a call go; where its system was left alone it is the one that tries. @returns tell once what came of it @throws BackOffFault */
  enter(system: Kept, key: string): (came: Came) => void {
    this.require(system, key);
    const { failures, secondsMax } = system.backOff;
    if (failures === 0) return () => {};
    const nowMs = this.#nowMs();
    const tried = this.#of(system, key).filter(([, { waitMs }]) => waitMs > 0);
    for (const [, slot] of tried) slot.trialUntilMs = nowMs + secondsMax * 1000;
    let isTold = false;
    return (came) => {
      if (isTold) return;
      isTold = true;
      for (const [, slot] of tried) slot.trialUntilMs = 0;
      if (came === 'answered' || came === 'failed') this.#slots.delete(slotName(system, null));
      if (came === 'answered') this.#slots.delete(slotName(system, key));
      if (came === 'no-connection') this.#failed(system, null);
      if (came === 'failed') this.#failed(system, key);
    };
  }

  /** Systems that are left alone, or wait for the call that tries them. */
  list(): BackingOff[] {
    const nowMs = this.#nowMs();
    return [...this.#slots.values()].flatMap(({ system, all, failures, waitMs, untilMs }) =>
      waitMs > 0 ? [{ system, all, failures, forMs: Math.max(0, Math.round(untilMs - nowMs)) }] : [],
    );
  }

  #of(system: Kept, key: string): [string, Slot][] {
    if (system.backOff.failures === 0 || this.#slots.size === 0) return [];
    return [slotName(system, null), slotName(system, key)].flatMap((name) => {
      const slot = this.#slots.get(name);
      return slot ? [[name, slot]] : [];
    });
  }

  #failed(system: Kept, key: string | null): void {
    const { failures, seconds, secondsMax } = system.backOff;
    const name = slotName(system, key);
    const slot = this.#slots.get(name) ?? {
      system: system.name,
      all: key === null,
      ...{ failures: 0, waitMs: 0, untilMs: 0, trialUntilMs: 0 },
    };
    this.#slots.delete(name);
    this.#slots.set(name, slot);
    if (this.#slots.size > SLOTS_MAX) this.#slots.delete(this.#slots.keys().next().value!);
    slot.failures++;
    const nowMs = this.#nowMs();
    // Calls that went out before say nothing new.
    if (slot.failures < failures || nowMs < slot.untilMs) return;
    slot.waitMs = Math.min(slot.waitMs === 0 ? seconds * 1000 : 2 * slot.waitMs, secondsMax * 1000);
    slot.untilMs = nowMs + slot.waitMs;
  }
}

/** Other addresses are another system. */
const slotName = ({ name, urls }: Kept, key: string | null): string => JSON.stringify([name, urls, key]);

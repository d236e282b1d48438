import { setTimeout as delay } from 'node:timers/promises';
import { clock } from '@sallyport/core';
import type { Control } from './control.ts';

/** From the event that says what expired to the removal: those who verify the log know by then. */
const SETTLED_MS = 3_600_000;
/** How long others have their turn between two slices, milliseconds. */
const PAUSE_MS = 20;

/**
 * Removes what expired, as events of the log say, in slices with pauses; what is on hold stays. One round runs at a time; what ends a
 * round does no harm, and the next one goes on.
 */
export abstract class Sweep {
  protected readonly control: Control;
  readonly #stopping = new AbortController();
  #running: Promise<number> | null = null;

  constructor(control: Control) {
    this.control = control;
  }

  /** @param untilMs what expired by then is removed @returns how much was removed */
  protected abstract sweep(untilMs: number): Promise<number>;

  /** @param settledMs how long ago it was said that something expired, at least @returns how much was removed */
  round(settledMs = SETTLED_MS): Promise<number> {
    this.#running ??= this.sweep(clock.nowMs() - settledMs).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Ends a round that is under way; the next start goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running?.catch(() => {});
  }

  /** Whether the round that is under way is to end. */
  protected get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Lets others have their turn. */
  protected pause(): Promise<void> {
    return delay(PAUSE_MS, undefined, { ref: false });
  }
}

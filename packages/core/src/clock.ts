import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';

/** A moment on which the clocks of all threads of a process agree. */
export interface ClockAnchor {
  /** Wall-clock time then, ms since 1970. */
  readonly wallMs: number;
  /** Seconds the machine had been up, sleep included. */
  readonly uptimeS: number;
}

/** Where a clock reads from. */
export interface ClockSources {
  readonly wallMs: () => number;
  /** Runs steadily, but may stand still while the machine sleeps. */
  readonly steadyMs: () => number;
  /** Runs through sleep, coarsely. */
  readonly uptimeS: () => number;
}

const MACHINE: ClockSources = { wallMs: Date.now, steadyMs: () => performance.now(), uptimeS: uptime };
const CHECK_MS = 1_000;
/** What the two steady sources may differ by before it was sleep. */
const SLEEP_MS_MIN = 2_000;

/**
 * Time that starts at the wall clock and runs steadily from there: whoever sets the machine's clock moves no limit, no
 * expiry and no order of the record. Sleep of the machine counts.
 */
export class SteadyClock {
  readonly #sources: ClockSources;
  #baseMs = 0;
  #steadyMs = 0;
  #checkedSteadyMs = 0;
  #checkedUptimeS = 0;

  constructor(sources: ClockSources = MACHINE) {
    this.#sources = sources;
    this.follow({ wallMs: sources.wallMs(), uptimeS: sources.uptimeS() });
  }

  /** Takes another thread's anchor. */
  follow(anchor: ClockAnchor): void {
    const { steadyMs, uptimeS } = this.#sources;
    this.#checkedUptimeS = uptimeS();
    this.#steadyMs = steadyMs();
    this.#checkedSteadyMs = this.#steadyMs;
    this.#baseMs = anchor.wallMs + (this.#checkedUptimeS - anchor.uptimeS) * 1000;
  }

  /** This moment, for other threads to follow. */
  anchor(): ClockAnchor {
    return { wallMs: this.nowMs(), uptimeS: this.#sources.uptimeS() };
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    const steady = this.#sources.steadyMs();
    if (steady - this.#checkedSteadyMs > CHECK_MS) {
      const up = this.#sources.uptimeS();
      const slept = (up - this.#checkedUptimeS) * 1000 - (steady - this.#checkedSteadyMs);
      if (slept > SLEEP_MS_MIN) this.#baseMs += slept;
      this.#checkedSteadyMs = steady;
      this.#checkedUptimeS = up;
    }
    return Math.floor(this.#baseMs + steady - this.#steadyMs);
  }

  /** The same in ISO 8601, UTC. */
  nowIso(): string {
    return new Date(this.nowMs()).toISOString();
  }

  /** How far the machine's clock is ahead of this one, in milliseconds. */
  driftMs(): number {
    return this.#sources.wallMs() - this.nowMs();
  }
}

/** The clock of this thread. Nothing in the product asks the machine's clock itself. */
export const clock = new SteadyClock();

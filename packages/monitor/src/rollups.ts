import type { SystemWindow } from './alerts.ts';

/** What is counted of one exchange. */
export interface RollupExchange {
  /** Null for calls that chose none. */
  readonly system: string | null;
  readonly actor: string;
  readonly atMs: number;
  readonly outcome: string | null;
  readonly attack: boolean;
  readonly leak: boolean;
  /** Whether the system refused the credential that it was sent. */
  readonly refused: boolean;
}

const MINUTE_MS = 60_000;
const MINUTES_KEPT = 70;
const FAILURES = new Set(['upstream-error', 'timeout', 'failed', 'crashed']);

type Window = { -readonly [K in keyof SystemWindow]: SystemWindow[K] };
type Counts = Omit<Window, 'system' | 'callsHourBefore'>;

interface Minute {
  readonly systems: Map<string, Counts>;
  unauthenticated: number;
}

/** Counts by minute over the last hour, in memory: alerts are judged without reading what is stored. */
export class Rollups {
  readonly #minutes = new Map<number, Minute>();

  /** Counts an exchange that has ended. */
  add(exchange: RollupExchange): void {
    const { system, actor, atMs, outcome, attack, leak, refused } = exchange;
    if (outcome === null) return;
    const minute = this.#minute(Math.floor(atMs / MINUTE_MS));
    if (actor === 'anonymous') minute.unauthenticated++;
    if (system === null) return;
    let counts = minute.systems.get(system);
    if (!counts) {
      counts = { calls: 0, failed: 0, attacks: 0, leaks: 0, refused: 0 };
      minute.systems.set(system, counts);
    }
    counts.calls++;
    if (FAILURES.has(outcome)) counts.failed++;
    if (attack) counts.attacks++;
    if (leak) counts.leaks++;
    if (refused) counts.refused++;
  }

  /** Counts calls without a key of which there are no exchanges. */
  unauthenticated(count: number, atMs: number): void {
    this.#minute(Math.floor(atMs / MINUTE_MS)).unauthenticated += count;
  }

  /** Forgets a system that was removed: another that has its name later is judged by its own calls. */
  drop(system: string): void {
    for (const { systems } of this.#minutes.values()) systems.delete(system);
  }

  #minute(at: number): Minute {
    const known = this.#minutes.get(at);
    if (known) return known;
    const minute: Minute = { systems: new Map(), unauthenticated: 0 };
    this.#minutes.set(at, minute);
    for (const old of this.#minutes.keys()) if (old < at - MINUTES_KEPT) this.#minutes.delete(old);
    return minute;
  }

  /** The last minutes, beside the hour before them. */
  window(nowMs: number, minutes: number): { systems: SystemWindow[]; unauthenticated: number } {
    const from = Math.floor(nowMs / MINUTE_MS) - minutes;
    const systems = new Map<string, Window>();
    let unauthenticated = 0;
    for (const [at, minute] of this.#minutes) {
      if (at < from - 60) continue;
      if (at >= from) unauthenticated += minute.unauthenticated;
      for (const [system, counts] of minute.systems) {
        const own = systems.get(system) ?? {
          system,
          calls: 0,
          callsHourBefore: 0,
          failed: 0,
          attacks: 0,
          leaks: 0,
          refused: 0,
        };
        systems.set(system, own);
        if (at < from) {
          own.callsHourBefore += counts.calls;
          continue;
        }
        own.calls += counts.calls;
        own.failed += counts.failed;
        own.attacks += counts.attacks;
        own.leaks += counts.leaks;
        own.refused += counts.refused;
      }
    }
    return { systems: [...systems.values()], unauthenticated };
  }
}

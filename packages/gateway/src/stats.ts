import type { BackingOff } from './breaker.ts';
import type { GatewayStats } from './messages.ts';

/** Counts of a worker. */
export class Stats {
  readonly #requests = new Map<string, number>();
  readonly #stages = new Map<string, { sum: number; count: number }>();
  inFlight = 0;
  observationFailures = 0;

  /** Counts an exchange that ended. Labels are few: systems, outcomes and codes, never what a caller wrote. */
  ended(
    system: string | null,
    outcome: string,
    code: string | null,
    timingsMs: Readonly<Record<string, number>>,
  ): void {
    const key = `${system ?? ''}\t${outcome}\t${code ?? ''}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    for (const stage in timingsMs) {
      const entry = this.#stages.get(stage) ?? { sum: 0, count: 0 };
      entry.sum += timingsMs[stage]!;
      entry.count++;
      this.#stages.set(stage, entry);
    }
  }

  snapshot(inspectedCharacters: number, backingOff: readonly BackingOff[]): GatewayStats {
    return {
      requests: Object.fromEntries(this.#requests),
      inFlight: this.inFlight,
      inspectedCharacters,
      stagesMs: Object.fromEntries(this.#stages),
      backingOff,
      observationFailures: this.observationFailures,
    };
  }
}

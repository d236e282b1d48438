import type { LookupFunction } from 'node:net';

/** One finished exchange, as the record has it. */
export interface ObservedExchange {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly system: string | null;
  readonly dialect: string | null;
  readonly operation: string | null;
  readonly model: string | null;
  readonly stream: boolean;
  readonly outcome: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly action: string;
  readonly wouldBe: string;
  readonly detections: readonly {
    readonly detector: string;
    readonly technique: string;
    readonly severity: string;
  }[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Stages in order, in milliseconds. */
  readonly timingsMs: Readonly<Record<string, number>>;
  /** Trace context (W3C): the trace, our own span, and the caller's span where it had one. */
  readonly trace: { readonly id: string; readonly span: string; readonly parent: string | null };
  /** What was said, where the operator asked for it. */
  readonly content: { readonly input: string | null; readonly output: string | null } | null;
}

/** Where traces and metrics go. */
export interface TelemetryOptions {
  /** Base of the collector's OTLP/HTTP endpoint; `/v1/traces` and `/v1/metrics` are added. */
  readonly url: string;
  /** Headers of the collector, such as its credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** Resolves and checks the collector's address in one step. */
  readonly lookup: LookupFunction;
  /** Name of this installation. */
  readonly instance: string;
  readonly version: string;
}

/** Traces and metrics on their way to a collector. */
export interface Telemetry {
  observe(exchange: ObservedExchange): void;
  /** Sends what waits and stops; gives up after a few seconds. */
  stop(): Promise<void>;
}

/** Starts to send traces and metrics; the libraries for it are loaded only now. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { OpenTelemetry } = await import('./open-telemetry.ts');
  return new OpenTelemetry(options);
}

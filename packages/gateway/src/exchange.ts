import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { TrustedProxies } from '@sallyport/access';
import {
  clock,
  type Detection,
  ERRORS,
  type ErrorCode,
  type ExchangeFacts,
  type KeySnapshot,
  LIMITS,
  newId,
  SEVERITIES,
  type SystemSnapshot,
  type Verdict,
  type VerdictRecord,
  type WorkerTally,
} from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import { type Dialect, type OperationRoute, openai, type RequestReading } from '@sallyport/models';
import type { SystemConditions } from '@sallyport/policy';
import type { Admission } from './admission.ts';
import type { Breaker } from './breaker.ts';
import type { Counters, Reservation } from './counters.ts';
import type { Inspection } from './inspection.ts';
import type { Holding, Memory } from './memory.ts';
import type { WorkerStart } from './messages.ts';
import type { Parameter } from './query.ts';
import type { PortRecorder } from './recorder.ts';
import type { Running } from './running.ts';
import type { GatewayState } from './state.ts';
import type { Stats } from './stats.ts';
import type { Upstreams } from './upstream.ts';

/** What the stages work with; one set for each worker. */
export interface Deps {
  readonly start: WorkerStart;
  readonly state: () => GatewayState;
  readonly counters: Counters;
  readonly admission: Admission;
  /** Bytes of streams in flight that are kept for the record, over all of them. */
  readonly keeping: { bytes: number };
  /** What bodies and answers of calls in flight hold. */
  readonly memory: Memory;
  readonly inspection: Inspection;
  readonly recorder: PortRecorder;
  readonly upstreams: Upstreams;
  readonly breaker: Breaker;
  readonly running: Running;
  readonly stats: Stats;
  /** What this worker was told is durable. */
  readonly tally: { -readonly [Count in keyof WorkerTally]: WorkerTally[Count] };
  /** Next number in the sequence of this worker's exchanges. */
  readonly nextSeq: () => number;
  /** Whether a call that is refused is counted instead of recorded. */
  readonly countRefusal: (key: string | null, address: string) => boolean;
  /** Says that a key of ours stood in a text. */
  readonly keyLeaked: (key: string, exchange: string) => void;
}

/** One call on its way through the gates. Stages fill it in, in order. */
export interface Exchange {
  readonly id: string;
  /** Number in the worker's sequence; given when the first leaf is recorded, so that what is never recorded leaves no gap. */
  seq: number;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly address: string;
  readonly atMs: number;
  /** Milliseconds spent in each stage. */
  readonly timingsMs: Record<string, number>;
  markMs: number;
  dialect: Dialect;
  operation: OperationRoute | null;
  /** Path as forwarded, without prefix and query. */
  path: string;
  /** Query string as it came. */
  search: string;
  /** What of it goes on. */
  query: readonly Parameter[];
  /** System named by the path prefix. */
  named: string | null;
  pathModel: string | null;
  /** Trace context, where calls are traced. */
  trace: { readonly id: string; readonly span: string; readonly parent: string | null } | null;
  key: KeySnapshot | null;
  system: SystemSnapshot | null;
  policy: ExchangeFacts['policy'];
  /** Business rules for the system, as they were when the call began; null where there are none. */
  conditions: SystemConditions | null;
  /** Headers that go on to the AI system, of the form they must have. */
  forwarded: Map<string, string>;
  /** What its body and answer hold; null before it was admitted. */
  holding: Holding | null;
  /** Body as it came, maybe compressed. */
  body: Buffer | null;
  /** Body decoded, as text. */
  text: string;
  reading: RequestReading | null;
  /** Model to forward where the caller wrote `SYSTEM/MODEL`. */
  modelForwarded: string | null;
  reservation: Reservation | null;
  redactor: Redactor | null;
  inputVerdict: (Verdict & { texts: number }) | null;
  /** Body to forward when policy changed it, or when it came compressed. */
  bodyChanged: Buffer | null;
  ended: boolean;
}

/** Begins an exchange. @param proxies whose word about the caller's address is believed */
export function beginExchange(req: IncomingMessage, res: ServerResponse, proxies: TrustedProxies): Exchange {
  const atMs = clock.nowMs();
  return {
    id: newId('exc', atMs),
    seq: -1,
    req,
    res,
    atMs,
    address: proxies.client(req.socket.remoteAddress ?? 'unknown', req.headers['x-forwarded-for'] as string),
    timingsMs: {},
    markMs: performance.now(),
    dialect: openai,
    operation: null,
    path: '',
    search: '',
    query: [],
    named: null,
    pathModel: null,
    trace: null,
    key: null,
    system: null,
    policy: null,
    conditions: null,
    forwarded: new Map(),
    holding: null,
    body: null,
    text: '',
    reading: null,
    modelForwarded: null,
    reservation: null,
    redactor: null,
    inputVerdict: null,
    bodyChanged: null,
    ended: false,
  };
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;

/** Takes part in the caller's trace, or begins one (W3C Trace Context, section 3.2). */
export function traced(header: string | undefined): NonNullable<Exchange['trace']> {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  const valid = match && !/^0+$/.test(match[1]!) && !/^0+$/.test(match[2]!);
  const span = randomBytes(8).toString('hex');
  return valid
    ? { id: match[1]!, span, parent: match[2]! }
    : { id: randomBytes(16).toString('hex'), span, parent: null };
}

/** Ends a stage: notes how long it took. */
export function mark(exchange: Exchange, stage: string): void {
  const now = performance.now();
  exchange.timingsMs[stage] = Math.round((now - exchange.markMs) * 1000) / 1000;
  exchange.markMs = now;
}

/** Stands for a caller's text that is no metadata. */
export const NOT_SHOWN = '(not shown)';

/** A caller's text as metadata: short and harmless, or not at all. */
export function metadata(text: string | null): string | null {
  if (text === null) return null;
  return /^[\w.:@/+-]{1,128}$/.test(text) ? text : NOT_SHOWN;
}

/** A pointer as metadata: names the caller chose freely are not shown. */
function safePointer(pointer: string): string {
  return pointer
    .split('/')
    .map((part) => (part === '' || /^[\w-]{1,64}$/.test(part) ? part : '*'))
    .join('/')
    .slice(0, 256);
}

/** Detections, of more than `most` the gravest. */
export const gravest = (detections: readonly Detection[], most: number): readonly Detection[] =>
  detections.length <= most
    ? detections
    : SEVERITIES.flatMap((severity) => detections.filter((one) => one.severity === severity)).slice(0, most);

/** A verdict as the record keeps it. */
export function verdictRecord(verdict: Verdict & { texts: number }): VerdictRecord {
  return {
    action: verdict.action,
    wouldBe: verdict.wouldBe,
    texts: verdict.texts,
    detections: gravest(verdict.detections, LIMITS.detectionsMax).map((d) => ({
      ...d,
      location: { ...d.location, pointer: safePointer(d.location.pointer) },
    })),
  };
}

const DENIALS: ReadonlySet<ErrorCode> = new Set(['input-denied', 'output-denied']);

/** What a caller is told. Not what saw an attack: that would say how the next one gets by. */
export function callerMessage(code: ErrorCode, exchange: string, own?: string): string {
  const base = own ?? ERRORS[code].meaning;
  return DENIALS.has(code) ? `${base}; the operator of Sallyport sees why under ${exchange}` : base;
}

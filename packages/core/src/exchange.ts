import type { Action, Detection } from './detection.ts';
import type { TokenKinds } from './prices.ts';

/** How an exchange ended. */
export const OUTCOMES = [
  'answered',
  'denied',
  'upstream-error',
  'timeout',
  'aborted',
  'failed',
  'crashed',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One direction of an exchange as the log tells it: sizes and a salted commitment, never content. */
export interface ContentRecord {
  readonly bytes: number;
  /** SHA-256 over a domain tag, a 16-byte salt kept with the sealed content, and the content; base64. */
  readonly commitment: string;
  /** Bytes of it that are kept, sealed. */
  readonly kept: number;
}

/** What was decided about one direction. */
export interface VerdictRecord {
  readonly action: Action;
  readonly wouldBe: Action;
  /** Number of texts inspected. */
  readonly texts: number;
  readonly detections: readonly Detection[];
}

/** What became of placeholders in an answer: how many of one kind and place, never their values. */
export interface RestorationRecord {
  /** Kind of the value, such as `email`. */
  readonly kind: string;
  /**
   * Where it stands: in text that people read, in arguments of a tool; in an address, code, mark-up, a name, or a field that is not
   * shown; `judged` where the text with the value in it would have been denied.
   */
  readonly place: 'text' | 'tool' | 'url' | 'code' | 'markup' | 'name' | 'field' | 'judged';
  /** Whether the value was put back; else its placeholder went out. */
  readonly restored: boolean;
  readonly count: number;
}

interface LeafBase {
  readonly v: 1;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly worker: number;
  /** Counts records of one worker and run from 0 without a gap. */
  readonly seq: number;
  /** Id of the run (start of the server) the sequence belongs to. */
  readonly run: string;
  readonly synthetic: boolean;
  readonly demo: boolean;
}

/** What an exchange was about. */
export interface ExchangeFacts {
  readonly actor: string;
  readonly system: string | null;
  readonly dialect: string | null;
  readonly operation: string | null;
  readonly model: string | null;
  readonly stream: boolean;
  readonly mode: 'observe' | 'enforce';
  /** Cedar decision: ids of the policies that decided, version of the set. */
  readonly policy: { readonly ids: readonly string[]; readonly version: string } | null;
  /** Trace, own span and caller's span, where calls are traced; missing in leaves before that could be. */
  readonly trace: { readonly id: string; readonly span: string; readonly parent: string | null } | null;
  readonly reservedTokens: number;
  readonly reservedMicroUsd: number;
}

/** Written, durably, before anything is forwarded. */
export interface IntentLeaf extends LeafBase, ExchangeFacts {
  readonly type: 'exchange-intent';
  readonly input: ContentRecord;
  readonly verdict: VerdictRecord;
}

/** Written, durably, before the last byte of the answer. */
export interface OutcomeLeaf extends LeafBase {
  readonly type: 'exchange-outcome';
  readonly system: string | null;
  readonly actor: string;
  readonly outcome: Outcome;
  readonly status: number;
  readonly code: string | null;
  readonly output: ContentRecord | null;
  readonly verdict: VerdictRecord | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What some of them are; missing in leaves before that was told. */
  readonly tokenKinds: TokenKinds;
  /** Null where no price is set; 0 in leaves before that could be. */
  readonly costMicroUsd: number | null;
  /** What became of placeholders in the answer; missing in leaves before that could be. */
  readonly restorations: readonly RestorationRecord[];
  /** Milliseconds spent in each stage. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** A call that ended before anything was forwarded: intent and outcome in one. */
export interface DenialLeaf extends LeafBase, ExchangeFacts {
  readonly type: 'exchange-denied';
  readonly outcome: Outcome;
  readonly status: number;
  readonly code: string;
  readonly input: ContentRecord | null;
  readonly verdict: VerdictRecord | null;
  readonly address: string | null;
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** A leaf of the log that belongs to an exchange. */
export type ExchangeLeaf = IntentLeaf | OutcomeLeaf | DenialLeaf;

/** What a worker was told is durable, added up since its start. */
export interface WorkerTally {
  /** Exchanges of which the first leaf is recorded, and of those forwarded how many endings are. */
  readonly exchanges: number;
  readonly outcomes: number;
  /** Exchanges whose first leaf could not be recorded: they were refused, and their numbers are missing. */
  readonly failed: number;
}

/** What a worker says of itself now and then, in the log: whatever it counts stands before it, or was lost. */
export interface HeartbeatLeaf extends WorkerTally {
  readonly v: 1;
  readonly type: 'worker-heartbeat';
  readonly at: string;
  readonly worker: number;
  readonly run: string;
}

/** A leaf of the log that workers record. */
export type WorkerLeaf = ExchangeLeaf | HeartbeatLeaf;

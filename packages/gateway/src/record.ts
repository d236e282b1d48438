import {
  type ContentRecord,
  clock,
  type DenialLeaf,
  type ExchangeFacts,
  type ExchangeLeaf,
  type IntentLeaf,
  LIMITS,
  type Outcome,
  type OutcomeLeaf,
  type RestorationRecord,
  type TokenKinds,
  type Verdict,
} from '@sallyport/core';
import { commit, commitWithSalt, newSalt, SALT_BYTES, type Sealable } from '@sallyport/vault';
import { type Deps, type Exchange, metadata, verdictRecord } from './exchange.ts';

/** Content for the record: its commitment, and what is to be sealed beside the log. */
export interface Sealed {
  readonly record: ContentRecord;
  readonly content: Sealable | null;
}

/** Commits to content and readies as much of it as is kept for sealing. */
export function sealContent(
  exchange: Exchange,
  deps: Deps,
  direction: 'input' | 'output',
  content: Uint8Array,
): Sealed {
  if (content.length <= LIMITS.payloadBytesMax) {
    const { commitment, salted } = commitWithSalt(content);
    return sealed(exchange, deps, direction, { commitment, bytes: content.length, plain: salted });
  }
  const salt = newSalt();
  return sealed(exchange, deps, direction, {
    commitment: commit(salt, content),
    bytes: content.length,
    plain: Buffer.concat([salt, content.subarray(0, LIMITS.payloadBytesMax)]),
  });
}

/** The same for a stream, whose commitment was computed as it went by. @param pieces what was kept, from its beginning */
export function sealStream(
  exchange: Exchange,
  deps: Deps,
  stream: { commitment: string; salt: Uint8Array; bytes: number; pieces: readonly Uint8Array[] },
): Sealed {
  const { commitment, bytes, salt, pieces } = stream;
  return sealed(exchange, deps, 'output', { commitment, bytes, plain: Buffer.concat([salt, ...pieces]) });
}

/** @param content committed to, with as much of it as is kept behind its salt */
function sealed(
  exchange: Exchange,
  deps: Deps,
  direction: 'input' | 'output',
  content: { commitment: string; bytes: number; plain: Uint8Array },
): Sealed {
  const { commitment, bytes, plain } = content;
  const key = exchange.system ? deps.state().sealing.get(exchange.system.name) : undefined;
  if (!key || bytes === 0) return { record: { bytes, commitment, kept: 0 }, content: null };
  return {
    record: { bytes, commitment, kept: plain.length - SALT_BYTES },
    content: { key, context: `${exchange.id}/${direction}`, plain },
  };
}

function facts(exchange: Exchange): ExchangeFacts {
  return {
    actor: exchange.key ? `key:${exchange.key.id}` : 'anonymous',
    system: exchange.system?.name ?? null,
    dialect: exchange.operation ? exchange.dialect.name : null,
    operation: exchange.operation?.id ?? null,
    model: metadata(exchange.reading?.model ?? exchange.pathModel),
    stream: exchange.reading?.stream ?? false,
    mode: exchange.system?.mode ?? 'enforce',
    policy: exchange.policy,
    trace: exchange.trace,
    reservedTokens: exchange.reservation?.tokens ?? 0,
    reservedMicroUsd: exchange.reservation?.microUsd ?? 0,
  };
}

function base(exchange: Exchange, deps: Deps) {
  return {
    v: 1 as const,
    id: exchange.id,
    worker: deps.start.worker,
    seq: exchange.seq,
    run: deps.start.run,
    synthetic: exchange.key?.synthetic ?? false,
    demo: exchange.system?.demo ?? exchange.key?.demo ?? false,
  };
}

/** Records a leaf, and counts it once it is durable. @throws CodedError `record-unavailable` */
async function recorded(
  { recorder, tally }: Deps,
  kind: 'exchanges' | 'outcomes',
  leaf: ExchangeLeaf,
  content: Sealable | null,
): Promise<void> {
  try {
    await recorder.record(JSON.stringify(leaf), content);
  } catch (fault) {
    if (kind === 'exchanges') tally.failed++;
    throw fault;
  }
  tally[kind]++;
}

/** Records what is about to be forwarded. Durable when it resolves. @throws CodedError `record-unavailable` */
export async function recordIntent(exchange: Exchange, deps: Deps): Promise<void> {
  const sealed = sealContent(exchange, deps, 'input', exchange.body ?? new Uint8Array(0));
  exchange.seq = deps.nextSeq();
  const leaf: IntentLeaf = {
    ...base(exchange, deps),
    type: 'exchange-intent',
    at: new Date(exchange.atMs).toISOString(),
    ...facts(exchange),
    input: sealed.record,
    verdict: verdictRecord(exchange.inputVerdict!),
  };
  await recorded(deps, 'exchanges', leaf, sealed.content);
}

/** How a forwarded exchange ended. */
export interface Ending {
  readonly outcome: Outcome;
  readonly status: number;
  readonly code: string | null;
  readonly output: Sealed | null;
  readonly verdict: (Verdict & { texts: number }) | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly tokenKinds: TokenKinds;
  /** Null where no price is set. */
  readonly costMicroUsd: number | null;
  /** What became of placeholders in the answer. */
  readonly restorations: readonly RestorationRecord[];
}

/** Records how a forwarded exchange ended. Durable when it resolves. */
export async function recordOutcome(exchange: Exchange, deps: Deps, ending: Ending): Promise<void> {
  const leaf: OutcomeLeaf = {
    ...base(exchange, deps),
    type: 'exchange-outcome',
    at: clock.nowIso(),
    system: exchange.system!.name,
    actor: `key:${exchange.key!.id}`,
    outcome: ending.outcome,
    status: ending.status,
    code: ending.code,
    output: ending.output?.record ?? null,
    verdict: ending.verdict ? verdictRecord(ending.verdict) : null,
    inputTokens: ending.inputTokens,
    outputTokens: ending.outputTokens,
    tokenKinds: ending.tokenKinds,
    costMicroUsd: ending.costMicroUsd,
    restorations: ending.restorations,
    timingsMs: exchange.timingsMs,
  };
  await recorded(deps, 'outcomes', leaf, ending.output?.content ?? null);
}

/** Records a call that ends before anything is forwarded. What it said is kept where it took its part of the limits. */
export async function recordDenial(
  exchange: Exchange,
  deps: Deps,
  outcome: Outcome,
  status: number,
  code: string,
): Promise<void> {
  const sealed =
    exchange.body && exchange.reservation ? sealContent(exchange, deps, 'input', exchange.body) : null;
  exchange.seq = deps.nextSeq();
  const leaf: DenialLeaf = {
    ...base(exchange, deps),
    type: 'exchange-denied',
    at: new Date(exchange.atMs).toISOString(),
    ...facts(exchange),
    outcome,
    status,
    code,
    input: sealed?.record ?? null,
    verdict: exchange.inputVerdict ? verdictRecord(exchange.inputVerdict) : null,
    address: exchange.address,
    timingsMs: exchange.timingsMs,
  };
  await recorded(deps, 'exchanges', leaf, sealed?.content ?? null);
}

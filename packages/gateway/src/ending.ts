import { boundKinds, NO_KINDS } from '@sallyport/core';
import type { Usage } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { costMicroUsd, estimateTokens, requestTokens } from './input-stages.ts';
import { type Ending, recordOutcome } from './record.ts';

/** How many times fewer tokens than estimated an AI system may say that it wrote: no language has tokens this long. */
const TOLD_SHARE = 6;

/** How a forwarded exchange ended, before its tokens are counted. */
interface Ended extends Omit<Ending, 'inputTokens' | 'outputTokens' | 'tokenKinds' | 'costMicroUsd'> {
  /** What the AI system says that it used. */
  readonly usage: Usage | null;
  /** Characters of the answer. */
  readonly characters: number;
}

/** Tokens that an answer has at least, whatever the AI system says: a limit must not hang on its word alone. */
function outputFloor(characters: number, told: boolean): number {
  const estimate = estimateTokens(characters);
  return told ? Math.floor(estimate / TOLD_SHARE) : estimate;
}

/** Settles what a call used, and records how it ended. @throws CodedError `record-unavailable` */
export async function recordEnding(
  exchange: Exchange,
  deps: Deps,
  { usage, characters, ...ending }: Ended,
): Promise<void> {
  const inputTokens = usage?.inputTokens || requestTokens(exchange.reading!);
  const told = usage?.outputTokens ?? null;
  const outputTokens = Math.max(told ?? 0, outputFloor(characters, told !== null));
  const tokenKinds = boundKinds(usage?.kinds ?? NO_KINDS, inputTokens, outputTokens);
  const cost = costMicroUsd(exchange, deps, inputTokens, outputTokens, tokenKinds);
  if (!exchange.ended) {
    exchange.ended = true;
    deps.counters.settle(exchange.reservation!, inputTokens + outputTokens, cost ?? 0);
    deps.stats.ended(exchange.system!.name, ending.outcome, ending.code, exchange.timingsMs);
  }
  await recordOutcome(exchange, deps, {
    ...ending,
    inputTokens,
    outputTokens,
    tokenKinds,
    costMicroUsd: cost,
  });
}

import { boundKinds, clock, NO_KINDS } from '@sallyport/core';
import type { RequestReading, Usage } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { costMicroUsd, estimateTokens, requestTokens } from './input-stages.ts';
import { type Ending, recordOutcome } from './record.ts';

/** How many times fewer tokens than estimated an AI system may say that it read or wrote: no language has tokens this long. */
const TOLD_SHARE = 6;

/** Tokens that an AI system writes in a second, about: what it thought of in silence is not told where a call is cut off. */
const WRITTEN_PER_S = 50;

/** How a forwarded exchange ended, before its tokens are counted. */
interface Ended extends Omit<Ending, 'inputTokens' | 'outputTokens' | 'tokenKinds' | 'costMicroUsd'> {
  /** What the AI system says that it used. */
  readonly usage: Usage | null;
  /** Characters of the answer. */
  readonly characters: number;
  /** Whether it was cut off on its way: what the AI system used by then, and what it wrote that was not seen, is not known. */
  readonly cut: boolean;
}

/** Tokens that count: at least a share of what is estimated, whatever the AI system says. A limit must not hang on its word alone. */
const counted = (told: number | null, estimate: number): number =>
  told === null ? estimate : Math.max(told, Math.floor(estimate / TOLD_SHARE));

/**
 * Tokens of an answer whose end is not told, since it was cut off or is made later: who hangs up would else pay for nothing. All that
 * was asked for counts, and where no bound was set what may have been written meanwhile.
 * @param told what is known to be written @param workedMs how long the AI system was at work
 */
export function unseenTokens(
  told: number,
  { outputTokensMax, outputOpen = false }: Pick<RequestReading, 'outputTokensMax' | 'outputOpen'>,
  workedMs: number,
): number {
  const worked = outputOpen ? Math.ceil((workedMs / 1_000) * WRITTEN_PER_S) : 0;
  return Math.max(told, outputTokensMax, worked);
}

/** Settles what a call used, and records how it ended. @throws CodedError `record-unavailable` */
export async function recordEnding(
  exchange: Exchange,
  deps: Deps,
  { usage, characters, cut, ...ending }: Ended,
): Promise<void> {
  const inputTokens = counted(usage?.inputTokens || null, requestTokens(exchange.reading!));
  const told = counted(usage?.outputTokens ?? null, estimateTokens(characters));
  const later = exchange.reading!.later === true && usage === null && ending.status < 400;
  const outputTokens =
    cut || later ? unseenTokens(told, exchange.reading!, clock.nowMs() - exchange.atMs) : told;
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

import type { Usage } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { costMicroUsd, estimateTokens, requestTokens } from './input-stages.ts';
import { type Ending, recordOutcome } from './record.ts';

/** How many times fewer tokens than estimated an AI system may say that it wrote: no language has tokens this long. */
const TOLD_SHARE = 6;

/** How a forwarded exchange ended, before its tokens are counted. */
interface Ended extends Omit<Ending, 'inputTokens' | 'outputTokens' | 'costMicroUsd'> {
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
  const outputTokens = Math.max(usage?.outputTokens ?? 0, outputFloor(characters, usage !== null));
  const cost = costMicroUsd(exchange, inputTokens, outputTokens);
  if (!exchange.ended) {
    exchange.ended = true;
    deps.counters.settle(exchange.reservation!, inputTokens + outputTokens, cost);
    deps.stats.ended(exchange.system!.name, ending.outcome, ending.code, exchange.timingsMs);
  }
  await recordOutcome(exchange, deps, { ...ending, inputTokens, outputTokens, costMicroUsd: cost });
}

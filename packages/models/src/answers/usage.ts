import { isShare, NUMBER_LIMITS, type TokenKinds } from '@sallyport/core';
import type { Usage } from '../dialect.ts';

/**
 * Counts of tokens as one answer or event says them. `input` and `output` have all, where the system says that; `fresh` is
 * input without what caches had or took.
 */
export type Counts = Partial<Record<keyof TokenKinds | 'input' | 'fresh' | 'output', number>>;

/** A count; none where nothing is said, or what no call can have used: then it is estimated. */
const count = (value: unknown): number | undefined =>
  typeof value === 'number' && isShare(value / NUMBER_LIMITS.tokensMax) ? Math.floor(value) : undefined;

/** Counts at their places; null where there is none. */
export function readCounts(places: { readonly [name in keyof Counts]: unknown }): Counts | null {
  const counts: Counts = {};
  for (const name of Object.keys(places) as (keyof Counts)[]) {
    const own = count(places[name]);
    if (own !== undefined) counts[name] = own;
  }
  return Object.keys(counts).length === 0 ? null : counts;
}

/** What an answer says in several events: each says all so far of what it says, so the largest counts. */
export function mergeCounts(a: Counts | null, b: Counts | null): Counts | null {
  if (a === null || b === null) return a ?? b;
  const counts: Counts = { ...a };
  for (const name of Object.keys(b) as (keyof Counts)[])
    counts[name] = Math.max(counts[name] ?? 0, b[name] ?? 0);
  return counts;
}

/** What counts come to; null where nothing was said. */
export function usageOf(counts: Counts | null): Usage | null {
  if (counts === null) return null;
  const {
    cacheRead = 0,
    cacheWrite = 0,
    cacheWriteHour = 0,
    audioInput = 0,
    reasoning = 0,
    audioOutput = 0,
  } = counts;
  const parts = (counts.fresh ?? 0) + cacheRead + cacheWrite;
  return {
    inputTokens: counts.input ?? (counts.fresh === undefined ? 0 : Math.min(parts, NUMBER_LIMITS.tokensMax)),
    outputTokens: counts.output ?? null,
    kinds: { cacheRead, cacheWrite, cacheWriteHour, audioInput, reasoning, audioOutput },
  };
}

import type { EvidenceSource, ProbeResult } from '@sallyport/core';
import type { Piece } from './posture.ts';

/** Evidence that is not there. */
export const absent = (what: string): Piece => ({ what, good: null, at: null });

/** The latest result of a probe as a piece of evidence. */
export async function probe(source: EvidenceSource, name: string, missing: string): Promise<Piece> {
  const result = (await source.probes()).find((item: ProbeResult) => item.probe === name);
  return result ? { what: result.detail, good: result.passed, at: result.at } : absent(missing);
}

import {
  atLeast,
  type ControlResult,
  type ControlStatus,
  clock,
  type EvidenceSource,
  parseDurationMs,
  type Severity,
} from '@sallyport/core';
import { EVALUATORS } from './evaluators.ts';
import { PRACTICES, type Practice } from './practices.ts';

/** One piece of a control's evidence: good, bad, or absent. */
export interface Piece {
  /** What was measured, in plain words with counts. */
  readonly what: string;
  /** Null where there is nothing to measure yet. */
  readonly good: boolean | null;
  /** Time of the measurement, ISO 8601. */
  readonly at: string | null;
  readonly subject?: string;
}

/** Finds the pieces of evidence of one control. */
export type Evaluator = (
  source: EvidenceSource,
  nowMs: number,
  maxAgeMs: number,
) => Promise<readonly Piece[]>;

/** What pieces of evidence make of a control: bad outweighs old, old outweighs missing. */
function statusOf(pieces: readonly Piece[], nowMs: number, maxAgeMs: number): ControlStatus {
  const present = pieces.filter((piece) => piece.good !== null);
  if (present.length === 0) return 'not assessed';
  if (present.some((piece) => piece.good === false)) return 'failing';
  if (present.some((piece) => piece.at === null || nowMs - Date.parse(piece.at) > maxAgeMs)) return 'stale';
  return present.length === pieces.length ? 'effective' : 'partial';
}

async function evaluate(practice: Practice, source: EvidenceSource, nowMs: number): Promise<ControlResult> {
  const maxAgeMs = parseDurationMs(practice.maxAge);
  const evaluator = EVALUATORS[practice.id];
  const pieces = evaluator ? await evaluator(source, nowMs, maxAgeMs) : [];
  const present = pieces.filter((piece) => piece.good !== null);
  const missing = evaluator
    ? pieces.filter((piece) => piece.good === null).map((piece) => piece.what)
    : practice.evidence.split('; ');
  const times = present
    .map((piece) => piece.at)
    .filter((at): at is string => at !== null)
    .sort();
  return {
    id: practice.id,
    area: practice.area,
    practice: practice.practice,
    severity: practice.severity,
    status: statusOf(pieces, nowMs, maxAgeMs),
    evidence: present.map((piece) => piece.what),
    evidenceAt: times[0] ?? null,
    missing,
    subject: present.find((piece) => piece.good === false)?.subject ?? null,
  };
}

/** Evaluates every practice from the evidence as it is now. */
export async function posture(
  source: EvidenceSource,
  nowMs: number = clock.nowMs(),
): Promise<ControlResult[]> {
  const results: ControlResult[] = [];
  for (const practice of PRACTICES) results.push(await evaluate(practice, source, nowMs));
  return results;
}

/** Whether a failing control is at or above a severity. */
export function severityFails(results: readonly ControlResult[], failOn: Severity): boolean {
  return results.some((result) => result.status === 'failing' && atLeast(result.severity, failOn));
}

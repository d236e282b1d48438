import type { Severity } from './severity.ts';

/** What a control can be found to be. Nobody can set it: it is computed. */
export const CONTROL_STATUSES = ['effective', 'failing', 'stale', 'partial', 'not assessed'] as const;
export type ControlStatus = (typeof CONTROL_STATUSES)[number];

/** One practice, evaluated: the answer to "is this so, and how do you know?" */
export interface ControlResult {
  readonly id: string;
  readonly area: string;
  readonly practice: string;
  readonly severity: Severity;
  readonly status: ControlStatus;
  /** What was measured, in plain words with counts. */
  readonly evidence: readonly string[];
  /** Time of the oldest piece of evidence relied on (ISO 8601), or null when there is none. */
  readonly evidenceAt: string | null;
  /** What would still have to be shown. */
  readonly missing: readonly string[];
  /** The worst subject when several were evaluated, such as `system:helpdesk`. */
  readonly subject: string | null;
}

import type { Severity } from '@sallyport/core';
import rows from './practices.json' with { type: 'json' };

/** One practice of AI security: what must be so, and what would show it. */
export interface Practice {
  readonly id: string;
  readonly area: string;
  readonly severity: Severity;
  readonly practice: string;
  readonly control: string;
  /** What machines must collect to show it, parts separated by semicolons. */
  readonly evidence: string;
  /** What only a person can decide. */
  readonly forPeople: string;
  /** How old evidence may be, such as `24h`. */
  readonly maxAge: string;
  /** References by framework, for navigation; no claim of conformity. */
  readonly references: Readonly<Record<string, readonly string[]>>;
  readonly invalidatedBy?: readonly string[];
}

/** All practices, in the order of the catalogue. */
export const PRACTICES = rows as unknown as readonly Practice[];

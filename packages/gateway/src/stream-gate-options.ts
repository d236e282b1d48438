import type { Detection, InspectionRequest, SystemSnapshot } from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import type { Dialect } from '@sallyport/models';
import type { StreamConditions } from './stream-conditions.ts';

/** What inspects: at once for what is short, later for what is long. */
type Inspect = (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>;

/** How a stream gate is set up. */
export interface StreamGateOptions {
  readonly dialect: Dialect;
  readonly operation: string;
  readonly system: SystemSnapshot;
  readonly systemPrompts: readonly string[];
  readonly redactor: Redactor | null;
  /** Makes placeholders for what is redacted in the answer. */
  readonly outputRedactor: Redactor;
  readonly inspect: Inspect;
  /** Whether the caller's own request says this. */
  readonly repeats: (text: string) => boolean;
  /** Business rules over the answer; null where there are none. */
  readonly conditions: StreamConditions | null;
}

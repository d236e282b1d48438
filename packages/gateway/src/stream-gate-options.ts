import type { SystemSnapshot } from '@sallyport/core';
import type { Redactor } from '@sallyport/guard';
import type { Dialect } from '@sallyport/models';
import type { Inspect } from './answer-questions.ts';
import type { StreamConditions } from './stream-conditions.ts';

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
  /** All that the caller's own request says. */
  readonly said: () => Promise<ReadonlySet<string>>;
  /**
   * Choices that the caller asked for, where the dialect has such. Clients that asked for one read the first of each event,
   * whichever it is.
   */
  readonly choices: number | undefined;
  /** Business rules over the answer; null where there are none. */
  readonly conditions: StreamConditions | null;
}

import type { SallyportEvent } from '@sallyport/core';
import { VerifiedBundles } from '@sallyport/ledger';
import type { LostContent } from './content-gone.ts';
import type { DaysMade } from './expired-rows.ts';

/** Contents of one system and key, or day, that are lost: the first by name, all by count. Or an event that may explain some. */
export type GoneStep =
  | { readonly lost: LostContent[]; contents: number }
  | { readonly index: number; readonly event: SallyportEvent };

/** What lay beside a full bundle of entries when it was read, and was as its entries say. */
export interface SeenContent {
  /** What the file system said of the file; null where there is none. */
  readonly file: string | null;
  /** Contents that are there. */
  readonly there: number;
  /** What is lost, and what explains it, in the order of the log. */
  readonly steps: readonly GoneStep[];
}

/** Rows that the entries of a bundle made. */
export interface RowsMade {
  readonly exchanges: number;
  readonly events: number;
  /** When their calls were, and which of them expired. */
  readonly days: DaysMade;
}

/** What a server that runs has audited of its record, by bundle of entries: what has not changed since is not read again. */
export class AuditMemory {
  readonly bundles = new VerifiedBundles();
  readonly contents = new Map<number, SeenContent>();
  readonly rows = new Map<number, RowsMade>();
}

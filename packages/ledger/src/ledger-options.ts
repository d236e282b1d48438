import type { CodedError } from '@sallyport/core';
import type { Checkpoint, NoteSigner } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import type { JournalEntry } from './journal.ts';

/** How a ledger is opened. */
export interface LedgerOptions {
  readonly folder: string;
  readonly signer: NoteSigner;
  /** Those that signed before, and sign along: whoever knows their keys only goes on verifying. */
  readonly earlierSigners?: readonly NoteSigner[];
  /** A checkpoint that others have seen: the log must hold it, or it does not open. */
  readonly extending?: Checkpoint | null;
  /** Where its files lie; this machine's own file system if left out. */
  readonly disk?: Disk;
  /** Bytes set aside for one piece of the journal. */
  readonly segmentBytes?: number;
  /** Milliseconds from an append to a signed checkpoint over it. */
  readonly checkpointMs?: number;
  /** Called, in order, with leaves that have become durable. */
  readonly onDurable?: (first: number, leaves: readonly Uint8Array[]) => void;
  /** Called when tiles or a checkpoint could not be written; the journal keeps the entries. */
  readonly onFault?: (fault: unknown) => void;
}

/** Leaves and audit paths in the order asked for, all leading to one signed checkpoint. */
export interface LeafProofs {
  readonly leaves: readonly { readonly leaf: Uint8Array; readonly proof: Buffer[] }[];
  readonly checkpoint: Checkpoint;
  /** The checkpoint as a signed note; empty while nothing has been recorded. */
  readonly note: string;
}

/** Entries that wait to be made durable together. */
export interface Append {
  readonly entries: readonly JournalEntry[];
  readonly done: (first: number) => void;
  readonly fail: (fault: CodedError) => void;
}

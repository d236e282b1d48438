import { CodedError } from '@sallyport/core';
import type { Checkpoint } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import type { LeafProofs } from './ledger-options.ts';
import { consistencyProof, inclusionProof } from './merkle.ts';
import { subtreeRoot } from './tree-store.ts';

/** A log as of one checkpoint, to be proven from. */
export interface LogView {
  readonly folder: string;
  readonly disk: Disk;
  readonly checkpoint: Checkpoint;
  /** The checkpoint as a signed note. */
  readonly note: string;
  read(index: number): AsyncIterable<{ readonly leaf: Uint8Array }>;
}

const rootsOf =
  ({ folder, disk, checkpoint }: LogView) =>
  (from: number, to: number): Promise<Buffer> =>
    subtreeRoot(folder, checkpoint.size, from, to, disk);

/** Leaves with their audit paths. @throws CodedError `not-found` */
export async function proveLeaves(view: LogView, indices: readonly number[]): Promise<LeafProofs> {
  const { checkpoint, note } = view;
  const leaves: { leaf: Uint8Array; proof: Buffer[] }[] = [];
  for (const index of indices) {
    if (index >= checkpoint.size) throw new CodedError('not-found', `there is no entry ${index}`);
    const proof = await inclusionProof(index, checkpoint.size, rootsOf(view));
    for await (const { leaf } of view.read(index)) leaves.push({ leaf, proof });
  }
  return { leaves, checkpoint, note };
}

/** The proof that a log goes on from a tree of `first` leaves. @throws CodedError `not-found` */
export async function provePrefix(
  view: LogView,
  first: number,
): Promise<Omit<LeafProofs, 'leaves'> & { readonly proof: readonly Buffer[] }> {
  const { checkpoint, note } = view;
  const { size } = checkpoint;
  if (first > size) throw new CodedError('not-found', `the log has ${size} entries, not ${first}`);
  return { proof: await consistencyProof(first, size, rootsOf(view)), checkpoint, note };
}

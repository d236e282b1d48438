import { CodedError } from '@sallyport/core';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import type { LeafProofs } from './ledger-options.ts';
import { consistencyProof, inclusionProof } from './merkle.ts';
import { prefixRoot, subtreeRoot } from './tree-store.ts';

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

/** An earlier checkpoint, where it is of this log and covers some entries; null where it is not, or does not. */
async function earlierOf(
  { folder, disk, checkpoint }: LogView,
  note: string,
  indices: readonly number[],
): Promise<Pick<LogView, 'checkpoint' | 'note'> | null> {
  const earlier = openCheckpoint(note);
  const covers = earlier.size <= checkpoint.size && indices.every((index) => index < earlier.size);
  if (!covers || earlier.origin !== checkpoint.origin) return null;
  const root = await prefixRoot(folder, disk, checkpoint.size, earlier.size);
  return root.equals(earlier.root) ? { checkpoint: earlier, note } : null;
}

/**
 * Leaves with their audit paths.
 * @param under an earlier checkpoint, signed, that they lead to where it is of this log and covers them
 * @throws CodedError `not-found`; `ledger-corrupt` where `under` is no checkpoint
 */
export async function proveLeaves(
  view: LogView,
  indices: readonly number[],
  under: string | null,
): Promise<LeafProofs> {
  const earlier = under === null ? null : await earlierOf(view, under, indices);
  const { checkpoint, note } = earlier ?? view;
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

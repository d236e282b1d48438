import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import { type Checkpoint, openOneOf } from './checkpoint.ts';
import { realDisk } from './disk.ts';
import { Journal } from './journal.ts';
import type { LedgerOptions } from './ledger-options.ts';
import { type Edge, edgeRange, loadEdge, makeDurableFolder, requirePrefix } from './tree-store.ts';

/**
 * What a log begins from: its newest checkpoint, as a signed note too (empty where there is none), and the edge of its tree.
 * @throws CodedError `ledger-corrupt` where its files do not lead to the checkpoint
 */
export async function beginningOf(
  options: LedgerOptions,
): Promise<{ edge: Edge; checkpoint: Checkpoint; note: string }> {
  const { disk = realDisk } = options;
  const journal = join(options.folder, 'journal');
  makeDurableFolder(disk, journal);
  const note = disk.readNow(join(options.folder, 'checkpoint'));
  const signers = [options.signer, ...(options.earlierSigners ?? [])];
  const checkpoint = note
    ? openOneOf(note, signers)
    : { origin: options.signer.name, size: 0, root: Buffer.alloc(32) };
  if (
    !note &&
    disk.exists(join(options.folder, 'tile')) &&
    Journal.recover(journal, 0, signers, disk).length === 0
  )
    throw new CodedError('ledger-corrupt', 'there are tiles but no checkpoint');
  const edge = await loadEdge(options.folder, checkpoint.size, disk);
  if (note && checkpoint.size > 0 && !edgeRange(edge.levels).root().equals(checkpoint.root)) {
    throw new CodedError(
      'ledger-corrupt',
      `the tiles do not lead to the checkpoint of size ${checkpoint.size}`,
    );
  }
  if (options.extending) await requirePrefix(options.folder, disk, checkpoint.size, options.extending);
  return { edge, checkpoint, note: note?.toString() ?? '' };
}

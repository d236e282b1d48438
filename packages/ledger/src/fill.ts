import { join } from 'node:path';
import { CodedError, plural } from '@sallyport/core';
import { openCheckpoint } from './checkpoint.ts';
import { realDisk } from './disk.ts';
import { Journal } from './journal.ts';
import { copyLog } from './ledger-copy.ts';
import { CompactRange, leafHash } from './merkle.ts';
import { noteText } from './note.ts';
import { DurableFiles, edgeRange, loadEdge, prefixRoot, wholeContent } from './tree-store.ts';
import { parseVerifierKey } from './verifier-key.ts';
import { type EntryVisitor, type LedgerProblem, verifyLedger } from './verify.ts';

/** Files that are written before they are made durable together. */
const TOGETHER = 64;
const CONTENT = /^content\//;

/** Holds the sealed content of a copy against the commitments in its entries, as those are verified. */
export interface CopyContentCheck extends EntryVisitor {
  /** What was found: how many contents are not what their entries say, and some of them. */
  report(): { readonly bad: number; readonly problems: readonly LedgerProblem[] };
}

/**
 * What is to lie in a file of content: what the copy has, but for entries that the log has already, whose content stays as it is here.
 * Of content whose key is not at hand nothing says that the copy has it as it was.
 * @param before entries of the log
 */
function besideOwn(path: string, before: number, copied: Buffer): Buffer {
  const held = realDisk.readNow(path);
  if (held === null) return copied;
  return Buffer.concat([wholeContent(held, before), copied.subarray(wholeContent(copied, before).length)]);
}

/**
 * Brings a log up to a newer copy of it: the copy verifies, and goes on from all that the log has, the entries of its
 * journal as well; else nothing is written. The caller holds the lock.
 * @param folder of the log; what it holds may be older, or nothing
 * @param source folder of the copy: tiles, entries, content if there is any, checkpoint
 * @param verifierKeys as the log's checkpoints are signed
 * @param content checks what lies beside the entries of the copy, which comes with them
 * @returns entries before and after
 * @throws CodedError `ledger-corrupt`
 */
export async function fillLedger(
  folder: string,
  source: string,
  verifierKeys: readonly string[],
  content: CopyContentCheck,
  onProgress: (done: number, size: number) => void = () => {},
): Promise<{ readonly before: number; readonly after: number }> {
  const report = await verifyLedger(source, verifierKeys, [], onProgress, content);
  if (!report.ok)
    throw new CodedError('ledger-corrupt', `the copy does not verify: ${report.problems[0]!.message}`);
  const { bad, problems } = content.report();
  if (bad > 0) {
    const [{ entry, message }] = problems as [LedgerProblem];
    throw new CodedError(
      'ledger-corrupt',
      `${plural(bad, 'content of the copy is', 'contents of the copy are')} not what the entries say, such as at entry ${entry}: ${message}; nothing was taken. Take another copy, or this one without its folder \`content\``,
    );
  }
  const note = noteText(realDisk.readNow(join(source, 'checkpoint'))!);
  const { size } = openCheckpoint(note, ...verifierKeys.map(parseVerifierKey));
  const held = realDisk.readNow(join(folder, 'checkpoint'));
  const before = held ? openCheckpoint(held).size : 0;
  const range =
    before > 0 ? edgeRange((await loadEdge(folder, before, realDisk)).levels) : new CompactRange();
  const journal = Journal.recover(join(folder, 'journal'), before, null);
  for (const { leaf } of journal) range.push(leafHash(leaf));
  const own = before + journal.length;
  const goesOn =
    own <= size && (own === 0 || (await prefixRoot(source, realDisk, size, own)).equals(range.root()));
  if (!goesOn)
    throw new CodedError(
      'ledger-corrupt',
      own > size
        ? `the copy has ${size} entries, and this log ${own}: there is nothing to fetch`
        : `the copy does not go on from the ${own} entries of this log: they are two histories`,
    );
  const files = new DurableFiles(folder);
  let together = 0;
  try {
    for await (const { path, pieces } of copyLog(source, realDisk, size, note)) {
      // The checkpoint comes last: until it lies there, the log is the one that it was.
      if (path === 'checkpoint' || together++ % TOGETHER === 0) await files.settle();
      const content: Uint8Array[] = [];
      for await (const piece of pieces) content.push(piece);
      const copied = Buffer.concat(content);
      await files.write(path, CONTENT.test(path) ? besideOwn(join(folder, path), before, copied) : copied);
    }
    await files.settle();
  } finally {
    await files.abandon();
  }
  return { before: own, after: size };
}

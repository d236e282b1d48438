import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type Config } from '@sallyport/core';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '@sallyport/ledger';
import type { RootKey } from '@sallyport/vault';
import { askWitness } from './ask-witness.ts';
import { log } from './log.ts';

/** Where the newest cosigned checkpoint is kept: beside the root key, apart from the data. */
export const witnessedPath = ({ path }: Pick<RootKey, 'path'>, id: string): string =>
  `${path}.${id}.witnessed`;

/**
 * Reads the checkpoint that is kept. Its signatures were checked before it was written; earlier versions also wrote down
 * whatever else a witness sent, which must not keep the log from opening: the text counts.
 */
function keptCheckpoint(note: string): Checkpoint {
  try {
    return openCheckpoint(note);
  } catch {
    return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
  }
}

/** How many entries each witness saw that answers; not a number where it saw another log. */
async function sizesSeen(
  witnesses: Config['record']['witnesses'],
  own: Checkpoint,
  note: string,
): Promise<number[]> {
  const sizes = await Promise.all(
    witnesses.map(async (witness) => {
      try {
        const answer = await askWitness(witness, own.size, [], note);
        if (answer.kind === 'cosigned') return own.size;
        // It refuses what it was shown, and yet has seen as much: then what it saw was another log.
        return answer.kind === 'saw' && answer.size !== own.size ? answer.size : Number.NaN;
      } catch (fault) {
        const message = (fault as Error).message;
        log('warn', 'a witness does not say what it saw', { url: witness.url, fault: message });
        return null;
      }
    }),
  );
  return sizes.filter((size) => size !== null);
}

/**
 * The checkpoint that a log must go on from, as its witnesses saw it. A log that is shorter was restored from an old
 * copy: whatever it signed next would be a second history.
 * @param folder of the log
 * @param kept where the newest cosigned checkpoint is kept
 * @throws CodedError `record-rolled-back`
 */
export async function requireWitnessed(
  folder: string,
  kept: string,
  config: Config['record'],
): Promise<Checkpoint | null> {
  const path = join(folder, 'checkpoint');
  const note = existsSync(path) ? readFileSync(path, 'utf8') : null;
  const own = note === null ? null : openCheckpoint(note);
  const known = existsSync(kept) ? keptCheckpoint(readFileSync(kept, 'utf8')) : null;
  const size = own?.size ?? 0;
  const sizes = own && note !== null ? await sizesSeen(config.witnesses, own, note) : [];
  if (sizes.filter(Number.isNaN).length >= config.quorum)
    throw new CodedError(
      'record-rolled-back',
      `the witnesses saw another log of ${size} entries: this one was rewritten`,
    );
  // As many of them as the quorum asks for saw this much.
  const seen = sizes.filter((one) => one > 0).sort((a, b) => b - a)[config.quorum - 1] ?? 0;
  const wanted = Math.max(known?.size ?? 0, seen);
  if (wanted > size)
    throw new CodedError(
      'record-rolled-back',
      `the log has ${size} entries, and its witnesses saw ${wanted}: it comes from an old copy. Restore a newer backup, or fetch what is missing from a copy of the log with \`sallyport ledger fill --from FOLDER\``,
    );
  return known;
}

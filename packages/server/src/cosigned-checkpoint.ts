import { join } from 'node:path';
import {
  formatNote,
  isLineOf,
  NOTE_BYTES_MAX,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  readPlain,
  signedBy,
  type VerifierKey,
} from '@sallyport/ledger';
import type { Control } from './control.ts';

/** Beside the log: its newest checkpoint that a quorum of witnesses cosigned. */
export const COSIGNED_FILE = 'checkpoint.cosigned';

/** A checkpoint of this log, and who cosigned it. */
export interface CosignedCheckpoint {
  /** With the signatures of this log and of those witnesses, and no others. */
  readonly note: string;
  /** Names of witnesses, each key of which has cosigned. */
  readonly witnesses: readonly string[];
}

function read(
  note: Buffer,
  own: readonly VerifierKey[],
  witnesses: readonly (readonly VerifierKey[])[],
  quorum: number,
) {
  const { text, signatures } = parseNote(note);
  const { origin } = parseCheckpoint(text);
  const signed = signedBy({ text, signatures }, [...own, ...witnesses.flat()]);
  if (!own.every((key) => signed.has(key))) return null;
  const cosigned = witnesses.filter((keys) => keys.every((key) => signed.has(key)));
  if (cosigned.length < quorum) return null;
  const kept = signatures.filter(
    (line) => line.name === origin || cosigned.flat().some((key) => isLineOf(line, key)),
  );
  return {
    note: formatNote({ text, signatures: kept }),
    witnesses: cosigned.map(([key]) => key!.name),
  };
}

/** The checkpoint that a quorum of witnesses cosigned last; null where there is none that the keys and quorum of today vouch for. */
export function cosignedCheckpoint({
  config,
  installation,
}: Pick<Control, 'config' | 'installation'>): CosignedCheckpoint | null {
  const { ledger } = installation;
  const { witnesses, quorum } = config.record;
  if (witnesses.length === 0) return null;
  try {
    const note = readPlain(join(ledger.folder, COSIGNED_FILE), NOTE_BYTES_MAX);
    const own = [ledger.verifierKey, ledger.quantumSafeVerifierKey].map(parseVerifierKey);
    return (
      note &&
      read(
        note,
        own,
        witnesses.map(({ keys }) => keys.map(parseVerifierKey)),
        quorum,
      )
    );
  } catch {
    // Anyone who writes to the data folder may put anything there: then proofs lead to the newest checkpoint.
    return null;
  }
}

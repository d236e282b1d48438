import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clock } from '@sallyport/core';
import { writeDurably } from '@sallyport/vault';
import { z } from 'zod';

const NAME = 'restored.json';
const noteSchema = z.object({ asOf: z.iso.datetime(), at: z.iso.datetime() });

/** That a data folder came out of a backup: as of when, when it was restored, and the file that says so. */
export type RestoredNote = Readonly<z.infer<typeof noteSchema>> & { readonly file: string };

/** Notes that a data folder is as of some time: until someone removes the note, it is told at each start and by the doctor. */
export function noteRestored(folder: string, asOf: string): void {
  const note = { asOf: new Date(asOf).toISOString(), at: clock.nowIso() };
  writeDurably(join(folder, NAME), `${JSON.stringify(note)}\n`, 0o600);
}

/** What was noted of a data folder; null where it came out of no backup. */
export function restoredNote(folder: string): RestoredNote | null {
  const file = join(folder, NAME);
  try {
    return { ...noteSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), file };
  } catch {
    return null;
  }
}

/** What holds again in data that is as of some time. */
export const holdsAgain = (asOf: string): string =>
  `keys revoked, roles taken away and people shut out after ${asOf} are good again`;

/** What to do about that before the data is used: from then on its log is another one, which no copy goes on from. */
export const BEFORE_USE =
  'Before anything else is done with it, `sallyport ledger fill --from FOLDER` fetches from a newer copy of the log what was done since, and what was revoked there is so again; without a copy, revoke again what is to stay revoked';

/** What to do about that once it is in use. */
export const REVOKE_AGAIN =
  'revoke again what is to stay revoked (or restore anew, and `sallyport ledger fill` before the first start)';

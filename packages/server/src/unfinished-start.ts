import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';

/** A start that was cut short before there was an installation left keys that seal nothing. @throws CodedError `usage` */
export function clearUnfinished(folder: string): void {
  if (existsSync(join(folder, 'ledger')) || existsSync(join(folder, 'state.db')))
    throw new CodedError(
      'usage',
      `\`${join(folder, 'installation.json')}\` is missing, and the folder is not empty; restore it, or name another folder`,
    );
  rmSync(join(folder, 'keys'), { recursive: true, force: true });
}

/** The id of an installation, from its file. */
export const readId = (file: string): string => (JSON.parse(readFileSync(file, 'utf8')) as { id: string }).id;

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import { readKeyFile } from '@sallyport/vault';

/** A start that was cut short before there was an installation left keys that seal nothing. @throws CodedError `usage` */
export function clearUnfinished(folder: string): void {
  if (existsSync(join(folder, 'ledger')) || existsSync(join(folder, 'state.db')))
    throw new CodedError(
      'usage',
      `\`${join(folder, 'installation.json')}\` is missing, and the folder is not empty; restore it, or name another folder`,
    );
  rmSync(join(folder, 'keys'), { recursive: true, force: true });
}

/** The id of an installation, from its file. @throws CodedError `file-unusable` */
export const readId = (file: string): string =>
  readKeyFile<{ id: string }>(file, ({ id }) => typeof id === 'string').id;

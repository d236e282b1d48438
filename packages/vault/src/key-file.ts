import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';

/**
 * Reads a file in which a key is kept, wrapped, or what is known of one: an object of JSON.
 * @param isWhole whether it has all that is needed; what else it says is looked at by its reader
 * @param remedy what to do besides putting it back, in words
 * @throws CodedError `file-unusable`, which names the file: of thousands one may be lost or cut short
 */
export function readKeyFile<T extends object>(
  path: string,
  isWhole: (file: Partial<T>) => boolean,
  remedy = '',
): T {
  try {
    const file: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof file === 'object' && file !== null && isWhole(file as Partial<T>)) return file as T;
  } catch (fault) {
    if (!(fault instanceof SyntaxError)) throw fault;
  }
  throw new CodedError(
    'file-unusable',
    `\`${path}\` is empty, cut short or was changed: put it back, from a backup where there is no other copy${remedy}`,
  );
}

/** Whether something wraps what is kept in a file: a key of the ring, or in earlier versions the root itself. */
export const isWrapped = ({ envelope, wrapped }: { envelope?: unknown; wrapped?: unknown }): boolean =>
  typeof (envelope ?? wrapped) === 'string';

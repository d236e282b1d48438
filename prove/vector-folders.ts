import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the specifications lie, with their vectors: `SALLYPORT_SPECS`, or `../shared/specs` beside this folder. */
const SPECIFICATIONS = resolve(
  process.env['SALLYPORT_SPECS'] ?? join(import.meta.dirname, '..', '..', 'shared', 'specs'),
);

/**
 * A folder of vectors, and why what reads it is skipped: false where it is there.
 * @param path within the folder of specifications
 * @param instead another place of it, where one is named
 */
export function vectorFolder(
  path: string,
  instead?: string,
): { readonly folder: string; readonly skip: string | false } {
  const folder = instead !== undefined && existsSync(instead) ? instead : join(SPECIFICATIONS, path);
  return { folder, skip: !existsSync(folder) && `no folder \`${path}\` where SALLYPORT_SPECS says` };
}

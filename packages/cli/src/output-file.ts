import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  realpathSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CodedError } from '@sallyport/core';

const isWithin = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
};

/** Folders of the system whose links lead to streams and devices: `/dev/stdout` is one. */
const DEVICES = ['/dev', '/proc'];

/** Where an output is to lie, with no link on the way. @throws CodedError `usage` where a link in the working folder leads out of it */
function placeOf(path: string): string {
  const named = resolve(path);
  const folder = realpathSync(dirname(named));
  const own = realpathSync('.');
  // What lies in the working folder may have come with a change; what lies elsewhere is the operator's.
  if (isWithin(dirname(named), resolve('.')) && !isWithin(folder, own))
    throw new CodedError(
      'usage',
      `\`${path}\` lies behind a link that leads out of the working folder: name \`${join(folder, basename(named))}\` where that is meant`,
    );
  return join(folder, basename(named));
}

const faultOf = (fault: unknown): string => (fault as NodeJS.ErrnoException).code ?? (fault as Error).message;

/**
 * Writes a file that somebody named, in place of what stood there. A link under its name gives way to the file and is never written
 * through, and neither is another name of the same file; devices and pipes are written to.
 * @throws CodedError `usage` where it cannot be written
 */
export function writeOutput(path: string, content: string | Uint8Array): void {
  try {
    const place = placeOf(path);
    const before: Stats | undefined = lstatSync(place, { throwIfNoEntry: false });
    const isDevice = DEVICES.some((folder) => isWithin(place, folder));
    const isShared = before?.isSymbolicLink() === true || (before?.isFile() === true && before.nlink > 1);
    if (!isDevice && isShared) unlinkSync(place);
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW = 0 } = constants;
    const descriptor = openSync(place, O_WRONLY | O_CREAT | O_TRUNC | (isDevice ? 0 : O_NOFOLLOW), 0o666);
    try {
      writeFileSync(descriptor, content);
    } finally {
      closeSync(descriptor);
    }
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('usage', `\`${path}\` cannot be written: ${faultOf(fault)}`);
  }
}

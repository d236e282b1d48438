import { CodedError, ERRORS } from './errors.ts';

const FULL_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/** SQLite's own number for a full disk. */
const SQLITE_FULL = 13;

/** Whether a fault says that a disk is full. */
export function isFullDisk(fault: unknown): boolean {
  const { code, errcode } = (fault ?? {}) as { code?: unknown; errcode?: unknown };
  return FULL_CODES.has(code) || (code === 'ERR_SQLITE_ERROR' && errcode === SQLITE_FULL);
}

/** SQLite's numbers for what keeps a file from being used, and what they mean. */
const SQLITE_FAULTS: ReadonlyMap<number, readonly ['record-unavailable' | 'state-lost', string]> = new Map([
  [8, ['record-unavailable', 'the state cannot be written: its file or folder is read-only']],
  [10, ['record-unavailable', 'the disk does not read or write the state']],
  [11, ['state-lost', 'the file of the state is damaged']],
  [14, ['record-unavailable', 'the file of the state cannot be opened']],
  [26, ['state-lost', 'the file of the state is not a database']],
] as const);

/** What a fault of the embedded database means, if that is known. */
function sqliteFault(fault: unknown): CodedError | null {
  const { code, errcode } = (fault ?? {}) as { code?: unknown; errcode?: unknown };
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return null;
  // The lower byte; the rest are details.
  const said = SQLITE_FAULTS.get(errcode & 0xff);
  return said ? new CodedError(said[0], said[1], { cause: fault }) : null;
}

/** What the system says of a file that cannot be used, and what that means. */
const FILE_FAULTS: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EBUSY', 'it is in use'],
  ['EISDIR', 'it is a folder'],
  ['ELOOP', 'links lead in a circle'],
  ['EMFILE', 'too many files are open'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['ENOENT', 'it does not exist'],
  ['ENOTDIR', 'what should be a folder in its path is a file'],
  ['EPERM', 'not permitted'],
  ['EROFS', 'the disk is read-only'],
]);

/** The same fault in words that name the file, for the owner of the machine: callers of an API see no paths. */
export function fileFault(fault: CodedError): CodedError {
  const { code, path } = (fault.cause ?? {}) as { code?: unknown; path?: unknown };
  const why = FILE_FAULTS.get(code);
  if (fault.code !== 'internal' || why === undefined || typeof path !== 'string') return fault;
  return new CodedError('file-unusable', `\`${path}\` cannot be used: ${why}`, { cause: fault.cause });
}

/** The same fault as a {@link CodedError}; a full disk is `record-unavailable`, anything unforeseen `internal`. */
export function toCodedError(fault: unknown): CodedError {
  if (fault instanceof CodedError) return fault;
  if (isFullDisk(fault)) return new CodedError('record-unavailable', 'the disk is full', { cause: fault });
  const said = sqliteFault(fault);
  if (said) return said;
  return new CodedError('internal', ERRORS.internal.meaning, { cause: fault });
}

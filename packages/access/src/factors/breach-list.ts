import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CodedError } from '@sallyport/core';

/** Longest line of such a list: 40 hex digits, a colon, a count. */
const LINE_BYTES_MAX = 64;
/** Below this many bytes the rest is read at once. */
const WINDOW_BYTES = 4_096;

/**
 * Whether a password is in a list of breached ones: a file of SHA-1 digests in hex, sorted, one a line, each with a
 * count behind a colon or not, as Have I Been Pwned publishes them. Looked up in place; nothing leaves this machine.
 * @throws CodedError `config-invalid` when the file cannot be read
 */
export function isBreached(path: string, password: string): boolean {
  const wanted = createHash('sha1').update(password).digest('hex').toUpperCase();
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw new CodedError('config-invalid', `the list of breached passwords \`${path}\` cannot be read`, {
      cause,
    });
  }
  try {
    let low = 0;
    let high = fstatSync(fd).size;
    // The line that begins at or after `low` may be the one; none that begins at or after `high` is.
    while (high - low > WINDOW_BYTES) {
      const middle = Math.floor((low + high) / 2);
      const bytes = Buffer.alloc(LINE_BYTES_MAX * 2);
      const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, middle));
      const at = text.indexOf('\n') + 1;
      const digest = text.slice(at, at + 40).toUpperCase();
      if (at === 0 || !/^[0-9A-F]{40}$/.test(digest))
        throw new CodedError('config-invalid', `\`${path}\` is not a sorted list of SHA-1 digests`);
      if (digest === wanted) return true;
      if (digest < wanted) low = middle + at;
      else high = middle + at;
    }
    const bytes = Buffer.alloc(high - low + LINE_BYTES_MAX);
    const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, low)).toUpperCase();
    return text.split('\n').some((line) => line.startsWith(wanted));
  } finally {
    closeSync(fd);
  }
}

import { openSync } from 'node:fs';
import { join } from 'node:path';

/** Longest path a Unix socket may have on common systems, less a little. */
const PATH_BYTES_MAX = 100;

/**
 * Path of the control socket of a data folder. A folder whose path is too long for a socket is reached through a
 * descriptor (Linux); the descriptor stays open as long as the process.
 */
export function controlSocketPath(folder: string): string {
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX || process.platform !== 'linux') return path;
  return `/proc/self/fd/${openSync(folder, 'r')}/control.sock`;
}

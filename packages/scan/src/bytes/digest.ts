import { createHash } from 'node:crypto';
import type { ByteSource } from './byte-source.ts';

const READ_BYTES = 1024 * 1024;

/** SHA-256 of everything in a source, hexadecimal; read piece by piece. */
export function digestOf(source: ByteSource): string {
  const digest = createHash('sha256');
  const room = new Uint8Array(Math.min(READ_BYTES, source.size));
  for (let at = 0; at < source.size; at += READ_BYTES) digest.update(source.read(at, READ_BYTES, room));
  return digest.digest('hex');
}

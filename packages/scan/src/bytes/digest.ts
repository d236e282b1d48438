import { createHash } from 'node:crypto';
import { clock } from '@sallyport/core';
import type { ByteSource } from './byte-source.ts';

const READ_BYTES = 1024 * 1024;
/** After which time is looked at. */
const PIECES_BYTES = 64 * READ_BYTES;

/**
 * SHA-256 of everything in a source, hexadecimal; read piece by piece.
 * @param leftMs of the run, milliseconds
 * @throws Error in words where it takes longer
 */
export function digestOf(source: ByteSource, leftMs = Number.POSITIVE_INFINITY): string {
  const endsMs = clock.nowMs() + leftMs;
  const digest = createHash('sha256');
  const room = new Uint8Array(Math.min(READ_BYTES, source.size));
  for (let at = 0; at < source.size; at += READ_BYTES) {
    if (at % PIECES_BYTES === 0 && clock.nowMs() > endsMs)
      throw new Error('its digest takes longer than the run may');
    digest.update(source.read(at, READ_BYTES, room));
  }
  return digest.digest('hex');
}

/**
 * Nonce of a chunk: its counter, and whether it is the last. Chunks cannot change places, and none can be cut off
 * (STREAM, Hoang et al. 2015).
 */
export function streamNonce(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(chunk, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

import { createHmac } from 'node:crypto';

/** HKDF-Expand (RFC 5869, section 2.3). @param prk uniformly random @param length bytes, at most 255 times those of the hash */
export function hkdfExpand(
  hash: 'sha256' | 'sha512',
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Buffer {
  const blocks: Buffer[] = [];
  let last: Uint8Array = new Uint8Array(0);
  for (let counter = 1, made = 0; made < length; counter++) {
    const block = createHmac(hash, prk)
      .update(last)
      .update(info)
      .update(Buffer.from([counter]))
      .digest();
    blocks.push(block);
    made += block.length;
    last = block;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

import type { Entry } from './api.ts';

const bytes = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

async function sha256(...parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  const joined = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
}

/**
 * Whether an entry is in the log of a size with this root: RFC 9162 section 2.1.3.2, computed in this browser.
 * @param rootHash base64
 */
export async function verifyInclusion(entry: Entry, size: number, rootHash: string): Promise<boolean> {
  if (entry.index >= size) return false;
  let node = entry.index;
  let last = size - 1;
  let hash = await sha256(Uint8Array.of(0), bytes(entry.leafBase64));
  for (const step of entry.proof) {
    if (last === 0) return false;
    const sibling = bytes(step);
    if (node % 2 === 1 || node === last) {
      hash = await sha256(Uint8Array.of(1), sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else hash = await sha256(Uint8Array.of(1), hash, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  const root = bytes(rootHash);
  return last === 0 && hash.length === root.length && hash.every((byte, i) => byte === root[i]);
}

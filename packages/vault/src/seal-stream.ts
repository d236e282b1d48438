import { createCipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeFileSync, writevSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import type { DataKey } from './data-keys.ts';
import { SealedChunks, SPAN_BYTES } from './sealed-chunks.ts';
import {
  COBBLESTONE,
  COMMITMENT_BYTES,
  type FileKey,
  headerBytes,
  KEY_ID_BYTES,
  type SealedSuite,
  suiteOf,
} from './sealed-suites.ts';

/** Bytes of a header that are read: more than those of any suite. */
const HEAD_BYTES = 256;

interface Header {
  readonly suite: SealedSuite;
  readonly bytes: Buffer;
  /** What stands before the salt. */
  readonly about: Buffer;
  readonly keyId: string;
  readonly salt: Buffer;
  readonly commitment: Buffer;
}

/** @param head the first bytes of a file @throws CodedError `sealed-content-unreadable` */
function parseHeader(head: Uint8Array): Header {
  const suite = suiteOf(head);
  if (!suite || head.length < headerBytes(suite))
    throw new CodedError('sealed-content-unreadable', 'it was not sealed here');
  const bytes = Buffer.from(head.subarray(0, headerBytes(suite)));
  const about = bytes.subarray(0, suite.name.length + KEY_ID_BYTES);
  return {
    suite,
    bytes,
    about,
    keyId: about.toString('latin1', suite.name.length).trim(),
    salt: bytes.subarray(about.length, about.length + suite.saltBytes),
    commitment: bytes.subarray(bytes.length - COMMITMENT_BYTES),
  };
}

/** Whether a file begins as a sealed one does. @param head its first bytes */
export const isSealedFile = (head: Uint8Array): boolean => suiteOf(head) !== null;

/** Whether a file is sealed as files are sealed now. @param head its first bytes */
export const isSealedAsNow = (head: Uint8Array): boolean => suiteOf(head) === COBBLESTONE;

/** Which data key a sealed file needs. @param head its first bytes, 256 are enough @throws CodedError `sealed-content-unreadable` */
export const sealedHeadKey = (head: Uint8Array): string => parseHeader(head).keyId;

/** Writes everything: a disk that is nearly full may take a part. @throws Error of the file system */
function writeAll(descriptor: number, parts: readonly Buffer[]): void {
  const whole = parts.reduce((sum, part) => sum + part.length, 0);
  const done = writevSync(descriptor, parts as Buffer[]);
  if (done === whole) return;
  writeFileSync(descriptor, Buffer.concat(parts).subarray(done));
}

/** Seals chunks one after the other, and writes them in spans. */
class Sealer {
  readonly #descriptor: number;
  readonly #key: FileKey;
  #chunk = 0;
  #sealed: Buffer[] = [];

  constructor(descriptor: number, key: FileKey) {
    this.#descriptor = descriptor;
    this.#key = key;
  }

  add(plain: Uint8Array): void {
    const { key, nonce } = this.#key;
    const cipher = createCipheriv('aes-256-gcm', key, nonce(this.#chunk++, false));
    this.#sealed.push(cipher.update(plain));
    cipher.final();
    this.#sealed.push(cipher.getAuthTag());
    if (this.#sealed.length * COBBLESTONE.chunkBytes >= 2 * SPAN_BYTES) this.flush();
  }

  flush(): void {
    writeAll(this.#descriptor, this.#sealed);
    this.#sealed = [];
  }
}

/**
 * Encrypts what comes in pieces into a file of its own (Cobblestone-256), in memory for a few chunks, and returns when
 * it is on the disk.
 * @param context bound to the file: opening needs the same
 * @param path must not exist yet
 */
export async function sealFile(
  key: DataKey,
  context: string,
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): Promise<void> {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    const about = Buffer.from(`${COBBLESTONE.name}${key.id.padEnd(KEY_ID_BYTES)}`, 'latin1');
    const salt = randomBytes(COBBLESTONE.saltBytes);
    const own = COBBLESTONE.keyOf(key, salt, about, context);
    writeAll(descriptor, [about, salt, own.commitment]);
    const sealer = new Sealer(descriptor, own);
    const held = Buffer.alloc(COBBLESTONE.chunkBytes);
    let filled = 0;
    for await (const piece of pieces) {
      let at = 0;
      if (filled > 0) {
        at = Math.min(piece.length, held.length - filled);
        // The memory of a piece may be used again once it was given.
        held.set(piece.subarray(0, at), filled);
        filled += at;
        if (filled < held.length) continue;
        sealer.add(held);
      }
      for (; piece.length - at >= held.length; at += held.length)
        sealer.add(piece.subarray(at, at + held.length));
      held.set(piece.subarray(at));
      filled = piece.length - at;
    }
    // The last chunk is shorter than the others, which is how it is known.
    sealer.add(held.subarray(0, filled));
    sealer.flush();
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws CodedError `sealed-content-unreadable` */
function openChunks(descriptor: number, context: string, keyOf: (id: string) => DataKey): SealedChunks {
  const head = Buffer.alloc(HEAD_BYTES);
  const header = parseHeader(head.subarray(0, readSync(descriptor, head, 0, HEAD_BYTES, 0)));
  const { suite, keyId, salt, about, commitment, bytes } = header;
  const key = suite.keyOf(keyOf(keyId), salt, about, context);
  return new SealedChunks(descriptor, suite, key, commitment, bytes);
}

/**
 * Opens a sealed file, chunk by chunk; each is authentic before it is handed out.
 * @param keyOf finds the data key by its id
 * @throws CodedError `sealed-content-unreadable` for what was changed, cut, or sealed for something else
 */
export function* openSealedFile(
  path: string,
  context: string,
  keyOf: (id: string) => DataKey,
): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const chunks = openChunks(descriptor, context, keyOf);
    for (let chunk = 0; chunk < chunks.count; chunk++) yield chunks.open(chunk);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens bytes `[start, end)` of what was sealed, and no more chunks than they lie in, and the last: where it ends is
 * known only from that.
 * @param end bytes beyond the last are left out
 * @throws CodedError `sealed-content-unreadable`
 */
export function openSealedRange(
  path: string,
  context: string,
  keyOf: (id: string) => DataKey,
  start: number,
  end: number,
): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    const chunks = openChunks(descriptor, context, keyOf);
    if (end > chunks.bytes) chunks.open(chunks.count - 1);
    const until = Math.min(end, chunks.bytes);
    const pieces: Uint8Array[] = [];
    for (let at = start; at < until; ) {
      const chunk = Math.floor(at / chunks.chunkBytes);
      const begin = chunk * chunks.chunkBytes;
      const next = Math.min(until, begin + chunks.chunkBytes);
      pieces.push(chunks.open(chunk).subarray(at - begin, next - begin));
      at = next;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(descriptor);
  }
}

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeFileSync, writevSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import type { DataKey } from './data-keys.ts';
import { streamNonce } from './stream-nonce.ts';

/** Names the suite of a sealed file: what was sealed under one can be read while others are added. */
const SUITE = 'sallyport-stream-1\n';
const KEY_ID_BYTES = 30;
const SALT_BYTES = 32;
const COMMITMENT_BYTES = 32;
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
const HEADER_BYTES = SUITE.length + KEY_ID_BYTES + SALT_BYTES + COMMITMENT_BYTES;

interface Header {
  readonly bytes: Buffer;
  readonly keyId: string;
  readonly salt: Buffer;
  readonly commitment: Buffer;
}

/** A key for one file and a commitment to it: two keys never open the same file (HKDF, RFC 5869). */
function derive(key: DataKey, salt: Uint8Array, context: string): { key: Buffer; commitment: Buffer } {
  const both = Buffer.from(hkdfSync('sha256', key.key, salt, `${SUITE}${context}`, 32 + COMMITMENT_BYTES));
  return { key: both.subarray(0, 32), commitment: both.subarray(32) };
}

function parseHeader(bytes: Buffer): Header {
  if (bytes.length !== HEADER_BYTES || bytes.toString('latin1', 0, SUITE.length) !== SUITE)
    throw new CodedError('sealed-content-unreadable', 'it was not sealed here');
  let at = SUITE.length;
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    bytes,
    keyId: take(KEY_ID_BYTES).toString('latin1').trim(),
    salt: take(SALT_BYTES),
    commitment: take(COMMITMENT_BYTES),
  };
}

function readHeader(descriptor: number): Header {
  const bytes = Buffer.alloc(HEADER_BYTES);
  return parseHeader(bytes.subarray(0, readSync(descriptor, bytes, 0, HEADER_BYTES, 0)));
}

/** Whether a file begins as a sealed one does. @param head its first bytes */
export const isSealedFile = (head: Uint8Array): boolean =>
  Buffer.from(head.subarray(0, SUITE.length)).toString('latin1') === SUITE;

/** Which data key a sealed file needs. @param head its first bytes, 256 are enough @throws CodedError `sealed-content-unreadable` */
export const sealedHeadKey = (head: Uint8Array): string =>
  parseHeader(Buffer.from(head.subarray(0, HEADER_BYTES))).keyId;

/** Writes everything: a disk that is nearly full may take a part. @throws Error of the file system */
function writeAll(descriptor: number, parts: readonly Buffer[]): void {
  const whole = parts.reduce((sum, part) => sum + part.length, 0);
  const done = writevSync(descriptor, parts as Buffer[]);
  if (done === whole) return;
  writeFileSync(descriptor, Buffer.concat(parts).subarray(done));
}

/**
 * Encrypts what comes in pieces into a file of its own, in chunks of 64 KiB (AES-256-GCM), and returns when it is on the disk.
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
    const salt = randomBytes(SALT_BYTES);
    const own = derive(key, salt, context);
    const header = Buffer.concat([
      Buffer.from(SUITE, 'latin1'),
      Buffer.from(key.id.padEnd(KEY_ID_BYTES), 'latin1'),
      salt,
      own.commitment,
    ]);
    writeFileSync(descriptor, header);
    let chunk = 0;
    const seal = (plain: Uint8Array, isLast: boolean): Buffer[] => {
      const cipher = createCipheriv('aes-256-gcm', own.key, streamNonce(chunk++, isLast));
      cipher.setAAD(header);
      const sealed = cipher.update(plain);
      cipher.final();
      return [sealed, cipher.getAuthTag()];
    };
    // The last chunk is known only at the end, so one is always held back.
    const held = Buffer.alloc(CHUNK_BYTES);
    let filled = 0;
    for await (const piece of pieces) {
      const sealed: Buffer[] = [];
      let at = 0;
      if (filled > 0) {
        at = Math.min(piece.length, CHUNK_BYTES - filled);
        // Whoever gives pieces may use their memory again.
        held.set(piece.subarray(0, at), filled);
        filled += at;
        if (at === piece.length) continue;
        sealed.push(...seal(held, false));
        filled = 0;
      }
      for (; piece.length - at > CHUNK_BYTES; at += CHUNK_BYTES)
        sealed.push(...seal(piece.subarray(at, at + CHUNK_BYTES), false));
      if (sealed.length > 0) writeAll(descriptor, sealed);
      held.set(piece.subarray(at));
      filled = piece.length - at;
    }
    writeAll(descriptor, seal(held.subarray(0, filled), true));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A sealed file held open: any chunk of it can be opened by itself. */
class SealedChunks {
  readonly #descriptor: number;
  readonly #header: Header;
  readonly #key: Buffer;
  readonly #room = Buffer.alloc(SEALED_CHUNK_BYTES);
  /** Chunks that there are, and bytes of what was sealed, as its length on the disk says. */
  readonly count: number;
  readonly bytes: number;

  constructor(descriptor: number, context: string, keyOf: (id: string) => DataKey) {
    this.#descriptor = descriptor;
    this.#header = readHeader(descriptor);
    const own = derive(keyOf(this.#header.keyId), this.#header.salt, context);
    if (!timingSafeEqual(own.commitment, this.#header.commitment))
      throw new CodedError('sealed-content-unreadable', 'it was sealed for something else');
    this.#key = own.key;
    const sealed = fstatSync(descriptor).size - HEADER_BYTES;
    this.count = Math.max(1, Math.ceil(sealed / SEALED_CHUNK_BYTES));
    this.bytes = sealed - this.count * TAG_BYTES;
  }

  /** Opens one chunk. Which is the last is sealed with it: a file that was cut off says otherwise. */
  open(chunk: number): Buffer {
    const at = HEADER_BYTES + chunk * SEALED_CHUNK_BYTES;
    const size = readSync(this.#descriptor, this.#room, 0, SEALED_CHUNK_BYTES, at);
    if (size < TAG_BYTES) throw new CodedError('sealed-content-unreadable', 'it was cut off');
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#key,
      streamNonce(chunk, chunk === this.count - 1),
      { authTagLength: TAG_BYTES },
    );
    decipher.setAAD(this.#header.bytes);
    decipher.setAuthTag(this.#room.subarray(size - TAG_BYTES, size));
    try {
      const plain = decipher.update(this.#room.subarray(0, size - TAG_BYTES));
      decipher.final();
      return plain;
    } catch {
      throw new CodedError('sealed-content-unreadable', 'it was changed, or cut off');
    }
  }
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
    const chunks = new SealedChunks(descriptor, context, keyOf);
    for (let chunk = 0; chunk < chunks.count; chunk++) yield chunks.open(chunk);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens bytes `[start, end)` of what was sealed, and no more chunks than they lie in.
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
    const chunks = new SealedChunks(descriptor, context, keyOf);
    const until = Math.min(end, chunks.bytes);
    const pieces: Uint8Array[] = [];
    for (let at = start; at < until; ) {
      const chunk = Math.floor(at / CHUNK_BYTES);
      const next = Math.min(until, (chunk + 1) * CHUNK_BYTES);
      pieces.push(chunks.open(chunk).subarray(at - chunk * CHUNK_BYTES, next - chunk * CHUNK_BYTES));
      at = next;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(descriptor);
  }
}

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import {
  COBBLESTONE_CHUNK_BYTES,
  COBBLESTONE_SALT_BYTES,
  cobblestoneKey,
  cobblestoneNonce,
} from './cobblestone.ts';
import type { DataKey } from './data-keys.ts';
import { streamNonce } from './stream-nonce.ts';

/** Bytes of a commitment to a key, and of a tag, in every suite. */
export const COMMITMENT_BYTES = 32;
export const TAG_BYTES = 16;
/** Bytes of the id of a data key in a header. */
export const KEY_ID_BYTES = 30;

/** What seals one file (AES-256-GCM). */
export interface FileKey {
  readonly key: KeyObject;
  readonly commitment: Buffer;
  nonce(chunk: number, isLast: boolean): Buffer;
}

/**
 * How a file is sealed. Its header is the line that names the suite, the id of the data key, a salt and a commitment to
 * the key; behind it stand chunks, each with its tag.
 */
export interface SealedSuite {
  /** The first line. */
  readonly name: string;
  readonly saltBytes: number;
  /** Bytes of what was sealed in each chunk but the last. */
  readonly chunkBytes: number;
  /** Whether the last chunk may be as long as the others: then it can be empty only where it is the only one. */
  readonly lastMayBeFull: boolean;
  /** Whether each chunk is bound to the header. */
  readonly bindsHeader: boolean;
  /** @param about the first line and the id of the key, as they stand in the file */
  keyOf(key: DataKey, salt: Uint8Array, about: Uint8Array, context: string): FileKey;
}

/** Cobblestone-256 (C2SP chunked-encryption): what stands behind the first line and the id of the key is one message of it. */
export const COBBLESTONE: SealedSuite = {
  name: 'sallyport-cobblestone-256\n',
  saltBytes: COBBLESTONE_SALT_BYTES,
  chunkBytes: COBBLESTONE_CHUNK_BYTES,
  lastMayBeFull: false,
  bindsHeader: false,
  keyOf(key, salt, about, context) {
    const own = cobblestoneKey(key.key, salt, Buffer.concat([about, Buffer.from(context)]));
    return { ...own, nonce: (chunk) => cobblestoneNonce(own.baseNonce, chunk) };
  },
};

/** What was written before: STREAM (Hoang et al. 2015), keys and commitments by HKDF with SHA-256. It is read, never written. */
export const STREAM: SealedSuite = {
  name: 'sallyport-stream-1\n',
  saltBytes: 32,
  chunkBytes: 64 * 1024,
  lastMayBeFull: true,
  bindsHeader: true,
  keyOf(key, salt, _, context) {
    const info = `${STREAM.name}${context}`;
    const both = Buffer.from(hkdfSync('sha256', key.key, salt, info, 32 + COMMITMENT_BYTES));
    return {
      key: createSecretKey(both.subarray(0, 32)),
      commitment: both.subarray(32),
      nonce: streamNonce,
    };
  },
};

/** Bytes before the first chunk. */
export const headerBytes = ({ name, saltBytes }: SealedSuite): number =>
  name.length + KEY_ID_BYTES + saltBytes + COMMITMENT_BYTES;

/** The suite of a file. @param head its first bytes @returns null for a file that was not sealed here */
export const suiteOf = (head: Uint8Array): SealedSuite | null =>
  [COBBLESTONE, STREAM].find(
    ({ name }) => Buffer.from(head.subarray(0, name.length)).toString('latin1') === name,
  ) ?? null;

import { createDecipheriv, timingSafeEqual } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { type FileKey, type SealedSuite, TAG_BYTES } from './sealed-suites.ts';

/** Bytes of content that are read, or sealed, before they are opened, or written. */
export const SPAN_BYTES = 64 * 1024;

/** A sealed file held open: any chunk of it can be opened without the others. */
export class SealedChunks {
  readonly #descriptor: number;
  readonly #key: FileKey;
  readonly #header: Uint8Array;
  readonly #bindsHeader: boolean;
  readonly #sealedBytes: number;
  readonly #room: Buffer;
  /** The first chunk that `#room` holds, and how many bytes it holds. */
  #from = 0;
  #read = 0;
  /** Chunks that there are, and bytes of what was sealed, as its length on the disk says. */
  readonly count: number;
  readonly bytes: number;
  readonly chunkBytes: number;

  /**
   * @param commitment as it stands in the file
   * @param header what stands before the chunks
   * @throws CodedError `sealed-content-unreadable` where the commitment is to another key
   */
  constructor(
    descriptor: number,
    { chunkBytes, lastMayBeFull, bindsHeader }: SealedSuite,
    key: FileKey,
    commitment: Uint8Array,
    header: Uint8Array,
  ) {
    if (!timingSafeEqual(key.commitment, commitment))
      throw new CodedError('sealed-content-unreadable', 'it was sealed for something else');
    this.#descriptor = descriptor;
    this.#key = key;
    this.#header = header;
    this.#bindsHeader = bindsHeader;
    this.chunkBytes = chunkBytes;
    this.#sealedBytes = chunkBytes + TAG_BYTES;
    this.#room = Buffer.alloc((SPAN_BYTES / chunkBytes) * this.#sealedBytes);
    const body = fstatSync(descriptor).size - header.length;
    this.count = lastMayBeFull
      ? Math.max(1, Math.ceil(body / this.#sealedBytes))
      : Math.floor(body / this.#sealedBytes) + 1;
    this.bytes = body - this.count * TAG_BYTES;
  }

  /** The sealed bytes of one chunk, read with those behind it. */
  #sealed(chunk: number): Buffer {
    let at = (chunk - this.#from) * this.#sealedBytes;
    if (at < 0 || at >= this.#read) {
      const begin = this.#header.length + chunk * this.#sealedBytes;
      this.#read = readSync(this.#descriptor, this.#room, 0, this.#room.length, begin);
      this.#from = chunk;
      at = 0;
    }
    return this.#room.subarray(at, Math.min(at + this.#sealedBytes, this.#read));
  }

  /**
   * Opens one chunk. Which is the last is sealed with it, or told by its length: a file that was cut off says otherwise.
   * @throws CodedError `sealed-content-unreadable`
   */
  open(chunk: number): Buffer {
    const isLast = chunk === this.count - 1;
    const sealed = this.#sealed(chunk);
    if (sealed.length < TAG_BYTES || (!isLast && sealed.length < this.#sealedBytes))
      throw new CodedError('sealed-content-unreadable', 'it was cut off');
    const nonce = this.#key.nonce(chunk, isLast);
    const decipher = createDecipheriv('aes-256-gcm', this.#key.key, nonce, { authTagLength: TAG_BYTES });
    if (this.#bindsHeader) decipher.setAAD(this.#header);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      decipher.final();
      return plain;
    } catch {
      throw new CodedError('sealed-content-unreadable', 'it was changed, or cut off');
    }
  }
}

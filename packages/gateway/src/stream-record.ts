import { GatheredBytes, LIMITS } from '@sallyport/core';
import { commitmentHasher, newSalt } from '@sallyport/vault';
import type { Deps, Exchange } from './exchange.ts';
import { type Sealed, sealStream } from './record.ts';

/** What of a stream goes into the record: a commitment to all that was sent, and as much of it as may be kept. */
export class StreamRecord {
  readonly #keeping: { bytes: number };
  readonly #salt = newSalt();
  readonly #hasher = commitmentHasher(this.#salt);
  readonly #kept = new GatheredBytes();
  #sentBytes = 0;

  /** @param keeping bytes kept by all streams of the worker, which share one limit */
  constructor(keeping: { bytes: number }) {
    this.#keeping = keeping;
  }

  /** Notes bytes that go out. */
  note(bytes: Buffer): void {
    this.#hasher.update(bytes);
    // Kept is a beginning of what was sent, never with a hole in it.
    if (
      this.#kept.bytes === this.#sentBytes &&
      this.#sentBytes < LIMITS.payloadBytesMax &&
      this.#keeping.bytes < LIMITS.streamsKeptBytesMax
    ) {
      this.#kept.push(bytes);
      this.#keeping.bytes += bytes.length;
    }
    this.#sentBytes += bytes.length;
  }

  /** The record of the stream, once. */
  seal(exchange: Exchange, deps: Deps): Sealed {
    const pieces = this.#kept.blocks();
    this.letGo();
    const commitment = this.#hasher.digest();
    return sealStream(exchange, deps, { commitment, salt: this.#salt, bytes: this.#sentBytes, pieces });
  }

  /** Gives back what was kept. */
  letGo(): void {
    this.#keeping.bytes -= this.#kept.bytes;
    this.#kept.clear();
  }
}

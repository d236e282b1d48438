/** From this size on a piece is kept as it is; smaller ones are copied, as each costs more than what it holds. */
const PIECE_BYTES = 32 * 1024;
/** The first block of small pieces, and the largest: each is twice as large as the one before. */
const BLOCK_BYTES = 4 * 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

/** Bytes that come in pieces, of one byte each if their sender likes: what is held grows with the bytes alone. */
export class GatheredBytes {
  #blocks: Buffer[] = [];
  /** The only piece so far, which most bodies are. */
  #first: Buffer | null = null;
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #nextBytes = BLOCK_BYTES;
  /** Bytes so far. */
  bytes = 0;

  /** Takes a piece, which must not change any more. */
  push(piece: Buffer): void {
    if (this.bytes === 0) this.#first = piece;
    else {
      if (this.#first !== null) this.#add(this.#first);
      this.#first = null;
      this.#add(piece);
    }
    this.bytes += piece.length;
  }

  #add(piece: Buffer): void {
    if (piece.length >= PIECE_BYTES) {
      this.#seal();
      this.#nextBytes = BLOCK_BYTES;
      this.#blocks.push(piece);
      return;
    }
    for (let from = 0; from < piece.length; ) {
      if (this.#used === this.#block.length) {
        this.#seal();
        this.#block = Buffer.allocUnsafeSlow(this.#nextBytes);
        this.#nextBytes = Math.min(BLOCK_BYTES_MAX, 2 * this.#nextBytes);
      }
      const copied = piece.copy(this.#block, this.#used, from);
      this.#used += copied;
      from += copied;
    }
  }

  #seal(): void {
    if (this.#used > 0) this.#blocks.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }

  /** All bytes, in few blocks. */
  blocks(): readonly Buffer[] {
    if (this.#first !== null) return [this.#first];
    this.#seal();
    return this.#blocks;
  }

  /** All bytes in one. */
  whole(): Buffer {
    const blocks = this.blocks();
    return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
  }

  /** Lets go of all. */
  clear(): void {
    this.#first = null;
    this.#blocks = [];
    this.#block = Buffer.alloc(0);
    this.#used = 0;
    this.#nextBytes = BLOCK_BYTES;
    this.bytes = 0;
  }
}

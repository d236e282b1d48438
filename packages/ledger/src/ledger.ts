import { join } from 'node:path';
import { CodedError, clock, LIMITS } from '@sallyport/core';
import { type Checkpoint, type NoteSigner, signCheckpoint, verifierKeysOf } from './checkpoint.ts';
import { type Disk, realDisk } from './disk.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { beginningOf } from './ledger-beginning.ts';
import { type CopiedFile, copyLog } from './ledger-copy.ts';
import {
  AHEAD_BYTES_MAX,
  AHEAD_ENTRIES_MAX,
  AHEAD_MS_MAX,
  BACKLOG_BYTES_MAX,
  INTEGRATE_BYTES,
  QUEUE_BYTES_MAX,
  SLICE,
} from './ledger-limits.ts';
import type { Append, LeafProofs, LedgerOptions } from './ledger-options.ts';
import { type LogView, proveLeaves, provePrefix } from './ledger-proofs.ts';
import { type IsGone, shedContent } from './shed.ts';
import { decodeBundle, entriesPath, TILE_WIDTH } from './tile.ts';
import { TileWork } from './tile-work.ts';
import {
  contentAnew,
  DurableFiles,
  type Edge,
  readContent,
  readTileFile,
  removePartials,
  trimContent,
} from './tree-store.ts';
import { formatVerifierKey } from './verifier-key.ts';

/** The log, open for appending. One per folder: the caller holds the lock. */
export class Ledger {
  readonly folder: string;
  readonly #options: LedgerOptions;
  /** The one that signs, and those before it that still sign along. */
  #signers: readonly [NoteSigner, ...NoteSigner[]];
  readonly #disk: Disk;
  readonly #journal: Journal;
  readonly #edge: Edge;
  #durable: number;
  #checkpoint: Checkpoint;
  /** The checkpoint as signed; empty before the first. */
  #note: string;
  #queue: Append[] = [];
  #queueBytes = 0;
  #committing = false;
  #unintegrated: JournalEntry[] = [];
  #unintegratedBytes = 0;
  #integrating: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** A round of integration failed, and may have appended content. */
  #untidy = false;
  #closed = false;
  /** Copies being made, which read a file twice. */
  #copying = 0;

  private constructor(options: LedgerOptions, edge: Edge, checkpoint: Checkpoint, note: string) {
    this.folder = options.folder;
    this.#options = options;
    this.#signers = [options.signer, ...(options.earlierSigners ?? [])];
    this.#disk = options.disk ?? realDisk;
    const journal = join(options.folder, 'journal');
    this.#journal = new Journal(journal, options.signer, this.#disk, options.segmentBytes);
    this.#edge = edge;
    this.#durable = checkpoint.size;
    this.#checkpoint = checkpoint;
    this.#note = note;
  }

  /**
   * Opens or creates a log, recovers what a crash left and signs a checkpoint over it.
   * @throws CodedError `ledger-corrupt` when what was acknowledged is not all there
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { edge, checkpoint, note } = await beginningOf(options);
    const ledger = new Ledger(options, edge, checkpoint, note);
    await ledger.#recover();
    return ledger;
  }

  async #recover(): Promise<void> {
    const journal = join(this.folder, 'journal');
    const recovered = Journal.recover(journal, this.#checkpoint.size, this.#signers, this.#disk);
    await trimContent(this.folder, this.#disk, this.#checkpoint.size);
    if (recovered.length > 0) this.#accept(recovered);
    await this.checkpointNow();
    if (this.#note === '') await this.#integrate();
    this.#journal.reset();
    await this.#journal.prepare();
  }

  /** Number of leaves that are durable. */
  get size(): number {
    return this.#durable;
  }

  /** The newest signed checkpoint. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** The key that verifies this log's checkpoints (Ed25519). */
  get verifierKey(): string {
    return formatVerifierKey(verifierKeysOf(this.#signers[0])[0]);
  }

  /** The key that verifies its second signature (ML-DSA-44), which a quantum computer does not forge. */
  get quantumSafeVerifierKey(): string {
    return formatVerifierKey(verifierKeysOf(this.#signers[0])[1]);
  }

  /**
   * Appends entries together.
   * @returns number of the first leaf, once all are durable
   * @throws CodedError `record-unavailable`, `entry-too-large`
   */
  append(entries: readonly JournalEntry[]): Promise<number> {
    let bytes = 0;
    for (const { leaf, payload } of entries) {
      if (leaf.length > LIMITS.leafBytesMax) return Promise.reject(new CodedError('entry-too-large'));
      bytes += leaf.length + (payload?.length ?? 0);
    }
    if (
      this.#closed ||
      this.#queueBytes + bytes > QUEUE_BYTES_MAX ||
      this.#unintegratedBytes > BACKLOG_BYTES_MAX
    ) {
      return Promise.reject(new CodedError('record-unavailable'));
    }
    this.#queueBytes += bytes;
    return new Promise((done, fail) => {
      this.#queue.push({ entries, done, fail });
      if (!this.#committing) void this.#commit();
    });
  }

  /** Group commit: whatever arrived while the last sync ran goes into the next batch. */
  async #commit(): Promise<void> {
    this.#committing = true;
    while (this.#queue.length > 0) {
      const waiters = this.#queue;
      this.#queue = [];
      this.#queueBytes = 0;
      const all =
        waiters.length === 1 ? [...waiters[0]!.entries] : waiters.flatMap((waiter) => waiter.entries);
      const first = this.#durable;
      let written = 0;
      let fault: CodedError | null = null;
      while (written < all.length && !fault) {
        const batch =
          written === 0 && this.#journal.fit(all) === all.length
            ? all
            : all.slice(written, written + this.#journal.fit(all.slice(written)));
        try {
          await this.#journal.write(this.#durable, batch);
          this.#accept(batch);
          written += batch.length;
        } catch (cause) {
          fault = new CodedError('record-unavailable', undefined, { cause });
          this.#options.onFault?.(cause);
        }
      }
      let offset = 0;
      for (const waiter of waiters) {
        offset += waiter.entries.length;
        if (offset <= written) waiter.done(first + offset - waiter.entries.length);
        else waiter.fail(fault!);
      }
      await this.#turn();
    }
    this.#committing = false;
  }

  /**
   * Lets others have the thread: syncs are done in place, so whoever appends again at once would keep tiles, timers and
   * sockets waiting. Where tiles fall behind, appends wait a little for them, so that the checkpoint keeps up.
   */
  #turn(): Promise<unknown> {
    const ahead = Math.max(
      this.#unintegrated.length / AHEAD_ENTRIES_MAX,
      this.#unintegratedBytes / AHEAD_BYTES_MAX,
    );
    if (ahead <= 1) return new Promise((turn) => setImmediate(turn));
    return new Promise((turn) => setTimeout(turn, Math.min(AHEAD_MS_MAX, Math.ceil(4 * ahead ** 2))));
  }

  #accept(batch: readonly JournalEntry[]): void {
    const first = this.#durable;
    this.#durable += batch.length;
    for (const entry of batch) {
      this.#unintegrated.push(entry);
      this.#unintegratedBytes += entry.leaf.length + (entry.payload?.length ?? 0);
    }
    this.#options.onDurable?.(
      first,
      batch.map((entry) => entry.leaf),
    );
    if (this.#unintegratedBytes > INTEGRATE_BYTES) void this.checkpointNow().catch(() => {});
    else this.#checkpointLater(this.#options.checkpointMs);
  }

  /** Sets the clock to the next checkpoint, unless it runs already. */
  #checkpointLater(ms = 1000): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.checkpointNow().catch(() => {});
    }, ms).unref();
  }

  /** Writes tiles and a signed checkpoint over every durable entry. */
  async checkpointNow(): Promise<Checkpoint> {
    while (this.#integrating) await this.#integrating.catch(() => {});
    if (this.#unintegrated.length > 0) {
      this.#integrating = this.#integrate();
      try {
        await this.#integrating;
      } catch (fault) {
        this.#options.onFault?.(fault);
        this.#checkpointLater();
        throw fault;
      } finally {
        this.#integrating = null;
      }
    }
    return this.#checkpoint;
  }

  #sign(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
    return signCheckpoint(checkpoint, signers, Math.floor(clock.nowMs() / 1000));
  }

  /** Has others sign from now on: the checkpoint carries the signature of each once this has returned. */
  async useSigners(signer: NoteSigner, ...earlier: readonly NoteSigner[]): Promise<void> {
    await this.checkpointNow();
    while (this.#integrating) await this.#integrating.catch(() => {});
    this.#integrating = (async () => {
      const note = this.#sign(this.#checkpoint, [signer, ...earlier]);
      const files = new DurableFiles(this.folder, this.#disk);
      await files.write('checkpoint', Buffer.from(note));
      await files.settle();
      this.#signers = [signer, ...earlier];
      this.#journal.useSigner(signer);
      this.#note = note;
    })();
    await this.#integrating.finally(() => {
      this.#integrating = null;
    });
  }

  async #integrate(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const start = this.#checkpoint.size;
    const batch = this.#unintegrated.slice();
    const again = this.#untidy;
    this.#untidy = true;
    const files = new DurableFiles(this.folder, this.#disk);
    const work = new TileWork(this.#edge, start);
    for (let at = 0, seen = this.#durable; at < batch.length; seen = this.#durable) {
      // Appends come first: between slices the thread takes what waits. Slices are twice what came in the last turn.
      await new Promise((turn) => setImmediate(turn));
      const until = Math.min(batch.length, at + Math.max(SLICE, 2 * (this.#durable - seen)));
      for (; at < until; at++) work.add(batch[at]!);
    }
    const next = { origin: this.#signers[0].name, size: start + batch.length, root: work.root() };
    const note = this.#sign(next, this.#signers);
    try {
      for (const [path, content, flags] of work.files()) {
        if (again && flags === 'a')
          await files.write(path, contentAnew(this.folder, this.#disk, path, start, content));
        else await files.write(path, content, flags);
      }
      await files.settle();
      await files.write('checkpoint', Buffer.from(note));
      await files.settle();
    } finally {
      await files.abandon();
    }
    this.#untidy = false;
    work.commit(this.#edge);
    this.#checkpoint = next;
    this.#note = note;
    this.#unintegrated = this.#unintegrated.slice(batch.length);
    for (const entry of batch) this.#unintegratedBytes -= entry.leaf.length + (entry.payload?.length ?? 0);
    this.#journal.release(next.size);
    for (const path of work.full()) removePartials(this.folder, path, this.#disk);
    if (this.#unintegrated.length > 0) this.#checkpointLater(this.#options.checkpointMs);
  }

  /** One leaf; null where there is none that is durable. */
  async leaf(index: number): Promise<Uint8Array | null> {
    for await (const { leaf } of this.read(index, index + 1)) return leaf;
    return null;
  }

  /** Reads leaves `[start, end)`, durable ones. */
  async *read(
    start: number,
    end: number = this.#durable,
  ): AsyncGenerator<{ index: number; leaf: Uint8Array }> {
    for (let index = start; index < Math.min(end, this.#durable); ) {
      if (index >= this.#checkpoint.size) {
        yield { index, leaf: this.#unintegrated[index - this.#checkpoint.size]!.leaf };
        index++;
        continue;
      }
      const size = this.#checkpoint.size;
      const n = Math.floor(index / TILE_WIDTH);
      const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
      const bundle =
        decodeBundle(await readTileFile(this.folder, (w) => entriesPath(n, w), width, this.#disk)) ?? [];
      for (const until = Math.min(n * TILE_WIDTH + width, end); index < until; index++) {
        const leaf = bundle[index - n * TILE_WIDTH];
        if (!leaf) throw new CodedError('ledger-corrupt', `\`${entriesPath(n, width)}\` is cut short`);
        yield { index, leaf };
      }
    }
  }

  /** The sealed content beside a leaf, or null. */
  async content(index: number): Promise<Uint8Array | null> {
    if (index >= this.#checkpoint.size)
      return this.#unintegrated[index - this.#checkpoint.size]?.payload ?? null;
    return readContent(this.folder, index, this.#disk);
  }

  /**
   * Removes sealed content beside a bundle of entries; the entries stay. See {@link shedContent}.
   * @returns bytes that are free now; null where the bundle is not full, or a copy of the log is being made
   */
  async shedContent(n: number, isGone: IsGone): Promise<number | null> {
    if (this.#closed || this.#copying > 0 || (n + 1) * TILE_WIDTH > this.#checkpoint.size) return null;
    return shedContent(this.folder, n, isGone, this.#disk);
  }

  /** The log as of its newest checkpoint. */
  #view(): LogView {
    const read = (index: number) => this.read(index, index + 1);
    return { folder: this.folder, disk: this.#disk, checkpoint: this.#checkpoint, note: this.#note, read };
  }

  /**
   * Leaves with their audit paths, all to one checkpoint, which is renewed first when a leaf is newer.
   * @param under an earlier checkpoint of this log, signed, that they lead to instead, where it covers all of them
   * @throws CodedError `not-found`
   */
  async prove(indices: readonly number[], under: string | null = null): Promise<LeafProofs> {
    if (indices.some((index) => index >= this.#checkpoint.size)) await this.checkpointNow();
    return proveLeaves(this.#view(), indices, under);
  }

  /**
   * The newest checkpoint, and the proof that it goes on from a tree of `first` leaves.
   * @throws CodedError `not-found` where the log is shorter
   */
  proveConsistency(
    first: number,
  ): Promise<Omit<LeafProofs, 'leaves'> & { readonly proof: readonly Buffer[] }> {
    return provePrefix(this.#view(), first);
  }

  /**
   * Every file of the log as of a checkpoint over all that is durable now; it goes on growing meanwhile.
   * @param since entries of an earlier copy: full tiles that it has are left out
   */
  async *copy(since = 0): AsyncGenerator<CopiedFile> {
    await this.checkpointNow();
    this.#copying++;
    try {
      yield* copyLog(this.folder, this.#disk, this.#checkpoint.size, this.#note, since);
    } finally {
      this.#copying--;
    }
  }

  /** Makes everything durable and stops. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#committing) await new Promise((tick) => setTimeout(tick, 1));
    await this.checkpointNow();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#journal.close();
  }
}

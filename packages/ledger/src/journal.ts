import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { CodedError } from '@sallyport/core';
import type { NoteSigner } from './checkpoint.ts';
import { type Disk, type DiskFile, realDisk } from './disk.ts';
import { QUEUE_BYTES_MAX } from './ledger-limits.ts';

/** Bytes set aside for one segment, written once so that later syncs need no metadata. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A sync that takes longer than this on average goes to another thread. */
const SYNC_INLINE_MS_MAX = 2;
const PLAIN_HEADER_BYTES = 28;
const MAC_BYTES = 16;
const HEADER_BYTES = PLAIN_HEADER_BYTES + MAC_BYTES;
const ZEROS_BYTES = 1024 * 1024;
/** Batches up to this size are copied into one piece, which is quicker to write. */
const COPIED_BYTES_MAX = 256 * 1024;
const MAGIC = 0x53504a32;
/** Batches of versions that did not authenticate them. */
const UNSEALED_MAGIC = 0x53504a31;

/** What authenticates a journal: the classic half of what signs the log. */
export type JournalSigner = Pick<NoteSigner, 'name' | 'sign'>;

/**
 * The key that authenticates batches until a checkpoint covers them: whoever has not the key of the log cannot leave
 * entries that the next start takes for its own.
 * @param signer Ed25519 signs the same bytes as the same; this signature is never given out
 */
const journalKey = ({ name, sign }: JournalSigner): KeyObject =>
  createSecretKey(hash('sha256', sign(Buffer.from(`sallyport journal key\n${name}\n`)), 'buffer'));

/** The longest piece: it may end with a batch of all that waited. */
const PIECE_BYTES_MAX = SEGMENT_BYTES + 2 * QUEUE_BYTES_MAX;

/** How many times as much as a piece holds is read to find a batch behind a damaged one. */
const SEARCHES_MAX = 64;

/** A leaf and the sealed content beside it. */
export interface JournalEntry {
  readonly leaf: Uint8Array;
  readonly payload: Uint8Array | null;
}

interface Segment {
  readonly path: string;
  readonly file: DiskFile;
  readonly first: number;
  position: number;
}

const segmentName = (first: number): string => `${String(first).padStart(16, '0')}.journal`;

/** What is authenticated of a header: all of it that says what the batch is. */
const SAID_BYTES = 20;

function macOf(key: KeyObject, header: Buffer, body: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key).update(header.subarray(0, SAID_BYTES));
  for (const piece of body) mac.update(piece);
  return mac.digest().subarray(0, MAC_BYTES);
}

function writeHeader(
  out: Buffer,
  key: KeyObject,
  first: number,
  count: number,
  bodyBytes: number,
  body: readonly Uint8Array[],
): void {
  out.writeUInt32BE(MAGIC, 0);
  out.writeBigUInt64BE(BigInt(first), 4);
  out.writeUInt32BE(count, 12);
  out.writeUInt32BE(bodyBytes, 16);
  let check = 0;
  for (const piece of body) check = crc32(piece, check);
  out.writeUInt32BE(check, 20);
  out.writeUInt32BE(crc32(out.subarray(0, 24)), 24);
  out.set(macOf(key, out, body), PLAIN_HEADER_BYTES);
}

/** A batch as pieces to write one after the other: copied into one where that is little, else as they are. */
function encodeBatch(
  key: KeyObject,
  first: number,
  entries: readonly JournalEntry[],
  bodyBytes: number,
): Uint8Array[] {
  if (bodyBytes > COPIED_BYTES_MAX) {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    const pieces: Uint8Array[] = [header];
    for (const { leaf, payload } of entries) {
      const lengths = Buffer.allocUnsafe(8);
      lengths.writeUInt32BE(leaf.length, 0);
      lengths.writeUInt32BE(payload?.length ?? 0, 4);
      pieces.push(lengths, leaf);
      if (payload) pieces.push(payload);
    }
    writeHeader(header, key, first, entries.length, bodyBytes, pieces.slice(1));
    return pieces;
  }
  const out = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  let at = HEADER_BYTES;
  for (const { leaf, payload } of entries) {
    out.writeUInt32BE(leaf.length, at);
    out.writeUInt32BE(payload?.length ?? 0, at + 4);
    out.set(leaf, at + 8);
    at += 8 + leaf.length;
    if (payload) {
      out.set(payload, at);
      at += payload.length;
    }
  }
  writeHeader(out, key, first, entries.length, bodyBytes, [out.subarray(HEADER_BYTES)]);
  return [out];
}

interface Batch {
  readonly first: number;
  readonly entries: JournalEntry[];
  readonly bytes: number;
  /** Says who wrote it; null in one of an earlier version. */
  readonly isBy: ((key: KeyObject) => boolean) | null;
}

const foreign = (first: number): CodedError =>
  new CodedError(
    'ledger-corrupt',
    `the journal holds entries from ${first} on that this installation did not write: someone put them there; restore the folder \`journal\` from a copy, or a backup`,
  );

/** The batch at a place; null where there is none, or not all of one. @throws CodedError `ledger-corrupt` where it holds less than it says */
function decodeBatch(file: Buffer, at: number): Batch | null {
  if (at + PLAIN_HEADER_BYTES > file.length) return null;
  const magic = file.readUInt32BE(at);
  if (magic !== MAGIC && magic !== UNSEALED_MAGIC) return null;
  const headerBytes = magic === MAGIC ? HEADER_BYTES : PLAIN_HEADER_BYTES;
  if (file.readUInt32BE(at + 24) !== crc32(file.subarray(at, at + 24))) return null;
  const count = file.readUInt32BE(at + 12);
  const bodyBytes = file.readUInt32BE(at + 16);
  const end = at + headerBytes + bodyBytes;
  if (end > file.length) return null;
  const body = file.subarray(at + headerBytes, end);
  if (file.readUInt32BE(at + 20) !== crc32(body)) return null;
  const first = Number(file.readBigUInt64BE(at + 4));
  const entries: JournalEntry[] = [];
  let p = at + headerBytes;
  // Sums are no secret: who writes a batch may have it say that it holds more than it does.
  const next = (bytes: number): number => {
    p += bytes;
    if (p > end) throw foreign(first);
    return p - bytes;
  };
  for (let i = 0; i < count; i++) {
    const lengths = next(8);
    const payloadBytes = file.readUInt32BE(lengths + 4);
    const leafAt = next(file.readUInt32BE(lengths));
    const leaf = file.subarray(leafAt, p);
    const payloadAt = next(payloadBytes);
    entries.push({ leaf, payload: payloadBytes > 0 ? file.subarray(payloadAt, p) : null });
  }
  const header = file.subarray(at, at + headerBytes);
  const isBy = (key: KeyObject): boolean =>
    timingSafeEqual(header.subarray(PLAIN_HEADER_BYTES), macOf(key, header, [body]));
  return {
    first,
    entries,
    bytes: headerBytes + bodyBytes,
    isBy: magic === MAGIC ? isBy : null,
  };
}

/** Whether any batch later than `first` follows in the file: then what came before it had been acknowledged. */
function laterBatchFollows(file: Buffer, from: number, first: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC);
  // Pieces that are reused hold what other batches left; who fills one with headers gains no more than by cutting it.
  let work = file.length * SEARCHES_MAX;
  for (let at = file.indexOf(magic, from); at >= 0 && work > 0; at = file.indexOf(magic, at + 1)) {
    const batch = decodeBatch(file, at);
    if (batch && batch.first > first) return true;
    if (at + SAID_BYTES <= file.length) work -= Math.min(file.readUInt32BE(at + 16), file.length - at);
  }
  return false;
}

/** @throws CodedError `ledger-corrupt` where a batch was not written with one of the keys */
function requireOwn({ first, isBy }: Batch, keys: readonly KeyObject[]): void {
  if (isBy === null)
    throw new CodedError(
      'ledger-corrupt',
      `the journal holds entries from ${first} on that an earlier version of Sallyport wrote and did not sign yet: start and stop that version once, then start this one`,
    );
  if (!keys.some((key) => isBy(key))) throw foreign(first);
}

/**
 * Write-ahead journal of the log. A batch is written and synced before anything in it is acknowledged; tiles
 * follow later. Segments are preallocated and reused, so a sync touches data blocks only.
 */
export class Journal {
  readonly #folder: string;
  #key: KeyObject;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #spare: string | null = null;
  #preparing: Promise<void> | null = null;
  /** Moving average of how long a sync takes. */
  #syncMs = SYNC_INLINE_MS_MAX;

  /** @param folder stands already, durably @param signer authenticates what is written */
  constructor(folder: string, signer: JournalSigner, disk: Disk = realDisk, segmentBytes = SEGMENT_BYTES) {
    this.#folder = folder;
    this.#key = journalKey(signer);
    this.#disk = disk;
    this.#segmentBytes = segmentBytes;
  }

  /**
   * Reads what a previous run left, from leaf number `size` on. A torn last batch was never acknowledged and is
   * dropped; a damaged batch with later ones behind it was, and is reported.
   * @param signers one of them must have authenticated each batch that counts; null to count what is there: nothing says then who wrote it
   * @throws CodedError `ledger-corrupt`
   */
  static recover(
    folder: string,
    size: number,
    signers: readonly JournalSigner[] | null,
    disk: Disk = realDisk,
  ): JournalEntry[] {
    if (!disk.exists(folder)) return [];
    const keys = signers?.map(journalKey);
    const found: JournalEntry[] = [];
    const names = disk
      .list(folder)
      .filter((name) => name.endsWith('.journal'))
      .sort();
    let torn: number | null = null;
    for (const name of names) {
      const file = disk.readNow(join(folder, name), PIECE_BYTES_MAX) ?? Buffer.alloc(0);
      let expected = Number.parseInt(name, 10);
      let at = 0;
      for (;;) {
        const batch = decodeBatch(file, at);
        if (!batch || batch.first !== expected) break;
        // Pieces that stand in tiles go in any order: a power cut may leave an early one and take the next.
        if (torn !== null && torn >= size)
          throw new CodedError('ledger-corrupt', `the journal is damaged at entry ${torn}`);
        if (keys && batch.first + batch.entries.length > size) requireOwn(batch, keys);
        batch.entries.forEach((entry, i) => {
          const index = batch.first + i;
          if (index < size) return;
          if (index !== size + found.length) {
            throw new CodedError(
              'ledger-corrupt',
              `the journal skips from entry ${size + found.length} to ${index}`,
            );
          }
          found.push(entry);
        });
        expected += batch.entries.length;
        at += batch.bytes;
      }
      if (laterBatchFollows(file, at, expected)) {
        throw new CodedError(
          'ledger-corrupt',
          `the journal is damaged at entry ${expected} (${name}, byte ${at})`,
        );
      }
      torn = expected;
      if (name !== names.at(-1) && Number.parseInt(names[names.indexOf(name) + 1]!, 10) === expected)
        torn = null;
    }
    return found;
  }

  /** Goes on under another key; what was written before was written under the one before. */
  useSigner(signer: JournalSigner): void {
    this.#key = journalKey(signer);
  }

  /** Removes what earlier runs left; call once everything recovered stands in tiles. */
  reset(): void {
    for (const segment of this.#segments) segment.file.closeNow();
    this.#segments = [];
    this.#spare = null;
    for (const name of this.#disk.list(this.#folder)) this.#disk.removeNow(join(this.#folder, name));
    this.#disk.syncFolderNow(this.#folder);
  }

  /** How many of the entries fit into one batch; at least one. */
  fit(entries: readonly JournalEntry[]): number {
    let bytes = HEADER_BYTES;
    for (let i = 0; i < entries.length; i++) {
      bytes += 8 + entries[i]!.leaf.length + (entries[i]!.payload?.length ?? 0);
      if (i > 0 && bytes > this.#segmentBytes / 4) return i;
    }
    return entries.length;
  }

  /** Writes entries as one batch; resolves when they are durable. @param first number of the first leaf */
  async write(first: number, entries: readonly JournalEntry[]): Promise<void> {
    let bodyBytes = 0;
    for (const { leaf, payload } of entries) bodyBytes += 8 + leaf.length + (payload?.length ?? 0);
    const bytes = HEADER_BYTES + bodyBytes;
    const segment = this.#segmentFor(first, bytes);
    const pieces = encodeBatch(this.#key, first, entries, bodyBytes);
    if (segment.file.writeAt(pieces, segment.position) !== bytes)
      throw new CodedError('record-unavailable', 'the journal took only part of a batch');
    await this.#sync(segment.file);
    segment.position += bytes;
  }

  /** Syncs in place while the disk is quick: cheaper than a trip to another thread. A slow disk must not hold the loop. */
  async #sync(file: DiskFile): Promise<void> {
    const begun = performance.now();
    if (this.#syncMs < SYNC_INLINE_MS_MAX) file.syncContentNow();
    else await file.syncContent();
    this.#syncMs = this.#syncMs * 0.9 + (performance.now() - begun) * 0.1;
  }

  #segmentFor(first: number, bytes: number): Segment {
    const current = this.#segments.at(-1);
    if (current && current.position + bytes <= this.#segmentBytes) {
      if (!this.#spare && current.position > this.#segmentBytes / 2) this.#prepareSpare();
      return current;
    }
    const path = join(this.#folder, segmentName(first));
    const spare = this.#spare;
    if (spare) this.#disk.renameNow(spare, path);
    this.#spare = null;
    const file = this.#disk.openNow(path, spare ? 'r+' : 'w');
    const segment = { path, file, first, position: 0 };
    this.#disk.syncFolderNow(this.#folder);
    this.#segments.push(segment);
    return segment;
  }

  #prepareSpare(): void {
    if (this.#preparing) return;
    this.#preparing = this.#fillSpare()
      .catch(() => {})
      .finally(() => {
        this.#preparing = null;
      });
  }

  async #fillSpare(): Promise<void> {
    const path = join(this.#folder, 'spare');
    const file = await this.#disk.open(path, 'w');
    try {
      const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, this.#segmentBytes));
      for (let at = 0; at < this.#segmentBytes; at += zeros.length) await file.write(zeros);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#spare = path;
  }

  /** Makes the first segment ready, so that the first call pays no allocation. */
  async prepare(): Promise<void> {
    this.#prepareSpare();
    await this.#preparing;
  }

  /** Lets go of segments whose every entry is below `size`; one is kept for reuse. */
  release(size: number): void {
    while (this.#segments.length > 1 && this.#segments[1]!.first <= size) {
      const segment = this.#segments.shift()!;
      segment.file.closeNow();
      if (this.#spare || this.#preparing) this.#disk.removeNow(segment.path);
      else {
        const spare = join(this.#folder, 'spare');
        this.#disk.renameNow(segment.path, spare);
        this.#spare = spare;
      }
    }
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await this.#preparing;
    for (const segment of this.#segments) segment.file.closeNow();
    this.#segments = [];
  }
}

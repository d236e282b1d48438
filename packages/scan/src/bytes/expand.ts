import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  inflateRawSync,
} from 'node:zlib';
import type { Budget } from '../budget.ts';
import { type ByteSource, BytesSource, FileSource, SliceSource } from './byte-source.ts';
import { bunzip2 } from './bzip2.ts';
import { Malformed, Truncated } from './cursor.ts';
import { unlz4 } from './lz4.ts';
import { lzmaStreams } from './lzma-streams.ts';
import { isPadding, memberFrom } from './members.ts';

/** Ways in which bytes are made smaller. */
export type Codec = 'deflate' | 'zlib' | 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'lzma' | 'lz4';

/** What came out, as far as it came. */
export interface Expanded {
  readonly source: ByteSource;
  readonly end: 'whole' | 'truncated' | 'corrupt' | 'limit';
}

/** Bytes kept in memory; what is longer goes to a file that has no name any more. */
const MEMORY_BYTES_MAX = 32 * 1024 * 1024;
/** Compressed bytes that are expanded in one go. */
const SMALL_BYTES = 256 * 1024;
const READ_BYTES = 256 * 1024;
/** Read at first: a member may be short, and what is behind it is another. */
const FIRST_BYTES = 8 * 1024;
const NOTHING = new Uint8Array(0);

/** Takes bytes as they come out, in memory first and then in a file that has no name any more. */
class Sink {
  #pieces: Uint8Array[] = [];
  #descriptor: number | null = null;
  bytes = 0;

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.#descriptor === null && this.bytes <= MEMORY_BYTES_MAX) {
      this.#pieces.push(piece);
      return;
    }
    this.#descriptor ??= this.#spill();
    writeWhole(this.#descriptor, piece);
  }

  #spill(): number {
    const path = join(tmpdir(), `sallyport-scan-${randomBytes(12).toString('hex')}`);
    const descriptor = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    for (const piece of this.#pieces) writeWhole(descriptor, piece);
    this.#pieces = [];
    return descriptor;
  }

  done(): ByteSource {
    if (this.#descriptor === null) return new BytesSource(Buffer.concat(this.#pieces));
    const source = new FileSource(this.#descriptor);
    SPILLED.register(source, this.#descriptor);
    return source;
  }
}

/** Closes a spilled file when nobody holds it any more. */
const SPILLED = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

function* pieces(source: ByteSource): Generator<Uint8Array> {
  let length = FIRST_BYTES;
  for (let at = 0; at < source.size; at += length, length = Math.min(READ_BYTES, 2 * length))
    yield source.read(at, length);
}

/** What node's own decoders give, piece by piece, of every member. */
async function* byStream(codec: Codec, source: ByteSource): AsyncGenerator<Uint8Array> {
  if (codec !== 'gzip' && codec !== 'zlib' && codec !== 'zstd') {
    yield* byDecoder(codec, source);
    return;
  }
  for (let at: number | null = memberFrom(codec, source, 0) ?? 0; at !== null; ) {
    const read: number = yield* byDecoder(codec, at === 0 ? source : new SliceSource(source, at));
    const end: number = at + read;
    at = read > 0 ? memberFrom(codec, source, end) : null;
    if (at === null && !isPadding(codec, source, end))
      throw new Malformed(end, 'other bytes behind the last member');
    // Whoever takes it looks at the time.
    yield NOTHING;
  }
}

/** What one decoder gives. @returns how many bytes it took */
async function* byDecoder(codec: Codec, source: ByteSource): AsyncGenerator<Uint8Array, number> {
  const decoder =
    codec === 'gzip'
      ? createGunzip()
      : codec === 'zlib'
        ? createInflate()
        : codec === 'zstd'
          ? createZstdDecompress()
          : createInflateRaw();
  const input = (async () => {
    for (const piece of pieces(source)) {
      if (decoder.destroyed) return;
      if (!decoder.write(piece)) await new Promise((go) => decoder.once('drain', go).once('close', go));
    }
    decoder.end();
  })();
  input.catch(() => {});
  try {
    for await (const piece of decoder) yield piece as Uint8Array;
    return decoder.bytesWritten;
  } finally {
    decoder.destroy();
  }
}

const OWN: Partial<Record<Codec, (source: ByteSource) => Generator<Uint8Array>>> = {
  bzip2: bunzip2,
  xz: (source) => lzmaStreams(source, 'xz'),
  lzma: (source) => lzmaStreams(source, 'lzma'),
  lz4: unlz4,
};

/** Expands compressed bytes within the budget. What came out before a fault is given, and how it ended. */
export async function expand(codec: Codec, source: ByteSource, budget: Budget): Promise<Expanded> {
  if (codec === 'deflate' && source.size <= SMALL_BYTES)
    try {
      const bytes = inflateRawSync(source.read(0, source.size), {
        maxOutputLength: Math.max(1, Math.min(MEMORY_BYTES_MAX, budget.expandableBytes)),
      });
      budget.expandedBytes += bytes.length;
      return { source: new BytesSource(bytes), end: 'whole' };
    } catch {
      // Broken or large: the slow way gives what there is.
    }
  return collect(OWN[codec]?.(source) ?? byStream(codec, source), budget);
}

/** Takes what a decoder gives, within the budget. */
export async function collect(
  decoder: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  budget: Budget,
): Promise<Expanded> {
  const sink = new Sink();
  let end: Expanded['end'] = 'whole';
  try {
    for await (const piece of decoder) {
      if (piece.length > budget.expandableBytes || budget.outOfTime) {
        end = 'limit';
        break;
      }
      budget.expandedBytes += piece.length;
      sink.add(piece);
    }
  } catch (fault) {
    if (fault instanceof Truncated) end = 'truncated';
    else if (fault instanceof Malformed || isDecoderFault(fault))
      end = (fault as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? 'truncated' : 'corrupt';
    else throw fault;
  }
  return { source: sink.done(), end };
}

const isDecoderFault = (fault: unknown): boolean =>
  /^(?:Z_|ZSTD_|ERR_(?:ZLIB|BUFFER|STREAM))/.test(String((fault as NodeJS.ErrnoException).code));

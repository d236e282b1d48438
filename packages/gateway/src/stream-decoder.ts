import * as zlib from 'node:zlib';
import { CodedError, tableOf } from '@sallyport/core';

/** Bytes that come out at a time. */
const CHUNK_BYTES = 16 * 1024;
/** Bytes that decompressing holds besides its window, about. */
const BASE_BYTES = 64 * 1024;
/** Window that streams of zstd have at the levels in use, as a power of two. */
const ZSTD_WINDOW_BITS = 21;

type Decompressor = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress | zlib.ZstdDecompress;
interface Encoding {
  readonly make: () => Decompressor;
  /** Bytes of what came out that are held to refer to, at most. */
  readonly window: number;
}
const options = { chunkSize: CHUNK_BYTES };
const zstd = { ...options, params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_BITS } };
const gzip: Encoding = { make: () => zlib.createGunzip(options), window: 32 * 1024 };
const ENCODINGS: Readonly<Record<string, Encoding>> = tableOf({
  gzip,
  'x-gzip': gzip,
  deflate: { make: () => zlib.createInflate(options), window: 32 * 1024 },
  br: { make: () => zlib.createBrotliDecompress(options), window: 16 * 1024 * 1024 },
  zstd: { make: () => zlib.createZstdDecompress(zstd), window: 2 ** ZSTD_WINDOW_BITS },
});

/** What a decompressed stream is told to. */
export interface DecodedSink {
  data(chunk: Buffer): void;
  end(): void;
  fail(fault: CodedError): void;
  /** More came than is decompressed yet: the sender is to pause. */
  full(): void;
  /** Everything that came was taken. */
  drained(): void;
}

/** Decompresses a stream piece by piece, no faster than what comes out is taken. */
export class StreamDecoder {
  readonly #decompressor: Decompressor;
  readonly #window: number;
  readonly #sink: DecodedSink;
  /** Bytes that came, and that came out. */
  #in = 0;
  #out = 0;
  /** Everything that is compressed came out. */
  #decoded = false;
  /** Nothing more comes. */
  #ended = false;

  private constructor({ make, window }: Encoding, sink: DecodedSink) {
    this.#decompressor = make();
    this.#window = window;
    this.#sink = sink;
    this.#decompressor.on('data', (chunk: Buffer) => {
      this.#out += chunk.length;
      sink.data(chunk);
    });
    this.#decompressor.on('end', () => {
      this.#decoded = true;
      this.#tell();
    });
    this.#decompressor.on('drain', () => sink.drained());
    this.#decompressor.on('error', (cause) =>
      sink.fail(new CodedError('upstream-invalid', 'the stream cannot be decompressed', { cause })),
    );
  }

  /** What undoes an encoding; null where there is none to undo. @throws CodedError `upstream-invalid` for one that is not known */
  static of(encoding: string | undefined, sink: DecodedSink): StreamDecoder | null {
    const name = encoding?.trim().toLowerCase() ?? '';
    if (name === '' || name === 'identity') return null;
    const known = ENCODINGS[name];
    if (!known)
      throw new CodedError('upstream-invalid', 'the stream has an encoding that cannot be inspected');
    return new StreamDecoder(known, sink);
  }

  /** Bytes held, about. */
  get held(): number {
    return BASE_BYTES + Math.min(this.#window, this.#out);
  }

  /** Takes a piece of what is compressed. */
  write(chunk: Buffer): void {
    this.#in += chunk.length;
    if (this.#decoded) this.#tell();
    else if (!this.#decompressor.write(chunk)) this.#sink.full();
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    if (this.#decoded) this.#tell();
    else this.#decompressor.end();
  }

  /** Tells the end, or that bytes follow what is compressed: those are read by no one here, and may be read elsewhere. */
  #tell(): void {
    if (this.#decompressor.bytesWritten !== this.#in)
      this.#sink.fail(
        new CodedError('upstream-invalid', 'bytes follow the end of what is compressed in the stream'),
      );
    else if (this.#ended) this.#sink.end();
  }

  pause(): void {
    this.#decompressor.pause();
  }

  /** Goes on. @returns whether more may be written at once; else `drained` says when */
  resume(): boolean {
    this.#decompressor.resume();
    return !this.#decompressor.writableNeedDrain;
  }

  /** Lets go of everything. */
  close(): void {
    this.#decompressor.removeAllListeners('data').destroy();
  }
}

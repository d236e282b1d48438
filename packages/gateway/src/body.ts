import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { CodedError, GatheredBytes } from '@sallyport/core';
import type { Holding } from './memory.ts';

/** What was decompressed, and by what: `bytesWritten` says how much was read. */
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

const DECODERS: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number; info: true }) => Promise<Decompressed>>
> = {
  gzip: promisify(zlib.gunzip) as never,
  'x-gzip': promisify(zlib.gunzip) as never,
  deflate: promisify(zlib.inflate) as never,
  br: promisify(zlib.brotliDecompress) as never,
  zstd: promisify(zlib.zstdDecompress) as never,
};

/** Bodies, and answers, that are decompressed at a time: what comes out of them is counted once it is there. */
const TURNS = { body: 4, upstream: 2 };
const waiting: Record<keyof typeof TURNS, (() => void)[]> = { body: [], upstream: [] };

/** Does something when its turn comes. */
async function inTurn<T>(side: keyof typeof TURNS, work: () => Promise<T>): Promise<T> {
  if (TURNS[side] > 0) TURNS[side]--;
  else await new Promise<void>((go) => waiting[side].push(go));
  try {
    return await work();
  } finally {
    const next = waiting[side].shift();
    if (next) next();
    else TURNS[side]++;
  }
}

/** Undoes one content encoding within a size limit. @throws CodedError */
export async function decode(
  bytes: Buffer,
  encoding: string | undefined,
  bytesMax: number,
  side: 'body' | 'upstream',
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === '' || name === 'identity') return bytes;
  const decoder = DECODERS[name];
  if (!decoder) {
    if (side === 'upstream')
      throw new CodedError('upstream-invalid', 'the answer has an encoding that cannot be inspected');
    throw new CodedError('body-encoding-unsupported');
  }
  try {
    const { buffer, engine } = await inTurn(side, () =>
      decoder(bytes, { maxOutputLength: bytesMax, info: true }),
    );
    // What follows is read by no one here, and may be read elsewhere.
    if (engine.bytesWritten !== bytes.length) throw new Error('bytes follow the end of what is compressed');
    return buffer;
  } catch (cause) {
    const large = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (side === 'upstream')
      throw new CodedError(large ? 'upstream-too-large' : 'upstream-invalid', undefined, { cause });
    if (large)
      throw new CodedError('body-too-large', `the body is over ${bytesMax} bytes when decompressed`, {
        cause,
      });
    throw new CodedError('body-not-json', `the body is not ${name} from its first byte to its last`, {
      cause,
    });
  }
}

/**
 * Reads a request body whole. Room is taken before anything is read: for all of it where its length is announced, else
 * for each piece.
 * @throws CodedError `body-too-large`, `body-truncated`, `overloaded`
 */
export async function readBody(
  req: IncomingMessage,
  bytesMax: number,
  timeoutMs: number,
  holding: Holding,
): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > bytesMax) throw new CodedError('body-too-large', `the body is over ${bytesMax} bytes`);
  holding.body(announced);
  let taken = announced;
  return new Promise((done, fail) => {
    const gathered = new GatheredBytes();
    let bytes = 0;
    const timer = setTimeout(
      () => stop(new CodedError('body-truncated', `the body did not arrive within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const stop = (fault: CodedError): void => {
      clearTimeout(timer);
      ended();
      gathered.clear();
      req.removeAllListeners('data');
      req.resume();
      fail(fault);
    };
    const ended = holding.reading(stop);
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      holding.arrived = bytes;
      if (bytes > bytesMax)
        return stop(new CodedError('body-too-large', `the body is over ${bytesMax} bytes`));
      try {
        if (bytes > taken) holding.body(bytes - taken);
      } catch (fault) {
        return stop(fault as CodedError);
      }
      taken = Math.max(taken, bytes);
      gathered.push(chunk);
    });
    req.on('end', () => {
      clearTimeout(timer);
      ended();
      done(gathered.whole());
    });
    req.on('error', () => stop(new CodedError('body-truncated')));
    req.on('close', () => {
      if (!req.complete) stop(new CodedError('body-truncated'));
    });
  });
}

import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { CodedError } from '@sallyport/core';

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
    const { buffer, engine } = await decoder(bytes, { maxOutputLength: bytesMax, info: true });
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
 * Reads a request body whole.
 * @throws CodedError `body-too-large`, `body-truncated`
 */
export function readBody(req: IncomingMessage, bytesMax: number, timeoutMs: number): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > bytesMax)
    return Promise.reject(new CodedError('body-too-large', `the body is over ${bytesMax} bytes`));
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(
      () => stop(new CodedError('body-truncated', `the body did not arrive within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const stop = (fault: CodedError): void => {
      clearTimeout(timer);
      req.removeAllListeners('data');
      req.resume();
      fail(fault);
    };
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) stop(new CodedError('body-too-large', `the body is over ${bytesMax} bytes`));
      else chunks.push(chunk);
    });
    req.on('end', () => {
      clearTimeout(timer);
      done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    req.on('error', () => stop(new CodedError('body-truncated')));
    req.on('close', () => {
      if (!req.complete) stop(new CodedError('body-truncated'));
    });
  });
}

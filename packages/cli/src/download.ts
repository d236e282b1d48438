import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '@sallyport/core';

const REDIRECTS_MAX = 5;
/** Largest file that is fetched. */
const BYTES_MAX = 64 * 1024 * 1024 * 1024;

/** Whether an argument names something to fetch. */
export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * Fetches a file into a folder. Every address on the way, redirects too, is resolved once and checked before it is connected to.
 * @returns where it lies @throws CodedError `usage` for what cannot be fetched, `upstream-refused-address`
 */
export async function download(url: string, folder: string, allowPrivate: boolean): Promise<string> {
  const { safeFetch } = await import('@sallyport/gateway');
  const get = safeFetch(allowPrivate, null, -1);
  let at = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const answer = await get(at).catch((fault: Error) => {
      throw fault instanceof CodedError
        ? fault
        : new CodedError('usage', `cannot fetch from \`${at.host}\`: ${reason(fault)}`);
    });
    const next = answer.headers.get('location');
    if (answer.status >= 300 && answer.status < 400 && next !== null) {
      await answer.body?.cancel();
      if (redirects >= REDIRECTS_MAX)
        throw new CodedError('usage', `\`${at.host}\` redirects more than ${REDIRECTS_MAX} times`);
      const target = new URL(next, at);
      if (target.protocol !== 'https:' && !(target.protocol === 'http:' && at.protocol === 'http:'))
        throw new CodedError('usage', `\`${at.host}\` redirects to \`${target.protocol}//\``);
      at = target;
      continue;
    }
    if (!answer.ok || !answer.body) throw new CodedError('usage', `\`${at.host}\` answers ${answer.status}`);
    const path = join(folder, basename(new URL(url).pathname).replace(/[^\w.-]/g, '_') || 'download');
    let bytes = 0;
    const bounded = new Transform({
      transform: (piece: Buffer, _, done) => {
        bytes += piece.length;
        done(
          bytes > BYTES_MAX ? new CodedError('usage', `the file is over ${BYTES_MAX} bytes`) : null,
          piece,
        );
      },
    });
    await pipeline(Readable.fromWeb(answer.body as never), bounded, createWriteStream(path, { mode: 0o600 }));
    return path;
  }
}

const reason = (fault: Error): string => {
  const cause = fault.cause as (Error & { code?: string }) | undefined;
  return cause?.code ?? cause?.message ?? fault.message;
};

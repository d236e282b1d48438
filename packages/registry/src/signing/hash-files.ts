import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CodedError, type ErrorCode } from '@sallyport/core';
import { identityOf } from './model-files.ts';

/** A part of a file to be hashed. */
export interface HashJob {
  readonly path: string;
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  /** Of the file as it was found: another, or the same after it was written to, is refused. */
  readonly identity?: string;
}

/** Digests that the specification of model signing knows and this machine computes. */
export const HASH_TYPES = { sha256: 'sha256', blake2b: 'blake2b512' } as const;
export type HashType = keyof typeof HASH_TYPES;

/** What a thread answers. */
export type HashAnswer =
  | { readonly index: number; readonly digest: string }
  | { readonly index: number; readonly fault: string; readonly code: ErrorCode | null };

const READ_BYTES = 4 * 1024 * 1024;
/** Fewer bytes than these are hashed before a thread has begun. */
const BYTES_FOR_THREADS = 128 * 1024 * 1024;
/** While one thread waits for the disk another hashes. */
const THREADS_PER_CORE = 2;
/** Jobs that a thread is given at once. */
const JOBS_AT_ONCE = 2;

/** Nothing waits for a pipe that took the place of a file. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** Opens a file that was there a moment ago. @throws CodedError `conflict` where it is not any more, `usage` */
function openFound(path: string): number {
  try {
    return openSync(path, READ);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    throw new CodedError(
      code === 'EACCES' || code === 'EPERM' ? 'usage' : 'conflict',
      `\`${path}\` cannot be read: ${code}`,
    );
  }
}

/** Hashes one part. @returns hexadecimal. @throws CodedError `conflict` where the file is not what it was, `usage`, Error of the file system */
export function hashPart({ path, start, end, identity }: HashJob, type: HashType): string {
  const sum = createHash(HASH_TYPES[type]);
  const descriptor = openFound(path);
  const check = (): void => {
    if (identity !== undefined && identityOf(fstatSync(descriptor, { bigint: true })) !== identity)
      throw new CodedError('conflict', `\`${path}\` changed while it was read`);
  };
  try {
    check();
    const room = Buffer.allocUnsafe(Math.max(1, Math.min(READ_BYTES, end - start)));
    for (let at = start; at < end; ) {
      const got = readSync(descriptor, room, 0, Math.min(room.length, end - at), at);
      if (got === 0) throw new CodedError('conflict', `\`${path}\` became shorter while it was read`);
      sum.update(room.subarray(0, got));
      at += got;
    }
    check();
    return sum.digest('hex');
  } finally {
    closeSync(descriptor);
  }
}

/** Hashes parts of files, large ones in threads. @returns in the order of the jobs */
export async function hashParts(
  jobs: readonly HashJob[],
  type: HashType,
  onProgress: (bytes: number, of: number) => void = () => {},
): Promise<string[]> {
  const of = jobs.reduce((sum, { start, end }) => sum + end - start, 0);
  const digests = new Array<string>(jobs.length);
  let bytes = 0;
  const settle = (index: number, digest: string): void => {
    digests[index] = digest;
    bytes += jobs[index]!.end - jobs[index]!.start;
    onProgress(bytes, of);
  };
  const threads =
    of < BYTES_FOR_THREADS ? 1 : Math.min(THREADS_PER_CORE * availableParallelism(), jobs.length);
  if (threads === 1) {
    for (const [index, job] of jobs.entries()) settle(index, hashPart(job, type));
    return digests;
  }
  let next = 0;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(new URL('./hash-thread.ts', import.meta.url));
      let open = 0;
      const give = (): void => {
        while (open < JOBS_AT_ONCE && next < jobs.length) {
          thread.postMessage({ index: next, job: jobs[next], type });
          next++;
          open++;
        }
        if (open === 0) void thread.terminate().then(() => resolve());
      };
      thread.on('message', (answer: HashAnswer) => {
        open--;
        if ('fault' in answer) {
          next = jobs.length;
          void thread.terminate();
          reject(answer.code ? new CodedError(answer.code, answer.fault) : new Error(answer.fault));
          return;
        }
        settle(answer.index, answer.digest);
        give();
      });
      thread.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: threads }, run));
  return digests;
}

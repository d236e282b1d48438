import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** A part of a file to be hashed. */
export interface HashJob {
  readonly path: string;
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** Digests that the specification of model signing knows and this machine computes. */
export const HASH_TYPES = { sha256: 'sha256', blake2b: 'blake2b512' } as const;
export type HashType = keyof typeof HASH_TYPES;

const READ_BYTES = 4 * 1024 * 1024;
/** Fewer bytes than these are hashed before a thread has begun. */
const BYTES_FOR_THREADS = 128 * 1024 * 1024;
/** While one thread waits for the disk another hashes. */
const THREADS_PER_CORE = 2;
/** Jobs that a thread is given at once. */
const JOBS_AT_ONCE = 2;

/** Hashes one part. @returns hexadecimal. @throws Error of the file system, or where the file is shorter than it was */
export function hashPart({ path, start, end }: HashJob, type: HashType): string {
  const sum = createHash(HASH_TYPES[type]);
  const descriptor = openSync(path, 'r');
  try {
    const room = Buffer.allocUnsafe(Math.max(1, Math.min(READ_BYTES, end - start)));
    for (let at = start; at < end; ) {
      const got = readSync(descriptor, room, 0, Math.min(room.length, end - at), at);
      if (got === 0) throw new Error(`\`${path}\` became shorter while it was read`);
      sum.update(room.subarray(0, got));
      at += got;
    }
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
      thread.on('message', ({ index, digest, fault }: { index: number; digest: string; fault?: string }) => {
        open--;
        if (fault !== undefined) {
          next = jobs.length;
          void thread.terminate();
          reject(new Error(fault));
          return;
        }
        settle(index, digest);
        give();
      });
      thread.on('error', reject);
      give();
    });
  await Promise.all(Array.from({ length: threads }, run));
  return digests;
}

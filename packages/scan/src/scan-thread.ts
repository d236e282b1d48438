import { parentPort, workerData } from 'node:worker_threads';
import { clock } from '@sallyport/core';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { RunMemory } from './scan-cache.ts';
import { scanFile } from './scan-file.ts';
import { openCache, type ThreadAnswer, type ThreadSettings, type ThreadTask } from './scan-files.ts';

// A thread of `scan-files.ts`: paths come in, reports go out, one at a time.
const settings = workerData as ThreadSettings;
const { allowed, budget, digest, bounds } = settings;
const cache = new RunMemory(openCache(settings));
const digests = new Map<string, string>();
const list = new AllowList([...shippedGroups(), ...allowed]);
const scan = { allowed: list, budget, digest, cache, digests };
/** A buffer crosses threads as plain bytes. */
const bytesOf = (path: string | Uint8Array): string | Buffer =>
  typeof path === 'string' ? path : Buffer.from(path);
let last = Promise.resolve();

parentPort!.on('message', ({ index, name, path, endsMs }: ThreadTask) => {
  last = last.then(async () => {
    let answer: ThreadAnswer;
    const leftMs = Math.max(0, endsMs - clock.nowMs());
    try {
      answer = { index, report: await scanFile(bytesOf(path), { ...scan, leftMs }, name, bounds) };
    } catch (fault) {
      answer = { index, fault: (fault as Error).message };
    }
    parentPort!.postMessage(answer);
  });
});

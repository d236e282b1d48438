import { parentPort, workerData } from 'node:worker_threads';
import { AllowList, shippedGroups } from './pickle/allow-list.ts';
import { scanFile } from './scan-file.ts';
import { openCache, type ThreadAnswer, type ThreadSettings } from './scan-files.ts';

// A thread of `scan-files.ts`: paths come in, reports go out, one at a time.
const settings = workerData as ThreadSettings;
const { allowed, budget, digest } = settings;
const cache = openCache(settings);
const list = new AllowList([...shippedGroups(), ...allowed]);
let last = Promise.resolve();

parentPort!.on('message', ({ index, path }: { index: number; path: string }) => {
  last = last.then(async () => {
    let answer: ThreadAnswer;
    try {
      answer = { index, report: await scanFile(path, { allowed: list, budget, digest, cache }) };
    } catch (fault) {
      answer = { index, fault: (fault as Error).message };
    }
    parentPort!.postMessage(answer);
  });
});

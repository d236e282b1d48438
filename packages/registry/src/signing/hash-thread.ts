import { parentPort } from 'node:worker_threads';
import { type HashJob, type HashType, hashPart } from './hash-files.ts';

parentPort!.on('message', ({ index, job, type }: { index: number; job: HashJob; type: HashType }) => {
  try {
    parentPort!.postMessage({ index, digest: hashPart(job, type) });
  } catch (fault) {
    parentPort!.postMessage({ index, fault: (fault as Error).message });
  }
});

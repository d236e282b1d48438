import { parentPort } from 'node:worker_threads';
import { CodedError } from '@sallyport/core';
import { type HashAnswer, type HashJob, type HashType, hashPart } from './hash-files.ts';

parentPort!.on('message', ({ index, job, type }: { index: number; job: HashJob; type: HashType }) => {
  let answer: HashAnswer;
  try {
    answer = { index, digest: hashPart(job, type) };
  } catch (fault) {
    const code = fault instanceof CodedError ? fault.code : null;
    answer = { index, fault: (fault as Error).message, code };
  }
  parentPort!.postMessage(answer);
});

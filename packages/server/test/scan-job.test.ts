import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runScanJob } from '../src/scan-job.ts';
import { scratch } from './harness.ts';

describe('a scan in a thread of its own', () => {
  it('is ended once it takes too long, and says so', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    await assert.rejects(
      runScanJob(
        { kind: 'model-files', paths: [scratch()] },
        (thread) => {
          ended = new Promise((done) => thread.once('exit', done));
        },
        1,
      ),
      { code: 'internal', message: /did not end within/ },
    );
    await ended;
  });
});

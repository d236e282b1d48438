import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { zip } from '../../scan/test/corpus/archives.ts';
import { brokenReport, runScanJob } from '../src/scan-job.ts';
import { scratch } from './harness.ts';

describe('a scan in a process of its own', () => {
  it('is ended once it takes too long, and says so', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    await assert.rejects(
      runScanJob(
        { kind: 'model-files', paths: [scratch()] },
        (child) => {
          ended = new Promise((done) => child.once('exit', done));
        },
        1,
      ),
      { code: 'internal', message: /did not end within/ },
    );
    await ended;
  });

  it('that is ended by the system fails, and nothing else does', async () => {
    await assert.rejects(
      runScanJob({ kind: 'model-files', paths: [scratch()] }, (child) => {
        child.kill('SIGABRT');
      }),
      { code: 'internal', message: /without an answer: it took more memory than it may/ },
    );
  });

  it('tells what was not read to its end, whatever else was found there', async () => {
    const folder = scratch();
    const doubtful = { name: 'c.json', content: Buffer.from(JSON.stringify({ _target_: 'own.Net' })) };
    const unread = { name: 'm.bin', content: Buffer.from('x'), method: 97 };
    writeFileSync(join(folder, 'both.zip'), zip([doubtful, unread]));
    writeFileSync(join(folder, 'doubtful.zip'), zip([doubtful]));
    const { unclear, files } = await runScanJob({ kind: 'model-files', paths: [folder] });
    assert.deepEqual(unclear, [join(folder, 'both.zip')]);
    assert.deepEqual(
      files.map(({ verdict }) => verdict),
      ['suspicious', 'suspicious'],
    );
  });

  it('that broke off closes nothing of any file', () => {
    const paths = Array.from({ length: 300 }, (_, n) => `/m/${n}`);
    assert.deepEqual(brokenReport(paths, 'it took too long').unclear, paths);
  });
});

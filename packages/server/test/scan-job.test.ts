import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { zip } from '../../scan/test/corpus/archives.ts';
import { brokenReport, runScanJob, runWholeScanJob } from '../src/scan-job.ts';
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

  it('that ends of one file tells that file, and reads the others', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'app.py'), 'import openai\n');
    writeFileSync(join(folder, 'good.log'), '10.9.9.9 CONNECT api.mistral.ai:443\n');
    const [pipe, good] = [join(folder, 'pipe.log'), join(folder, 'good.log')];
    execFileSync('/usr/bin/mkfifo', [pipe]);
    let processes = 0;
    // Where the pipe has a reader, the process is at it.
    const endAtPipe = async (child: ChildProcess): Promise<void> => {
      if (processes++ > 0) return;
      let writer: number | null = null;
      while (writer === null) {
        try {
          writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
        } catch {
          await setTimeout(20);
        }
      }
      child.kill('SIGKILL');
      closeSync(writer);
    };
    const report = await runWholeScanJob(
      { kind: 'sources', paths: [join(folder, 'app.py')], logs: [pipe, good] },
      (child) => void endAtPipe(child),
      () => true,
    );
    assert.equal(processes, 2);
    assert.deepEqual(report.unclear, [pipe]);
    const told = report.files.find(({ path }) => path === pipe)!;
    assert.equal(told.verdict, 'incomplete');
    assert.match(
      told.detections[0]!.message,
      /^cannot be read: the scanner failed: the scan ended without an answer/,
    );
    assert.deepEqual(report.hits!.map(({ service }) => service).sort(), ['mistral', 'openai']);
  });

  it('that broke off closes nothing of any file', () => {
    const paths = Array.from({ length: 300 }, (_, n) => `/m/${n}`);
    assert.deepEqual(brokenReport(paths, 'it took too long').unclear, paths);
  });
});

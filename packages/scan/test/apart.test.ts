import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { endApart, startApart, whyEnded } from '@sallyport/core';
import { scanFiles } from '../src/index.ts';
import { pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const start = () => startApart(new URL('./glutton.ts', import.meta.url), 64);

describe('a process apart', () => {
  it('that takes more memory than it may ends, and ends nobody else', async () => {
    const child = start();
    child.send('eat');
    const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    assert.equal(whyEnded(signal), 'it took more memory than it may');
  });

  it('sees no secret of who started it', async () => {
    process.env['SOME_SECRET'] = 'x';
    const child = start();
    child.send('see');
    const [seen] = (await once(child, 'message')) as [Record<string, string>];
    assert.equal(seen['SOME_SECRET'], undefined);
    assert.equal(seen['PATH'], process.env['PATH']);
    const ended = once(child, 'exit');
    endApart(child);
    const [, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    assert.equal(whyEnded(signal), 'its process ended');
  });

  it('scans as this one does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-apart-'));
    writeFileSync(join(folder, 'bad.pkl'), pickle(4, reduce(stackGlobal('os', 'system'), text('x'))));
    for (let n = 0; n < 20; n++) writeFileSync(join(folder, `${n}.json`), `{"n": ${n}}`);
    const here = await scanFiles([folder], { workers: 1 });
    assert.deepEqual(await scanFiles([folder], { workers: 2, apart: true }), here);
    assert.deepEqual(await scanFiles([folder], { workers: 1, apart: true }), here);
    assert.deepEqual(here.summary.verdicts, {
      malicious: 1,
      suspicious: 0,
      incomplete: 0,
      review: 0,
      clean: 20,
      unrecognised: 0,
    });
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { FileSource } from '../src/bytes/byte-source.ts';
import { type FileReport, scanSource } from '../src/index.ts';
import type { ReportMemory } from '../src/scan-cache.ts';
import { dict, pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

it('a file that changes between its digest and the look at it is incomplete, and nothing of it is kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-changed-'));
  const path = join(folder, 'model.pkl');
  const bad = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
  const good = Buffer.concat([pickle(4, dict({})), Buffer.alloc(bad.length)]).subarray(0, bad.length);
  const kept: FileReport[] = [];
  const scan = async (between: () => void): Promise<FileReport> => {
    writeFileSync(path, bad);
    // Until the clock of the file system has gone on.
    for (const was = statSync(path).ctimeMs; ; ) {
      writeFileSync(join(folder, 'clock'), 'x');
      if (statSync(join(folder, 'clock')).ctimeMs > was) break;
    }
    const cache: ReportMemory = {
      get: () => {
        between();
        return null;
      },
      put: (report) => void kept.push(report),
    };
    const source = FileSource.open(path);
    try {
      return await scanSource(path, source, { cache });
    } finally {
      source.close();
    }
  };
  const same = await scan(() => {});
  assert.deepEqual([same.verdict, kept.length], ['malicious', 1]);
  const swapped = await scan(() => writeFileSync(path, good));
  assert.deepEqual([swapped.verdict, swapped.sha256, kept.length], ['incomplete', null, 1]);
  assert.match(swapped.detections[0]!.message, /changed while it was read/);
});

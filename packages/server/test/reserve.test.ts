import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { scratch, testServer } from './harness.ts';

const BYTES = 4 * 1024 * 1024;

it(
  'room that is kept is taken from the disk: a file that only looks as large is written again',
  {
    skip: process.platform !== 'linux' && 'files with holes are made as Linux does',
  },
  async (t) => {
    const data = join(scratch(), 'data');
    const first = await testServer({ data });
    await first.stop();
    const path = join(data, 'reserve');
    assert.ok(statSync(path).blocks * 512 >= BYTES);
    const file = openSync(path, 'w', 0o600);
    ftruncateSync(file, BYTES);
    closeSync(file);
    if (statSync(path).blocks * 512 >= BYTES) return t.skip('this disk makes no files with holes');
    const server = await testServer({ data });
    t.after(() => server.stop());
    assert.equal(statSync(path).size, BYTES);
    assert.ok(statSync(path).blocks * 512 >= BYTES);
  },
);

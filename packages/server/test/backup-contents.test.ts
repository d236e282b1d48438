import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { dataContents } from '../src/backups/backup-contents.ts';
import { testServer } from './harness.ts';

it('a backup leaves out what lies open meanwhile, and goes on where a folder has gone', async () => {
  const server = await testServer();
  try {
    const put = (...path: string[]): string => {
      const folder = join(server.data, ...path);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'weights.bin'), 'plain');
      return folder;
    };
    put('artefacts', 'ab');
    put('artefacts', 'open-ver_1', 'sub');
    put('artefacts', 'under-way');
    put('advisories', 'a');
    const going = put('advisories', 'b');
    put('elsewhere', 'open-ver_1');
    const names: string[] = [];
    for await (const { path, pieces } of dataContents(server.control.installation)) {
      for await (const piece of pieces) assert.ok(piece.length >= 0);
      names.push(path);
      if (path === 'advisories/a/weights.bin') rmSync(going, { recursive: true });
    }
    assert.deepEqual(
      names.filter((name) => name.endsWith('weights.bin')),
      ['advisories/a/weights.bin', 'artefacts/ab/weights.bin', 'elsewhere/open-ver_1/weights.bin'],
    );
  } finally {
    await server.stop();
  }
});

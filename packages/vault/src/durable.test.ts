import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { writeDurably, writePieces } from './durable.ts';

describe('files that are written durably', () => {
  it('stay as they were where the disk takes a part of what comes in their place', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-durable-'));
    const path = join(folder, 'key.json');
    writeFileSync(path, 'the key of before');
    const module = join(import.meta.dirname, 'durable.ts');
    const script = `process.on('SIGXFSZ', () => {});
      const { writeDurably } = await import(${JSON.stringify(module)});
      try {
        writeDurably(${JSON.stringify(path)}, 'x'.repeat(3000), 0o600);
        console.log('written');
      } catch (fault) {
        console.log(fault.code);
      }`;
    // A limit of two blocks on the size of a file stands for a disk that has no more.
    const { stdout } = spawnSync(
      'sh',
      ['-c', 'ulimit -f 2; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script],
      { encoding: 'utf8' },
    );
    assert.match(stdout, /^(?:EFBIG|ENOSPC)\n$/);
    assert.equal(readFileSync(path, 'utf8'), 'the key of before');
    assert.deepEqual(readdirSync(folder), ['key.json'], 'no draft is left');
  });

  it('go through no link that lies under the name of a draft', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-durable-'));
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'theirs');
    for (const [name, write] of [
      ['pieces', () => writePieces(join(folder, 'pieces'), [Buffer.from('mine')], 0o600)],
      ['new', () => writePieces(join(folder, 'new'), [Buffer.from('mine')], 0o600, true)],
      ['whole', () => writeDurably(join(folder, 'whole'), 'mine', 0o600)],
    ] as const) {
      symlinkSync(victim, join(folder, `${name}.partial`));
      symlinkSync(victim, join(folder, `${name}.${process.pid}.new`));
      await write();
      assert.equal(readFileSync(join(folder, name), 'utf8'), 'mine');
      assert.equal(readFileSync(victim, 'utf8'), 'theirs', name);
    }
  });

  it('that are new replace nothing that came to be there while they were written', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sallyport-durable-')), 'backup.age');
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('first');
      writeFileSync(path, 'theirs');
      yield Buffer.from('second');
    }
    await assert.rejects(writePieces(path, pieces(), 0o600, true), { code: 'conflict' });
    assert.equal(readFileSync(path, 'utf8'), 'theirs');
    assert.deepEqual(readdirSync(dirname(path)), ['backup.age'], 'no draft is left');
    const other = `${path}.other`;
    await writePieces(other, [Buffer.from('mine')], 0o600, true);
    assert.equal(readFileSync(other, 'utf8'), 'mine');
  });
});

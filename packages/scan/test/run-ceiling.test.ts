import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { discover, inspectDependencies, scanFiles } from '../src/index.ts';
import { RunCeiling } from '../src/run-ceiling.ts';
import { walkTree } from '../src/tree/walk-tree.ts';
import { pickle, reduce, stackGlobal, text } from './corpus/assembler.ts';

const HARM = pickle(4, reduce(stackGlobal('os', 'system'), text('x')));
const MIB = 1024 * 1024;

describe('a whole run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ceiling-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, content: string | Uint8Array, bytes?: number): string => {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    if (bytes !== undefined) truncateSync(path, bytes);
    return path;
  };
  const isUnread = ({ detections }: { detections: readonly { technique: string }[] }): boolean =>
    detections.some(({ technique }) => technique === 'run-limit');

  it('reads small files first, in threads too, and tells by name and number what it did not come to', async () => {
    // By name the large ones come first.
    for (const name of ['a', 'b']) put(`many/${name}.bin`, '', 40 * MIB);
    put('many/z.pkl', HARM);
    for (let i = 0; i < 20; i++) put(`many/m${i}.txt`, 'text');
    for (const workers of [1, 2]) {
      const { files, summary } = await scanFiles([join(folder, 'many')], {
        workers,
        limits: { bytes: 50 * MIB },
      });
      assert.equal(summary.verdict, 'malicious', 'the small one was read');
      assert.deepEqual(
        files.filter(isUnread).map(({ path }) => path),
        [join(folder, 'many/b.bin')],
      );
      assert.equal(summary.unread, 1);
      assert.equal(summary.verdicts.incomplete, 1);
      assert.deepEqual(
        files.map(({ path }) => path),
        [...files].map(({ path }) => path).sort(),
        'in the order of their paths all the same',
      );
      const few = await scanFiles([join(folder, 'many')], { workers, limits: { files: 5 } });
      assert.equal(few.summary.unread, 18);
      assert.equal(few.summary.files, 23);
      const none = await scanFiles([join(folder, 'many')], { workers, limits: { timeMs: 0 } });
      assert.ok(none.summary.unread > 0);
      assert.ok(none.files.every(({ verdict }) => verdict === 'incomplete'));
      assert.equal((await scanFiles([join(folder, 'many')], { workers })).summary.unread, 0);
    }
  });

  it('ends in time, whatever one file takes', async () => {
    // A digest of it would take many seconds.
    const path = put('huge/model.bin', '', 64 * 1024 * MIB);
    const begun = Date.now();
    const { summary } = await scanFiles([path], { digest: true, limits: { timeMs: 300 } });
    assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
    assert.equal(summary.verdict, 'incomplete');
  });

  it('ends a thread that does not come back from a file, and goes on with the others', async () => {
    const paths = ['x', 'y'].map((name) => put(`slow/${name}.bin`, '', 200 * MIB));
    const { files } = await scanFiles(paths, { workers: 1, apart: true, budget: { timeMs: 1 }, graceMs: 1 });
    for (const { verdict, detections } of files) {
      assert.equal(verdict, 'incomplete');
      assert.match(detections[0]!.message, /it took longer than it may/);
    }
  });

  it('looks at so many names, and says which folders it did not look through', () => {
    class Few extends RunCeiling {
      override get namesMax(): number {
        return 10;
      }
    }
    for (const name of ['a', 'b', 'c']) for (let i = 0; i < 6; i++) put(`names/${name}/${i}.txt`, 'x');
    const tree = walkTree([join(folder, 'names'), put('alone.txt', 'x')], {}, new Few());
    assert.equal(tree.files.length, 10);
    assert.deepEqual(
      tree.notRead.map(({ name, technique }) => `${technique} ${name.slice(folder.length)}`),
      ['run-limit /names/b', 'run-limit /names', 'run-limit /alone.txt'],
    );
  });

  it('of dependencies and of sources has the same ceiling', async () => {
    put('mixed/requirements.txt', 'left==1.0\n');
    put('mixed/sub/requirements.txt', `right==1.0\n${'#'.repeat(5000)}\n`);
    const locks = await inspectDependencies([join(folder, 'mixed')], null, undefined, {
      limits: { files: 1 },
    });
    assert.deepEqual(
      locks.files.filter(isUnread).map(({ path }) => path),
      [join(folder, 'mixed/sub/requirements.txt')],
    );
    assert.equal(locks.summary.unread, 1);
    put('mixed/a.py', 'import openai\n');
    put('mixed/b.py', 'import anthropic\n');
    const limits = { files: 1 };
    const found = await discover([join(folder, 'mixed')], [], undefined, undefined, { limits });
    assert.equal(found.summary.unread, 3);
    assert.equal(found.summary.verdict, 'incomplete');
    const log = put('proxy.log', 'api.openai.com\n');
    const logged = await discover([], [log], undefined, undefined, { limits: { timeMs: 0 } });
    assert.equal(logged.summary.unread, 1);
  });
});

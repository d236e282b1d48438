import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { pack } from 'tar-stream';
import { encryptAge } from '../age/file.ts';
import { classicPair, newIdentity, parseIdentity, parseRecipient } from '../age/recipients.ts';
import { type BackupFile, readBackup, writeBackup } from './backup-file.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'vault-'));
const own = newIdentity();
const identities = [parseIdentity(own.identity)];
const recipients = [parseRecipient(own.recipient)];

const sign = (digest: Buffer, files: number): string => `${digest.toString('hex')} ${files}`;

const contents = new Map([
  ['empty', Buffer.alloc(0)],
  ['keys/one.json', Buffer.from('{}')],
  ['deep/er/large', randomBytes(300_000)],
  ['ends-on-a-block', randomBytes(1024)],
]);

async function* files(): AsyncGenerator<BackupFile> {
  for (const [path, content] of contents)
    yield {
      path,
      bytes: content.length,
      pieces: Readable.from([content.subarray(0, 9), content.subarray(9)]),
    };
}

async function restored(path: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  await readBackup(path, identities, async ({ path: name, pieces }) => {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    found.set(name, Buffer.concat(all));
  });
  return found;
}

describe('a backup', () => {
  it('gives back what was put in, and says of what it is', async () => {
    const path = join(folder(), 'one.age');
    const { manifest, bytes } = await writeBackup(path, recipients, { id: 'x' }, files(), sign);
    assert.equal(readFileSync(path).length, bytes);
    assert.deepEqual(await restored(path), contents);
    assert.deepEqual(manifest.about, { id: 'x' });
    await assert.rejects(
      readBackup(path, [parseIdentity(newIdentity().identity)], async () => {}),
      /none of the keys given opens it/,
    );
  });

  it('takes a large file in many pieces without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    const piece = randomBytes(256 * 1024);
    const count = 64;
    async function* large(): AsyncGenerator<BackupFile> {
      yield {
        path: 'large',
        bytes: count * piece.length,
        pieces: Array.from({ length: count }, () => piece),
      };
    }
    const path = join(folder(), 'large.age');
    await writeBackup(path, recipients, {}, large(), sign);
    await new Promise((turn) => setImmediate(turn));
    process.off('warning', note);
    assert.deepEqual(warnings, []);
    assert.equal((await restored(path)).get('large')?.length, count * piece.length);
  });

  it('is not read where any byte of it was changed, or its end is missing', async () => {
    const dir = folder();
    const path = join(dir, 'one.age');
    await writeBackup(path, recipients, {}, files(), sign);
    const good = readFileSync(path);
    const step = Math.floor(good.length / 160);
    let tried = 0;
    for (let at = 0; at < good.length; at += at < 2000 ? 37 : step) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1 << (at % 8);
      writeFileSync(join(dir, 'bad'), bad);
      await assert.rejects(restored(join(dir, 'bad')), { code: 'sealed-content-unreadable' }, `byte ${at}`);
      tried++;
    }
    for (const cut of [0, 10, 200, 70_000, good.length - 1]) {
      writeFileSync(join(dir, 'bad'), good.subarray(0, cut));
      await assert.rejects(
        restored(join(dir, 'bad')),
        { code: 'sealed-content-unreadable' },
        `cut at ${cut}`,
      );
    }
    assert.ok(tried > 150);
  });

  it('leaves nothing behind where a file fails while it is copied', async () => {
    const dir = folder();
    for (const bytes of [4, 6]) {
      const failing = async function* (): AsyncGenerator<BackupFile> {
        yield* files();
        yield { path: 'other', bytes, pieces: [Buffer.from('12345')] };
      };
      await assert.rejects(
        writeBackup(join(dir, 'one.age'), recipients, {}, failing(), sign),
        /while it was copied/,
      );
    }
    const thrown = async function* (): AsyncGenerator<BackupFile> {
      yield* files();
      throw new Error('the disk is gone');
    };
    await assert.rejects(
      writeBackup(join(dir, 'one.age'), recipients, {}, thrown(), sign),
      /the disk is gone/,
    );
    await assert.rejects(writeBackup(join(dir, 'not', 'there'), recipients, {}, files(), sign), /ENOENT/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('is refused where it names files outside itself, or others than its manifest', async () => {
    const dir = folder();
    const manifest = (names: string[]): string =>
      JSON.stringify({
        format: 'sallyport-backup/1',
        about: {},
        files: names.map((path) => ({ path, bytes: 0, sha256: '' })),
      });
    const cases: [string, (archive: ReturnType<typeof pack>) => void][] = [
      ['is no file', (archive) => void archive.entry({ name: '../outside' }, 'x')],
      ['is no file', (archive) => void archive.entry({ name: '/etc/passwd' }, 'x')],
      ['is no file', (archive) => void archive.entry({ name: 'a', type: 'symlink', linkname: '/etc' })],
      ['no manifest', (archive) => void archive.entry({ name: 'a' }, 'x')],
      ['other files', (archive) => void archive.entry({ name: 'manifest.json' }, manifest(['a']))],
      [
        'is not what',
        (archive) => {
          archive.entry({ name: 'a' }, 'x');
          archive.entry({ name: 'manifest.json' }, manifest(['a']));
        },
      ],
      ['not one that', (archive) => void archive.entry({ name: 'manifest.json' }, '{}')],
    ];
    for (const [wanted, build] of cases) {
      const archive = pack();
      build(archive);
      archive.finalize();
      const pieces: Uint8Array[] = [];
      for await (const piece of encryptAge(recipients, archive as AsyncIterable<Buffer>)) pieces.push(piece);
      writeFileSync(join(dir, 'bad'), Buffer.concat(pieces));
      await assert.rejects(restored(join(dir, 'bad')), new RegExp(wanted));
    }
  });

  it('opens with an unmodified age and tar, where they are installed', async (t) => {
    if (spawnSync('age', ['--version']).status !== 0) return t.skip('age is not installed');
    const dir = folder();
    const classic = classicPair(randomBytes(32));
    await writeBackup(join(dir, 'one.age'), [parseRecipient(classic.recipient)], {}, files(), sign);
    writeFileSync(join(dir, 'key'), `${classic.identity}\n`);
    const run = (command: string, ...args: string[]): void => {
      const { status, stderr } = spawnSync(command, args, { cwd: dir });
      assert.equal(status, 0, stderr.toString());
    };
    run('age', '-d', '-i', 'key', '-o', 'one.tar', 'one.age');
    run('tar', '-xf', 'one.tar');
    for (const [path, content] of contents) assert.ok(content.equals(readFileSync(join(dir, path))), path);
    assert.ok(existsSync(join(dir, 'manifest.json')));
  });
});

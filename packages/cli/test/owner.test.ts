import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { requireTrusted } from '@sallyport/store';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');
const ME = process.getuid?.() ?? null;
/** Nobody's number, neither root's nor that of whoever runs this. */
const OTHER = 54_321;
const skip = ME === null ? 'this system knows no users' : false;

describe('what another user could have laid there is not obeyed', { skip }, () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'sallyport-owner-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const run = async (...args: string[]): Promise<{ code: number | null; err: string }> => {
    const { SUDO_UID: _, ...rest } = process.env;
    const env = { ...rest, XDG_CONFIG_HOME: join(home, 'config') };
    const child: ChildProcess = spawn(process.execPath, [BIN, ...args], { env, cwd: home });
    let err = '';
    child.stderr!.on('data', (piece: Buffer) => (err += piece.toString()));
    child.stdout!.resume();
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, err };
  };
  const refused = async (why: RegExp, ...args: string[]): Promise<void> => {
    const { code, err } = await run(...args);
    assert.match(err, why);
    assert.equal(code, 2, err);
  };

  it('a configuration that every user may write', async () => {
    const file = join(home, 'sallyport.yaml');
    writeFileSync(file, 'systems: {}\n');
    chmodSync(file, 0o664);
    assert.equal((await run('policy', 'test')).code, 2, 'no folder of policies is named');
    chmodSync(file, 0o666);
    for (const args of [[], ['--config', file]])
      await refused(/configuration `.*` may be written by every user.*chmod o-w/, 'policy', 'test', ...args);
  });

  const shared = statSync('/dev/shm', { throwIfNoEntry: false });
  const isMounted = shared !== undefined && (shared.mode & 0o1002) === 0o1002;

  it(
    'a place that is mounted for every user, where each keeps their own',
    { skip: !isMounted && 'there is no such place' },
    () => {
      assert.throws(() => requireTrusted('/dev/shm', 'data folder', { named: true }), {
        code: 'owner-untrusted',
        message: /may be written by every user/,
      });
    },
  );

  it('a data folder or a socket that every user may write; nothing is asked there', async () => {
    const data = join(home, '.sallyport');
    mkdirSync(data);
    const asked: string[] = [];
    const socket = join(data, 'control.sock');
    const server = createServer((req, res) => {
      asked.push(req.url ?? '');
      res.setHeader('content-type', 'application/json').end('{"systems":[]}');
    });
    await new Promise<void>((done) => server.listen(socket, done));
    try {
      chmodSync(data, 0o700);
      chmodSync(socket, 0o600);
      assert.equal((await run('upstream', 'list')).code, 0);
      assert.ok(asked.length > 0);
      asked.length = 0;
      chmodSync(socket, 0o666);
      await refused(/socket `.*` may be written by every user/, 'upstream', 'list');
      chmodSync(socket, 0o600);
      for (const mode of [0o777, 0o1777]) {
        chmodSync(data, mode);
        await refused(/data folder `.*` may be written by every user/, 'upstream', 'list');
        await refused(/data folder/, 'upstream', 'list', '--data', data);
        await refused(/data folder/, 'up', '--gateway-port', '0', '--control-port', '0');
        await refused(/data folder/, 'ledger', 'verify');
      }
      assert.deepEqual(asked, []);
    } finally {
      server.close();
    }
  });

  it('what belongs to another user, unless it is root’s; a link counts for itself too', () => {
    const file = join(home, 'sallyport.yaml');
    const link = join(home, 'link.yaml');
    writeFileSync(file, '');
    symlinkSync(file, link);
    const taken = (path: string, asking: Parameters<typeof requireTrusted>[2]): boolean => {
      try {
        requireTrusted(path, 'configuration', asking);
        return true;
      } catch (fault) {
        assert.equal((fault as { code: string }).code, 'owner-untrusted');
        assert.match((fault as Error).message, /belongs to another user \(\d+\), not to you \(\d+\)/);
        return false;
      }
    };
    for (const path of [file, link]) {
      assert.ok(taken(path, {}));
      // Where this runs as root, all of it is root’s, and fine for everybody.
      assert.equal(taken(path, { user: OTHER }), ME === 0);
      assert.equal(taken(path, { user: OTHER, named: true }), ME === 0);
    }
    assert.ok(taken(join(home, 'none'), { user: OTHER }));
    assert.ok(taken(file, { user: null }));
  });

  it(
    'root is led by no file of a user that it did not name',
    { skip: ME !== 0 && 'needs root' },
    async () => {
      const file = join(home, 'sallyport.yaml');
      writeFileSync(file, 'systems: {}\n');
      chownSync(file, OTHER, OTHER);
      await refused(/belongs to another user \(54321\).*name it by its option/, 'policy', 'test');
      assert.doesNotMatch((await run('policy', 'test', '--config', file)).err, /another user/);
      for (const [asking, fine] of [
        [{ user: OTHER }, true],
        [{ user: OTHER + 1 }, false],
        [{ user: OTHER + 1, named: true }, false],
        [{ user: 0, before: OTHER }, true],
        [{ user: 0, before: OTHER + 1 }, false],
      ] as const)
        if (fine) requireTrusted(file, 'configuration', asking);
        else assert.throws(() => requireTrusted(file, 'configuration', asking), { code: 'owner-untrusted' });
      const data = join(home, '.sallyport');
      mkdirSync(data);
      chownSync(data, OTHER, OTHER);
      await refused(/data folder/, 'upstream', 'list');
    },
  );
});

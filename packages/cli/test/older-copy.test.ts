import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');

describe('a data folder that was put back as it was before, without witnesses', () => {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  const config = join(home, 'config');
  const run = (...args: string[]): { code: number | null; out: string } => {
    const env = { ...process.env, XDG_CONFIG_HOME: config };
    const done = spawnSync(process.execPath, [BIN, ...args, '--data', 'data'], { cwd: home, env });
    return { code: done.status, out: done.stdout.toString() + done.stderr.toString() };
  };
  const ok = (...args: string[]): string => {
    const { code, out } = run(...args);
    assert.equal(code, 0, out);
    return out;
  };
  const lay = (from: string, to: string): void => {
    rmSync(join(home, to), { recursive: true, force: true });
    cpSync(join(home, from), join(home, to), { recursive: true });
  };

  before(() => {
    ok('upstream', 'add', 'main', '--url', 'https://api.example.com/v1', '--dialect', 'openai');
    ok('key', 'create', '--name', 'one', '--systems', 'main');
    lay('data', 'older');
    const [, id] = /(key_\w+)/.exec(ok('key', 'list'))!;
    ok('key', 'revoke', id!);
    lay('data', 'newer');
  });

  it('is told by every verification, also once it has more entries than before', () => {
    lay('older', 'data');
    const cut = run('ledger', 'verify');
    assert.equal(cut.code, 1, cut.out);
    assert.match(cut.out, /the log was cut: it has \d+ entries/);
    assert.match(cut.out, /log-\w+\.seen/, 'names what says so');
    const doctor = run('doctor');
    assert.match(doctor.out, /BAD +record: .*this machine saw/);
    for (let i = 0; i < 4; i++) ok('key', 'create', '--name', `more-${i}`, '--systems', 'main');
    const forked = run('ledger', 'verify');
    assert.equal(forked.code, 1, forked.out);
    assert.match(forked.out, /entries do not lead to the root/);
    assert.match(run('doctor').out, /BAD +record: .*this machine saw/);
  });

  it('and is right again where the newer one is put back, or the owner of the machine says that it is meant', () => {
    lay('newer', 'data');
    ok('ledger', 'verify');
    lay('older', 'data');
    assert.equal(run('ledger', 'verify').code, 1);
    for (const name of readdirSync(join(config, 'sallyport')))
      if (name.endsWith('.seen')) rmSync(join(config, 'sallyport', name));
    ok('ledger', 'verify');
    ok('key', 'create', '--name', 'again', '--systems', 'main');
    ok('ledger', 'verify');
  });

  it('and is no older copy where `sallyport restore` puts it there', () => {
    lay('newer', 'data');
    ok('backup', 'then.age');
    ok('key', 'create', '--name', 'later', '--systems', 'main');
    rmSync(join(home, 'data'), { recursive: true });
    ok('restore', 'then.age');
    ok('ledger', 'verify');
    assert.doesNotMatch(run('doctor').out, /this machine saw/);
  });

  it('and is no older copy where the restore was not told where the root key lies', () => {
    const root = ['--root-key', 'apart/root.key'];
    rmSync(join(home, 'data'), { recursive: true });
    ok('upstream', 'add', 'main', '--url', 'https://api.example.com/v1', '--dialect', 'openai', ...root);
    ok('backup', 'apart.age', ...root);
    const identity = join(home, 'apart');
    ok('key', 'create', '--name', 'later', '--systems', 'main', ...root);
    assert.ok(readdirSync(identity).some((name) => name.endsWith('.seen')));
    rmSync(join(home, 'data'), { recursive: true });
    cpSync(identity, join(config, 'sallyport'), { recursive: true, force: false });
    ok('restore', 'apart.age');
    ok('ledger', 'verify', ...root);
    assert.doesNotMatch(run('doctor', ...root).out, /this machine saw/);
  });
});

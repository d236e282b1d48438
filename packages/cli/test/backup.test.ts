import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');
const scratch = (): string => mkdtempSync(join(tmpdir(), 'sallyport-cli-'));

describe('seal and open', () => {
  const home = scratch();
  const run = (...args: string[]): { code: number | null; out: string } => {
    const env = { ...process.env, WORDS: 'correct horse battery staple' };
    const done = spawnSync(process.execPath, [BIN, ...args], { cwd: home, env });
    return { code: done.status, out: done.stdout.toString() + done.stderr.toString() };
  };
  const right = (...args: string[]): string => {
    const { code, out } = run(...args);
    assert.equal(code, 0, out);
    return out.trim();
  };

  it('give a file back, and nothing of one that was changed', () => {
    const plain = Buffer.alloc(200_000, 'weights');
    writeFileSync(join(home, 'model'), plain);
    const recipient = right('vault', 'identity', '--out', 'me.key');
    assert.match(recipient, /^age1pq1/);
    right('seal', 'model', '--to', recipient);
    assert.match(run('seal', 'model', '--to', recipient).out, /is there already/);
    rmSync(join(home, 'model'));
    right('open', 'model.age', '--identity', 'me.key');
    assert.ok(plain.equals(readFileSync(join(home, 'model'))));
    const sealed = readFileSync(join(home, 'model.age'));
    for (let n = 0; n < 6; n++) {
      const bad = Buffer.from(sealed);
      bad[Math.floor(((n + 0.7) / 6) * bad.length)]! ^= 1;
      writeFileSync(join(home, 'bad.age'), bad);
      const { code, out } = run('open', 'bad.age', '--identity', 'me.key');
      assert.equal(code, 3, out);
      assert.ok(!existsSync(join(home, 'bad')) && !existsSync(join(home, 'bad.partial')));
    }
    right('seal', 'model', '--passphrase-ref', 'env:WORDS', '--out', 'words.age');
    right('open', 'words.age', '--passphrase-ref', 'env:WORDS', '--out', 'again');
    assert.ok(plain.equals(readFileSync(join(home, 'again'))));
    assert.equal(run('open', 'model.age', '--passphrase-ref', 'env:WORDS', '--out', 'x').code, 3);
    for (const wrong of [
      ['seal', 'model'],
      ['seal', 'none'],
      ['seal', 'model', '--to', 'age1wrong', '--out', 'y'],
      ['open', 'model.age', '--out', 'x'],
      ['open', 'model', '--identity', 'me.key'],
    ])
      assert.equal(run(...wrong).code, 2, wrong.join(' '));
  });
});

describe('backup and restore', () => {
  it('take a folder at rest to another machine', () => {
    const home = scratch();
    const run = (config: string, ...args: string[]): { code: number | null; out: string } => {
      const env = { ...process.env, XDG_CONFIG_HOME: join(home, config) };
      const done = spawnSync(process.execPath, [BIN, ...args], { cwd: home, env });
      return { code: done.status, out: done.stdout.toString() + done.stderr.toString() };
    };
    const right = (...args: [string, ...string[]]): string => {
      const { code, out } = run(...args);
      assert.equal(code, 0, `${args.join(' ')}: ${out}`);
      return out;
    };
    right(
      'here',
      'upstream',
      'add',
      'main',
      '--url',
      'https://api.example.com/v1',
      '--dialect',
      'openai',
      '--data',
      'data',
    );
    right('here', 'key', 'create', '--name', 'kept', '--systems', 'main', '--data', 'data');
    const to = right('here', 'vault', 'identity', '--out', 'me.key').trim();
    const made = right('here', 'backup', 'data.age', '--to', to, '--data', 'data');
    assert.match(made, /opens with the keys of this installation, and for 1 others/);
    const keysMade = right('here', 'backup', 'keys.age', '--keys', '--to', 'me.key', '--data', 'data');
    assert.match(keysMade, /a copy of data\/ledger\/verifier\.key/);
    assert.match(
      run('here', 'backup', 'no.age', '--to', 'there-is-none', '--data', 'data').out,
      /neither a recipient/,
    );
    assert.match(
      run('here', 'backup', 'no.age', '--to', 'data.age', '--data', 'data').out,
      /no recipient|neither/,
    );
    assert.match(right('here', 'backup', 'drill', 'data.age', '--data', 'data'), /restored in \d/);
    assert.equal(run('here', 'backup', '--data', 'data').code, 2, 'no folder is configured');
    const id = /key_\w+/.exec(right('here', 'key', 'list', '--data', 'data'))![0];
    right('here', 'key', 'revoke', id, '--data', 'data');
    const restored = right('here', 'restore', 'data.age', '--data', 'copy');
    assert.match(restored, /entries of the log, which verifies/);
    assert.match(restored, /keys revoked.* after 20.* are good again.*ledger fill/s);
    right('here', 'restore', 'data.age', '--data', 'filled');
    right('here', 'ledger', 'fill', '--from', 'data', '--data', 'filled');
    assert.match(right('here', 'key', 'list', '--data', 'filled'), /kept .*revoked/);
    assert.match(run('here', 'doctor', '--data', 'copy').out, /restored data.*are good again/);
    assert.doesNotMatch(right('here', 'key', 'list', '--data', 'copy'), /revoked/);
    assert.equal(run('here', 'restore', 'data.age', '--data', 'copy').code, 2);
    const keyless = run('there', 'restore', 'data.age', '--data', 'there-data');
    assert.equal(keyless.code, 2);
    assert.match(keyless.out, /restore the backup of the keys first/);
    // Whoever knows the recipient can make such a file: a machine that does not know the installation restores nothing.
    const unknown = run('there', 'restore', 'data.age', '--data', 'there-data', '--identity', 'me.key');
    assert.equal(unknown.code, 3);
    assert.match(unknown.out, /which this machine does not know.*`ledger\/` of its data folder/s);
    assert.ok(!existsSync(join(home, 'there-data')));
    const own = ['--identity', 'me.key', '--trust', 'data/ledger/verifier.key'];
    right('there', 'restore', 'data.age', '--data', 'there-data', ...own);
    const without = run('there', 'key', 'list', '--data', 'there-data');
    assert.equal(without.code, 3);
    assert.match(without.out, /root key/);
    const key = readFileSync(join(home, 'data/ledger/verifier.key'), 'utf8').trim();
    right('there', 'restore', 'keys.age', '--identity', 'me.key', '--trust', key, '--data', 'there-data');
    // With the keys the machine knows the installation.
    right('there', 'restore', 'data.age', '--data', 'again', '--identity', 'me.key');
    assert.equal(run('there', 'restore', 'data.age', '--data', 'x', ...own, '--trust', 'nonsense').code, 2);
    assert.match(right('there', 'key', 'list', '--data', 'there-data'), /kept/);
    assert.match(right('there', 'ledger', 'verify', '--data', 'there-data'), /verif/);
  });
});

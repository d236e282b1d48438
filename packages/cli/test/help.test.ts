import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');
const run = (...args: string[]): { code: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8' });
  return { code: status, said: stdout + stderr };
};

describe('help', () => {
  it('is of all commands, of a group, or of one', () => {
    const all = run('help');
    assert.equal(all.code, 0);
    assert.match(all.said, /sallyport upstream add[\s\S]*sallyport key create/);
    for (const asked of [
      ['upstream', '--help'],
      ['help', 'upstream'],
      ['upstream', '-h'],
    ]) {
      const { code, said } = run(...asked);
      assert.equal(code, 0, asked.join(' '));
      assert.match(said, /sallyport upstream add[\s\S]*sallyport upstream remove/);
      assert.doesNotMatch(said, /sallyport key create/);
    }
    const one = run('key', 'create', '--name', 'x', '--help');
    assert.equal(one.code, 0);
    assert.match(one.said, /sallyport key create --name/);
    assert.doesNotMatch(one.said, /sallyport key rotate/);
  });

  it('has the version beside it', () => {
    const { code, said } = run('--version');
    assert.equal(code, 0);
    assert.match(said, /^sallyport \d+\.\d+\.\d+\n$/);
  });

  it('is pointed to where there is no such command', () => {
    const { code, said } = run('upstream', 'polish');
    assert.equal(code, 2);
    assert.match(said, /there is no command `upstream polish`; see sallyport help upstream/);
  });

  it('is pointed to where a word would be overlooked', () => {
    for (const words of [
      ['user', 'disable', 'ann', 'bob'],
      ['key', 'revoke', 'key_1', 'key_2'],
      ['user', 'list', '--', '--data', 'elsewhere'],
      ['up', '--', '--data', 'elsewhere'],
    ]) {
      const { code, said } = run(...words);
      assert.equal(code, 2, words.join(' '));
      assert.match(said, /is one word too many: sallyport (?:user|key|up)/);
    }
  });
});

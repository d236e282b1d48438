import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pickle, reduce, stackGlobal, text } from '../../scan/test/corpus/assembler.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const root = mkdtempSync(join(tmpdir(), 'sallyport-output-file-'));
after(() => rmSync(root, { recursive: true, force: true }));
const checkout = join(root, 'checkout');
mkdirSync(join(checkout, 'models'), { recursive: true });
for (let at = 0; at < 20; at++)
  writeFileSync(
    join(checkout, 'models', `${at}.pkl`),
    pickle(4, reduce(stackGlobal('os', 'system'), text('x'))),
  );
const env = { ...process.env, GITHUB_STEP_SUMMARY: '', CI: '' };
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const run = (...args: string[]) =>
  spawnSync(process.execPath, [...FLAGS, ...args], { cwd: checkout, encoding: 'utf8', env, timeout: 60_000 });
const victim = join(root, 'victim');

describe('files that a command is to write', () => {
  const outputs: readonly (readonly [string, ...string[]])[] = [
    ['--summary', 'ci', 'models'],
    ['--sarif', 'ci', 'models'],
    ['--sarif', 'scan', 'models'],
    ['--cyclonedx', 'scan', 'models'],
    ['--spdx', 'discover', 'models'],
  ];
  for (const [option, ...command] of outputs)
    it(`take the place of a link: ${command[0]} ${option}`, () => {
      const out = join(checkout, 'report.out');
      for (const put of [
        () => symlinkSync('../victim', out),
        () => symlinkSync(victim, out),
        () => symlinkSync('../made', out),
        () => linkSync(victim, out),
      ]) {
        writeFileSync(victim, 'as it was');
        put();
        const { status, stderr } = run(...command, option, 'report.out');
        assert.ok(status === 0 || status === 1, stderr);
        assert.equal(readFileSync(victim, 'utf8'), 'as it was');
        assert.equal(lstatSync(join(root, 'made'), { throwIfNoEntry: false }), undefined);
        assert.ok(lstatSync(out).isFile());
        assert.ok(readFileSync(out, 'utf8').length > 10);
        rmSync(out);
      }
    });

  it('lie in no folder that a link of the working folder leads out to', () => {
    mkdirSync(join(root, 'elsewhere'));
    symlinkSync('../elsewhere', join(checkout, 'reports'));
    const { status, stderr } = run('scan', 'models', '--sarif', 'reports/x.sarif');
    assert.equal(status, 2, stderr);
    assert.match(stderr, /leads out of the working folder/);
    assert.equal(lstatSync(join(root, 'elsewhere/x.sarif'), { throwIfNoEntry: false }), undefined);
  });

  it('may be files that are there, devices, or lie in folders that links within or the operator name', () => {
    writeFileSync(join(checkout, 'old.sarif'), 'x'.repeat(100_000));
    symlinkSync('models', join(checkout, 'inner'));
    symlinkSync(root, join(root, 'away'));
    for (const path of ['old.sarif', 'inner/x.sarif', join(root, 'away/far.sarif'), '../near.sarif']) {
      assert.equal(run('scan', 'models', '--sarif', path).status, 1, path);
      assert.ok(
        JSON.parse(readFileSync(join(checkout, path.startsWith('/') ? '../far.sarif' : path), 'utf8')),
      );
    }
    const { status, stdout } = run('scan', 'models', '--sarif', '/dev/stdout');
    if (process.platform === 'linux') assert.ok(status === 1 || status === 2, stdout);
    assert.equal(run('scan', 'models', '--sarif', '/dev/null').status, 1);
    assert.ok(!lstatSync('/dev/null').isFile());
  });
});

it('a verdict is the exit status whoever listens', async () => {
  for (const command of ['scan', 'ci', 'dependencies --help', 'discover'])
    for (const format of ['text', 'json']) {
      const args = [...command.split(' '), ...(command.includes(' ') ? [] : ['models', '--format', format])];
      const child = spawn(process.execPath, [...FLAGS, ...args], {
        cwd: checkout,
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      child.stdout.destroy();
      const status = await new Promise((done) => child.once('exit', done));
      assert.equal(status, command === 'scan' || command === 'ci' ? 1 : 0, `${command} ${format}`);
    }
});

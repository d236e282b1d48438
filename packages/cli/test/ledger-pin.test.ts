import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');

describe('ledger verify', () => {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  const run = (...args: string[]): { code: number | null; out: string } => {
    const env = { ...process.env, XDG_CONFIG_HOME: join(home, 'config') };
    const done = spawnSync(process.execPath, [BIN, ...args], { cwd: home, env });
    return { code: done.status, out: done.stdout.toString() + done.stderr.toString() };
  };
  const verify = (...args: string[]) => run('ledger', 'verify', '--data', 'data', ...args);
  const make = (data: string, ...args: string[]): void => {
    const { code, out } = run(
      ...['key', 'create', '--name', 'one', '--systems', 'main', '--data', data, ...args],
    );
    assert.equal(code, 0, out);
  };
  const upstream = (data: string, ...args: string[]): void => {
    const url = ['--url', 'https://api.example.com/v1', '--dialect', 'openai'];
    const { code, out } = run('upstream', 'add', 'main', ...url, '--data', data, ...args);
    assert.equal(code, 0, out);
  };
  const key = (data: string): string => readFileSync(join(home, data, 'ledger/verifier.key'), 'utf8').trim();
  const idOf = (data: string): string => key(data).split('+')[0]!;

  before(() => {
    for (const data of ['data', 'other']) upstream(data);
    make('data');
    upstream('apart', '--root-key', 'keys/root.key');
    make('apart', '--root-key', 'keys/root.key');
    renameSync(join(home, 'data'), join(home, 'true'));
  });
  const lay = (from: string, parts?: string[]): void => {
    rmSync(join(home, 'data'), { recursive: true, force: true });
    cpSync(join(home, 'true'), join(home, 'data'), { recursive: true });
    for (const part of parts ?? readdirSync(join(home, from))) {
      rmSync(join(home, 'data', part), { recursive: true, force: true });
      cpSync(join(home, from, part), join(home, 'data', part), { recursive: true });
    }
  };

  it('says which installation it verified, and by whose word', () => {
    lay('true');
    const { code, out } = verify();
    assert.equal(code, 0, out);
    assert.ok(
      out.includes(
        `ok: \`${idOf('data')}\` (key ${key('data').split('+')[1]}), as this machine was told first`,
      ),
      out,
    );
    const json = JSON.parse(verify('--format', 'json').out) as { installation: Record<string, unknown> };
    assert.equal(json.installation['origin'], idOf('data'));
    assert.equal(json.installation['pinnedBy'], 'remembered');
  });

  it('refuses the record of another installation in the place of ours, whatever was laid over', () => {
    for (const parts of [
      undefined,
      ['ledger'],
      ['ledger', 'installation.json'],
      ['ledger', 'installation.json', 'keys', 'state.db'],
    ]) {
      lay('other', parts);
      const { code, out } = verify();
      assert.equal(code, 1, `${parts?.join() ?? 'all'}: ${out}`);
      assert.match(out, /NOT OK/);
      assert.ok(out.includes(`the log here is of \`${idOf('other')}\``), out);
      assert.ok(out.includes(`this machine was told \`${key('true').split('+')[0]}\``), out);
      // The same with the right key named, as text and as a file; with that of the other it is theirs.
      assert.equal(verify('--key', key('true')).code, 1);
      assert.equal(verify('--key', 'true/ledger/verifier.key').code, 1);
      const theirs = verify('--key', key('other'));
      // Where their log lies over our state, that does not follow from it.
      const isAllTheirs = parts === undefined || parts.includes('state.db');
      assert.equal(theirs.code, isAllTheirs ? 0 : 1, theirs.out);
      if (isAllTheirs)
        assert.ok(theirs.out.includes(`\`${idOf('other')}\``) && theirs.out.includes('as given with --key'));
      else assert.match(theirs.out, /state\.db/);
    }
    assert.equal(verify('--key', 'nonsense').code, 2);
  });

  it('says so where the folder names an installation that this machine was told another key of', () => {
    lay('other', ['installation.json']);
    const { code, out } = verify();
    assert.equal(code, 1, out);
    assert.ok(out.includes(`it names an installation whose key is \`${idOf('other')}\``), out);
  });

  it('knows an installation whose folder was moved', () => {
    cpSync(join(home, 'true'), join(home, 'moved'), { recursive: true });
    rmSync(join(home, 'moved/ledger'), { recursive: true });
    cpSync(join(home, 'other/ledger'), join(home, 'moved/ledger'), { recursive: true });
    const { code, out } = run('ledger', 'verify', '--data', 'moved');
    assert.equal(code, 1, out);
    assert.ok(out.includes(`this machine was told \`${idOf('true')}\``), out);
  });

  it('knows an installation whose root key lies elsewhere, without being told where', () => {
    const told = run('ledger', 'verify', '--data', 'apart');
    assert.equal(told.code, 0, told.out);
    assert.match(told.out, /as this machine was told first/);
    rmSync(join(home, 'apart/ledger'), { recursive: true });
    cpSync(join(home, 'other/ledger'), join(home, 'apart/ledger'), { recursive: true });
    assert.equal(run('ledger', 'verify', '--data', 'apart').code, 1);
    assert.equal(run('ledger', 'verify', '--data', 'apart', '--root-key', 'keys/root.key').code, 1);
  });

  it('remembers what it verified first, where nothing was known', () => {
    cpSync(join(home, 'other/ledger'), join(home, 'mirror'), { recursive: true });
    rmSync(join(home, 'config'), { recursive: true });
    const first = run('ledger', 'verify', '--data', 'mirror');
    assert.equal(first.code, 0, first.out);
    assert.match(first.out, /for the first time and remembered; compare the key/);
    assert.match(run('ledger', 'verify', '--data', 'mirror').out, /as this machine was told first/);
    rmSync(join(home, 'mirror'), { recursive: true });
    cpSync(join(home, 'true/ledger'), join(home, 'mirror'), { recursive: true });
    assert.equal(run('ledger', 'verify', '--data', 'mirror').code, 1);
  });
});

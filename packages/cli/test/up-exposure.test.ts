import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');

it(
  'up says what lies open to whom, and what to do about what is open wide',
  { timeout: 120_000 },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'sallyport-up-'));
    chmodSync(home, 0o755);
    const file = join(home, 'sallyport.yaml');
    writeFileSync(file, 'gateway: { port: 0 }\ncontrol: { port: 0 }\n');
    // One that every user may write is not read at all: `owner.test.ts`.
    chmodSync(file, 0o664);
    const env = { ...process.env, XDG_CONFIG_HOME: join(home, 'config') };
    const args = [BIN, 'up', '--no-demo', '--workers', '1', '--config', file, '--data', join(home, 'data')];
    const child = spawn(process.execPath, args, { env, cwd: home });
    let said = '';
    const begun = new Promise<void>((done, fail) => {
      child.stdout.on('data', (piece: Buffer) => {
        said += piece.toString();
        if (said.includes('Ctrl-C stops')) done();
      });
      child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
      child.once('exit', (code) => fail(new Error(`exit ${code}: ${said}`)));
    });
    try {
      await begun;
      assert.match(said, /ok +gateway: http:\S+: reached from this machine alone, without TLS/);
      assert.match(said, /ok +root key: .+: open to user .+ alone/);
      assert.match(said, /OPEN WIDE +\S.*sallyport\.yaml.*\n +chmod .*sallyport\.yaml/);
    } finally {
      // What it started passes the signal on to the server, and ends with it.
      const ended = new Promise((done) => child.once('close', done));
      child.kill('SIGINT');
      await ended;
    }
  },
);

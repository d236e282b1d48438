import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/sallyport.mjs');

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

const isHealthy = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200;
  } catch {
    return false;
  }
};

/** Asks every so often until the answer is yes, or has been no for a minute. */
async function until(asked: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let waited = 0; waited < 60_000; waited += 200) {
    if (await asked()) return true;
    await new Promise((done) => setTimeout(done, 200));
  }
  return false;
}

/** Starts a server, has it say something that nobody can read, and asks whether it goes on. */
async function goesOn(
  start: (args: string[], env: NodeJS.ProcessEnv, home: string) => ChildProcess,
  blind: (child: ChildProcess) => void,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-unread-'));
  const file = join(home, 'sallyport.yaml');
  const port = await freePort();
  const ports = `gateway: { port: 0 }\ncontrol: { port: ${port} }\n`;
  writeFileSync(file, ports);
  const env = { ...process.env, XDG_CONFIG_HOME: join(home, 'config'), SALLYPORT_LOG: 'debug' };
  const data = join(home, 'data');
  const child = start(
    [BIN, 'up', '--no-demo', '--workers', '1', '--config', file, '--data', data],
    env,
    home,
  );
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  try {
    assert.ok(await until(async () => ended || (await isHealthy(port))));
    blind(child);
    writeFileSync(file, `${ports}nonsense: true\n`);
    for (let i = 0; i < 3; i++) {
      // What it started passes the signal on to the server.
      child.kill('SIGHUP');
      await new Promise((done) => setTimeout(done, 500));
    }
    assert.equal(ended, false, 'it ended');
    assert.ok(await isHealthy(port));
  } finally {
    if (!ended) {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGINT');
      await gone;
    }
  }
}

describe('a server goes on when nobody reads what it prints', () => {
  it('because the reader left', { timeout: 180_000 }, () =>
    goesOn(
      (args, env, cwd) => {
        const child = spawn(process.execPath, args, { env, cwd });
        child.stdout?.resume();
        child.stderr?.resume();
        return child;
      },
      (child) => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
    ),
  );

  it(
    'because the disk is full',
    { timeout: 180_000, skip: !existsSync('/dev/full') && 'there is no /dev/full' },
    () => {
      const full = openSync('/dev/full', 'w');
      return goesOn(
        (args, env, cwd) => spawn(process.execPath, args, { env, cwd, stdio: ['ignore', full, full] }),
        () => {},
      );
    },
  );
});

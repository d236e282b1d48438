import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { formatAddCheckpoint, Ledger, parseVerifierKey } from '@sallyport/ledger';
import { signingKey } from '@sallyport/vault';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN, 'witness'];

describe('sallyport witness', () => {
  let home: string;
  let ledger: Ledger;
  const running = new Set<ChildProcess>();
  const state = (): string => join(home, 'state');
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'sallyport-witness-'));
    ledger = await Ledger.open({
      folder: join(home, 'ledger'),
      signer: { name: 'example.com/log', ...signingKey(Buffer.alloc(64, 7)) },
    });
    writeFileSync(join(home, 'log.key'), `${ledger.verifierKey}\n${ledger.quantumSafeVerifierKey}\n`);
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  });

  const args = (...more: string[]): string[] => [
    ...FLAGS,
    '--name',
    'witness.example',
    '--state',
    state(),
    '--log',
    join(home, 'log.key'),
    '--format',
    'json',
    ...more,
  ];
  const start = async () => {
    const child = spawn(process.execPath, args('--port', '0'), { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let said = '';
    child.stderr.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
    const { url, keys } = await new Promise<{ url: string; keys: string[] }>((done, fail) => {
      let text = '';
      child.stdout.on('data', (piece: Buffer) => {
        text += piece.toString();
        if (text.trimEnd().endsWith('}')) done(JSON.parse(text));
      });
      child.once('exit', () => fail(new Error(said)));
    });
    const post = (body: string, path = '/add-checkpoint'): Promise<Response> =>
      fetch(`${url}${path}`, { method: 'POST', body });
    const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> =>
      new Promise((done) => {
        child.once('exit', done);
        child.kill(signal);
      });
    return { url, keys, post, stop, said: () => said };
  };
  const grow = async (): Promise<{ size: number; note: string }> => {
    await ledger.append([{ leaf: Buffer.from(`entry ${ledger.size}`), payload: null }]);
    await ledger.checkpointNow();
    const { checkpoint, note } = await ledger.prove([]);
    return { size: checkpoint.size, note };
  };

  it('shares what it saw with no other process', async () => {
    const first = await start();
    assert.equal((await start()).url, undefined, 'a second one says what is wrong, and listens nowhere');
    assert.equal(await first.stop(), 0);
    const next = await start();
    assert.equal(await next.stop(), 0);
  });

  it('cosigns over a real socket, remembers through kill -9, and speaks HTTP as it should', async () => {
    const first = await grow();
    let one = await start();
    assert.equal(statSync(join(state(), 'witness.key')).mode & 0o777, 0o600);
    assert.equal((await fetch(`${one.url}/healthz`)).status, 200);
    assert.equal((await one.post('x', '/elsewhere')).status, 404);
    assert.equal((await fetch(`${one.url}/add-checkpoint`)).status, 405);
    assert.equal((await one.post('x'.repeat(1_100_000))).status, 413);
    assert.equal((await one.post('nonsense')).status, 400);
    const cosigned = await one.post(formatAddCheckpoint(0, [], first.note));
    assert.equal(cosigned.status, 200);
    const lines = (await cosigned.text()).trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => line.startsWith('— witness.example ')));
    assert.deepEqual(
      one.keys.map((key) => parseVerifierKey(key).type),
      ['ed25519-cosignature', 'ml-dsa-44-cosignature'],
    );
    const { keys } = one;
    await one.stop('SIGKILL');
    one = await start();
    // c2sp.org/tlog-witness, "Monitor Retrieval Mechanism".
    const served = `${one.url}/${hash('sha256', 'example.com/log', 'hex')}/checkpoint`;
    const kept = await fetch(served);
    assert.deepEqual([kept.status, kept.headers.get('content-type')], [200, 'text/plain; charset=utf-8']);
    assert.equal(await kept.text(), `${first.note}${lines.join('\n')}\n`);
    assert.equal((await fetch(served, { method: 'POST' })).status, 405);
    assert.equal((await fetch(`${one.url}/${hash('sha256', 'another', 'hex')}/checkpoint`)).status, 404);
    const invalid = Buffer.concat([Buffer.from(formatAddCheckpoint(0, [], first.note)), Buffer.from([0xff])]);
    const answered = await fetch(`${one.url}/add-checkpoint`, { method: 'POST', body: invalid });
    assert.equal(answered.status, 400, 'no UTF-8');
    assert.deepEqual(one.keys, keys);
    const again = await one.post(formatAddCheckpoint(0, [], first.note));
    assert.deepEqual([again.status, again.headers.get('content-type')], [409, 'text/x.tlog.size']);
    assert.equal(await again.text(), `${first.size}\n`);
    const next = await grow();
    const forged = await one.post(formatAddCheckpoint(first.size, [Buffer.alloc(32)], next.note));
    assert.equal(forged.status, 422);
    assert.match(one.said(), /example\.com\/log shows another history/);
    assert.equal(await one.stop(), 0);
  });

  it('needs logs, and TLS for any address but loopback', () => {
    const run = (...more: string[]): string =>
      spawnSync(process.execPath, [...FLAGS, '--name', 'w', '--state', state(), ...more], {
        encoding: 'utf8',
      }).stderr;
    assert.match(run(), /name files with the public keys of logs/);
    assert.match(
      run('--log', join(home, 'log.key'), '--host', '0.0.0.0'),
      /is not loopback: name --tls-cert/,
    );
    assert.match(run('--log', join(home, 'nothing')), /cannot be read/);
    assert.ok(readFileSync(join(home, 'log.key'), 'utf8').includes('example.com/log'));
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, it, mock } from 'node:test';
import { verifyLedger } from '@sallyport/ledger';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  testServer,
} from './harness.ts';
import { killPrograms, type Program, startProgram } from './program.ts';

const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

/** The program on a folder of its own, with one gateway worker. */
function program(folder: string, config: string, shell = 'true'): Promise<Program> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'sallyport.yaml');
  writeFileSync(file, config);
  const [data, rootKey] = [join(folder, 'data'), join(folder, 'root.key')];
  return startProgram({ data, rootKey, config: file, args: ['--workers', '1'], shell });
}

const config = (fake: FakeSystem, more = ''): string =>
  `gateway: { port: 0 }\ncontrol: { port: 0 }\nsystems:\n  main: { dialect: openai, urls: ["${fake.url}"], allowPrivate: true, mode: enforce }\n${more}`;
const chat = (gateway: string, key: string, more: object = {}): Promise<Response> =>
  fetch(`${gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'main', messages: [{ role: 'user', content: 'hello' }], ...more }),
  });

describe('staying up', () => {
  after(killPrograms);

  it('overload: the flood of one key is shed, another key’s calls pass', async () => {
    const fake = await fakeSystem();
    const server = await testServer({
      systems: { main: enforced(fake) },
      config: { limits: { inFlightMax: 40 } },
    });
    const [loud, quiet] = [await server.key(['main']), await server.key(['main'])];
    const release: (() => void)[] = [];
    fake.answer = (_req, res) => void release.push(() => sendJson(res, completion('hello')));
    const flood = Array.from({ length: 200 }, () => server.chat(loud, 'hello'));
    // Those that are shed are told at once, while the others still wait for the AI system.
    const shed = flood.map((one) => one.then((answer) => answer.status === 503));
    while (release.length < 28) await sleep(10);
    await sleep(300);
    assert.equal(release.length, 28, 'the free share of the places, and no more for one key');
    const calls = Array.from({ length: 10 }, () => server.chat(quiet, 'hello'));
    while (release.length < 38) await sleep(10);
    for (const one of release) one();
    assert.deepEqual([...new Set((await Promise.all(calls)).map((one) => one.status))], [200]);
    assert.equal((await Promise.all(shed)).filter(Boolean).length, 172);
    const refused = (await Promise.all(flood)).find((one) => one.status === 503)!;
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(await codeOf(refused), 'overloaded');
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    assert.equal((await server.chat(loud, 'hello')).status, 200, 'and all is well again');
    await server.stop();
    await fake.close();
  });

  it('1,000 streams at a time in at most 512 MB, each whole', { timeout: 120_000 }, async (t) => {
    const fake = await fakeSystem();
    const folder = scratch();
    const text = 'The quick brown fox jumps over the lazy dog near the river bank. '.repeat(20);
    const open: (() => void)[] = [];
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const pieces = text.match(/.{1,40}/gs)!;
      for (const content of pieces.slice(0, 20)) res.write(chunk({ content }));
      // Every stream stays open until all of them are.
      open.push(() => {
        for (const content of pieces.slice(20)) res.write(chunk({ content }));
        res.end('data: [DONE]\n\n');
      });
    };
    // The first starts after a change of sources compile them, and keep the compiler in memory: measured are others.
    for (let i = 0; i < 2; i++) await (await program(folder, config(fake))).stop();
    const started = await program(folder, config(fake));
    const { key } = started.sallyport('key', 'create', '--name', 'k', '--systems', 'main') as { key: string };
    await chat(started.gateway, key);
    // That call is no stream, and what the fake keeps open for it is none of the thousand.
    open.length = 0;
    const idle = started.rssMb();
    const answers = Array.from({ length: 1000 }, async () =>
      (await chat(started.gateway, key, { stream: true })).text(),
    );
    while (open.length < 1000) await sleep(50);
    const peak: number[] = [started.rssMb()];
    const timer = setInterval(() => peak.push(started.rssMb()), 50);
    for (const finish of open) finish();
    const texts = await Promise.all(answers);
    clearInterval(timer);
    for (const one of texts) {
      const said = [...one.matchAll(/^data: (\{.*)$/gm)]
        .map(
          (m) =>
            (JSON.parse(m[1]!) as { choices: { delta: { content?: string } }[] }).choices[0]!.delta.content ??
            '',
        )
        .join('');
      assert.equal(said, text);
    }
    const most = Math.round(Math.max(...peak));
    t.diagnostic(
      `${Math.round(idle)} MB idle, ${Math.round(peak[0]!)} MB with 1,000 streams open, at most ${most} MB`,
    );
    assert.ok(most <= 512, `${most} MB`);
    assert.equal(await started.stop(), 0);
    await fake.close();
  });

  it(
    'a full disk denies new calls with a reason, loses nothing acknowledged, and recovers by itself',
    { timeout: 120_000 },
    async (t) => {
      const folder = scratch();
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder], { stdio: 'ignore' });
      } catch {
        t.skip('needs the right to mount a small disk');
        return;
      }
      const fake = await fakeSystem();
      try {
        const started = await program(folder, config(fake));
        const { key } = started.sallyport('key', 'create', '--name', 'k', '--systems', 'main') as {
          key: string;
        };
        const acknowledged: string[] = [];
        const call = async (): Promise<Response> => {
          const response = await chat(started.gateway, key, {
            messages: [{ role: 'user', content: 'x'.repeat(50_000) }],
          });
          if (response.status === 200) acknowledged.push(response.headers.get('x-sallyport-exchange')!);
          return response;
        };
        assert.equal((await call()).status, 200);
        const ballast = join(folder, 'ballast');
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(1024 * 1024), { flag: 'a' });
        } catch {
          // The disk is full.
        }
        let refused: Response | null = null;
        for (let i = 0; i < 2000 && refused === null; i++) {
          const response = await call();
          if (response.status !== 200) refused = response;
          else await response.text();
        }
        assert.equal(refused!.status, 503);
        assert.equal(await codeOf(refused!), 'record-unavailable');
        assert.equal((await call()).status, 503, 'and goes on denying');
        rmSync(ballast);
        let recovered = false;
        for (let i = 0; i < 100 && !recovered; i++) {
          recovered = (await call()).status === 200;
          if (!recovered) await sleep(100);
        }
        assert.ok(recovered, 'takes calls again');
        assert.equal(await started.stop(), 0);
        const again = await program(folder, config(fake));
        for (const id of [
          acknowledged[0]!,
          acknowledged.at(-1)!,
          acknowledged.at(-2)!,
          acknowledged.at(-3)!,
          acknowledged[Math.floor(acknowledged.length / 2)]!,
        ]) {
          const shown = again.sallyport('ledger', 'show', id) as { entries: unknown[] };
          assert.equal(shown.entries.length, 2, id);
          const opened = again.sallyport('ledger', 'show', id, '--content') as {
            entries: { commitmentHolds: boolean }[];
          };
          assert.deepEqual(
            opened.entries.map((one) => one.commitmentHolds),
            [true, true],
            `content of ${id}`,
          );
        }
        const verified = again.sallyport('ledger', 'verify') as { ok: boolean; problems: unknown[] };
        assert.deepEqual(verified.problems, []);
        assert.equal(await again.stop(), 0);
      } finally {
        await fake.close();
        execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
      }
    },
  );

  it('the end of file descriptors is survived', { timeout: 90_000 }, async () => {
    const fake = await fakeSystem();
    const folder = scratch();
    const started = await program(folder, config(fake), 'ulimit -n 120');
    const { key } = started.sallyport('key', 'create', '--name', 'k', '--systems', 'main') as { key: string };
    assert.equal((await chat(started.gateway, key)).status, 200);
    const { port } = new URL(started.gateway);
    const sockets: Socket[] = [];
    for (let i = 0; i < 300; i++) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
    }
    await sleep(1_500);
    for (const socket of sockets) socket.destroy();
    let status = 0;
    for (let i = 0; i < 100 && status !== 200; i++) {
      status = await chat(started.gateway, key).then(
        (one) => one.status,
        () => 0,
      );
      if (status !== 200) await sleep(100);
    }
    assert.equal(status, 200, 'calls pass again');
    const verified = started.sallyport('ledger', 'verify') as { ok: boolean };
    assert.ok(verified.ok);
    assert.equal(await started.stop(), 0);
    await fake.close();
  });

  it('a worker that dies is replaced; nothing acknowledged is lost, what it was doing is told', async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake) }, workers: 2 });
    const key = await server.key(['main'], { concurrent: 50 });
    const acknowledged: string[] = [];
    let going = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (going) {
        const response = await server.chat(key, 'hello').catch(() => null);
        if (response?.status === 200 && (await response.text().catch(() => '')) !== '')
          acknowledged.push(response.headers.get('x-sallyport-exchange')!);
      }
    });
    for (const worker of [0, 1, 0, 1]) {
      await sleep(400);
      await server.control.gateway!.recycle(worker);
    }
    await sleep(400);
    going = false;
    await Promise.all(clients);
    assert.equal(server.control.gateway!.size, 2);
    await sleep(500);
    await server.control.installation.flush();
    const { state, store } = server.control.installation;
    const { exchanges } = store;
    assert.ok(acknowledged.length > 50, `${acknowledged.length}`);
    for (const id of acknowledged) assert.equal((await exchanges.byId(id))?.outcome, 'answered', id);
    assert.deepEqual(state.calls.open, [], 'calls that a dead worker held have an end');
    assert.equal(
      (await server.chat(key, 'hello')).status,
      200,
      'its places among concurrent calls are free again',
    );
    const { ledger } = server.control.installation;
    await ledger.checkpointNow();
    assert.deepEqual((await verifyLedger(ledger.folder, ledger.verifierKey)).problems, []);
    await server.stop();
    await fake.close();
  });

  it(
    'SIGTERM drains: calls in flight end, new ones are refused, exit is clean',
    { timeout: 60_000 },
    async () => {
      const fake = await fakeSystem();
      fake.answer = (_req, res) => void setTimeout(() => sendJson(res, completion('late')), 1_500);
      const started = await program(scratch(), config(fake));
      const { key } = started.sallyport('key', 'create', '--name', 'k', '--systems', 'main') as {
        key: string;
      };
      const flying = Array.from({ length: 5 }, () => chat(started.gateway, key));
      while (fake.requests.length < 5) await sleep(20);
      const ended = started.stop();
      // The signal takes its time on a busy machine; then new calls are refused, or find nobody listening.
      const ask = (): Promise<number> =>
        fetch(`${started.gateway}/v1/models`, { headers: { authorization: `Bearer ${key}` } }).then(
          (one) => one.status,
          () => 0,
        );
      let refused = await ask();
      for (let n = 0; n < 100 && refused === 200; n++) {
        await sleep(50);
        refused = await ask();
      }
      assert.ok(refused === 0 || refused === 503, `${refused}`);
      assert.deepEqual(
        (await Promise.all(flying)).map((one) => one.status),
        [200, 200, 200, 200, 200],
      );
      assert.equal(await ended, 0);
      await fake.close();
    },
  );

  it('a clock that is set moves no limit, no expiry and no session', async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake) } });
    const { id, key } = await server.control.apiKeys.create('test', {
      name: 'short',
      systems: ['main'],
      expires: '1h',
    });
    const real = Date.now;
    // Only this thread's clock can be moved from here; workers follow the steady one by construction (core/clock.test.ts).
    const moved = mock.method(Date, 'now', () => real() + 400 * 86_400_000);
    try {
      assert.equal((await server.chat(key, 'hello')).status, 200, 'a clock set forward expires nothing');
      const later = await server.control.apiKeys.create('test', {
        name: 'later',
        systems: ['main'],
        expires: '1h',
      });
      assert.ok(Math.abs(Date.parse(later.expiresAt) - real() - 3_600_000) < 60_000);
      const { expiresAt } = (await server.control.apiKeys.list()).find((one) => one.id === id)!;
      assert.ok(Date.parse(expiresAt) > real());
    } finally {
      moved.mock.restore();
    }
    await server.stop();
    await fake.close();
  });
});

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const MB = 1024 * 1024;
const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));

describe('what bodies may hold', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    fake = await fakeSystem();
    // The shares that are asked about here are those of bodies of 10 MB.
    const limits = { bodyBytesMax: 10 * MB };
    server = await testServer({ systems: { main: enforced(fake) }, config: { limits } });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  interface Sender {
    readonly status: Promise<number>;
    /** What was answered: the status, or the code of an error. */
    readonly code: Promise<string>;
    readonly retryAfter: Promise<string | undefined>;
    finish(): void;
    abort(): void;
  }
  const body = JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'harmless words '.repeat((10 * MB) / 15 - 10) }],
  });
  /** Begins to send a large body, and goes on when told. */
  const begin = (key: string, announced: boolean, sent: number): Sender => {
    let status!: (status: number) => void;
    let after!: (value: string | undefined) => void;
    let said!: (code: string) => void;
    const req = request(
      `${server.gatewayUrl}/v1/chat/completions`,
      {
        method: 'POST',
        agent: false,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...(announced ? { 'content-length': body.length } : {}),
        },
      },
      (res) => {
        let text = '';
        res.on('data', (piece: Buffer) => {
          text += piece;
        });
        res.on('close', () => said(res.statusCode === 200 ? '200' : text));
        status(res.statusCode!);
        after(res.headers['retry-after']);
      },
    );
    const sender: Sender = {
      status: new Promise((done) => {
        status = done;
      }),
      retryAfter: new Promise((done) => {
        after = done;
      }),
      code: new Promise((done) => {
        said = done;
      }),
      finish: () => void req.end(body.slice(sent)),
      abort: () => void req.destroy(),
    };
    req.on('error', ({ message }) => {
      status(0);
      said(message);
    });
    req.write(body.slice(0, sent));
    return sender;
  };
  /** What was answered so far, once so many are refused; a busy machine takes its time over that. */
  const refusedSoon = async (senders: readonly Sender[], wanted: number): Promise<(number | null)[]> => {
    const answers: (number | null)[] = senders.map(() => null);
    for (const [i, { status }] of senders.entries())
      void status.then((said) => {
        answers[i] = said;
      });
    for (let waited = 0; waited < 400; waited++) {
      if (answers.filter((status) => status === 503).length >= wanted) break;
      await sleep(100);
    }
    return answers;
  };

  /** What a call comes to once those before it are over. */
  const freeAgain = async (call: () => Promise<number>): Promise<number> => {
    for (let tries = 0; ; tries++) {
      const status = await call();
      if (![429, 503].includes(status) || tries === 40) return status;
      await sleep(250);
    }
  };

  for (const announced of [true, false])
    it(`a key with one place holds no forty bodies, ${announced ? 'announced' : 'in chunks'}`, async () => {
      const key = await server.key(['main'], { concurrent: 1 });
      const senders = Array.from({ length: 40 }, () => begin(key, announced, 9 * MB));
      const answers = await refusedSoon(senders, 37);
      const refused = answers.filter((status) => status === 503).length;
      assert.ok(refused >= 37, `${refused} of 40 were refused`);
      const at = answers.indexOf(503);
      assert.equal(await senders[at]!.retryAfter, '1');
      for (const sender of senders) sender.abort();
      const again = (): Promise<number> => {
        const sender = begin(key, announced, 9 * MB);
        sender.finish();
        return sender.status;
      };
      assert.equal(await freeAgain(again), 200, 'and what they held is free again');
    });

  it(
    'senders that are slow leave room to others, and lose their calls when it is needed',
    { timeout: 60_000 },
    async () => {
      const keys = await Promise.all(
        Array.from({ length: 14 }, () => server.key(['main'], { concurrent: 1 })),
      );
      const slow = keys.map((key) => begin(key, true, 1_000));
      await sleep(1_500);
      const others = await Promise.all(Array.from({ length: 2 }, () => server.key(['main'])));
      const quick = others.map((key) => begin(key, true, 1_000));
      for (const one of quick) one.finish();
      assert.deepEqual([...new Set(await Promise.all(quick.map((one) => one.code)))], ['200']);
      assert.ok((await refusedSoon(slow, 1)).includes(503));
      for (const one of slow) one.abort();
    },
  );

  it('what is decompressed counts, and many at a time are taken in turn', async () => {
    const key = await server.key(['main']);
    const plain = JSON.stringify({
      model: 'm',
      messages: [{ role: 'user', content: 'harmless words '.repeat(13_000) }],
    });
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        server.post('/v1/chat/completions', key, gzipSync(plain), { 'content-encoding': 'gzip' }),
      ),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });

  it('answers of one key do not take the memory of all', { timeout: 60_000 }, async () => {
    const [loud, quiet] = [await server.key(['main']), await server.key(['main'])];
    const open: (() => void)[] = [];
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.write(`{"x":"${'x'.repeat(20 * MB)}`);
      open.push(() => void res.end('"}'));
    };
    const calls = Array.from({ length: 12 }, () => server.chat(loud, 'hello'));
    const statuses = calls.map((call) => call.then(({ status }) => status));
    assert.equal(await Promise.race(statuses), 503, 'those beyond the share are refused');
    const held = fake.answer;
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    assert.equal((await server.chat(quiet, 'hello')).status, 200);
    fake.answer = held;
    for (const finish of open) finish();
    await Promise.all(calls);
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    assert.equal((await server.chat(loud, 'hello')).status, 200, 'and all is free again');
  });
});

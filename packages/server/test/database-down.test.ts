import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startPostgres } from '../../store/test/postgres.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

/** A way to a database that can be cut. */
async function cuttable(url: string) {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  const proxy = createServer((here) => {
    const there = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
    }
    here.pipe(there).pipe(here);
  });
  const open = async (port = 0): Promise<void> => {
    await once(proxy.listen(port, '127.0.0.1'), 'listening');
  };
  await open();
  const { port } = proxy.address() as AddressInfo;
  const through = new URL(url);
  through.port = String(port);
  return {
    url: through.href,
    open: () => open(port),
    cut: async (): Promise<void> => {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

describe('a database that is away', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let way: Awaited<ReturnType<typeof cuttable>>;
  let fake: FakeSystem;
  let data: string;
  const start = (url: string, waitSeconds: number): Promise<TestServer> => {
    process.env['TEST_DATABASE_URL'] = url;
    return testServer({
      ...(data && { data }),
      systems: { main: enforced(fake) },
      config: { database: { urlRef: 'env:TEST_DATABASE_URL', waitSeconds } },
      // It is not there to be looked at once more when one of them stops.
      diverges: true,
    });
  };
  before(async () => {
    postgres = await startPostgres();
    way = await cuttable(postgres.url);
    fake = await fakeSystem();
    data = '';
  });
  after(async () => {
    await fake.close();
    await way.cut().catch(() => {});
    await postgres.stop();
  });

  it('is told in words at the start, without its address', async () => {
    const wrong = (change: (url: URL) => void): string => {
      const url = new URL(postgres.url);
      change(url);
      return url.href;
    };
    const cases: [url: string, code: string, message: RegExp][] = [
      ['postgres://u:secret@127.0.0.1:5/x', 'database-unavailable', /does not answer \(ECONNREFUSED\)$/],
      ['postgres://u:secret@nowhere.invalid:5/x', 'database-unavailable', /does not answer \(E/],
      [wrong((url) => (url.password = 'other')), 'config-invalid', /user or password/],
      [wrong((url) => (url.pathname = '/none')), 'config-invalid', /no database of the name/],
      [
        wrong((url) => url.searchParams.set('options', '-c default_transaction_read_only=on')),
        'database-unavailable',
        /read-only/,
      ],
    ];
    for (const [url, code, message] of cases)
      await assert.rejects(start(url, 0), { code, message }, message.source);
  });

  it('is waited for', async () => {
    await way.cut();
    const starting = start(way.url, 30);
    await setTimeout(3_000);
    await way.open();
    const server = await starting;
    data = server.data;
    await server.stop();
  });

  it('is told by every answer while it lasts, and nothing is lost by it', async () => {
    const server = await start(way.url, 30);
    const key = await server.key(['main']);
    const ready = async (): Promise<string> => {
      const answer = await fetch(`${server.controlUrl}/readyz`);
      return `${answer.status} ${((await answer.json()) as { status: string }).status}`;
    };
    try {
      assert.equal(await ready(), '200 ready');
      await way.cut();
      const calls = [1, 2, 3].map((n) => server.chat(key, `hello ${n}`));
      await setTimeout(2_500);
      assert.match(await ready(), /^503 .*the database does not answer/);
      await assert.rejects(server.control.apiKeys.create('test', { name: 'k', systems: ['main'] }), {
        code: 'database-unavailable',
      });
      await way.open();
      // Calls are answered all the while: what they need is in memory, and the record is on this disk.
      assert.deepEqual(await Promise.all(calls.map(async (one) => (await one).status)), [200, 200, 200]);
      await setTimeout(2_500);
      assert.equal(await ready(), '200 ready');
      assert.equal((await server.chat(key, 'again')).status, 200);
      await server.control.installation.flush();
      const rows = await server.control.exchanges({ limit: 10 });
      assert.deepEqual(
        rows.map(({ outcome }) => outcome),
        Array.from({ length: 4 }, () => 'answered'),
      );
      // Nor does it keep the server from stopping, and what was recorded meanwhile is there when it is back.
      await way.cut();
      assert.equal((await server.chat(key, 'unseen')).status, 200);
    } finally {
      await server.stop();
    }
    await way.open();
    const again = await start(way.url, 30);
    assert.equal((await again.control.exchanges({ limit: 10 })).length, 5);
    await again.stop();
  });
});

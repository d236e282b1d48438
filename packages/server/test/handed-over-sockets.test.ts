import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { completion, enforced, fakeSystem, sendJson, testServer } from './harness.ts';

const ASKS = [
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
];

it('a caller who asks for another protocol and resets the connection ends no worker', async () => {
  const fake = await fakeSystem();
  const server = await testServer({ systems: { main: enforced(fake) } });
  const key = await server.key(['main']);
  let release = (): void => {};
  const held = new Promise<void>((done) => {
    release = done;
  });
  fake.answer = async (_req, res) => {
    await held;
    sendJson(res, completion('still here'));
  };
  // A worker that dies takes its calls along.
  const calls = [server.chat(key, 'one'), server.chat(key, 'two'), server.chat(key, 'three')];
  await sleep(100);
  const gateway = new URL(server.gatewayUrl);
  const control = new URL(server.controlUrl!);
  for (const { hostname, port } of [gateway, control])
    for (const ask of ASKS)
      for (const delayMs of [0, 1, 20])
        await new Promise<void>((done) => {
          const socket = connect(Number(port), hostname, () => socket.write(ask));
          socket.on('error', () => {});
          socket.on('close', () => done());
          setTimeout(() => socket.resetAndDestroy(), delayMs);
        });
  await sleep(200);
  release();
  const ended = await Promise.allSettled(calls);
  const ready = await fetch(`${server.controlUrl}/readyz`);
  await server.stop();
  await fake.close();
  assert.deepEqual(
    ended.map((call) => (call.status === 'fulfilled' ? call.value.status : String(call.reason))),
    [200, 200, 200],
  );
  assert.equal(ready.status, 200);
});

it('a caller who offers another protocol, as the HTTP client of Java does, is answered in this one', async () => {
  const fake = await fakeSystem();
  const server = await testServer({ systems: { main: enforced(fake) } });
  const key = await server.key(['main']);
  fake.answer = (_req, res) => sendJson(res, completion('hello'));
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello there' }] });
  const answered: Record<string, unknown> = {};
  for (const offer of [
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
  ])
    for (const [url, head, content] of [
      [server.gatewayUrl, 'POST /v1/chat/completions HTTP/1.1', body],
      [server.controlUrl!, 'GET /readyz HTTP/1.1', ''],
    ] as const) {
      const { host, port, hostname } = new URL(url);
      const said = await new Promise<string>((done) => {
        let text = '';
        const socket = connect(Number(port), hostname);
        socket.on('data', (piece) => {
          text += piece;
        });
        // The connection ends: Node passes over a request that came with this one.
        socket.on('close', () => done(text));
        socket.write(
          `${head}\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n${offer}Content-Length: ${content.length}\r\n\r\n${content}`,
        );
      });
      answered[`${offer} ${head}`] = [said.slice(0, 12), said.match(/HTTP\/1\.1/g)?.length];
    }
  await server.stop();
  await fake.close();
  for (const [what, how] of Object.entries(answered)) assert.deepEqual(how, ['HTTP/1.1 200', 1], what);
});

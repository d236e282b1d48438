import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { completion, type TestServer, testServer } from '../../../server/test/harness.ts';

/*
 * A connection that the AI system closed while nobody used it is no failed call (open-webui/terminals#24,
 * defilantech/LLMKube#459).
 */
const BODY = completion('hello');
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`;

/** What becomes of the request number `n` on a connection, and of the request number `all` of all. */
type Behaviour = (socket: Socket, n: number, all: number) => void;

describe('connections that died unused', () => {
  let server: TestServer;
  let upstream: Server;
  let key: string;
  let requests = 0;
  const open = new Set<Socket>();
  let behave: Behaviour = (socket) => socket.write(ANSWER);
  before(async () => {
    upstream = createServer((socket) => {
      open.add(socket);
      let own = 0;
      let read = '';
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        read += chunk.toString('latin1');
        for (;;) {
          const head = read.indexOf('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(read)?.[1] ?? 0);
          if (head < 0 || read.length < head + 4 + length) return;
          read = read.slice(head + 4 + length);
          behave(socket, ++own, ++requests);
        }
      });
    });
    await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    server = await testServer({
      systems: { main: { dialect: 'openai', urls: [url], allowPrivate: true, mode: 'enforce' } },
    });
    key = await server.key(['main']);
  });
  afterEach(() => {
    for (const socket of open) socket.destroy();
    requests = 0;
  });
  after(async () => {
    await server.stop();
    upstream.close();
  });
  const call = async (): Promise<number> => {
    const response = await server.chat(key, 'hi');
    await response.text();
    return response.status;
  };

  for (const [how, end] of [
    ['closed', (socket: Socket) => void socket.end()],
    ['cut', (socket: Socket) => void socket.destroy()],
    ['reset', (socket: Socket) => void socket.resetAndDestroy()],
  ] as const)
    it(`${how} under the second request: it is sent again over a new one`, async () => {
      behave = (socket, n) => (n === 1 ? socket.write(ANSWER) : end(socket));
      for (let i = 0; i < 12; i++) assert.equal(await call(), 200);
      const [row] = await server.control.exchanges({ limit: 1 });
      assert.equal(row!.outcome, 'answered');
    });

  it('all at once: none of thirty calls fails', async () => {
    behave = (socket, n) => (n === 1 ? socket.write(ANSWER) : socket.destroy());
    for (let round = 0; round < 3; round++) {
      const statuses = await Promise.all(Array.from({ length: 10 }, call));
      assert.deepEqual(new Set(statuses), new Set([200]));
    }
  });

  it('of 300 calls to a system that keeps connections for as long as calls are apart none fails', async () => {
    const { createServer: createHttp } = await import('node:http');
    const short = createHttp((req, res) => {
      req.resume();
      req.on('end', () => {
        res.writeHead(200, { 'content-type': 'application/json', connection: 'keep-alive' });
        res.end(BODY);
      });
    });
    short.keepAliveTimeout = 30;
    short.keepAliveTimeoutBuffer = 0;
    short.on('connection', (socket) => socket.setNoDelay(true));
    await new Promise<void>((done) => short.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(short.address() as AddressInfo).port}`;
    await server.control.addSystem('test', 'short', { dialect: 'openai', urls: [url], allowPrivate: true });
    const own = await server.key(['short']);
    let failed = 0;
    for (let i = 0; i < 300; i++) {
      const response = await server.chat(own, 'hi');
      await response.text();
      if (response.status !== 200) failed++;
      await new Promise((tick) => setTimeout(tick, 26 + (i % 9)));
    }
    short.closeAllConnections();
    short.close();
    assert.equal(failed, 0);
  });

  it('one that is new is no such connection: the call may have been worked on', async () => {
    behave = (socket) => socket.destroy();
    assert.equal(await call(), 502);
    assert.equal(requests, 1);
  });

  it('nor is one that was cut while the system worked', async () => {
    behave = (socket, n) => (n === 1 ? socket.write(ANSWER) : setTimeout(() => socket.destroy(), 2_500));
    assert.equal(await call(), 200);
    assert.equal(await call(), 502);
    assert.equal(requests, 2);
  });

  it('nor one on which the answer had begun', async () => {
    behave = (socket, n) =>
      n === 1 ? socket.write(ANSWER) : socket.write(ANSWER.slice(0, -9), () => socket.destroy());
    assert.equal(await call(), 200);
    assert.equal(await call(), 502);
    assert.equal(requests, 2);
  });

  it('and nothing is sent a third time', async () => {
    behave = (socket, _n, all) => (all === 1 ? socket.write(ANSWER) : socket.destroy());
    assert.equal(await call(), 200);
    assert.equal(await call(), 502);
    assert.equal(requests, 3);
  });
});

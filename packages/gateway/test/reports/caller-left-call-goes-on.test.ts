import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';
import { STREAMED, type Streamed } from './stream-dialects.ts';

/*
 * A caller who leaves ends the call to the AI system at once, whatever the call was doing, and frees its place
 * (BerriAI/litellm#37140, BerriAI/litellm#31499).
 */
const wait = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));

/** What the AI system does until the caller leaves. */
const DOINGS: Readonly<Record<string, (res: ServerResponse, own: Streamed, stream: boolean) => void>> = {
  'has not answered': () => {},
  'has written a little': (res, own, stream) => {
    res.writeHead(200, { 'content-type': stream ? own.type : 'application/json' });
    res.write(stream ? own.delta('one ') : own.whole('one').slice(0, 10));
  },
  'has written what is held, and pings': (res, own, stream) => {
    res.writeHead(200, { 'content-type': stream ? own.type : 'application/json' });
    if (stream) for (const frame of own.begin) res.write(frame);
    const timer = setInterval(() => res.write(stream ? own.delta('') : ' '), 50);
    res.on('close', () => clearInterval(timer));
  },
  'writes without end': (res, own, stream) => {
    res.writeHead(200, { 'content-type': stream ? own.type : 'application/json' });
    const timer = setInterval(
      () => res.write((stream ? own.delta('The report names no one. ') : ' ').repeat(20)),
      10,
    );
    res.on('close', () => clearInterval(timer));
  },
};
/** How a caller leaves. */
const LEAVES: Readonly<Record<string, (socket: Socket) => void>> = {
  'hangs up': (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  'closes its half': (socket) => socket.end(),
};

describe('a caller who leaves', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama'];
    server = await testServer({
      systems: Object.fromEntries(dialects.map((dialect) => [dialect, enforced(fake, { dialect })])),
    });
    for (const [name, own] of Object.entries(STREAMED))
      for (const stream of [true, false])
        keys.set(`${name} ${stream}`, await server.key([own.path.split('/')[2]!], { concurrent: 1 }));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [leaving, leave] of Object.entries(LEAVES))
    for (const [doing, work] of Object.entries(DOINGS))
      it(`${leaving} while the AI system ${doing}: the call ends, and its place is free`, async () => {
        for (const [name, own] of Object.entries(STREAMED))
          for (const stream of [true, false]) {
            const where = `${name}${stream ? ', streamed' : ''}`;
            let closed = 0;
            const begun = new Promise<void>((started) => {
              fake.answer = (_req, res) => {
                res.on('close', () => (closed = performance.now()));
                work(res, own, stream);
                started();
              };
            });
            const url = new URL(server.gatewayUrl);
            const key = keys.get(`${name} ${stream}`)!;
            const body = JSON.stringify({ ...own.body, stream });
            const socket = connect(Number(url.port), url.hostname);
            socket.on('error', () => {});
            socket.write(
              `POST ${own.path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
            );
            socket.resume();
            await begun;
            await wait(60);
            const left = performance.now();
            leave(socket);
            while (closed === 0 && performance.now() - left < 2_000) await wait(5);
            assert.ok(closed !== 0, `${where}: the AI system still works for no one`);
            fake.answer = (_req, res) => res.end();
            const next = await server.post(own.path, key, { ...own.body, stream: false });
            assert.notEqual(next.status, 429, `${where}: ${await next.text()}`);
          }
      });
});

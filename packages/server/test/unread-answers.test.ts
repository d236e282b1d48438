import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { enforced, fakeSystem, sendJson, testServer } from './harness.ts';

const IDLE_MS = 10_000;
/** More than a kernel keeps for a connection. */
const VECTOR = `[${Array.from({ length: 1_024 }, (_, n) => (0.0123456789 + n / 1e5).toFixed(10)).join(',')}]`;
const ANSWER = `{"object":"list","model":"m","usage":{"prompt_tokens":1000,"total_tokens":1000},"data":[${Array.from(
  { length: 1_200 },
  (_, index) => `{"object":"embedding","index":${index},"embedding":${VECTOR}}`,
).join(',')}]}`;

it('an answer that is not read keeps its place, and what it holds, until its reader is cut off', async () => {
  const fake = await fakeSystem();
  fake.answer = (_req, res) => sendJson(res, ANSWER);
  const server = await testServer({
    systems: { main: enforced(fake) },
    config: { deadlines: { idleMs: IDLE_MS } },
  });
  const key = await server.key(['main'], { concurrent: 2 });
  const content = JSON.stringify({ model: 'm', input: ['text'] });
  const ask = async (): Promise<Socket> => {
    const { port, hostname } = new URL(server.gatewayUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await new Promise((done) => socket.once('connect', done));
    socket.pause();
    socket.write(
      `POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\nAuthorization: Bearer ${key}\r\n\r\n${content}`,
    );
    return socket;
  };
  const answered = async (): Promise<number> =>
    (await server.control.exchanges({ limit: 50 })).filter((one) => one.outcome === 'answered').length;
  const sockets = await Promise.all([ask(), ask()]);
  for (let n = 0; n < 600 && (await answered()) < 2; n++) await sleep(50);
  const third = await server.post('/v1/embeddings', key, { model: 'm', input: ['text'] });
  const why = (await third.json()) as { error?: { code: string } };
  let status = 0;
  const began = performance.now();
  // Both are cut off in the end, and the places are free.
  for (let n = 0; n < 200 && status !== 200; n++) {
    await sleep(200);
    const again = await server.post('/v1/embeddings', key, { model: 'm', input: ['text'] });
    status = again.status;
    if (status === 200) assert.equal((await again.text()).length, ANSWER.length);
    else await again.arrayBuffer();
  }
  const waitedMs = performance.now() - began;
  const got = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<number>((done) => {
          let bytes = 0;
          socket.on('data', (piece) => {
            bytes += piece.length;
          });
          socket.on('close', () => done(bytes));
          socket.resume();
        }),
    ),
  );
  // Those who read get all, one after the other, with one place.
  const one = await server.key(['main'], { concurrent: 1 });
  const statuses: number[] = [];
  for (let n = 0; n < 5; n++) {
    const read = await server.post('/v1/embeddings', one, { model: 'm', input: ['text'] });
    statuses.push(read.status);
    assert.equal((await read.text()).length, ANSWER.length);
  }
  await server.stop();
  await fake.close();
  assert.deepEqual([third.status, why.error?.code], [429, 'concurrency-limited']);
  assert.equal(status, 200);
  assert.ok(waitedMs < 3 * IDLE_MS, `${waitedMs} ms`);
  for (const bytes of got) assert.ok(bytes < ANSWER.length, `${bytes}`);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200]);
});

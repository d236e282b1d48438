import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { enforced, fakeSystem, testServer } from './harness.ts';

/** What a peer sends before it says nothing more, and does not close its side. */
const SENT: Readonly<Record<string, string>> = {
  nothing: '',
  'half a header': 'GET / HTTP/1.1\r\nHost: x\r\n',
  garbage: 'GARBAGE\r\n\r\n',
  'another protocol': 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  connect: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
  'a call that is refused':
    'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n',
};
/** Time for headers and handshakes, for the look that follows, and for the other side to close. */
const ENDED_MS = 15_000;

const opened = (socket: Socket, event: string): Promise<void> =>
  new Promise((done, fail) => socket.once(event, () => done()).once('error', fail));

/** Whether the other side still has a connection: where it has none, what is sent is answered by a reset. */
async function isHeld(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return false;
  let reset = false;
  socket.on('error', () => {
    reset = true;
  });
  for (let i = 0; i < 5 && !reset && !socket.destroyed; i++) {
    socket.write('x');
    await sleep(50);
  }
  return !reset && !socket.destroyed;
}

async function hold(url: string, text: string, tls: boolean): Promise<Socket> {
  const { port, hostname: host } = new URL(url);
  const raw = connect({ port: Number(port), host, allowHalfOpen: true });
  await opened(raw, 'connect');
  raw.on('error', () => {});
  if (!tls) {
    raw.resume();
    if (text !== '') raw.write(text);
    return raw;
  }
  const secure = connectTls({ socket: raw, rejectUnauthorized: false });
  await opened(secure, 'secureConnect');
  // What is read ends the TLS session here; the connection below stays.
  secure.on('error', () => {});
  if (text !== '') secure.write(text);
  return raw;
}

it(
  'a connection ends in bounded time, whatever its peer leaves unsaid or open',
  { timeout: 60_000 },
  async () => {
    const fake = await fakeSystem();
    const systems = { main: enforced(fake) };
    const plain = await testServer({ systems });
    const tls = { generated: true };
    const secure = await testServer({
      systems,
      config: { gateway: { port: 0, tls }, control: { port: 0, tls } },
    });
    const held: [string, Socket][] = [];
    for (const [what, text] of Object.entries(SENT)) {
      held.push([`gateway: ${what}`, await hold(plain.gatewayUrl, text, false)]);
      held.push([`control: ${what}`, await hold(plain.controlUrl!, text, false)]);
      held.push([`gateway with TLS: ${what}`, await hold(secure.gatewayUrl, text, true)]);
      held.push([`control with TLS: ${what}`, await hold(secure.controlUrl!, text, true)]);
    }
    held.push(['gateway: no handshake', await hold(secure.gatewayUrl, '', false)]);
    held.push([
      'gateway: no handshake but text',
      await hold(secure.gatewayUrl, 'GET / HTTP/1.1\r\n\r\n', false),
    ]);
    held.push(['control: no handshake', await hold(secure.controlUrl!, '', false)]);
    await sleep(ENDED_MS);
    const left: string[] = [];
    for (const [what, socket] of held) if (await isHeld(socket)) left.push(what);
    for (const [, socket] of held) socket.destroy();
    // Those that say nothing do not hold up the end either.
    const late = await Promise.all([hold(plain.gatewayUrl, '', false), hold(secure.gatewayUrl, '', false)]);
    const began = performance.now();
    await plain.stop();
    await secure.stop();
    const stopMs = performance.now() - began;
    for (const socket of late) socket.destroy();
    await fake.close();
    assert.deepEqual(left, []);
    assert.ok(stopMs < 6_000, `stopped in ${Math.round(stopMs)} ms`);
  },
);

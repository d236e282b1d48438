import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { post } from '../src/post.ts';

/** Posts to a server that answers each request with these bytes. */
async function answered(bytes: string): Promise<unknown> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => socket.write(bytes));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await post(`http://127.0.0.1:${port}/`, {}, 'x', true);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

describe('an answer to what is posted', () => {
  it('is told as it came', async () => {
    const bytes = 'HTTP/1.1 409 Conflict\r\ncontent-type: text/x.tlog.size\r\ncontent-length: 2\r\n\r\n7\n';
    assert.deepEqual(await answered(bytes), { status: 409, type: 'text/x.tlog.size', text: '7\n' });
  });

  it('is a fault where it changes the protocol, is none, or breaks off', async () => {
    const upgrade = 'upgrade: other\r\nconnection: upgrade\r\n\r\n';
    await assert.rejects(answered(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}`), /changes the protocol/);
    await assert.rejects(answered('SSH-2.0-server\r\n'), /Parse Error/);
    await assert.rejects(answered(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}\r\n`), /overflow/);
  });
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressBlock } from './address.ts';
import { Listener } from './listener.ts';
import { connectionsWithin, openFilesMax, openFilesState } from './open-files.ts';

/** A connection from an address, as far as a listener looks at one. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort = 1;
  destroyed = false;
  writableLength = 0;
  writableEnded = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const server = (): Server => new EventEmitter() as Server;

function arrive(to: Server, address: string, count = 1): FakeSocket[] {
  return Array.from({ length: count }, () => {
    const socket = new FakeSocket(address);
    to.emit('connection', socket);
    return socket;
  });
}

/** Begins a call. @returns ends it */
function call(to: Server, socket: FakeSocket): () => void {
  const res = new EventEmitter();
  to.emit('request', { socket, headers: {} }, res);
  return () => void res.emit('close');
}

const alive = (sockets: readonly FakeSocket[]): number => sockets.filter((one) => !one.destroyed).length;

describe('connections of a listener', () => {
  it('are never more than it may hold; the one that has carried no call for longest gives way', () => {
    const to = server();
    const listener = new Listener(to, { connectionsMax: 8 });
    const first = arrive(to, '10.0.0.1');
    const end = call(to, first[0]!);
    const others = Array.from({ length: 20 }, (_, n) => arrive(to, `10.0.1.${n}`)[0]!);
    assert.equal(listener.size, 8);
    assert.equal(alive(first), 1, 'one that carries a call stays');
    assert.deepEqual(
      others.map((one) => one.destroyed),
      [...Array(13).fill(true), ...Array(7).fill(false)],
    );
    end();
    const more = Array.from({ length: 7 }, (_, n) => arrive(to, `10.0.2.${n}`)[0]!);
    assert.equal(alive(first), 1, 'those that never carried a call go first');
    const ends = more.map((one) => call(to, one));
    arrive(to, '10.0.3.1');
    assert.equal(alive(first), 0);
    arrive(to, '10.0.3.2');
    for (const one of more) assert.ok(!one.destroyed);
    for (const finish of ends) finish();
    assert.equal(listener.size, 8);
  });

  it('of one address are a part of them once half are taken, except of proxies and this machine', () => {
    const to = server();
    new Listener(to, { connectionsMax: 40, ofMany: (address) => address === '10.9.9.9' });
    const one = arrive(to, '10.0.0.1', 30);
    assert.equal(alive(one), 20);
    assert.equal(alive(arrive(to, '10.0.0.2', 30)), 10);
    // Of one network of IPv6, as of one address.
    const network = [1, 2, 3, 4].flatMap((n) => arrive(to, `2001:db8:1:2::${n}`, 5));
    assert.equal(alive(network), 10);
    assert.equal(alive(arrive(to, '10.9.9.9', 15)), 15);
    assert.equal(alive(arrive(to, '::ffff:127.0.0.1', 15)), 15);
    assert.equal(alive(arrive(to, '::1', 15)), 15);
  });

  it('end when a reader takes nothing of an answer', async () => {
    const served = createServer((_req, res) => res.end(Buffer.alloc(32 * 1024 * 1024)));
    const listener = new Listener(served, { connectionsMax: 10, stallMs: () => 500 });
    await new Promise<void>((done) => served.listen(0, '127.0.0.1', done));
    const { port } = served.address() as AddressInfo;
    const sockets: Socket[] = [];
    for (let n = 0; n < 3; n++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).pause();
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(n + 1));
      sockets.push(socket);
    }
    const sizes = async (size: number): Promise<void> => {
      for (let n = 0; n < 400 && listener.size !== size; n++) await sleep(25);
      assert.equal(listener.size, size);
    };
    await sizes(3);
    await sizes(0);
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => served.close(done));
  });
});

describe('what one place of callers is', () => {
  for (const [address, block] of [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:1:aaaa::1', '2001:db8:0:1::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:1:2:3:4', '2001:db8:0:0::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ] as const)
    it(address, () => assert.equal(addressBlock(address), block));
});

it('connections leave descriptors for everything else', () => {
  assert.ok(openFilesMax() > 0);
  for (const files of [0, 120, 256, 512, 1_024, 65_536, Number.POSITIVE_INFINITY]) {
    const { gateway, control } = connectionsWithin(files);
    assert.ok(gateway >= 16 && control >= 16);
    if (files >= 256) assert.ok(2 * gateway + control < files, `${files}`);
  }
  assert.equal(openFilesState(512)[0], false);
  assert.equal(openFilesState(65_536)[0], true);
});

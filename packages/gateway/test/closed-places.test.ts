import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect as plainConnect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { type ClosedPlace, CodedError, DIRECT, parseConfig, type SystemSnapshot } from '@sallyport/core';
import { CERTIFICATE, CERTIFICATE_KEY } from '../../server/test/certificate.ts';
import { addressKey, closedFor, Resolved, refusedPlace } from '../src/closed-places.ts';
import { Upstreams } from '../src/upstream.ts';

const settings = () => ({ deadlines: parseConfig({}).deadlines, outbound: DIRECT });
const names: Record<string, readonly string[]> = {
  'gated.test': ['127.0.0.1'],
  'moved.test': ['192.0.2.7'],
  'elsewhere.test': ['192.0.2.1', '2001:db8::1'],
};
const resolved = (): Resolved =>
  new Resolved(async (host) => {
    const found = names[host];
    if (!found) throw new Error('ENOTFOUND');
    return found;
  });
const closed = (url: string, addresses: readonly string[] = []): ClosedPlace => ({
  url,
  addresses,
  code: 'gate-closed',
  why: 'closed',
});

describe('places behind closed gates', () => {
  let server: Server;
  let port = 0;
  let asked = 0;
  before(async () => {
    server = createServer((_req, res) => {
      asked++;
      res.end('{}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const send = (upstreams: Upstreams, url: string, places: readonly ClosedPlace[]): Promise<string> =>
    new Promise((done) => {
      const system = { urls: [url], allowPrivate: true, integration: null, closed: places };
      upstreams.send(
        system as unknown as SystemSnapshot,
        { method: 'POST', path: '/v1/x', headers: {}, body: Buffer.from('{}') },
        {
          started: () => {},
          head: (status) => done(String(status)),
          data: () => {},
          end: () => {},
          fail: (fault) => done(fault.code),
        },
      );
    });

  it('are not reached by another name or number that leads to their address', async () => {
    const upstreams = new Upstreams(settings, undefined, resolved());
    for (const place of [`http://gated.test:${port}`, `https://gated.test:${port}/v1`])
      for (const url of [
        `http://localhost:${port}`,
        `http://127.0.0.1:${port}`,
        `http://127.0.0.1:${port}/v1/`,
      ])
        assert.equal(await send(upstreams, url, [closed(place)]), 'gate-closed', `${url} ${place}`);
    assert.equal(asked, 0, 'nothing was sent');
    // Where it was seen last counts besides where its name leads now.
    const before = closed(`http://moved.test:${port}`, ['localhost']);
    assert.equal(await send(upstreams, `http://127.0.0.1:${port}`, [before]), 'gate-closed');
    for (const place of [
      closed(`http://elsewhere.test:${port}`),
      closed(`http://unknown.test:${port}`),
      closed(`http://gated.test:${port + 1}`),
      closed(`http://gated.test:${port}/other`),
    ])
      assert.equal(await send(upstreams, `http://localhost:${port}/v1`, [place]), '200', place.url);
    await upstreams.close();
  });

  it('are not reached over a connection from before the gate closed', async () => {
    const upstreams = new Upstreams(settings, undefined, resolved());
    const url = `http://localhost:${port}`;
    assert.equal(await send(upstreams, url, []), '200');
    assert.equal(await send(upstreams, url, [closed(`http://gated.test:${port}`)]), 'gate-closed');
    assert.equal(await send(upstreams, url, []), '200', 'open again');
    await upstreams.close();
  });

  it('are told from others behind one address by their certificates', async () => {
    const tls = createTlsServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_req, res) => res.end());
    await new Promise<void>((done) => tls.listen(0, '127.0.0.1', done));
    const at = (tls.address() as AddressInfo).port;
    names['other.test'] = ['127.0.0.1'];
    const connected = (make: () => Socket, event: string): Promise<Socket> =>
      new Promise((done, fail) => {
        const socket = make().once('error', fail);
        socket.once(event, () => done(socket));
      });
    const over = (): Promise<Socket> =>
      connected(
        () => tlsConnect({ host: '127.0.0.1', port: at, ca: CERTIFICATE, servername: 'localhost' }),
        'secureConnect',
      );
    for (const [place, code] of [
      [`https://localhost:${at}`, 'gate-closed'],
      [`https://127.0.0.1:${at}`, 'gate-closed'],
      [`http://other.test:${at}`, 'gate-closed'],
      [`https://other.test:${at}`, null],
    ] as const) {
      const socket = await over();
      const refused = await refusedPlace(socket, [closed(place)], resolved());
      assert.equal(refused?.code ?? null, code, place);
      socket.destroy();
    }
    const plain = await connected(() => plainConnect({ host: '127.0.0.1', port: at }), 'connect');
    assert.ok(
      (await refusedPlace(plain, [closed(`https://other.test:${at}`)], resolved())) instanceof CodedError,
    );
    // A proxy alone knows where its connection leads: a certificate tells, else the name that was asked for.
    for (const [asked, place, code] of [
      ['gated.test', `http://gated.test:${at}`, 'gate-closed'],
      ['moved.test', `http://gated.test:${at}`, null],
      ['unknown.test', `http://gated.test:${at}`, 'gate-closed'],
    ] as const) {
      const refused = await refusedPlace(plain, [closed(place)], resolved(), asked);
      assert.equal(refused?.code ?? null, code, `${asked} ${place}`);
    }
    for (const [asked, place, code] of [
      ['moved.test', `https://localhost:${at}`, 'gate-closed'],
      ['gated.test', `https://other.test:${at}`, null],
    ] as const) {
      const socket = await over();
      const refused = await refusedPlace(socket, [closed(place)], resolved(), asked);
      assert.equal(refused?.code ?? null, code, `${asked} ${place}`);
      socket.destroy();
    }
    plain.destroy();
    tls.close();
  });

  it('addresses are one however they are spelt, and so are those of this machine', () => {
    for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '[::1]', '0.0.0.0'])
      assert.equal(addressKey(own), 'localhost', own);
    for (const one of Object.values(networkInterfaces()).flat())
      assert.equal(addressKey(one!.address), 'localhost', one!.address);
    assert.equal(addressKey('::ffff:192.0.2.1'), addressKey('192.0.2.1'));
    assert.equal(addressKey('2001:DB8:0:0::1'), addressKey('[2001:db8::1]'));
    assert.notEqual(addressKey('192.0.2.1'), addressKey('192.0.2.2'));
    assert.deepEqual(closedFor('http://x.test', []), []);
  });
});

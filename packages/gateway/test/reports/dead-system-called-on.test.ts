import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';
import { signedIn } from '../../../server/test/people.ts';

/*
 * An AI system that fails is not called on and on: its callers are told at once when to come back, and one of them
 * tries it. What it says itself of when to come back goes on as it is.
 */
describe('an AI system that fails', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  const systems = ['s', 'dead', 'off'];
  const path = (system: string): string => `/s/${system}/v1/chat/completions`;
  const call = (system = 's', own = key): Promise<Response> =>
    server.post(path(system), own, { model: 'm', messages: [{ role: 'user', content: 'hello there' }] });
  const statuses = async (many: number, system = 's'): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < many; i++) all.push((await call(system)).status);
    return all;
  };
  const say = (status: number, headers: Record<string, string> = {}) => {
    fake.answer = (_req, res: ServerResponse) => {
      res.writeHead(status, { 'content-type': 'application/json', ...headers });
      res.end('{"error":{"message":"no","type":"server_error"}}');
    };
  };
  const well = (): void => {
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
  };
  before(async () => {
    fake = await fakeSystem();
    const dead = await fakeSystem();
    server = await testServer({
      systems: {
        s: enforced(fake),
        off: enforced(fake, { backOff: { failures: 0 } }),
        dead: enforced(dead),
      },
    });
    await dead.close();
    key = await server.key(systems);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('is left alone after five failures in a row, for this caller, who is told when to come back', async () => {
    say(500);
    assert.deepEqual(await statuses(12), [...Array(5).fill(500), ...Array(7).fill(503)]);
    assert.equal(fake.requests.length, 5);
    const told = await call();
    assert.equal(told.headers.get('retry-after'), '1');
    assert.match(await told.text(), /"code":"upstream-backing-off"/);
    well();
    assert.equal((await call('s', await server.key(['s']))).status, 200, 'another caller is served');
    await delay(1_100);
    assert.deepEqual(await statuses(3), [200, 200, 200]);
  });

  it('is left alone by everyone where no connection is made; posture, readiness and others go on', async () => {
    assert.deepEqual(await statuses(8, 'dead'), [...Array(5).fill(502), ...Array(3).fill(503)]);
    // The pause may be over by now: then one call looks whether the system is back, and the next waits again.
    const other = await server.key(['dead']);
    assert.ok([(await call('dead', other)).status, (await call('dead', other)).status].includes(503));
    assert.equal((await call()).status, 200);
    for (const base of [server.gatewayUrl, server.controlUrl])
      assert.equal((await fetch(`${base}/readyz`)).status, 200);
    await delay(600);
    const person = await signedIn(server, [{ role: 'administrator' }]);
    const { systems: shown } = (await (await person.call('GET', '/api/v1/systems')).json()) as {
      systems: { name: string; backingOff: string | null }[];
    };
    const of = (name: string): string | null => shown.find((one) => one.name === name)!.backingOff;
    assert.match(of('dead')!, /^5 calls in a row found no connection; the next/);
    assert.equal(of('s'), null);
    const doctor = await (await person.call('GET', '/api/v1/doctor')).text();
    assert.match(doctor, /"calls to dead".{0,40}"warning"/);
    assert.match(
      await (await fetch(`${server.controlUrl}/metrics`)).text(),
      /sallyport_backing_off(?:\{[^}]*\})? 1/,
    );
  });

  it('says itself when to come back, or that a call is wrong: that goes on, however often', async () => {
    for (const [status, headers] of [
      [503, { 'retry-after': '7' }],
      [529, { 'retry-after': '7' }],
      [429, {}],
      [400, {}],
      [404, {}],
      [501, {}],
    ] as const) {
      say(status, headers);
      assert.deepEqual(await statuses(8), Array(8).fill(status));
    }
    assert.deepEqual(await statuses(1), [501]);
  });

  it('is called on where its settings say so', async () => {
    say(500);
    assert.deepEqual(await statuses(9, 'off'), Array(9).fill(500));
    well();
  });
});

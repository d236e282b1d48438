import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import {
  completion,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';
import { ok, signedIn } from './people.ts';

const CANARY = 'zebra-canary-774411';

/** Alerts that were seen by no one stay in the list, whatever becomes of what opened them. */
describe('an alert', () => {
  let fake: FakeSystem;
  let server: TestServer;
  const data = join(scratch(), 'data');
  const start = (): Promise<TestServer> =>
    testServer({
      systems: {
        watched: { dialect: 'openai', urls: [`${fake.url}/v1`], allowPrivate: true, canaries: [CANARY] },
      },
      data,
    });
  const leaks = async (): Promise<{ since: string; over: string | null; detail: string }[]> =>
    (await server.control.alerts()).filter(
      ({ rule, subject }) => rule === 'leak-in-answers' && subject === 'system:watched',
    );
  const leak = async (text: string): Promise<number> => {
    fake.answer = (_req, res) => sendJson(res, completion(text));
    const { status } = await server.chat(await server.key(['watched']), 'hi');
    await server.control.installation.flush();
    await server.control.monitor!.tick();
    return status;
  };
  before(async () => {
    fake = await fakeSystem();
    server = await start();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('opens for a leak that observing let out, and for no answer without one', async () => {
    assert.equal(await leak('nothing to see'), 200);
    assert.deepEqual(await leaks(), []);
    assert.equal(await leak(`the marker is ${CANARY}`), 200, 'observed, not blocked');
    const [alert, ...others] = await leaks();
    assert.match(alert!.detail, /^1 answer held/);
    assert.deepEqual([alert!.over, others], [null, []]);
  });

  it('stays over a restart, and turns to "over" rather than go', async (t) => {
    const [first] = await leaks();
    await server.stop();
    server = await start();
    assert.deepEqual(await leaks(), [first]);
    await server.control.monitor!.tick();
    const [over] = await leaks();
    assert.equal(over?.since, first!.since, 'it is still listed');
    assert.notEqual(over!.over, null);
    await server.stop();
    server = await start();
    const later = clock.nowMs() + 400 * 86_400_000;
    t.mock.method(clock, 'nowMs', () => later);
    assert.deepEqual(await leaks(), [over], 'after another restart, a year later');
  });

  it('opens again as the same one, and goes once it is over and someone looked after it', async () => {
    const [before] = await leaks();
    await leak(`again ${CANARY}`);
    const [again, ...others] = await leaks();
    assert.deepEqual([again!.over, again!.since, others], [null, before!.since, []]);
    await server.stop();
    server = await start();
    await server.control.monitor!.tick();
    assert.notEqual((await leaks())[0]!.over, null);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const which = { rule: 'leak-in-answers', subject: 'system:watched' };
    await ok(await operator.call('POST', '/api/v1/alerts/acknowledge', which), 200);
    assert.deepEqual(await leaks(), []);
    await server.stop();
    server = await start();
    assert.deepEqual(await leaks(), [], 'nor after a restart');
  });

  it('closes when it is over where someone looks after it already', async () => {
    await leak(`once more ${CANARY}`);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const which = { rule: 'leak-in-answers', subject: 'system:watched' };
    await ok(await operator.call('POST', '/api/v1/alerts/acknowledge', which), 200);
    assert.equal((await leaks()).length, 1);
    await server.stop();
    server = await start();
    await server.control.monitor!.tick();
    assert.deepEqual(await leaks(), []);
  });
});

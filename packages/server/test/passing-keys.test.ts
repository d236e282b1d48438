import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clock, newId, usageLimits } from '@sallyport/core';
import { KEYS_OF_ONE_MAX } from '../src/api-keys.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const HOUR_MS = 3_600_000;

describe('keys that live for one call of our own', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let operator: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { chat: enforced(fake), other: enforced(fake) } });
    operator = await signedIn(server, [{ role: 'operator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const tried = (system: string): Promise<Response> =>
    operator.call('POST', `/api/v1/systems/${system}/try`, { text: 'hello' });
  const synthetic = async (): Promise<string[]> =>
    (await server.control.installation.store.keys.list()).flatMap((key) => (key.synthetic ? [key.id] : []));

  it('are forgotten a day later, and never kept among what decides who is whom', async (t) => {
    await ok(await tried('chat'), 200);
    const made = await synthetic();
    assert.ok(made.length > 0);
    const { all } = await server.control.installation.state.said();
    for (const id of made) assert.ok(!all.some(({ subject }) => subject === `key:${id}`), 'kept in memory');
    await server.control.apiKeys.forgetJobs();
    assert.deepEqual(await synthetic(), made, 'not yet');
    const later = Date.now() + 25 * HOUR_MS;
    t.mock.method(clock, 'nowMs', () => later);
    await server.control.apiKeys.forgetJobs();
    assert.deepEqual(await synthetic(), []);
  });

  it('take the places of the system that is tried, and none of the others', async () => {
    const { store } = server.control.installation;
    const now = new Date().toISOString();
    const row = { name: 'k', prefix: 'sp_x', systems: ['chat'], scope: {}, limits: usageLimits({}) };
    await store.change(async (tx) => {
      for (let i = 0; i < KEYS_OF_ONE_MAX; i++)
        await store.keys.insert(tx, {
          ...{ ...row, id: newId('key'), hash: String(i).padStart(64, '0'), program: null, demo: false },
          ...{ createdAt: now, expiresAt: now, revokedAt: now, synthetic: true },
        });
      return { result: undefined, event: [] };
    });
    const refused = await ok<{ error: { message: string } }>(await tried('chat'), 409);
    assert.match(refused.error.message, /keys of `chat`/);
    await ok(await tried('other'), 200);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { clock, newId, usageLimits } from '@sallyport/core';
import { SLOTS_MAX } from '@sallyport/gateway';
import type { KeyRow } from '@sallyport/store';
import { KEYS_OF_ONE_MAX, PLACES_FOR_SYSTEMS } from '../src/api-keys.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const HOUR_MS = 3_600_000;
let keys = 0;

describe('places of keys in the counters', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let operator: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    const systems = ['one', 'two', 'three', 'four'].map((name) => [name, enforced(fake)] as const);
    server = await testServer({ systems: Object.fromEntries(systems) });
    operator = await signedIn(server, [{ role: 'operator', system: 'one' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Keys as if somebody had made them one by one. */
  const fill = async (count: number, more: Partial<KeyRow>): Promise<void> => {
    const { store } = server.control.installation;
    const at = Date.now();
    await store.change(async (tx) => {
      for (let i = 0; i < count; i++)
        await store.keys.insert(tx, {
          ...{ id: newId('key'), name: 'k', prefix: 'sp_x', hash: String(keys++).padStart(64, '0') },
          ...{ systems: ['one'], scope: {}, limits: usageLimits({}), program: null },
          createdAt: new Date(at - 3 * HOUR_MS).toISOString(),
          expiresAt: new Date(at + HOUR_MS).toISOString(),
          ...{ revokedAt: null, demo: false, synthetic: false },
          ...more,
        });
      return { result: undefined, event: [] };
    });
  };
  const made = (who: TestPerson, system: string): Promise<Response> =>
    who.call('POST', '/api/v1/keys', { name: 'k', systems: [system], expires: '2h' });
  const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

  it('are not all taken by one system: whoever makes its keys leaves room for the others', async () => {
    // Those that ended a while ago take none.
    await fill(50, { revokedAt: ago(2.5) });
    await fill(50, { expiresAt: ago(2.1) });
    await fill(KEYS_OF_ONE_MAX - 2, {});
    await fill(1, { revokedAt: ago(0.1) });
    await ok(await made(operator, 'one'), 201);
    const refused = await ok<{ error: { code: string; message: string } }>(await made(operator, 'one'), 409);
    assert.equal(refused.error.code, 'conflict');
    assert.match(refused.error.message, /keys of `one`/);
    const everywhere = await signedIn(server, [{ role: 'operator' }]);
    const { key } = await ok<{ key: string }>(await made(everywhere, 'two'), 201);
    assert.equal((await server.chat(key, 'hello')).status, 200);
    mock.method(clock, 'nowMs', () => Date.now() + 4 * HOUR_MS);
    await server.control.apiKeys.create('test', { name: 'later', systems: ['one'] });
    mock.restoreAll();
  });

  it('are left for systems: a key that would not work is not issued', async () => {
    const { length } = await server.control.installation.store.keys.list();
    await fill(SLOTS_MAX - PLACES_FOR_SYSTEMS - length, { systems: ['three'] });
    await fill(100, { systems: ['four'] });
    const everywhere = await signedIn(server, [{ role: 'operator' }]);
    const refused = await ok<{ error: { code: string } }>(await made(everywhere, 'two'), 503);
    assert.equal(refused.error.code, 'overloaded');
    const added = { dialect: 'openai', urls: [fake.url], allowPrivate: true };
    await server.control.addSystem('test', 'fifth', added);
    assert.deepEqual(server.control.snapshots.quarantined, []);
  });
});

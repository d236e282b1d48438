import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

describe('a key that is revoked takes its successors along', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let operator: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
    operator = await signedIn(server, [{ role: 'operator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  /** A key, what it was rotated to, and what that was rotated to. */
  const three = async () => {
    const { apiKeys } = server.control;
    const first = await apiKeys.create('test', { name: 'one', systems: ['main'] });
    const second = await apiKeys.rotate('thief', first.id, { overlap: '24h' });
    return [first, second, await apiKeys.rotate('thief', second.id, { overlap: '0s' })] as const;
  };
  const opens = async (keys: readonly { readonly key: string }[]): Promise<boolean[]> =>
    Promise.all(keys.map(async ({ key }) => (await server.chat(key, 'hello')).status === 200));

  it('revoked by a person, who is told which', async () => {
    const keys = await three();
    assert.deepEqual(await opens(keys), [true, false, true], 'before');
    const { successors } = await ok<{ successors: string[] }>(
      await operator.call('POST', `/api/v1/keys/${keys[0].id}/revoke`),
      200,
    );
    assert.deepEqual(successors, [keys[1].id, keys[2].id]);
    assert.deepEqual(await opens(keys), [false, false, false]);
  });

  it('revoked because it leaked', async () => {
    const keys = await three();
    await server.control.apiKeys.revoke('sallyport', keys[0].id, { reason: 'leaked' });
    assert.deepEqual(await opens(keys), [false, false, false]);
  });

  it('but not where someone says that they stay, or it ends with its owner', async () => {
    const keys = await three();
    await ok(await operator.call('POST', `/api/v1/keys/${keys[0].id}/revoke?successors=keep`), 200);
    assert.deepEqual(await opens(keys), [false, false, true]);
    const others = await three();
    await server.control.apiKeys.revoke('sallyport', others[0].id, { reason: 'its owner left' });
    assert.deepEqual(await opens(others), [false, false, true]);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const SETTINGS = '/api/v1/systems/shop/settings';

describe('changing an AI system', () => {
  let fake: FakeSystem;
  let other: FakeSystem;
  let server: TestServer;
  let operator: TestPerson;
  before(async () => {
    process.env['TEST_EDIT_ONE'] = 'one-secret-value';
    process.env['TEST_EDIT_TWO'] = 'two-secret-value';
    [fake, other] = [await fakeSystem(), await fakeSystem()];
    server = await testServer({
      demo: true,
      systems: { fixed: enforced(fake) },
      config: { secrets: { environment: ['TEST_EDIT_ONE', 'TEST_EDIT_TWO'] } },
    });
    operator = await signedIn(server, [{ role: 'operator' }]);
    await ok(
      await operator.call('POST', '/api/v1/systems', {
        name: 'shop',
        ...enforced(other),
        apiKeyRef: 'env:TEST_EDIT_ONE',
        canaries: ['MAGNOLIA-3391'],
        limits: { requestsPerMinute: 100, concurrent: 7 },
      }),
      201,
    );
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await other.close();
    delete process.env['TEST_EDIT_ONE'];
    delete process.env['TEST_EDIT_TWO'];
  });
  const config = async () => (await server.control.systems()).find(({ name }) => name === 'shop')!.config;

  it('takes no address with a credential in it', async () => {
    const { url } = other;
    for (const query of ['?key=AIzaSyNotARealKey', '?api-key=abc', '?sig=abc', '?access_token=abc']) {
      const added = await operator.call('POST', '/api/v1/systems', {
        name: 'leaky',
        ...enforced(other),
        urls: [url + query],
      });
      assert.equal(added.status, 400, query);
      assert.match(await added.text(), /apiKeyRef/);
      assert.equal((await operator.call('POST', SETTINGS, { urls: [url + query] })).status, 400, query);
    }
    const plain = { name: 'dated', ...enforced(other), urls: [`${url}?api-version=2024-10-21`] };
    assert.equal((await operator.call('POST', '/api/v1/systems', plain)).status, 201);
  });

  it('changes what is named, keeps the rest, and keys go on', async () => {
    const key = await server.key(['shop']);
    await ok(
      await operator.call('POST', SETTINGS, { models: ['m-1'], limits: { requestsPerMinute: 50 } }),
      200,
    );
    const { limits, models, apiKeyRef, canaries, mode } = await config();
    assert.deepEqual(
      [limits, models, apiKeyRef, canaries, mode],
      [{ requestsPerMinute: 50, concurrent: 7 }, ['m-1'], 'env:TEST_EDIT_ONE', ['MAGNOLIA-3391'], 'enforce'],
    );
    await ok(await operator.call('POST', SETTINGS, { apiKeyRef: 'env:TEST_EDIT_TWO' }), 200);
    assert.equal((await server.chat(key, 'hello', { model: 'm-1' })).status, 200);
    const listed = await fetch(`${server.gatewayUrl}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { data } = (await listed.json()) as { data: { id: string }[] };
    assert.deepEqual(
      data.map(({ id }) => id),
      ['shop', 'm-1'],
    );
    assert.equal(other.requests.at(-1)!.headers.authorization, 'Bearer two-secret-value');
    await ok(await operator.call('POST', SETTINGS, { apiKeyRef: null }), 200);
    assert.equal('apiKeyRef' in (await config()), false);
    await server.control.installation.flush();
    const { events } = server.control.installation.store;
    assert.equal((await events.latest('upstream-changed'))!.actor, `person:${operator.id}`);
  });

  it('refused, leaves no trace', async () => {
    await server.control.installation.flush();
    const before = JSON.stringify(await config());
    const size = await server.control.installation.store.events.latest('upstream-changed');
    for (const [change, status] of [
      [{}, 400],
      [{ urls: [] }, 400],
      [{ urls: ['ftp://x'] }, 400],
      [{ urls: ['http://169.254.169.254'] }, 400],
      [{ allowPrivate: false }, 400],
      [{ mode: 'off' }, 400],
      [{ dialect: 'anthropic' }, 400],
      [{ limits: { requestsPerMinute: -1 } }, 400],
      [{ limits: { requestsPerHour: 1 } }, 400],
      [{ apiKeyRef: 'sk-plain' }, 400],
      [{ apiKeyRef: 'env:NOT_ALLOWED_HERE' }, 403],
      [{ apiKeyRef: 'file:/etc/passwd' }, 403],
      // Bound to its first address, by the change before.
      [{ urls: ['https://elsewhere.example'], apiKeyRef: 'env:TEST_EDIT_ONE' }, 403],
    ] as const) {
      const answer = await operator.call('POST', SETTINGS, change);
      assert.equal(answer.status, status, `${JSON.stringify(change)} ${await answer.text()}`);
      assert.equal(JSON.stringify(await config()), before);
    }
    await server.control.installation.flush();
    assert.equal((await server.control.installation.store.events.latest('upstream-changed'))!.id, size!.id);
    assert.equal((await operator.call('POST', '/api/v1/systems/none/settings', { models: [] })).status, 404);
    for (const name of ['fixed', 'helpdesk'])
      assert.equal(
        (await operator.call('POST', `/api/v1/systems/${name}/settings`, { models: [] })).status,
        409,
        name,
      );
  });

  it('who holds a system alone says not where it is, and lets nothing pass that was stopped', async () => {
    const holder = await signedIn(server, [{ role: 'operator', system: 'shop' }]);
    for (const change of [{ urls: [fake.url] }, { apiKeyRef: 'env:TEST_EDIT_ONE' }, { allowPrivate: true }])
      assert.equal((await holder.call('POST', SETTINGS, change)).status, 403, JSON.stringify(change));
    await ok(await holder.call('POST', SETTINGS, { limits: { requestsPerMinute: 20 } }), 200);
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    assert.equal((await viewer.call('POST', SETTINGS, { models: [] })).status, 403);
  });

  it('to loosen it, or open another way to a place, takes a fresh proof', async () => {
    const stale = await signedIn(server, [{ role: 'operator' }]);
    await server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - 600_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).where('person_id', '=', stale.id).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
    for (const change of [
      { mode: 'observe' },
      { canaries: [] },
      { limits: { requestsPerMinute: 1_000 } },
      { limits: { concurrent: null } },
      { urls: [fake.url] },
      { apiKeyRef: 'env:TEST_EDIT_ONE' },
    ]) {
      const answer = await stale.call('POST', SETTINGS, change);
      assert.match(await answer.text(), /proof-needed/, JSON.stringify(change));
    }
    await ok(await stale.call('POST', SETTINGS, { limits: { requestsPerMinute: 10 } }), 200);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issueKey } from '@sallyport/access';
import { divergingIn, ENGINES, type StatePlace } from './behind.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

const LATER = '2999-01-01T00:00:00.000Z';
const NOTHING = 'select 1';

for (const [engine, open] of Object.entries(ENGINES))
  describe(`rows that others changed do not reach the gateway with the next change, over ${engine}`, () => {
    let fake: FakeSystem;
    let elsewhere: FakeSystem;
    let server: TestServer;
    let place: StatePlace;
    let end: () => Promise<void>;
    before(async () => {
      ({ place, end } = await open());
      [fake, elsewhere] = [await fakeSystem(), await fakeSystem()];
      server = await testServer({
        data: place.data,
        config: place.config,
        systems: { main: enforced(fake), other: enforced(fake), shop: enforced(fake) },
        diverges: true,
      });
    });
    after(async () => {
      await server.stop();
      await fake.close();
      await elsewhere.close();
      await end();
    });
    const make = (systems = ['main']): Promise<{ id: string; key: string }> =>
      server.control.apiKeys.create('test', { name: 'k', systems });
    const call = async (key: string, system = 'main'): Promise<string> => {
      const answer = await server.post(`/s/${system}/v1/chat/completions`, key, {
        model: 'm',
        messages: [{ role: 'user', content: 'hi' }],
      });
      const body = (await answer.json()) as { error?: { code?: string } };
      return `${answer.status} ${body.error?.code ?? ''}`.trim();
    };
    /** A change of somebody who has nothing to do with it. */
    const change = async (): Promise<void> => {
      const { key } = await make();
      assert.equal(await call(key), '200', 'what follows goes on');
    };

    it('keys that were revoked, widened, ended or never made', async () => {
      const [revoked, widened, ended, good] = [await make(), await make(), await make(), await make()];
      await server.control.apiKeys.revoke('test', revoked.id);
      const forged = issueKey();
      await place.sql(
        `update api_keys set revoked_at = null where id = '${revoked.id}'`,
        `update api_keys set systems = '["main","other"]' where id = '${widened.id}'`,
        `update api_keys set expires_at = '${LATER}' where id = '${ended.id}'`,
        `insert into api_keys (id, name, prefix, hash, systems, scope, limits, created_at, expires_at, demo, synthetic) select 'key_forged', 'forged', prefix, '${forged.hash}', systems, scope, limits, created_at, expires_at, 0, 0 from api_keys where id = '${good.id}'`,
        NOTHING,
      );
      await change();
      assert.match(await call(revoked.key), /^401/);
      assert.match(await call(widened.key, 'other'), /^401/);
      assert.match(await call(ended.key), /^401/);
      assert.match(await call(forged.secret), /^401/);
      assert.equal(await call(good.key), '200');
      assert.deepEqual(
        divergingIn(server),
        [
          'api_keys/key_forged unknown',
          ...[revoked, widened, ended].map(({ id }) => `api_keys/${id} changed`),
        ].sort(),
        'and they are told',
      );
    });

    it('a system that leads elsewhere', async () => {
      await server.control.addSystem('test', 'added', enforced(fake) as never);
      const { key } = await make(['added']);
      assert.equal(await call(key, 'added'), '200');
      await place.sql(
        `update systems set config = replace(config, '${fake.url}', '${elsewhere.url}') where name = 'added'`,
        NOTHING,
      );
      await change();
      assert.equal(await call(key, 'added'), '503 system-quarantined');
      assert.deepEqual(elsewhere.requests, []);
    });

    it('a third party that was suspended, changed or gone', async () => {
      const { thirdParties } = server.control;
      await thirdParties.propose('person:a', {
        name: 'vendor',
        kind: 'vendor-model',
        manifest: {
          ...{ purpose: 'test', origins: [new URL(fake.url).origin], systems: ['shop'] },
          allowPrivate: true,
        },
        owner: null,
        days: 30,
      });
      await thirdParties.suspend('person:b', 'vendor', 'an incident there');
      await server.control.publish();
      const { key } = await make(['shop']);
      assert.equal(await call(key, 'shop'), '403 integration-refused');
      const back = await place.keep('integrations');
      await place.sql(
        `update integrations set manifest = replace(manifest, '"shop"', '"none"'), status = 'ended'`,
        NOTHING,
      );
      await server.control.publish();
      assert.equal(await call(key, 'shop'), '403 integration-refused', 'changed');
      await back();
      await server.control.installation.state.look();
      await place.sql('delete from integrations', NOTHING);
      await server.control.publish();
      assert.equal(await call(key, 'shop'), '403 integration-refused', 'gone');
    });

    it('takes no change that is under way for one of others', async () => {
      const known = divergingIn(server).length;
      const { state } = server.control.installation;
      const { look } = state;
      let looks = 0;
      state.look = () => {
        // A probe looks whenever its time has come.
        if (new Error().stack?.includes('publishing.ts')) looks++;
        return look.call(state);
      };
      const made = await Promise.all(Array.from({ length: 12 }, () => make()));
      await Promise.all([
        ...made.map(({ id }) => server.control.apiKeys.revoke('test', id)),
        ...Array.from({ length: 12 }, () => server.control.publish()),
      ]);
      state.look = look;
      assert.equal(looks, 0);
      assert.equal(divergingIn(server).length, known);
    });
  });

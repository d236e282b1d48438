import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { newEvent } from '@sallyport/core';
import { followed } from './followed.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

describe('refused changes', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let operator: TestPerson;
  const root = scratch();
  const data = join(root, 'keep', 'data');
  const learned = join(root, 'learned');
  const start = (systems: Record<string, unknown>, diverges = false): Promise<TestServer> =>
    testServer({ data, systems, workers: 2, config: { learned }, diverges });
  const system = (name: string, more: object = {}): Record<string, unknown> => ({
    name,
    ...enforced(fake),
    ...more,
  });
  /** Puts a row in beside the API, as an older version or a hand may have. */
  const slip = (name: string, config: string): Promise<unknown> =>
    server.control.installation.store.change(async (tx) => {
      const at = new Date().toISOString();
      const row = { name, config, demo: 0, origin: 'command', created_at: at, updated_at: at };
      await tx.insertInto('systems').values(row).execute();
      await followed(tx, 'systems');
      return {
        result: undefined,
        event: newEvent('upstream-added', { actor: 'test', subject: `system:${name}` }),
      };
    });
  const status = async (key: string, name: string): Promise<number> =>
    (await server.chat(key, 'hello', { model: name })).status;
  const latest = async (type: Parameters<typeof newEvent>[0]) => {
    const { installation } = server.control;
    await installation.flush();
    return installation.store.events.latest(type);
  };

  before(async () => {
    fake = await fakeSystem();
    mkdirSync(join(root, 'keep'));
    mkdirSync(learned);
    server = await start({ good: enforced(fake) });
    operator = await signedIn(server, [{ role: 'operator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('leave no row, no event and no key, and stop no later change', async () => {
    const { store } = server.control.installation;
    await server.control.installation.flush();
    const size = server.control.installation.ledger.size;
    const refused: [number, object][] = [
      [403, { profile: '/nonexistent' }],
      [403, { echo: '/nonexistent' }],
      [400, { profile: '' }],
      [404, { judge: { system: 'nobody' } }],
      [400, { urls: ['file:///etc/passwd'] }],
      [400, { urls: ['no address'] }],
      [400, { canaries: ['x'] }],
      [400, { limits: { concurrent: -1 } }],
      [400, { prices: { inputPerMillion: 1e9 } }],
    ];
    for (const [code, more] of refused)
      assert.equal(
        (await operator.call('POST', '/api/v1/systems', system('refused', more))).status,
        code,
        JSON.stringify(more),
      );
    const manifest = { origins: ['no address'], systems: ['good'], purpose: 'x' };
    const third = { name: 'third', kind: 'vendor-model', manifest };
    assert.equal((await operator.call('POST', '/api/v1/integrations', third)).status, 400);
    assert.deepEqual(await store.systems.list(), []);
    assert.deepEqual(
      (await store.events.since(['upstream-added', 'data-key-created'], '1970')).filter(
        ({ subject }) => subject === 'system:refused',
      ),
      [],
    );
    assert.ok(server.control.installation.ledger.size >= size);
    const { id, key } = await server.control.apiKeys.create('test', { name: 'k', systems: ['good'] });
    assert.equal(await status(key, 'good'), 200);
    await ok(await operator.call('POST', `/api/v1/keys/${id}/revoke`, {}), 200);
    assert.equal(await status(key, 'good'), 401, 'a revocation acts');
  });

  it('a row that cannot be used is left out alone: a 503 of its own, an event, an alert, a finding; the rest goes on', async () => {
    await slip('no-json', '{');
    await slip('no-shape', '{"dialect":"klingon"}');
    await slip(
      'no-profile',
      JSON.stringify({ dialect: 'oip', urls: [fake.url], allowPrivate: true, profile: '/nonexistent' }),
    );
    await server.control.publish();
    const key = await server.key(['good']);
    assert.equal(await status(key, 'good'), 200);
    const { store } = server.control.installation;
    await store.change(async (tx) => {
      await tx.updateTable('api_keys').set({ systems: '["good","no-json"]' }).execute();
      await followed(tx, 'api_keys');
      return { result: undefined, event: [] };
    });
    await server.control.publish();
    const refused = await server.chat(key, 'hello', { model: 'no-json' });
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /system-quarantined/);
    const told = await latest('system-quarantined');
    assert.match(String(told?.data['why']), /nonexistent|settings/);
    await server.control.monitor!.tick();
    const alerts = (await server.control.alerts()).filter(({ rule }) => rule === 'system-quarantined');
    assert.deepEqual(alerts.map(({ subject }) => subject).sort(), [
      'system:no-json',
      'system:no-profile',
      'system:no-shape',
    ]);
    const found = async () =>
      (await store.findings.list())
        .filter(({ technique }) => technique === 'row-cannot-be-used')
        .map((one) => `${one.subject} ${one.status}`)
        .sort();
    await server.control.installation.flush();
    assert.deepEqual(await found(), [
      'system:no-json open',
      'system:no-profile open',
      'system:no-shape open',
    ]);
    const { findings } = (await ok(await operator.call('GET', '/api/v1/findings'), 200)) as {
      findings: { subject: string }[];
    };
    assert.ok(
      findings.some(({ subject }) => subject === 'system:no-json'),
      'and it is in the list that the console shows',
    );
    const put = async (config: string): Promise<void> => {
      await store.change(async (tx) => {
        await tx.updateTable('systems').set({ config }).where('name', '=', 'no-shape').execute();
        await followed(tx, 'systems');
        return { result: undefined, event: [] };
      });
      await server.control.publish();
      await server.control.installation.flush();
    };
    await put(JSON.stringify({ dialect: 'openai', urls: [fake.url], allowPrivate: true }));
    assert.ok((await found()).includes('system:no-shape resolved'), 'mended, it is over');
    await put('{"dialect":"klingon"}');
    assert.ok((await found()).includes('system:no-shape open'), 'and open when it comes again');
    await ok(await operator.call('DELETE', '/api/v1/systems/no-json'), 204);
    assert.equal(await status(key, 'good'), 200);
    assert.equal((await latest('system-released'))?.subject, 'system:no-json');
  });

  it('and the server starts again with it', async () => {
    await server.stop();
    const profile = join(root, 'profile.json');
    server = await start({
      good: enforced(fake),
      missing: { dialect: 'oip', urls: [fake.url], allowPrivate: true, profile },
    });
    const key = await server.key(['good']);
    assert.equal(await status(key, 'good'), 200);
    const names = server.control.snapshots.quarantined.map(({ name }) => name).sort();
    assert.deepEqual(names, ['missing', 'no-profile', 'no-shape']);
  });

  it('a revocation reaches the workers when no state can be built at all', async () => {
    const keys = await Promise.all(
      ['one', 'two', 'three'].map((name) =>
        server.control.apiKeys.create('test', { name, systems: ['good'] }),
      ),
    );
    const build = server.control.snapshots.build.bind(server.control.snapshots);
    server.control.snapshots.build = () => Promise.reject(new Error('the state cannot be built'));
    try {
      for (const { id, key } of keys) {
        assert.equal(await status(key, 'good'), 200);
        const began = performance.now();
        await server.control.apiKeys.revoke('test', id);
        for (let n = 0; n < 6; n++) assert.equal(await status(key, 'good'), 401);
        assert.ok(performance.now() - began < 1_000);
      }
      // A worker that starts meanwhile knows it, too.
      await server.control.gateway!.recycle(0);
      await server.control.gateway!.recycle(1);
      for (const { key } of keys) assert.equal(await status(key, 'good'), 401);
    } finally {
      server.control.snapshots.build = build;
    }
    await server.control.publish();
    for (const { key } of keys) assert.equal(await status(key, 'good'), 401);
  });

  it('a state that the gateway does not take changes nothing, and later ones are taken', async () => {
    const key = await server.key(['good']);
    const build = server.control.snapshots.build.bind(server.control.snapshots);
    server.control.snapshots.build = async () => ({
      ...(await build()),
      policies: { version: 'x', text: 'permit (' },
    });
    await assert.rejects(server.control.publish(), { code: 'internal' });
    server.control.snapshots.build = build;
    assert.equal(await status(key, 'good'), 200);
    await server.control.gateway!.recycle(0);
    assert.equal(await status(key, 'good'), 200);
    await server.control.publish();
    assert.equal(await status(key, 'good'), 200);
  });

  it('a change to a state that a worker would refuse leaves no row, no event, no key, and no trace in what decides', async () => {
    const key = await server.key(['good']);
    const fresh = await signedIn(server, [{ role: 'operator' }]);
    const { installation, snapshots } = server.control;
    const { build, trial } = snapshots;
    const spoiled = async (state: ReturnType<typeof build>): ReturnType<typeof build> => {
      const snapshot = await state;
      const harms = snapshot.systems.some(
        ({ name, mode }) => name === 'harms' || (name === 'stays' && mode === 'observe'),
      );
      return harms ? { ...snapshot, policies: { version: 'x', text: 'permit (' } } : snapshot;
    };
    await ok(await fresh.call('POST', '/api/v1/systems', system('stays')), 201);
    const rows = await installation.store.systems.list();
    snapshots.build = (...given) => spoiled(build.apply(snapshots, given));
    snapshots.trial = (...given) => spoiled(trial.apply(snapshots, given));
    try {
      for (const [path, input] of [
        ['/api/v1/systems', system('harms')],
        ['/api/v1/systems/stays/mode', { mode: 'observe' }],
      ] as const) {
        const refused = await fresh.call('POST', path, input);
        assert.equal(refused.status, 500, await refused.text());
        assert.deepEqual(await installation.store.systems.list(), rows);
      }
      await installation.flush();
      const kinds = ['upstream-added', 'upstream-changed', 'data-key-created'] as const;
      const told = (await installation.store.events.since([...kinds], '1970')).filter(
        ({ type, subject }) => subject.includes('harms') || type === 'upstream-changed',
      );
      assert.deepEqual(told, [], 'nothing is recorded of what did not happen');
      await server.control.publish();
      assert.equal(await status(key, 'good'), 200);
    } finally {
      snapshots.build = build;
      snapshots.trial = trial;
    }
    await ok(await fresh.call('DELETE', '/api/v1/systems/stays'), 204);
  });

  it('an older state never takes the place of a newer one', async () => {
    const key = await server.control.apiKeys.create('test', { name: 'k', systems: ['good'] });
    const old = await server.control.snapshots.build();
    await server.control.apiKeys.revoke('test', key.id);
    await server.control.gateway!.publish(old);
    assert.equal(await status(key.key, 'good'), 401);
  });

  const postgres = process.env['TEST_POSTGRES'] !== undefined;
  it(
    'a row of nonsense in every table stops neither a start nor a revocation',
    { skip: postgres && 'it is of the embedded engine' },
    async () => {
      await server.stop();
      const db = new DatabaseSync(join(data, 'state.db'));
      db.exec('pragma foreign_keys = off');
      const tables = db
        .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
        .all()
        .map(({ name }) => String(name))
        // Events that wait for the record are its own; what is migrated is known by name.
        .filter((name) => name !== 'outbox' && name !== 'schema_migrations');
      for (const table of tables) {
        const columns = db.prepare(`pragma table_info(${table})`).all();
        const values = columns.map(({ type }) => (String(type).toLowerCase() === 'text' ? `'{"'` : '7'));
        db.exec(`insert into ${table} values (${values.join(',')})`);
      }
      db.close();
      assert.ok(tables.length > 20);
      server = await start({ good: enforced(fake) }, true);
      const { id, key } = await server.control.apiKeys.create('test', { name: 'k', systems: ['good'] });
      assert.equal(await status(key, 'good'), 200);
      await server.control.apiKeys.revoke('test', id);
      assert.equal(await status(key, 'good'), 401);
    },
  );

  it('a key that is rotated without an overlap is out at once', async () => {
    const { id, key } = await server.control.apiKeys.create('test', { name: 'k', systems: ['good'] });
    assert.equal(await status(key, 'good'), 200);
    await server.control.apiKeys.rotate('test', id, { overlap: '0s' });
    assert.equal(await status(key, 'good'), 401);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

interface Program {
  id: string;
  name: string;
  owner: string | null;
  grants: { id: string; role: string }[];
}

describe('service accounts', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake), other: enforced(fake) } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const make = async (name: string, ...grants: object[]): Promise<Program> =>
    ok<Program>(await admin.call('POST', '/api/v1/programs', { name, purpose: 'a test', grants }), 201);
  const keyOf = async (program: Program, input: object = {}): Promise<{ id: string; key: string }> =>
    ok(await admin.call('POST', `/api/v1/programs/${program.name}/keys`, input), 201);
  const as = (key: string, method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${server.controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
  const code = async (response: Response): Promise<string> =>
    ((await response.json()) as { error: { code: string } }).error.code;

  it('open the control plane with a key of their own, as far as their roles go, and no further', async () => {
    const program = await make('reporter', { role: 'viewer', system: 'main' });
    assert.equal(program.owner, admin.id);
    const { key } = await keyOf(program);
    const { systems } = await ok<{ systems: { name: string }[] }>(
      await as(key, 'GET', '/api/v1/systems'),
      200,
    );
    assert.deepEqual(
      systems.map(({ name }) => name),
      ['main'],
    );
    assert.equal(await code(await as(key, 'POST', '/api/v1/reload')), 'not-permitted');
    assert.equal(
      await code(await as(key, 'GET', '/api/v1/account')),
      'not-permitted',
      'it has no account of its own',
    );
    assert.equal((await server.chat(key, 'hello')).status, 403, 'with no systems it calls none');
    await server.control.authoriser.flush();
    await server.control.installation.flush();
    const { events } = await server.control.installation.store.events.page(
      ['access-decided'],
      { actor: `program:${program.id}` },
      10,
    );
    assert.ok(events.length >= 2);
  });

  it('never administer, whatever role they are given', async () => {
    const { key } = await keyOf(await make('climber', { role: 'administrator' }));
    assert.equal((await as(key, 'GET', '/api/v1/systems')).status, 200);
    for (const [path, body] of [
      ['/api/v1/people', { name: 'eve', grants: [] }],
      ['/api/v1/programs', { name: 'more', purpose: 'x' }],
      [`/api/v1/people/${admin.id}/disable`, {}],
    ] as const)
      assert.equal(await code(await as(key, 'POST', path, body)), 'not-permitted', path);
  });

  it('a key of theirs may open systems, too; shutting the account out ends all of its keys, at once', async () => {
    const program = await make('nightly', { role: 'viewer' });
    const one = await keyOf(program, { systems: ['main'] });
    const two = await keyOf(program, { systems: ['main'], scope: { addresses: ['127.0.0.0/8'] } });
    for (const { key } of [one, two]) {
      assert.equal((await server.chat(key, 'hello')).status, 200);
      assert.equal((await as(key, 'GET', '/api/v1/systems')).status, 200);
    }
    await ok(await admin.call('POST', `/api/v1/programs/${program.id}/disable`), 200);
    for (const { key } of [one, two]) {
      assert.equal((await server.chat(key, 'hello')).status, 401);
      assert.equal(await code(await as(key, 'GET', '/api/v1/systems')), 'key-revoked');
    }
    await ok(await admin.call('POST', `/api/v1/programs/${program.id}/enable`), 200);
    assert.equal((await server.chat(one.key, 'hello')).status, 200);
  });

  it('keys of people’s programs do not open the control plane; nor do those that are narrowed to models, revoked, elsewhere', async () => {
    const plain = await server.key(['main']);
    assert.equal(await code(await as(plain, 'GET', '/api/v1/systems')), 'key-unknown');
    assert.equal(await code(await as('sp_nonsense', 'GET', '/api/v1/systems')), 'key-unknown');
    const program = await make('narrow', { role: 'viewer' });
    const narrowed = await keyOf(program, { scope: { models: ['gpt-5'] } });
    assert.equal(await code(await as(narrowed.key, 'GET', '/api/v1/systems')), 'out-of-scope');
    const elsewhere = await keyOf(program, { scope: { addresses: ['192.0.2.0/24'] } });
    assert.equal(await code(await as(elsewhere.key, 'GET', '/api/v1/systems')), 'out-of-scope');
    const gone = await keyOf(program);
    await ok(await admin.call('POST', `/api/v1/keys/${gone.id}/revoke`), 200);
    assert.equal(await code(await as(gone.key, 'GET', '/api/v1/systems')), 'key-revoked');
  });

  it('roles come and go at once; a rotated key belongs to the same account', async () => {
    const program = await make('mover');
    const first = await keyOf(program);
    assert.equal((await as(first.key, 'GET', '/api/v1/systems')).status, 403);
    const { id } = await ok<{ id: string }>(
      await admin.call('POST', `/api/v1/programs/${program.id}/grants`, { role: 'viewer' }),
      201,
    );
    assert.equal((await as(first.key, 'GET', '/api/v1/systems')).status, 200);
    const second = await ok<{ key: string }>(
      await admin.call('POST', `/api/v1/keys/${first.id}/rotate`, {}),
      201,
    );
    assert.equal((await as(second.key, 'GET', '/api/v1/systems')).status, 200);
    assert.equal((await admin.call('DELETE', `/api/v1/programs/${program.id}/grants/${id}`)).status, 204);
    for (const { key } of [first, second])
      assert.equal((await as(key, 'GET', '/api/v1/systems')).status, 403);
  });
});

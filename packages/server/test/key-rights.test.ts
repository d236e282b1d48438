import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};

describe('rights over keys', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  let operator: TestPerson;
  /** Keys by what they belong to. */
  const keys = new Map<string, { id: string; key: string }>();
  const as = (key: string, method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${server.controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
  const program = async (name: string, grants: object[], input: object): Promise<void> => {
    await ok(await admin.call('POST', '/api/v1/programs', { name, purpose: 'a test', grants }), 201);
    keys.set(name, await ok(await admin.call('POST', `/api/v1/programs/${name}/keys`, input), 201));
  };
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { chat: enforced(fake), other: enforced(fake) } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
    operator = await signedIn(server, [{ role: 'operator', system: 'chat' }]);
    await program('everywhere', [{ role: 'analyst' }], { systems: ['chat'] });
    await program('directory', [{ role: 'provisioner' }], { systems: ['chat'] });
    await program('silent', [{ role: 'provisioner' }], {});
    await program('dataset-reader', [{ role: 'operator', system: 'other' }], { systems: ['chat'] });
    await program('helper', [{ role: 'operator', system: 'chat' }], { systems: ['chat'] });
    keys.set(
      'plain',
      await ok(await operator.call('POST', '/api/v1/keys', { name: 'plain', systems: ['chat'] }), 201),
    );
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const name of ['everywhere', 'directory', 'silent', 'dataset-reader'])
    it(`an operator of one system neither rotates, revokes nor sees the key of \`${name}\``, async () => {
      const { id, key } = keys.get(name)!;
      assert.equal(
        await codeOf(await operator.call('POST', `/api/v1/keys/${id}/rotate`, {})),
        'not-permitted',
      );
      assert.equal(await codeOf(await operator.call('POST', `/api/v1/keys/${id}/revoke`)), 'not-permitted');
      const listed = await ok<{ keys: { id: string }[] }>(await operator.call('GET', '/api/v1/keys'), 200);
      assert.ok(!listed.keys.some((one) => one.id === id), 'it is not told of');
      // A program with the same roles is no stronger.
      const helper = keys.get('helper')!.key;
      assert.equal(await codeOf(await as(helper, 'POST', `/api/v1/keys/${id}/rotate`, {})), 'not-permitted');
      const toHelper = await ok<{ keys: { id: string }[] }>(await as(helper, 'GET', '/api/v1/keys'), 200);
      assert.ok(!toHelper.keys.some((one) => one.id === id));
      assert.notEqual(await codeOf(await as(key, 'GET', '/api/v1/systems')), 'key-revoked');
    });

  it('those who hold all that a key can do, and those who may grant it, handle it', async () => {
    for (const name of ['plain', 'helper']) {
      const { id } = keys.get(name)!;
      const listed = await ok<{ keys: { id: string }[] }>(await operator.call('GET', '/api/v1/keys'), 200);
      assert.ok(
        listed.keys.some((one) => one.id === id),
        name,
      );
      await ok(await operator.call('POST', `/api/v1/keys/${id}/rotate`, {}), 201);
    }
    for (const name of ['everywhere', 'directory', 'silent'])
      await ok(await admin.call('POST', `/api/v1/keys/${keys.get(name)!.id}/rotate`, {}), 201);
    const { keys: all } = await ok<{ keys: { id: string }[] }>(await admin.call('GET', '/api/v1/keys'), 200);
    for (const { id } of keys.values()) assert.ok(all.some((one) => one.id === id));
  });

  it('what a key may do is asked about anew: a role that its account got since counts', async () => {
    await program('grows', [{ role: 'viewer', system: 'chat' }], { systems: ['chat'] });
    const { id } = keys.get('grows')!;
    await ok(await operator.call('POST', `/api/v1/keys/${id}/rotate`, {}), 201);
    await ok(await admin.call('POST', '/api/v1/programs/grows/grants', { role: 'auditor' }), 201);
    assert.equal(await codeOf(await operator.call('POST', `/api/v1/keys/${id}/rotate`, {})), 'not-permitted');
  });

  it('a program rotates the key that it shows and no other of its account, and that lives no longer', async () => {
    await program('keeper', [{ role: 'operator' }], { expires: '2h' });
    const wide = await ok<{ id: string }>(await admin.call('POST', '/api/v1/programs/keeper/keys', {}), 201);
    const own = keys.get('keeper')!;
    assert.equal(
      await codeOf(await as(own.key, 'POST', `/api/v1/keys/${wide.id}/rotate`, {})),
      'not-permitted',
    );
    const long = await as(own.key, 'POST', `/api/v1/keys/${own.id}/rotate`, { expires: '365d' });
    assert.equal(await codeOf(long), 'not-permitted');
    await ok(await as(own.key, 'POST', `/api/v1/keys/${own.id}/rotate`, { expires: '2h' }), 201);
  });

  it('a job rotates not even the key that it got: minutes would become days', async () => {
    await program('builds', [{ role: 'operator' }], {});
    const { apiKeys, accounts } = server.control;
    const { id: account } = await accounts.programs.find('builds');
    const job = { name: 'workload:main repo:acme/shop', systems: ['chat'], program: account };
    const { id, key } = await apiKeys.create('workload:main', job);
    assert.equal(await codeOf(await as(key, 'POST', `/api/v1/keys/${id}/rotate`, {})), 'not-permitted');
    assert.equal(await codeOf(await as(key, 'POST', `/api/v1/keys/${id}/revoke`)), 'done', 'it may end it');
  });

  it('a program whose key is bound makes none that is less bound', async () => {
    const scope = { addresses: ['127.0.0.0/8', '::1/128'] };
    await program('bound', [{ role: 'operator' }], { scope });
    const { key } = keys.get('bound')!;
    const make = (more: object): Promise<Response> =>
      as(key, 'POST', '/api/v1/keys', { name: 'made', systems: ['chat'], ...more });
    assert.equal(await codeOf(await make({})), 'not-permitted');
    assert.equal(await codeOf(await make({ scope: { addresses: ['0.0.0.0/0'] } })), 'not-permitted');
    await ok(await make({ scope: { addresses: ['127.0.0.0/8'], models: ['m'] } }), 201);
  });

  it('a key outlives no role that ends', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const passing = await signedIn(server, [{ role: 'viewer' }]);
    await ok(
      await admin.call('POST', `/api/v1/people/${passing.id}/grants`, { role: 'viewer', system: 'chat' }),
      201,
    );
    const person = await server.control.accounts.directory.add('test', {
      name: 'passing-operator',
      grants: [{ role: 'operator', system: 'chat', expiresAt }],
    });
    assert.ok(person.person.id);
    const { keyRights } = server.control;
    const grants = await server.control.installation.store.people.grants(
      new Date().toISOString(),
      `person:${person.person.id}`,
    );
    const session = { level: 3, provenAt: new Date().toISOString() } as never;
    const principal = { kind: 'person', who: { person: person.person, session, grants } } as const;
    const powers = { systems: ['chat'], program: null };
    assert.equal(await keyRights.untilMs(principal, powers, '127.0.0.1'), Date.parse(expiresAt));
  });

  it('what ends later, and gives another right, lets nothing live longer', async () => {
    const soon = new Date(Date.now() + 600_000).toISOString();
    const late = new Date(Date.now() + 300 * 86_400_000).toISOString();
    const passing = await signedIn(server, [
      { role: 'administrator', expiresAt: soon },
      { role: 'viewer', system: 'chat', expiresAt: late },
      { role: 'operator', system: 'other' },
    ]);
    const made = await ok<{ person: { grants: { expiresAt: string }[] } }>(
      await passing.call('POST', '/api/v1/people', {
        name: 'outlasting',
        grants: [{ role: 'administrator' }],
      }),
      201,
    );
    assert.equal(made.person.grants[0]!.expiresAt, soon);
    const make = async (path: string, body: object) =>
      (await ok<{ expiresAt: string }>(await passing.call('POST', path, body), 201)).expiresAt;
    assert.equal(await make('/api/v1/keys', { name: 'k', systems: ['chat'], expires: '300d' }), soon);
    // What the account of the key may counts too, not only the systems that it calls.
    const wanted = { systems: ['other'], expires: '300d' };
    assert.equal(await make('/api/v1/programs/everywhere/keys', wanted), soon);
    // What a program that keeps people gives has no end: no key of it is made by a role that does.
    const keeping = await passing.call('POST', '/api/v1/programs/directory/keys', wanted);
    assert.equal(await codeOf(keeping), 'not-permitted');
    const lasting = await make('/api/v1/keys', { name: 'k', systems: ['other'], expires: '300d' });
    assert.ok(lasting > soon, 'a lasting role makes a lasting key');
  });

  it('nor does emergency access, whatever else ends later', async () => {
    const late = new Date(Date.now() + 364 * 86_400_000).toISOString();
    const responder = await signedIn(server, [
      { role: 'responder' },
      { role: 'viewer', system: 'chat', expiresAt: late },
    ]);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 1 }), 201);
    const soon = new Date(Date.now() + 61_000).toISOString();
    const made = await ok<{ person: { grants: { expiresAt: string }[] } }>(
      await responder.call('POST', '/api/v1/people', {
        name: 'helper-of-responder',
        grants: [{ role: 'administrator' }],
      }),
      201,
    );
    assert.ok(made.person.grants[0]!.expiresAt < soon, made.person.grants[0]!.expiresAt);
    const key = await ok<{ expiresAt: string }>(
      await responder.call('POST', '/api/v1/keys', { name: 'k', systems: ['chat'], expires: '300d' }),
      201,
    );
    assert.ok(key.expiresAt < soon, key.expiresAt);
  });
});

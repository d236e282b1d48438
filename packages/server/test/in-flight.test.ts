import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { newEvent, seenDigest } from '@sallyport/core';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';
import { callsOf } from './rights-calls.ts';

type Call = TestPerson['call'];
/** Somebody who asks for something, and how an administrator ends that they may. */
interface Asker {
  readonly actor: string;
  readonly call: Call;
  readonly ended: () => Promise<Response>;
}

const ROLES = ['administrator', 'operator', 'approver'];

describe('a request that is under way when its caller is shut out', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    const system = { dialect: 'openai', urls: [fake.url], allowPrivate: true };
    server = await testServer({ systems: { fixed: enforced(fake) } });
    await server.control.addSystem('test', 'alpha', system);
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const person = async (how: 'disabled' | 'without the role' | 'signed out'): Promise<Asker> => {
    const grants = ROLES.map((role) => ({ role }));
    const { id, call } = await signedIn(server, grants);
    const { store } = server.control.installation;
    const [held] = await store.people.grants(new Date().toISOString(), `person:${id}`);
    const ended = {
      disabled: () => admin.call('POST', `/api/v1/people/${id}/disable`),
      'without the role': () => admin.call('DELETE', `/api/v1/people/${id}/grants/${held!.id}`),
      'signed out': () => admin.call('DELETE', `/api/v1/people/${id}/sessions`),
    }[how];
    return { actor: `person:${id}`, call, ended };
  };
  let programs = 0;
  const program = async (
    role: string,
    how: 'disabled' | 'without the role' | 'key revoked',
  ): Promise<Asker> => {
    const asked = { name: `in-flight-${programs++}`, purpose: 'x', grants: [{ role }] };
    const made = await ok<{ id: string; grants: { id: string }[] }>(
      await admin.call('POST', '/api/v1/programs', asked),
      201,
    );
    const path = `/api/v1/programs/${made.id}`;
    const key = await ok<{ id: string; key: string }>(await admin.call('POST', `${path}/keys`, {}), 201);
    const call: Call = (method, where, body) =>
      fetch(`${server.controlUrl}${where}`, {
        method,
        headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
    const ended = {
      disabled: () => admin.call('POST', `${path}/disable`),
      'without the role': () => admin.call('DELETE', `${path}/grants/${made.grants[0]!.id}`),
      'key revoked': () => admin.call('POST', `/api/v1/keys/${key.id}/revoke`),
    }[how];
    return { actor: `program:${made.id}`, call, ended };
  };

  /** Makes a call, and ends what its caller may as soon as it was permitted. @returns the answer; null where it never was */
  const shutOutMeanwhile = async (
    t: TestContext,
    asker: Asker,
    ...call: Parameters<Call>
  ): Promise<Response | null> => {
    const { authoriser } = server.control;
    const require = authoriser.require.bind(authoriser);
    let shut = false;
    const mocked = t.mock.method(authoriser, 'require', async (...all: Parameters<typeof require>) => {
      await require(...all);
      const [principal] = all;
      const own = principal.kind === 'person' ? principal.who.person.id : '';
      const account = principal.kind === 'program' ? principal.known.program.id : '';
      if (shut || ![`person:${own}`, `program:${account}`].includes(asker.actor)) return;
      shut = true;
      assert.ok((await asker.ended()).status < 300);
    });
    const response = await asker.call(...call);
    mocked.mock.restore();
    return shut ? response : null;
  };
  const done = async (actor: string): Promise<string[]> => {
    await server.control.authoriser.flush();
    await server.control.installation.flush();
    const { store } = server.control.installation;
    const types = [
      'key-created',
      'key-rotated',
      'key-given',
      'key-revoked',
      'person-created',
      'person-enabled',
      'person-changed',
      'grant-given',
      'program-created',
      'program-changed',
      'program-enabled',
      'upstream-added',
      'upstream-changed',
      'upstream-removed',
      'source-proposed',
      'integration-proposed',
      'setup-link-created',
      'hold-placed',
      'group-changed',
      'password-changed',
    ] as const;
    return (await store.events.page(types, { actor }, 50)).events.map(({ type }) => type);
  };

  it('changes nothing, for a person', async (t) => {
    const some = (await callsOf(server.control)).filter(({ path }) => !path.startsWith('/scim'));
    const seen = new Set<string>();
    const hows = ['disabled', 'without the role', 'signed out'] as const;
    let tried = 0;
    for (const { method, path, body } of some) {
      const kind = `${method} ${path.replaceAll(/(?:per|prg|key|grt|src|int|hld)_\w+/g, 'ID')}`;
      if (seen.has(kind) || path === '/api/v1/break-glass') continue;
      seen.add(kind);
      const asker = await person(hows[tried % hows.length]!);
      const response = await shutOutMeanwhile(t, asker, method, path, body);
      if (response === null) continue;
      tried++;
      assert.ok(response.status >= 400, `${kind}: ${response.status}`);
      assert.deepEqual(await done(asker.actor), [], kind);
    }
    assert.ok(tried > 15, String(tried));
  });

  it('changes nothing, for a service account', async (t) => {
    for (const how of ['disabled', 'without the role', 'key revoked'] as const)
      for (const [role, ...call] of [
        ['operator', 'POST', '/api/v1/keys', { name: 'late', systems: ['alpha'] }],
        ['operator', 'POST', '/api/v1/sources', { pattern: `https://late.example/${how.length}` }],
        ['provisioner', 'POST', '/scim/v2/Users', { userName: `late-${how.length}` }],
        ['provisioner', 'POST', '/scim/v2/Groups', { displayName: 'approvers' }],
      ] as const) {
        const asker = await program(role, how);
        const response = await shutOutMeanwhile(t, asker, ...(call as unknown as Parameters<Call>));
        assert.equal(response!.status, 401, `${how}: ${call[1]}`);
        assert.deepEqual(await done(asker.actor), []);
      }
  });

  it('a key that was revoked meanwhile has no successor, and rotating makes and ends in one step', async (t) => {
    const { apiKeys, installation } = server.control;
    const { keys } = installation.store;
    const before = (await keys.list()).length;
    const systems = server.control.systems.bind(server.control);
    const another = await apiKeys.create('test', { name: 'other', systems: ['fixed'] });
    t.mock.method(server.control, 'systems', async () => {
      await apiKeys.revoke('test', another.id);
      return systems();
    });
    await assert.rejects(apiKeys.rotate('test', another.id, {}), { code: 'request-invalid' });
    t.mock.restoreAll();
    assert.equal((await keys.list()).length, before + 1);
  });

  it('goes on where its caller changes what they hold themselves, or another role is given', async () => {
    const own = await signedIn(server, [{ role: 'operator', system: 'alpha' }]);
    await ok(await own.call('DELETE', '/api/v1/systems/alpha'), 204);
    const changer = await signedIn(server, [{ role: 'viewer' }]);
    const next = { current: PASSWORD, password: `${PASSWORD} and more` };
    await ok(await changer.call('POST', '/api/v1/account/password', next), 204);
    const { sessions } = await ok<{ sessions: { id: string; current: boolean }[] }>(
      await changer.call('GET', '/api/v1/account'),
      200,
    );
    await ok(await changer.call('DELETE', `/api/v1/account/sessions/${sessions[0]!.id}`), 204);
    assert.equal((await browserOf(server).call('GET', '/api/v1/session')).status, 401);
  });

  it('hears of no call any more, whoever follows the traffic', async () => {
    const asked = { name: 'follower', purpose: 'x', grants: [{ role: 'viewer', system: 'fixed' }] };
    const { id, grants } = await ok<{ id: string; grants: { id: string }[] }>(
      await admin.call('POST', '/api/v1/programs', asked),
      201,
    );
    const { key } = await ok<{ key: string }>(
      await admin.call('POST', `/api/v1/programs/${id}/keys`, {}),
      201,
    );
    const stream = await fetch(`${server.controlUrl}/api/v1/live`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.match((await reader.read()).value!, /ready/);
    await ok(await admin.call('DELETE', `/api/v1/programs/${id}/grants/${grants[0]!.id}`), 204);
    await server.chat(await server.key(['fixed']), 'hello');
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
  });

  it('an approver who is said to be the author meanwhile approves nothing', async (t) => {
    const { control } = server;
    const { store } = control.installation;
    const ben = await signedIn(server, [{ role: 'approver' }]);
    const source = {
      id: 'src_late',
      pattern: 'https://data.example/late',
      note: '',
      licence: '',
      status: 'proposed',
      proposedAt: new Date().toISOString(),
      proposedBy: 'local:zed',
      approvedAt: null,
      approvedBy: null,
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    } as const;
    await store.change(async (tx) => {
      await store.inventory.putSource(tx, source);
      const proposed = { actor: 'local:zed', subject: 'organisation', data: { pattern: source.pattern } };
      return { result: undefined, event: newEvent('source-proposed', proposed) };
    });
    const { authoriser, fourEyes } = control;
    t.mock.method(fourEyes, 'beholdenTo', async () => []);
    const require = authoriser.require.bind(authoriser);
    let permitted = false;
    const mocked = t.mock.method(authoriser, 'require', async (...all: Parameters<typeof require>) => {
      await require(...all);
      if (all[1] !== 'approve-proposals') return;
      permitted = true;
      await control.accounts.directory.setLocalUser('test', ben.id, 'zed');
    });
    const digest = seenDigest(source);
    const approve = (): Promise<Response> => ben.call('POST', '/api/v1/sources/src_late/approve', { digest });
    const answer = await approve();
    assert.ok(permitted, 'it was permitted at first');
    assert.equal(answer.status, 403, await answer.text());
    assert.equal((await store.inventory.source('src_late'))?.status, 'proposed');
    mocked.mock.restore();
    const after = await approve();
    assert.equal(after.status, 403, await after.text());
  });
});

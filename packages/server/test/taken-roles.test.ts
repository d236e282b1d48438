import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { clock } from '@sallyport/core';
import { keepReviews } from '../src/reviews-due.ts';
import { enforced, fakeSystem, type TestServer, testServer } from './harness.ts';
import { browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';

const DAY_MS = 86_400_000;
interface Detail {
  readonly items: readonly {
    readonly id: string;
    readonly holder: string;
    readonly evidence: { role: string };
  }[];
  readonly digest: string;
}

/** Has somebody take a role by a signed review. */
async function takesByReview(who: TestPerson, review: string, holder: string): Promise<number> {
  const { items, digest } = await ok<Detail>(await who.call('GET', `/api/v1/reviews/${review}`), 200);
  const item = items.find((one) => one.holder === `person:${holder}`)!.id;
  const made = await ok<{ ticket: string; options: { challenge: string } }>(
    await who.call('POST', `/api/v1/reviews/${review}/statement`, {
      decisions: [{ item, decision: 'remove', reason: 'moved' }],
      digest,
    }),
    200,
  );
  const proof = { passkey: who.passkey!.get(made.options) };
  return (await who.call('POST', '/api/v1/reviews/signatures', { ticket: made.ticket, proof })).status;
}

const openReview = async (by: TestPerson): Promise<string> =>
  (await ok<{ id: string }>(await by.call('POST', '/api/v1/reviews', { kind: 'grants', dueDays: 7 }), 201))
    .id;

describe('a role that a person took stays away while a group of its holder gives it', () => {
  let server: TestServer;
  let admin: TestPerson;
  let approver: TestPerson;
  let key = '';
  before(async () => {
    server = await testServer({ config: { access: { groupRoles: { ops: ['operator'] } } } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
    approver = await signedIn(server, [{ role: 'approver' }]);
    const program = { name: 'idp', purpose: 'x', grants: [{ role: 'provisioner' }] };
    await ok(await admin.call('POST', '/api/v1/programs', program), 201);
    key = (await ok<{ key: string }>(await admin.call('POST', '/api/v1/programs/idp/keys', {}), 201)).key;
  });
  after(() => server.stop());
  const scim = async (method: string, path: string, body?: unknown): Promise<{ id: string }> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' };
    const answer = await fetch(`${server.controlUrl}/scim/v2${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return (await answer.json()) as { id: string };
  };
  const held = async (id: string): Promise<string[]> =>
    (await server.control.accounts.directory.list())
      .find((one) => one.id === id)!
      .grants.map(({ role, origin }) => `${role}/${origin}`);
  const grantOf = async (id: string): Promise<string> =>
    (await server.control.accounts.directory.list()).find((one) => one.id === id)!.grants[0]!.id;
  const taken = async (id: string): Promise<void> =>
    ok(await admin.call('DELETE', `/api/v1/people/${id}/grants/${await grantOf(id)}`), 204);

  it('by SCIM: whatever else changes of the group, until they leave it', async () => {
    const [joe, ann] = [
      await scim('POST', '/Users', { userName: 'joe', externalId: 'j' }),
      await scim('POST', '/Users', { userName: 'ann', externalId: 'a' }),
    ];
    const group = await scim('POST', '/Groups', { displayName: 'ops', members: [{ value: joe.id }] });
    const patch = (op: string, path: string, value: unknown) =>
      scim('PATCH', `/Groups/${group.id}`, { Operations: [{ op, path, value }] });
    assert.deepEqual(await held(joe.id), ['operator/scim']);
    assert.equal(await takesByReview(approver, await openReview(admin), joe.id), 200);
    assert.deepEqual(await held(joe.id), []);
    await patch('add', 'members', [{ value: ann.id }]);
    assert.deepEqual(await held(joe.id), [], 'another joined');
    assert.deepEqual(await held(ann.id), ['operator/scim']);
    await taken(ann.id);
    await patch('replace', 'externalId', 'other');
    for (const one of [joe, ann]) assert.deepEqual(await held(one.id), [], 'its id changed');
    await ok(await admin.call('POST', `/api/v1/people/${ann.id}/grants`, { role: 'operator' }), 201);
    assert.deepEqual(await held(ann.id), ['operator/local'], 'given by hand');
    await scim('PATCH', `/Groups/${group.id}`, {
      Operations: [{ op: 'remove', path: `members[value eq "${joe.id}"]` }],
    });
    await patch('add', 'members', [{ value: joe.id }]);
    assert.deepEqual(await held(joe.id), ['operator/scim'], 'left, and came again');
    await server.control.installation.flush();
    assert.deepEqual(server.control.installation.state.diverging, []);
  });

  it('at a sign-on: refused with the reason, until no group gives it', async () => {
    const { directory } = server.control.accounts;
    const signOn = (...roles: string[]) =>
      directory.fromProvider({
        externalId: 'https://idp.example|kim',
        scimId: null,
        names: ['kim'],
        grants: roles.map((role) => ({ role })),
      });
    const { id } = await signOn('operator');
    await taken(id);
    await assert.rejects(
      signOn('operator'),
      /were taken from you here; an administrator may give them again/,
    );
    await signOn('operator', 'viewer');
    assert.deepEqual(await held(id), ['viewer/oidc']);
    await signOn('viewer');
    await signOn('operator');
    assert.deepEqual(await held(id), ['operator/oidc'], 'another time in the group');
    // What nobody used comes again with its use.
    const later = Date.now() + 91 * DAY_MS;
    mock.method(clock, 'nowMs', () => later);
    mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    try {
      assert.ok((await directory.takeAwayUnused(90)) > 0);
      assert.deepEqual(await held(id), []);
      await signOn('operator');
      assert.deepEqual(await held(id), ['operator/oidc']);
    } finally {
      mock.restoreAll();
    }
  });
});

describe('an administrator is left who can sign in', () => {
  /** An administrator, and another who never opened their link. */
  const alone = async (t: { after(what: () => Promise<void>): void }) => {
    const server = await testServer();
    t.after(() => server.stop());
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const asked = { name: 'never-came', grants: [{ role: 'administrator' }] };
    const made = await ok<{ person: { id: string }; link: string }>(
      await admin.call('POST', '/api/v1/people', asked),
      201,
    );
    const held = async (id = admin.id): Promise<number> =>
      (await server.control.accounts.directory.list()).find((one) => one.id === id)!.grants.length;
    return { server, admin, made, held };
  };

  it('no review takes the role of the only one, and no emergency shuts them out', async (t) => {
    const { server, admin, made, held } = await alone(t);
    const approver = await signedIn(server, [{ role: 'approver' }]);
    const review = await openReview(admin);
    assert.equal(await takesByReview(approver, review, admin.id), 409);
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'nobody else can be reached tonight';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason }), 201);
    const disable = (): Promise<Response> => responder.call('POST', `/api/v1/people/${admin.id}/disable`);
    const answer = await disable();
    assert.equal(answer.status, 409);
    assert.match(await answer.text(), /can sign in would be left; make another one first/);
    // Nor does who took it look after the alarm about that.
    const which = { rule: 'break-glass', subject: `person:${responder.id}`, note: 'nothing to see' };
    const looksAfter = async (by: TestPerson): Promise<number> =>
      (await by.call('POST', '/api/v1/alerts/acknowledge', which)).status;
    assert.equal(await looksAfter(responder), 403);
    assert.equal(await looksAfter(admin), 200);
    // Who never came can go.
    assert.equal(await takesByReview(approver, review, made.person.id), 200);
    assert.equal(await held(made.person.id), 0);
    // A password alone administers nothing; with a passkey one is left.
    const next = await signedIn(server, [{ role: 'administrator' }], false);
    assert.equal((await disable()).status, 409);
    await server.control.accounts.directory.add('test', {
      name: 'signed-on',
      origin: 'oidc',
      externalId: 'https://idp.example|x',
      grants: [{ role: 'administrator' }],
    });
    assert.equal((await disable()).status, 200, 'one who signed on is left');
    assert.equal(await held(next.id), 1);
  });

  it('nor is it taken because nobody decided on it, or because it was not used', async (t) => {
    const { server, admin, made, held } = await alone(t);
    await signedIn(server, [{ role: 'viewer' }]);
    const reviewer = await signedIn(server, [{ role: 'approver' }]);
    await server.control.accounts.directory.add('test', {
      name: 'no-reviewer',
      grants: [{ role: 'approver' }],
    });
    await openReview(admin);
    const at = (days: number): void => {
      const then = Date.now() + days * DAY_MS;
      t.mock.method(clock, 'nowMs', () => then);
      t.mock.method(clock, 'nowIso', () => new Date(then).toISOString());
    };
    at(8);
    await keepReviews(server.control);
    t.mock.restoreAll();
    assert.deepEqual([await held(), await held(made.person.id)], [1, 0], 'nobody decided');
    assert.equal(await held(reviewer.id), 1, 'nor who alone decides on reviews and can sign in');
    at(60);
    const { directory } = server.control.accounts;
    await directory.add('test', { name: 'late', grants: [{ role: 'administrator' }] });
    t.mock.restoreAll();
    at(91);
    await directory.takeAwayUnused(90);
    assert.equal(await held(), 1, 'not used');
  });

  it('a role counts as used by what it permits', async (t) => {
    const server = await testServer();
    t.after(() => server.stop());
    await signedIn(server, [{ role: 'administrator' }]);
    const one = await signedIn(server, [{ role: 'viewer' }, { role: 'auditor' }]);
    const used = async (): Promise<string[]> =>
      (await server.control.accounts.directory.list())
        .find(({ id }) => id === one.id)!
        .grants.flatMap(({ role, lastUsedAt }) => (lastUsedAt === null ? [] : role));
    await ok(await one.call('GET', '/api/v1/account'), 200);
    assert.deepEqual(await used(), [], 'an account of their own needs none');
    await ok(await one.call('GET', '/api/v1/people'), 200);
    assert.deepEqual(await used(), ['auditor']);
  });

  it('by a list of systems each role on one of them does, and that of who reads counts only', async (t) => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { a: enforced(fake), b: enforced(fake) } });
    t.after(async () => {
      await server.stop();
      await fake.close();
    });
    const { people } = server.control.installation.store;
    const used = async (holder: string): Promise<string[]> =>
      (await people.grants(clock.nowIso(), holder)).flatMap(({ system, lastUsedAt }) =>
        lastUsedAt === null ? [] : system,
      );
    const of = ['a', 'b'].map((system) => ({ role: 'viewer', system }));
    const one = await signedIn(server, of);
    await ok(await one.call('GET', '/api/v1/exchanges'), 200);
    assert.deepEqual((await used(`person:${one.id}`)).sort(), ['a', 'b']);
    const { programs } = server.control.accounts;
    const scraper = { name: 'scraper', purpose: 'metrics', owner: null, grants: [{ role: 'viewer' }] };
    const { id } = await programs.add('test', scraper);
    const made = { name: 'scraper', systems: [], program: id };
    const { key } = await server.control.apiKeys.create('test', made);
    const headers = { authorization: `Bearer ${key}` };
    assert.equal((await fetch(`${server.controlUrl}/metrics`, { headers })).status, 200);
    assert.deepEqual(await used(`program:${id}`), ['*']);
  });

  it('where no one could sign in, the last one stays all the same', async (t) => {
    const server = await testServer();
    t.after(() => server.stop());
    const { directory } = server.control.accounts;
    const add = async (name: string) =>
      (await directory.add('test', { name, grants: [{ role: 'administrator' }] })).person.id;
    const [one, two] = [await add('one'), await add('two')];
    await directory.setDisabled('test', one, true);
    await assert.rejects(directory.setDisabled('test', two, true), /no administrator would be left;/);
    const browser = browserOf(server);
    assert.equal(
      (await browser.call('POST', '/api/v1/session', { name: 'two', password: PASSWORD })).status,
      401,
    );
  });
});

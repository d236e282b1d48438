import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { itemsDigest } from '@sallyport/access';
import { assetFactsSchema, clock, type Finding, newEvent } from '@sallyport/core';
import { findingDigest } from '@sallyport/store';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';

const HOUR_MS = 3_600_000;
const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};
interface Made {
  readonly person: { readonly id: string };
  readonly link: string;
}

describe('four eyes', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let admin: TestPerson;
  let approver: TestPerson;
  let count = 0;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { chat: enforced(fake) } });
    admin = await signedIn(server, [{ role: 'administrator' }]);
    approver = await signedIn(server, [{ role: 'approver' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const source = async (by: Pick<TestPerson, 'call'>): Promise<{ id: string; digest: string }> =>
    ok(await by.call('POST', '/api/v1/sources', { pattern: `https://data.example/${count++}` }), 201);
  const approve = async (by: Pick<TestPerson, 'call'>, { id, digest }: { id: string; digest: string }) =>
    codeOf(await by.call('POST', `/api/v1/sources/${id}/approve`, { digest }));
  /** Somebody opens a link, and adds a passkey. */
  const opens = async (link: string): Promise<Pick<TestPerson, 'call' | 'cookie'>> => {
    const browser = browserOf(server);
    const token = new URLSearchParams(new URL(link, 'http://x').hash.slice(1)).get('token');
    await ok(await browser.call('POST', '/api/v1/setup', { token, password: PASSWORD }), 201);
    await addPasskey(server, browser);
    return browser;
  };

  it('who makes an approver does not profit from it for a day: a new account, a role, a link', async (t) => {
    const made = await ok<Made>(
      await admin.call('POST', '/api/v1/people', { name: 'puppet', grants: [{ role: 'approver' }] }),
      201,
    );
    const puppet = await opens(made.link);
    const own = await source(admin);
    assert.equal(await approve(puppet, own), 'not-permitted', 'an approver made a moment ago');

    const other = await signedIn(server, [{ role: 'viewer' }]);
    await ok(await admin.call('POST', `/api/v1/people/${other.id}/grants`, { role: 'approver' }), 201);
    const owed = await server.control.fourEyes.beholdenTo(other.id);
    assert.deepEqual(
      owed.filter((one) => one !== 'test'),
      [`person:${admin.id}`],
    );

    const taken = await signedIn(server, [{ role: 'approver' }]);
    assert.equal(await approve(taken, await source(admin)), 'done', 'one who owes the author nothing');
    const { link } = await ok<Made>(await admin.call('POST', `/api/v1/people/${taken.id}/link`), 201);
    assert.equal(
      await approve(await opens(link), await source(admin)),
      'not-permitted',
      'taken over by a link',
    );

    const operator = await signedIn(server, [{ role: 'operator' }]);
    assert.equal(await approve(puppet, await source(operator)), 'done', 'what others propose');
    assert.equal(await approve(approver, own), 'done', 'and others approve it');
    const later = Date.now() + 25 * HOUR_MS;
    t.mock.method(clock, 'nowMs', () => later);
    assert.deepEqual(await server.control.fourEyes.beholdenTo(made.person.id), [], 'after a day it is over');
  });

  it('nor through one whom they made to make an approver', async () => {
    const boss = await signedIn(server, [{ role: 'administrator' }]);
    const middle = await ok<Made>(
      await boss.call('POST', '/api/v1/people', { name: 'middle', grants: [{ role: 'administrator' }] }),
      201,
    );
    const between = await opens(middle.link);
    const last = await ok<Made>(
      await between.call('POST', '/api/v1/people', { name: 'last', grants: [{ role: 'approver' }] }),
      201,
    );
    assert.equal(await approve(await opens(last.link), await source(boss)), 'not-permitted');
  });

  it('a service account is those who keep it: its owner does not approve what it proposes', async () => {
    const keeper = await signedIn(server, [{ role: 'approver' }]);
    const program = { name: 'proposer', purpose: 'a test', owner: keeper.id, grants: [{ role: 'operator' }] };
    await ok(await admin.call('POST', '/api/v1/programs', program), 201);
    const { key } = await ok<{ key: string }>(
      await admin.call('POST', '/api/v1/programs/proposer/keys', {}),
      201,
    );
    const call: TestPerson['call'] = (method, path, body) =>
      fetch(`${server.controlUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
    const made = await source({ call });
    assert.equal(await approve(keeper, made), 'not-permitted');
    assert.equal(
      await approve({ call }, await source(admin)),
      'not-permitted',
      'and it approves nothing itself',
    );
    assert.equal(await approve(approver, made), 'done');
  });

  it('a user of this machine and the person whom an administrator names for them are one', async () => {
    const folder = join(scratch(), 'model');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), '{}');
    const inventory = await server.control.inventory();
    const facts = {
      owner: null,
      purpose: '',
      risk: 'limited',
      dataClasses: [],
      source: '',
      licence: '',
      supplier: '',
    };
    const add = async (
      label: string,
      actor: string,
    ): Promise<{ digest: string; seen: string; createdBy: string }> => {
      const author = await server.control.fourEyes.authorOf(actor);
      const { version, seen } = await inventory.addVersion(actor, 'model', 'four/eyes', facts as never, {
        root: folder,
        label,
        author,
      });
      return { ...version, seen };
    };
    const say = async (label: string, { digest, seen }: { digest: string; seen: string }, who: TestPerson) =>
      codeOf(await who.call('POST', `/api/v1/versions/model/four%2Feyes/${label}/approve`, { digest, seen }));
    const person = await signedIn(server, [{ role: 'approver' }]);
    const before = await add('1', 'local:jo');
    await ok(await admin.call('POST', `/api/v1/people/${person.id}/local-user`, { user: 'jo' }), 200);
    const since = await add('2', 'local:jo');
    assert.equal(before.createdBy, 'local:jo');
    assert.equal(since.createdBy, `person:${person.id}`, 'a person is its author');
    assert.equal(await say('1', before, person), 'not-permitted');
    assert.equal(await say('2', since, person), 'not-permitted');
    // Nor does who ever owned the model, whoever made the version.
    const once = await signedIn(server, [{ role: 'approver' }]);
    for (const owner of [once.id, null])
      await inventory.register('test', 'model', 'four/eyes', { ...facts, owner } as never);
    const seen = async (label: string): Promise<{ digest: string; seen: string }> => {
      const asset = await inventory.asset('model', 'four/eyes');
      const known = await inventory.known(asset, await inventory.version(asset, label));
      return { digest: known.version.digest, seen: known.seen };
    };
    assert.equal(await say('2', await seen('2'), once), 'not-permitted');
    Object.assign(since, await seen('2'));
    assert.equal(await say('2', since, approver), 'done');
    assert.equal(
      await codeOf(await admin.call('POST', `/api/v1/people/${approver.id}/local-user`, { user: 'jo' })),
      'conflict',
    );
    // Whoever bears the name of the user is taken for them, as long as no one said otherwise.
    assert.equal(await say('3', await add('3', `local:${approver.name}`), approver), 'not-permitted');
    await ok(await admin.call('POST', `/api/v1/people/${approver.id}/local-user`, { user: 'root' }), 200);
    assert.equal(await say('4', await add('4', `local:${approver.name}`), approver), 'done');
    // A command that makes an approver profits no more than a person does.
    const { person: puppet } = await server.control.accounts.directory.add('local:kim', {
      name: 'puppet-of-kim',
      grants: [{ role: 'approver' }],
    });
    assert.deepEqual(await server.control.fourEyes.beholdenTo(puppet.id), ['local:kim']);
  });

  it('who made or owns what a finding is about accepts no risk of it', async () => {
    const { installation } = server.control;
    const both = await signedIn(server, [{ role: 'operator' }, { role: 'approver' }]);
    const owner = await signedIn(server, [{ role: 'approver' }]);
    await (await server.control.inventory()).register(`person:${both.id}`, 'endpoint', 'risky', {
      ...assetFactsSchema.parse({}),
      owner: owner.id,
    });
    const accept = async (by: TestPerson, subject: string): Promise<string> => {
      const technique = `one-${count++}`;
      const detections = [
        {
          ...{
            kind: 'loads',
            target: subject,
            place: 'p',
            detector: 'registry',
            technique,
            severity: 'critical',
          },
          ...{ message: 'm', remedy: 'r', references: [], exploited: true, disclosedAt: '' },
        },
      ];
      const noted = newEvent('detections-noted', { actor: 'test', subject, data: { scan: 's', detections } });
      await installation.announce(noted);
      await installation.flush();
      const known = (await installation.store.findings.openOn(subject)).find(
        (one: Finding) => one.technique === technique,
      )!;
      const asked = { days: 30, reason: 'it is contained', digest: findingDigest(known) };
      return codeOf(await by.call('POST', `/api/v1/findings/${known.fingerprint}/accept`, asked));
    };
    for (const by of [both, owner]) assert.equal(await accept(by, 'endpoint:risky'), 'not-permitted');
    assert.equal(await accept(both, `person:${both.id}`), 'not-permitted', 'what is about themselves');
    assert.equal(await accept(both, 'endpoint:of-nobody'), 'done');
    assert.equal(await accept(approver, 'endpoint:risky'), 'done', 'and another does');
  });

  it('who once made, changed or owned something stays behind it, and says no less of what restrains them', async () => {
    const { installation } = server.control;
    const grants = [{ role: 'operator' }, { role: 'approver' }];
    const [maker, owner, changer, other] = await Promise.all(
      [1, 2, 3, 4].map(() => signedIn(server, grants)),
    );
    const set = async (by: TestPerson, facts: object): Promise<string> =>
      codeOf(await by.call('POST', '/api/v1/inventory', { kind: 'model', name: 'four/facts', facts }));
    const told = { owner: owner!.name, purpose: 'triage', risk: 'high', dataClasses: ['health', 'staff'] };
    assert.equal(await set(maker!, told), 'done');
    const asset = await installation.store.inventory.asset('model', 'four/facts');
    assert.equal(await set(changer!, { owner: null, purpose: 'other' }), 'done');
    const since = (await installation.store.inventory.asset('model', 'four/facts'))!;
    assert.deepEqual(
      [since.owner, since.risk, since.dataClasses],
      [null, 'high', asset!.dataClasses],
      'what is left out stays as it is',
    );
    // Nor by other words, a program or a command.
    const program = { name: 'teller', purpose: 'x', owner: other!.id, grants: [{ role: 'operator' }] };
    await ok(await admin.call('POST', '/api/v1/programs', program), 201);
    const { key } = await ok<{ key: string }>(
      await admin.call('POST', '/api/v1/programs/teller/keys', {}),
      201,
    );
    const asProgram = await fetch(`${server.controlUrl}/api/v1/inventory`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'model', name: 'four/facts', facts: { risk: 'minimal' } }),
    });
    assert.equal(await codeOf(asProgram), 'not-permitted');
    for (const less of [
      { risk: 'limited' },
      { dataClasses: ['health'] },
      { risk: 'high', dataClasses: [] },
    ]) {
      for (const by of [maker!, owner!, changer!]) assert.equal(await set(by, less), 'not-permitted');
    }
    assert.equal(await set(maker!, { risk: 'prohibited', dataClasses: ['health', 'staff', 'x'] }), 'done');

    const scan = {
      detector: 'registry',
      technique: 'facts',
      severity: 'critical',
      kind: 'loads',
      place: 'p',
    };
    const words = { message: 'm', remedy: 'r', references: [], exploited: true, disclosedAt: '' };
    for (const subject of ['model:four/facts', 'model:four/facts@1']) {
      const detections = [{ ...scan, ...words, target: subject }];
      await installation.announce(
        newEvent('detections-noted', { actor: 'test', subject, data: { scan: 's', detections } }),
      );
      await installation.flush();
      const [finding] = await installation.store.findings.openOn(subject);
      const asked = { days: 30, reason: 'it is contained', digest: findingDigest(finding!) };
      const accept = async (by: TestPerson): Promise<string> =>
        codeOf(await by.call('POST', `/api/v1/findings/${finding!.fingerprint}/accept`, asked));
      for (const by of [maker!, owner!, changer!]) assert.equal(await accept(by), 'not-permitted', subject);
      assert.equal(await accept(other!), 'done');
    }
    assert.equal(await set(other!, { risk: 'limited', dataClasses: ['health'] }), 'done', 'another says so');
    assert.equal(await set(other!, { risk: 'minimal' }), 'not-permitted', 'and is behind it from then on');
  });

  it('that a use of AI may go on is approved, by who neither answers for it nor uses it', async () => {
    const { installation } = server.control;
    const grants = [{ role: 'operator' }, { role: 'approver' }];
    const [owner, user, caller, operator] = await Promise.all([
      ...[1, 2, 3].map(() => signedIn(server, grants)),
      signedIn(server, [{ role: 'operator' }]),
    ]);
    await (await server.control.inventory()).register(`person:${caller!.id}`, 'system', 'chat', {});
    const found = async (
      service: string,
      place: string,
    ): Promise<{ fingerprint: string; digest: string }> => {
      const fingerprint = `use-${count++}`;
      const use = { fingerprint, service, serviceName: service, kind: 'traffic', what: 'x', place };
      const uses = [{ ...use, line: null, count: 1, firstAt: null, lastAt: null }];
      const data = { scan: 's', uses };
      await installation.announce(
        newEvent('ai-uses-noted', { actor: 'test', subject: 'organisation', data }),
      );
      await installation.flush();
      const listed = await ok<{ uses: { fingerprint: string; digest: string }[] }>(
        await approver.call('GET', '/api/v1/ai-uses'),
        200,
      );
      const { digest } = listed.uses.find((one) => one.fingerprint === fingerprint)!;
      return { fingerprint, digest };
    };
    const say = async (by: TestPerson, decision: string, one: object, more: object = {}): Promise<string> => {
      const path = `/api/v1/ai-uses/${decision === 'stop' ? 'decide' : 'sanction'}`;
      return codeOf(await by.call('POST', path, { ...one, ...more, decision, reason: 'because' }));
    };
    const named = await found('acme', user!.name);
    for (const decision of ['sanctioned', 'ignored'])
      assert.equal(await say(operator!, decision, named, { owner: owner!.id }), 'not-permitted');
    const old = { ...named, owner: owner!.id, reason: 'because' };
    for (const decision of ['sanctioned', 'ignored'])
      assert.equal(
        await codeOf(await operator!.call('POST', '/api/v1/ai-uses/decide', { ...old, decision })),
        'request-invalid',
        'nor by the way to stop it',
      );
    assert.equal(await say(approver, 'sanctioned', named), 'request-invalid', 'nobody answers for it');
    for (const by of [owner!, user!])
      assert.equal(await say(by, 'sanctioned', named, { owner: owner!.id }), 'not-permitted');
    assert.equal(await say(user!, 'ignored', named), 'not-permitted');
    assert.equal(await say(approver, 'sanctioned', named, { owner: owner!.id }), 'done');
    const seen = await found('system:chat', 'gateway system:chat');
    assert.equal(await say(caller!, 'ignored', seen), 'not-permitted', 'who is behind the system');
    assert.equal(await say(approver, 'ignored', seen), 'done');
    const other = await found('acme', 'app.py');
    assert.equal(await say(operator!, 'stop', other), 'done', "to stop one is an operator's");
  });

  it('emergency access approves nothing and makes no approver, by whichever way', async () => {
    const responder = await signedIn(server, [{ role: 'responder' }, { role: 'approver' }]);
    const proposal = await source(admin);
    await ok(
      await admin.call('POST', '/api/v1/programs', {
        name: 'idp',
        purpose: 'x',
        grants: [{ role: 'provisioner' }],
      }),
      201,
    );
    const idle = await signedIn(server, [{ role: 'viewer' }]);
    const gone = await signedIn(server, [{ role: 'approver' }]);
    await server.control.accounts.directory.setDisabled('test', gone.id, true);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 10 }), 201);
    const soon = (at: string | null): boolean => at !== null && Date.parse(at) < Date.now() + 11 * 60_000;
    const helper = await ok<{ person: { grants: { expiresAt: string | null }[] }; link: string }>(
      await responder.call('POST', '/api/v1/people', { name: 'helper', grants: [{ role: 'administrator' }] }),
      201,
    );
    assert.ok(soon(helper.person.grants[0]!.expiresAt), 'a role given in an emergency ends with it');
    const second = await opens(helper.link);
    for (const [path, body] of [
      ['/api/v1/people', { name: 'theirs', grants: [{ role: 'approver' }] }],
      ['/api/v1/programs/idp/keys', {}],
    ] as const)
      assert.equal(await codeOf(await second.call('POST', path, body)), 'not-permitted', `second: ${path}`);
    const grant = await ok<{ expiresAt: string | null }>(
      await responder.call('POST', `/api/v1/people/${idle.id}/grants`, { role: 'operator' }),
      201,
    );
    assert.ok(soon(grant.expiresAt));
    for (const [path, body] of [
      [`/api/v1/sources/${proposal.id}/approve`, { digest: proposal.digest }],
      ['/api/v1/people', { name: 'mine', grants: [{ role: 'approver' }] }],
      [`/api/v1/people/${idle.id}/grants`, { role: 'approver' }],
      [`/api/v1/people/${approver.id}/link`, {}],
      [`/api/v1/people/${admin.id}/link`, {}],
      [`/api/v1/people/${admin.id}/provider`, { subject: 'me', issuer: 'https://idp.example' }],
      [`/api/v1/people/${gone.id}/enable`, {}],
      [`/api/v1/people/${idle.id}/local-user`, { user: 'x' }],
      ['/api/v1/programs', { name: 'idp-2', purpose: 'x', grants: [{ role: 'provisioner' }] }],
      ['/api/v1/programs/idp/grants', { role: 'approver' }],
      ['/api/v1/programs/idp/keys', {}],
    ] as const)
      assert.equal(await codeOf(await responder.call('POST', path, body)), 'not-permitted', path);
    // What is made in an emergency ends with it.
    const { expiresAt } = await ok<{ expiresAt: string }>(
      await responder.call('POST', '/api/v1/keys', { name: 'urgent', systems: ['chat'], expires: '30d' }),
      201,
    );
    assert.ok(Date.parse(expiresAt) < Date.now() + 11 * 60_000, expiresAt);
    // Nor does somebody judge it whom the one who took it has just made.
    const { id } = (await server.control.accounts.reviews.list()).find(({ kind }) => kind === 'break-glass')!;
    const { items } = await server.control.accounts.reviews.one(id);
    const digest = itemsDigest(items);
    const friend = await signedIn(server, [{ role: 'viewer' }]);
    await server.control.accounts.directory.grant(`person:${responder.id}`, friend.id, { role: 'approver' });
    const decisions = [{ item: items[0]!.id, decision: 'expected' }];
    const back = browserOf(server);
    const { pending } = await ok<{ pending: string }>(
      await back.call('POST', '/api/v1/session', { name: friend.name, password: PASSWORD }),
      202,
    );
    const { ticket, options } = await ok<{ ticket: string; options: { challenge: string } }>(
      await back.call('POST', '/api/v1/session', { request: 'passkey', pending }),
      200,
    );
    await ok(
      await back.call('POST', '/api/v1/session', {
        pending,
        proof: { ticket, passkey: friend.passkey!.get(options) },
      }),
      201,
    );
    const judge = (who: Pick<TestPerson, 'call'>): Promise<Response> =>
      who.call('POST', `/api/v1/reviews/${id}/statement`, { decisions, digest });
    assert.equal(await codeOf(await judge(back)), 'not-permitted');
    assert.equal(await codeOf(await judge(responder)), 'not-permitted');
    assert.equal(await codeOf(await judge(approver)), 'done');
  });
});

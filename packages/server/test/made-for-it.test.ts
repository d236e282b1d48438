import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { assetFactsSchema, clock, newEvent } from '@sallyport/core';
import { findingDigest } from '@sallyport/store';
import { scratch, type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';

const HOUR_MS = 3_600_000;
type Caller = Pick<TestPerson, 'call' | 'cookie'>;
interface Made {
  readonly person: { readonly id: string };
  readonly link: string;
}
interface Source {
  readonly id: string;
  readonly digest: string;
}
const said = async (response: Response): Promise<string> => {
  const text = await response.text();
  if (response.status < 400) return 'done';
  const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
  return code === 'not-permitted' ? message : code;
};
const POLICIES = `@id("risk")
permit (principal in Role::"risk", action in [Action::"view", Action::"accept-risks"], resource);
@id("helpdesk")
permit (principal in Role::"helpdesk", action in [Action::"view", Action::"see-people", Action::"add-people"], resource);
`;

describe('accounts that are made or taken over for the occasion', () => {
  let server: TestServer;
  let count = 0;
  before(async () => {
    const policies = `${scratch()}/policies`;
    mkdirSync(policies, { recursive: true });
    writeFileSync(`${policies}/own.cedar`, POLICIES);
    server = await testServer({ config: { policies } });
  });
  after(() => server.stop());
  let both: TestPerson;
  beforeEach(async () => {
    both = await signedIn(server, [{ role: 'administrator' }, { role: 'approver' }]);
  });
  const opens = async (link: string): Promise<Caller> => {
    const browser = browserOf(server);
    const token = new URLSearchParams(new URL(link, 'http://x').hash.slice(1)).get('token');
    await ok(await browser.call('POST', '/api/v1/setup', { token, password: PASSWORD }), 201);
    await addPasskey(server, browser);
    return browser;
  };
  const add = async (by: Caller, role: string): Promise<Made> =>
    ok<Made>(await by.call('POST', '/api/v1/people', { name: `made-${count++}`, grants: [{ role }] }), 201);
  const linkFor = async (by: Caller, id: string): Promise<string> =>
    (await ok<Made>(await by.call('POST', `/api/v1/people/${id}/link`), 201)).link;
  const propose = async (by: Caller): Promise<Source> =>
    ok(await by.call('POST', '/api/v1/sources', { pattern: `https://data.example/${count++}` }), 201);
  const approves = async (by: Caller, { id, digest }: Source): Promise<string> =>
    said(await by.call('POST', `/api/v1/sources/${id}/approve`, { digest }));
  const accepts = async (by: Caller, subject: string): Promise<string> => {
    const { installation } = server.control;
    const found = { kind: 'loads', target: subject, place: 'p', detector: 'registry', technique: 't' };
    const about = { severity: 'critical', message: 'm', remedy: 'r', references: [], exploited: true };
    const detections = [{ ...found, ...about, disclosedAt: '' }];
    await installation.announce(
      newEvent('detections-noted', { actor: 'test', subject, data: { scan: 's', detections } }),
    );
    await installation.flush();
    const [known] = await installation.store.findings.openOn(subject);
    const asked = { days: 30, reason: 'it is contained', digest: findingDigest(known!) };
    return said(await by.call('POST', `/api/v1/findings/${known!.fingerprint}/accept`, asked));
  };

  it('who made or opened an account approves nothing of it for a day, and accepts no risk', async (t) => {
    const own = /made or opened the account of someone who did/;
    const made = await add(both, 'operator');
    const puppet = await opens(made.link);
    const proposal = await propose(puppet);
    assert.match(await approves(both, proposal), own);
    await (await server.control.inventory()).register(`person:${made.person.id}`, 'endpoint', 'risky', {
      ...assetFactsSchema.parse({}),
      owner: made.person.id,
    });
    assert.match(await accepts(both, 'endpoint:risky'), own);
    const program = {
      name: 'of-puppet',
      purpose: 'x',
      owner: made.person.id,
      grants: [{ role: 'operator' }],
    };
    const { id } = await ok<{ id: string }>(await both.call('POST', '/api/v1/programs', program), 201);
    const later = Date.now() + 25 * HOUR_MS;
    const there = await signedIn(server, [{ role: 'operator' }]);
    const before = await propose(there);
    assert.equal(await approves(both, before), 'done', 'one who is there');
    const taken = await opens(await linkFor(both, there.id));
    const over = await propose(taken);
    assert.match(await approves(both, over), own, 'taken over by a link');
    // Who is given a role is still who they are.
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    await ok(await both.call('POST', `/api/v1/people/${viewer.id}/grants`, { role: 'operator' }), 201);
    const parties = async (author: string): Promise<readonly string[]> => {
      const request = { action: 'approve-proposals', target: { kind: 'proposal', id: 'x', author } };
      const actor = { kind: 'program', id: 'x' };
      const seen = await server.control.fourEyes.see({ ...request, actor } as never);
      return (seen.target as unknown as { parties: string[] }).parties;
    };
    assert.ok(!(await parties(`person:${viewer.id}`)).includes(`person:${both.id}`), 'given a role');
    assert.ok((await parties(`program:${id}`)).includes(`person:${both.id}`), 'kept by a puppet');
    const other = await signedIn(server, [{ role: 'approver' }]);
    assert.equal(await approves(other, proposal), 'done', 'another approver');
    t.mock.method(clock, 'nowMs', () => later);
    assert.ok(!(await parties(`person:${made.person.id}`)).includes(`person:${both.id}`), 'a day later');
  });

  it('nor through one in between, nor by an approver whom they made as well', async () => {
    const boss = await signedIn(server, [{ role: 'administrator' }]);
    const author = await opens((await add(boss, 'operator')).link);
    const approver = await opens((await add(boss, 'approver')).link);
    assert.match(await approves(approver, await propose(author)), /or who made the author's account/);
    const between = await opens((await add(both, 'administrator')).link);
    const last = await opens((await add(between, 'operator')).link);
    assert.match(await approves(both, await propose(last)), /made or opened the account of someone who did/);
  });

  it('where more made each other than are followed, nothing is approved', async () => {
    const boss = await signedIn(server, [{ role: 'administrator' }]);
    const { directory } = server.control.accounts;
    let by = boss.id;
    for (let n = 0; n < 101; n++) {
      const grants = [{ role: 'administrator' }];
      by = (await directory.add(`person:${by}`, { name: `link-${count++}`, grants })).person.id;
    }
    const chained = async (role: string): Promise<Caller> => {
      const grants = [{ role }];
      const { token } = await directory.add(`person:${by}`, { name: `link-${count++}`, grants });
      return opens(`http://x/#token=${token}`);
    };
    const many = /more accounts made each other within 24 hours than can be followed/;
    assert.match(await approves(await chained('approver'), await propose(boss)), many);
    assert.match(await approves(both, await propose(await chained('operator'))), many);
  });

  it('a role held for long waives nothing that it does not do', async (t) => {
    const boss = await signedIn(server, [{ role: 'administrator' }]);
    const one = await signedIn(server, [{ role: 'viewer' }]);
    const { directory } = server.control.accounts;
    const ago = Date.now() - 48 * HOUR_MS;
    t.mock.method(clock, 'nowMs', () => ago);
    t.mock.method(clock, 'nowIso', () => new Date(ago).toISOString());
    await directory.grant('test', one.id, { role: 'risk' });
    t.mock.restoreAll();
    await directory.grant(`person:${boss.id}`, one.id, { role: 'approver' });
    const owed = await server.control.fourEyes.beholdenTo(one.id);
    assert.ok(owed.includes(`person:${boss.id}`), 'accepts risks for long, approves since a moment ago');
  });

  it('nor does one lift a test that failed, and emergency access lifts none', async () => {
    const root = scratch();
    mkdirSync(root, { recursive: true });
    writeFileSync(`${root}/notes.txt`, 'tested');
    const inventory = await server.control.inventory();
    const facts = assetFactsSchema.parse({});
    const version = { root, label: '1', author: `person:${both.id}` };
    await inventory.addVersion('local:ci', 'model', 'tested', facts, version);
    await inventory.noteTest('test', 'tested', '1', false, 'it leaks');
    const opensBy = async (by: Caller): Promise<boolean> => {
      const body = { passed: true, summary: 'all is well' };
      await ok(await by.call('POST', '/api/v1/models/tested/1/tests', body), 200);
      const asset = await inventory.asset('model', 'tested');
      const { gates } = await inventory.known(asset, await inventory.version(asset, '1'));
      return gates.find(({ name }) => name === 'tested')!.open;
    };
    assert.equal(await opensBy(await opens((await add(both, 'operator')).link)), false, 'made by the author');
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'nobody else can be reached tonight';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 5 }), 201);
    assert.equal(await opensBy(responder), false, 'in an emergency');
    assert.equal(await opensBy(await signedIn(server, [{ role: 'operator' }])), true, 'another');
  });

  it('nor does one, or a service account, look after an alert about who made it', async () => {
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const program = { name: 'watch', purpose: 'x', owner: responder.id, grants: [{ role: 'operator' }] };
    await ok(await both.call('POST', '/api/v1/programs', program), 201);
    const { key } = await ok<{ key: string }>(
      await both.call('POST', '/api/v1/programs/watch/keys', {}),
      201,
    );
    const reason = 'nobody else can be reached tonight';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 5 }), 201);
    const which = { rule: 'break-glass', subject: `person:${responder.id}` };
    const path = '/api/v1/alerts/acknowledge';
    const about = /^another person looks after an alert about you/;
    const byProgram = await fetch(`${server.controlUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(which),
    });
    assert.match(await said(byProgram), about, 'their service account');
    const puppet = await opens((await add(responder, 'operator')).link);
    assert.match(await said(await puppet.call('POST', path, which)), about, 'an account that they made');
    assert.match(await said(await responder.call('POST', path, which)), about);
    const other = await signedIn(server, [{ role: 'operator' }]);
    assert.equal(await said(await other.call('POST', path, which)), 'done', 'another');
  });

  it('who gave a role does not keep it in a review; they may take it', async () => {
    const made = await add(both, 'viewer');
    const there = await signedIn(server, [{ role: 'viewer' }]);
    await ok(await both.call('POST', `/api/v1/people/${there.id}/grants`, { role: 'analyst' }), 201);
    const { id } = await ok<{ id: string }>(
      await both.call('POST', '/api/v1/reviews', { kind: 'grants', dueDays: 7 }),
      201,
    );
    const { items, digest } = await ok<{
      items: { id: string; holder: string; evidence: { role: string } }[];
      digest: string;
    }>(await both.call('GET', `/api/v1/reviews/${id}`), 200);
    const decides = async (by: Caller, person: string, role: string, decision: string): Promise<string> => {
      const item = items.find((one) => one.holder === `person:${person}` && one.evidence.role === role)!.id;
      const decisions = [{ item, decision, reason: 'needed' }];
      return said(await by.call('POST', `/api/v1/reviews/${id}/statement`, { decisions, digest }));
    };
    assert.match(await decides(both, there.id, 'analyst', 'keep'), /^you made, changed or owned this/);
    assert.match(await decides(both, made.person.id, 'viewer', 'keep'), /^you made, changed or owned this/);
    assert.equal(await decides(both, there.id, 'analyst', 'remove'), 'done');
    assert.equal(await decides(both, there.id, 'viewer', 'keep'), 'done', 'what others gave');
    const other = await signedIn(server, [{ role: 'approver' }]);
    assert.equal(await decides(other, there.id, 'analyst', 'keep'), 'done', 'another reviewer');
  });

  it('who owns a third party does not approve it', async () => {
    const owner = await signedIn(server, [{ role: 'approver' }]);
    const by = await signedIn(server, [{ role: 'operator' }]);
    const manifest = { purpose: 'x', origins: ['https://vendor.example'] };
    const asked = { name: 'vendor', kind: 'vendor-model', owner: owner.id, manifest };
    const { id, digest } = await ok<Source>(await by.call('POST', '/api/v1/integrations', asked), 201);
    const approve = async (who: Caller): Promise<string> =>
      said(await who.call('POST', `/api/v1/integrations/${id}/approve`, { digest }));
    assert.match(await approve(owner), /^you made, changed or owned this/);
    const other = await signedIn(server, [{ role: 'approver' }]);
    assert.doesNotMatch(await approve(other), /^you made/);
  });

  it('who may break the glass is let in by no role that ends, nor by one that makes no approvers', async () => {
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const shut = await signedIn(server, [{ role: 'responder' }]);
    await server.control.accounts.directory.setDisabled('test', shut.id, true);
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    const passing = await signedIn(server, [{ role: 'administrator', expiresAt }]);
    const desk = await signedIn(server, [{ role: 'helpdesk' }]);
    const refused = async (by: Caller, path: string): Promise<void> =>
      assert.notEqual(await said(await by.call('POST', `/api/v1/people/${path}`)), 'done', path);
    await refused(passing, `${responder.id}/link`);
    await refused(passing, `${shut.id}/enable`);
    await refused(desk, `${responder.id}/link`);
    const viewer = await signedIn(server, [{ role: 'viewer' }]);
    for (const by of [passing, desk, both]) await linkFor(by, viewer.id);
    await linkFor(both, responder.id);
    // What is taken by a role that ends, ends with it.
    const own = await ok<Made & { person: { grants: { expiresAt: string }[] } }>(
      await passing.call('POST', '/api/v1/people', { name: 'own', grants: [{ role: 'responder' }] }),
      201,
    );
    assert.equal(own.person.grants[0]!.expiresAt, expiresAt);
    const asked = { reason: 'nobody else can be reached tonight', minutes: 60 };
    const puppet = await opens(own.link);
    const taken = await ok<{ expiresAt: string }>(
      await puppet.call('POST', '/api/v1/break-glass', asked),
      201,
    );
    assert.equal(taken.expiresAt, expiresAt);
    const given = await ok<{ expiresAt: string }>(
      await responder.call('POST', '/api/v1/break-glass', { ...asked, minutes: 5 }),
      201,
    );
    const next = await add(responder, 'responder');
    const handedOn = await opens(next.link);
    const again = await ok<{ expiresAt: string }>(
      await handedOn.call('POST', '/api/v1/break-glass', asked),
      201,
    );
    assert.equal(again.expiresAt, given.expiresAt, 'an emergency does not make itself longer');
  });

  it('a review that is open is hidden by no number of others', async () => {
    const { installation, accounts } = server.control;
    const { store } = installation;
    const open = (await accounts.reviews.list()).find(({ kind }) => kind === 'grants')!;
    const at = new Date(Date.now() + 60_000).toISOString();
    const row = { kind: 'sample', seed: '', openedAt: at, openedBy: 'test', dueAt: at } as const;
    for (let n = 0; n < 601; n += 100)
      await store.change(async (tx) => {
        for (let i = n; i < Math.min(n + 100, 601); i++)
          await store.reviews.insert(tx, { ...row, id: `rev_${i}`, closedAt: i < 100 ? null : at }, []);
        const event = newEvent('review-opened', { actor: 'test', subject: 'review:many', data: {} });
        return { result: undefined, event };
      });
    const listed = await accounts.reviews.list();
    assert.ok(
      listed.some(({ id }) => id === open.id),
      'the review of roles, which is due later',
    );
    assert.ok(listed.some(({ kind, closedAt }) => kind === 'break-glass' && closedAt === null));
    const more = await both.call('POST', '/api/v1/reviews', { kind: 'sample', dueDays: 7 });
    assert.equal(await said(more), 'conflict');
  });
});

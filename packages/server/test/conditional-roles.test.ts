import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { clock } from '@sallyport/core';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

const POLICIES = `
@id("office-approver")
permit (principal in Role::"office-approver", action in Action::"approve", resource)
when { context.address == "192.0.2.7" };
@id("sunday-approver")
permit (principal in Role::"sunday-approver", action in Action::"approve", resource)
when { context.weekday == 7 && context.address == "192.0.2.7" };
@id("office-operator")
permit (principal in Role::"office-operator", action in Action::"operate", resource)
when { context.address == "192.0.2.7" };
@id("programs-rest")
forbid (principal is Program, action in Action::"operate", resource)
unless { context.address == "192.0.2.7" };
@id("reader")
permit (principal in Role::"reader", action in Action::"view", resource)
when { context.address == "192.0.2.7" };
`;

describe('a role that approves only under some circumstances', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    const policies = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
    writeFileSync(join(policies, 'own.cedar'), POLICIES);
    fake = await fakeSystem();
    const systems = { chat: enforced(fake), other: enforced(fake) };
    server = await testServer({ config: { policies }, systems });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const approving = ['office-approver', 'sunday-approver'];
  for (const role of approving)
    it(`${role}: whoever gave it lately profits from no approval`, async () => {
      const { directory } = server.control.accounts;
      const { person } = await directory.add('test', { name: `holder-of-${role}`, grants: [] });
      const tomorrow = clock.nowMs() + 30 * 3_600_000;
      mock.method(clock, 'nowMs', () => tomorrow);
      try {
        await directory.grant('person:giver', person.id, { role });
        assert.ok((await server.control.fourEyes.beholdenTo(person.id)).includes('person:giver'));
        assert.ok(await server.control.fourEyes.isPowerful(`person:${person.id}`));
      } finally {
        mock.restoreAll();
      }
    });

  it('is given by no emergency access; another with conditions is', async () => {
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = { reason: 'nobody else is here and calls fail', minutes: 5 };
    await ok(await responder.call('POST', '/api/v1/break-glass', reason), 201);
    for (const role of approving) {
      const body = { name: `by-emergency-${role}`, grants: [{ role }] };
      assert.equal((await responder.call('POST', '/api/v1/people', body)).status, 403, role);
    }
    const body = { name: 'by-emergency-reader', grants: [{ role: 'reader' }] };
    await ok(await responder.call('POST', '/api/v1/people', body), 201);
  });

  it('what a service account may elsewhere or at another time counts in who handles its keys', async () => {
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const some = await signedIn(server, [{ role: 'viewer' }, { role: 'operator', system: 'chat' }]);
    const all = await signedIn(server, [{ role: 'operator' }]);
    const keyOf = async (name: string, grants: object[]): Promise<string> => {
      await ok(await admin.call('POST', '/api/v1/programs', { name, purpose: 'x', grants }), 201);
      const made = await admin.call('POST', `/api/v1/programs/${name}/keys`, { systems: ['chat'] });
      return (await ok<{ id: string }>(made, 201)).id;
    };
    const rotates = async (by: typeof some, id: string): Promise<number> =>
      (await by.call('POST', `/api/v1/keys/${id}/rotate`, {})).status;
    for (const role of ['office-operator', 'operator']) {
      const id = await keyOf(`everywhere-${role}`, [{ role }]);
      assert.equal(await rotates(some, id), 403, `${role} on every system`);
      assert.equal(await rotates(admin, id), 201, role);
    }
    assert.equal(await rotates(all, await keyOf('as-much', [{ role: 'operator' }])), 201, 'who may as much');
    const here = await keyOf('here', [{ role: 'operator', system: 'chat' }, { role: 'viewer' }]);
    assert.equal(await rotates(some, here), 201, 'no more than they may');
  });
});

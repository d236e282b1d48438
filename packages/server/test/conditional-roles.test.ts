import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { clock } from '@sallyport/core';
import { type TestServer, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

const POLICIES = `
@id("office-approver")
permit (principal in Role::"office-approver", action in Action::"approve", resource)
when { context.address == "192.0.2.7" };
@id("sunday-approver")
permit (principal in Role::"sunday-approver", action in Action::"approve", resource)
when { context.weekday == 7 && context.address == "192.0.2.7" };
@id("reader")
permit (principal in Role::"reader", action in Action::"view", resource)
when { context.address == "192.0.2.7" };
`;

describe('a role that approves only under some circumstances', () => {
  let server: TestServer;
  before(async () => {
    const policies = mkdtempSync(join(tmpdir(), 'sallyport-policies-'));
    writeFileSync(join(policies, 'own.cedar'), POLICIES);
    server = await testServer({ config: { policies } });
  });
  after(() => server.stop());

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
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { scratch, testServer } from './harness.ts';
import { ok, signedIn } from './people.ts';

it('a policy may ask for a course: whoever passed it may, for as long as it is current', async () => {
  const policies = join(scratch(), 'policies');
  mkdirSync(policies);
  writeFileSync(
    join(policies, 'courses.cedar'),
    `@id("trained")
     forbid (principal is Person, action == Action::"see-access", resource)
     unless { principal.mastery.contains("reading-logs") };`,
  );
  const server = await testServer({ config: { policies } });
  const passed = new Map<string, string[]>();
  server.control.mastery = (person) => passed.get(person) ?? [];
  const auditor = await signedIn(server, [{ role: 'auditor' }]);
  const read = (): Promise<Response> => auditor.call('GET', '/api/v1/access-log');
  assert.equal((await read()).status, 403);
  passed.set(auditor.id, ['another-course', 'reading-logs']);
  await ok(await read(), 200);
  const explained = await ok<{ allowed: boolean }>(
    await auditor.call('POST', '/api/v1/policies/explain', {
      principal: `person:${auditor.name}`,
      action: 'see-access',
      resource: 'organisation',
    }),
    200,
  );
  assert.equal(explained.allowed, true);
  passed.delete(auditor.id);
  assert.equal((await read()).status, 403, 'it is no longer current');
  await server.stop();
});

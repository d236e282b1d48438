import assert from 'node:assert/strict';
import { it } from 'node:test';
import { testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

it('data is used by whoever holds a role on that very data set, and by nobody else', async () => {
  const server = await testServer();
  const { accounts, authoriser, installation } = server.control;
  server.control.datasets = async () => [
    { name: 'patients', dataClasses: ['health'] },
    { name: 'canary', dataClasses: [] },
  ];
  const admin = await signedIn(server, [{ role: 'administrator' }, { role: 'data-user' }]);
  const analyst = await signedIn(server, [{ role: 'analyst' }]);
  const use = async (person: TestPerson, name: string): Promise<string> => {
    const token = /sallyport_session=([^;]+)/.exec(person.cookie())![1]!;
    const who = (await accounts.sessions.who(token, true))!;
    return authoriser.requireDataset({ kind: 'person', who }, name, '127.0.0.1').then(
      () => 'may',
      (fault: { code: string }) => fault.code,
    );
  };
  assert.equal(await use(analyst, 'patients'), 'not-permitted');
  const give = (system: string): Promise<Response> =>
    admin.call('POST', `/api/v1/people/${analyst.id}/grants`, { role: 'data-user', system });
  assert.equal((await give('dataset:unheard-of')).status, 404);
  const grant = await ok<{ id: string }>(await give('dataset:patients'), 201);
  // Their session ended with that: they come back with what they hold now.
  const { ticket, options } = await ok<{ ticket: string; options: { challenge: string } }>(
    await analyst.call('POST', '/api/v1/session', { request: 'passkey' }),
    200,
  );
  await ok(
    await analyst.call('POST', '/api/v1/session', { ticket, passkey: analyst.passkey!.get(options) }),
    201,
  );
  assert.equal(await use(analyst, 'patients'), 'may');
  assert.equal(await use(analyst, 'canary'), 'not-permitted', 'a canary is read by nobody');
  assert.equal(await use(analyst, 'unheard-of'), 'not-permitted', 'what is not there is refused alike');
  assert.equal(await use(admin, 'patients'), 'not-permitted', 'a role on everything is none on data');
  await installation.flush();
  const { events } = await installation.store.events.page(
    ['access-decided'],
    { actor: `person:${analyst.id}` },
    50,
  );
  const told = events
    .filter(({ data }) => data['action'] === 'use-datasets')
    .map(({ subject, data }) => [subject, data['allowed'], data['policyIds']]);
  assert.deepEqual(told.reverse(), [
    ['dataset:patients', false, []],
    ['dataset:patients', true, ['data-user']],
    ['dataset:canary', false, []],
    ['dataset:unheard-of', false, []],
  ]);
  const explained = await ok<{ allowed: boolean }>(
    await admin.call('POST', '/api/v1/policies/explain', {
      principal: `person:${analyst.name}`,
      action: 'use-datasets',
      resource: 'dataset:patients',
    }),
    200,
  );
  assert.equal(explained.allowed, true);
  await ok(await admin.call('DELETE', `/api/v1/people/${analyst.id}/grants/${grant.id}`), 204);
  await server.stop();
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CodedError, type SallyportEvent } from '@sallyport/core';
import { accessWindow } from '../src/access-window.ts';
import { followed } from './followed.ts';
import { scratch, testServer } from './harness.ts';
import { locationFile } from './location-file.ts';
import { browserOf, ok, PASSWORD, signedIn } from './people.ts';

it('failed sign-ins, new addresses, keys that end: alerts that say what to do', async () => {
  const server = await testServer({ config: { control: { port: 0, trustedProxies: ['127.0.0.1'] } } });
  const admin = await signedIn(server, [{ role: 'administrator' }]);
  const viewer = await signedIn(server, [{ role: 'viewer' }], false);
  const from = (address: string, body: object): Promise<Response> =>
    fetch(`${server.controlUrl}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify(body),
    });
  // The same person from elsewhere: a device that is not known, an address that is not.
  const request = await ok<{ ticket: string; options: { challenge: string } }>(
    await from('203.0.113.9', { request: 'passkey' }),
    200,
  );
  const signature = admin.passkey!.get(request.options);
  assert.equal((await from('203.0.113.9', { ticket: request.ticket, passkey: signature })).status, 201);
  for (let i = 0; i < 10; i++)
    assert.equal((await from(`198.51.100.${i}`, { name: viewer.name, password: 'wrong' })).status, 401);
  assert.equal((await from('198.51.100.99', { name: viewer.name, password: PASSWORD })).status, 429);
  // Who is no trusted proxy is not believed.
  const plain = await testServer();
  const { call } = browserOf(plain);
  for (let i = 0; i < 31; i++)
    await fetch(`${plain.controlUrl}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': `198.51.100.${i}` },
      body: JSON.stringify({ name: `nobody-${i}`, password: 'wrong' }),
    });
  assert.equal((await call('POST', '/api/v1/session', { name: 'another', password: 'wrong' })).status, 429);
  await plain.stop();

  const { store } = server.control.installation;
  await server.control.installation.flush();
  const seen = await accessWindow(store);
  assert.equal(seen.failures[`person:${viewer.id}`], 10);
  assert.deepEqual(seen.newAddresses, [{ subject: `person:${admin.id}`, address: '203.0.113.9' }]);
  await server.control.monitor!.tick();
  const open = server.control.monitor!.open.map(({ rule, subject }) => [rule, subject]);
  assert.deepEqual(open, [['administrator-new-address', `person:${admin.id}`]]);
  await server.stop();
});

it('a key is spoken of a week before its end, unless it was replaced or meant for a few days', async () => {
  const server = await testServer({ demo: true });
  const make = (name: string, program: string) =>
    server.control.apiKeys.create('test', { name, systems: [], program, expires: '30d' });
  const { id: program } = await server.control.accounts.programs.add('test', {
    name: 'x',
    purpose: 'x',
    owner: null,
    grants: [],
  });
  const [ending, replaced, fresh] = [
    await make('ending', program),
    await make('replaced', program),
    await make('fresh', program),
  ];
  const { store } = server.control.installation;
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
  await store.change(async (tx) => {
    await tx
      .updateTable('api_keys')
      .set({ expires_at: soon })
      .where('id', 'in', [ending.id, replaced.id])
      .execute();
    await followed(tx, 'api_keys');
    await tx
      .updateTable('api_keys')
      .set({ created_at: '2026-01-01T00:00:00.000Z' })
      .where('id', 'in', [ending.id, replaced.id])
      .execute();
    await followed(tx, 'api_keys');
    return { result: undefined, event: [] };
  });
  await server.control.apiKeys.rotate('test', replaced.id, { overlap: '2d' });
  await server.control.installation.flush();
  const { keysEnding } = await accessWindow(store);
  assert.deepEqual(
    keysEnding.map(({ subject }) => subject),
    [`key:${ending.id}`],
  );
  assert.ok(fresh.id);
  await server.stop();
});

it('nobody is in two places: a journey faster than any is an alert and a finding', async (t) => {
  const file = join(scratch(), 'places.mmdb');
  const zurich = { latitude: 47.37, longitude: 8.54, radius: 20 };
  const sydney = { latitude: -33.87, longitude: 151.21, radius: 50 };
  writeFileSync(file, locationFile({ 192: zurich, 198: zurich, 203: sydney }));
  const server = await testServer({
    config: { control: { port: 0, trustedProxies: ['127.0.0.1'] }, access: { locations: file } },
  });
  const person = await signedIn(server, [{ role: 'analyst' }]);
  const signIn = async (address: string): Promise<void> => {
    const ask = (body: object): Promise<Response> =>
      fetch(`${server.controlUrl}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify(body),
      });
    const made = await ok<{ ticket: string; options: { challenge: string } }>(
      await ask({ request: 'passkey' }),
      200,
    );
    await ok(await ask({ ticket: made.ticket, passkey: person.passkey!.get(made.options) }), 201);
  };
  const open = async (): Promise<string[]> => {
    await server.control.installation.flush();
    await server.control.monitor!.tick();
    return server.control
      .monitor!.open.filter(({ rule }) => rule === 'impossible-travel')
      .map((one) => one.detail);
  };
  await signIn('192.0.2.1');
  await signIn('198.51.100.7');
  await signIn('10.0.0.7');
  assert.deepEqual(await open(), [], 'near, or nobody knows where');
  await signIn('203.0.113.9');
  const [detail, ...others] = await open();
  assert.match(detail!, /signed in from 198\.51\.100\.7 and 203\.0\.113\.9, 16\d\d\d km apart/);
  assert.equal(others.length, 0);
  const which = { rule: 'impossible-travel', subject: `person:${person.id}` };
  const attend = (who: typeof person): Promise<Response> =>
    who.call('POST', '/api/v1/alerts/acknowledge', which);
  server.control.mastery = () => ['alerts'];
  const operators = [
    await signedIn(server, [{ role: 'operator' }]),
    await signedIn(server, [{ role: 'operator' }]),
  ];
  assert.equal((await attend(await signedIn(server, [{ role: 'viewer' }]))).status, 403);
  assert.equal((await attend(await signedIn(server, [{ role: 'operator', system: 'x' }]))).status, 403);
  const { installation } = server.control;
  const announce = installation.announce.bind(installation);
  const down = t.mock.method(installation, 'announce', async (event: SallyportEvent) => {
    if (event.type === 'alert-acknowledged') throw new CodedError('record-unavailable');
    return announce(event);
  });
  assert.equal((await attend(operators[0]!)).status, 503, 'it could not be recorded');
  assert.ok(
    server.control.monitor!.open.every(({ acknowledged }) => acknowledged === null),
    'nobody looks after it yet',
  );
  down.mock.restore();
  const answers = await Promise.all(operators.map(attend));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409], 'the first who does');
  await server.control.installation.flush();
  const noted = (await server.control.installation.store.events.latest('alert-acknowledged'))!;
  assert.deepEqual([noted.subject, noted.data['mastery']], [which.subject, ['alerts']]);
  const mon05 = (await server.controls()).get('MON-05')!;
  assert.equal(mon05.status, 'partial');
  assert.match(
    mon05.evidence.join(),
    /1 of 1 grave alerts of the month were looked after, half of them within \d+ s/,
  );
  await server.control.installation.flush();
  const findings = await server.control.installation.store.findings.list();
  const found = findings.find(({ technique }) => technique === 'impossible-travel');
  assert.deepEqual([found?.subject, found?.severity], [`person:${person.id}`, 'high']);
  // A file that breaks silences nothing else.
  writeFileSync(file, 'no database');
  await open();
  await server.stop();
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { controlSocketPath } from '@sallyport/server';
import type { SecretOriginRow } from '@sallyport/store';
import { References } from '../src/secrets/references.ts';
import { followed } from './followed.ts';
import { type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** Asks as a command on this machine does. */
function locally(
  data: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const content = Buffer.from(JSON.stringify(body));
    const headers = {
      host: 'localhost',
      'content-type': 'application/json',
      'content-length': content.length,
    };
    const req = request({ socketPath: controlSocketPath(data), method, path, headers }, (res) => {
      let text = '';
      res.on('data', (piece: Buffer) => (text += piece.toString()));
      res.on('end', () => done({ status: res.statusCode!, text }));
    });
    req.on('error', fail);
    req.end(content);
  });
}

/** Where no system leads yet: another way to where one does needs a fresh proof. */
const NEW_PLACE = 'http://127.0.0.1:9/a';

describe('references to secrets and files', () => {
  let fake: FakeSystem;
  let other: FakeSystem;
  let server: TestServer;
  let operator: TestPerson;
  let second: TestPerson;
  const root = scratch();
  const secrets = join(root, 'secrets');
  const learned = join(root, 'learned');
  const data = join(root, 'keep', 'data');
  let names = 0;
  const body = (more: object, at: FakeSystem = fake): Record<string, unknown> => ({
    name: `system-${names++}`,
    dialect: 'openai',
    urls: [at.url],
    allowPrivate: true,
    ...more,
  });
  const add = async (
    more: object,
    at?: FakeSystem,
    who: Pick<TestPerson, 'call'> = operator,
  ): Promise<string> => {
    const response = await who.call('POST', '/api/v1/systems', body(more, at));
    const text = await response.text();
    return response.status < 400
      ? String(response.status)
      : `${response.status} ${(JSON.parse(text) as { error: { code: string } }).error.code}`;
  };
  /** What a system is sent as its credential. */
  const sent = async (name: string, to: FakeSystem): Promise<string | undefined> => {
    const key = await server.key([name]);
    const before = to.requests.length;
    await server.chat(key, 'hello', { model: name });
    return to.requests[before]?.headers.authorization;
  };

  before(async () => {
    process.env['REFERENCE_ALLOWED'] = 'the-allowed-value';
    process.env['REFERENCE_OTHER'] = 'a-value-of-the-machine';
    process.env['REFERENCE_PINNED'] = 'a-pinned-value';
    fake = await fakeSystem();
    other = await fakeSystem();
    mkdirSync(secrets);
    mkdirSync(learned);
    mkdirSync(join(root, 'keep'));
    writeFileSync(join(secrets, 'provider'), 'value-in-the-folder\n');
    writeFileSync(join(secrets, 'twin'), 'the-allowed-value\n');
    writeFileSync(join(root, 'outside'), 'value-outside\n');
    server = await testServer({
      data,
      config: {
        secrets: {
          folder: secrets,
          environment: ['REFERENCE_ALLOWED', 'REFERENCE_PINNED'],
          origins: { 'env:REFERENCE_PINNED': [other.url] },
        },
        learned,
      },
    });
    operator = await signedIn(server, [{ role: 'operator' }]);
    second = await signedIn(server, [{ role: 'approver' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await other.close();
  });

  it('resolve nothing that the configuration does not allow: no file, no variable of the machine', async () => {
    symlinkSync(`${data}.key`, join(secrets, 'link'));
    linkSync(`${data}.key`, join(secrets, 'hard-link'));
    symlinkSync(root, join(secrets, 'folder-link'));
    execFileSync('/usr/bin/env', ['mkfifo', join(secrets, 'fifo')]);
    mkdirSync(join(secrets, 'folder'));
    writeFileSync(join(secrets, 'large'), '');
    truncateSync(join(secrets, 'large'), 1024 ** 3);
    const refused = [
      'env:HOME',
      'env:PATH',
      'env:REFERENCE_OTHER',
      'env:reference_allowed',
      `file:${data}.key`,
      `file:${join(data, 'state.db')}`,
      `file:${join(data, 'installation.json')}`,
      `file:${join(root, 'outside')}`,
      'file:/etc/passwd',
      'file:/proc/self/environ',
      'file:/dev/zero',
      'file:/dev/stdin',
      `file:${join(secrets, '..', 'outside')}`,
      'file:../outside',
      `file:${join(secrets, 'link')}`,
      `file:${join(secrets, 'hard-link')}`,
      `file:${join(secrets, 'folder-link', 'outside')}`,
      `file:${join(secrets, 'fifo')}`,
      `file:${join(secrets, 'folder')}`,
      `file:${join(secrets, 'large')}`,
      `file:${join(secrets, 'is-not-there')}`,
      `file:${secrets}`,
    ];
    const passed: string[] = [];
    for (const apiKeyRef of refused) {
      const said = await add({ apiKeyRef });
      if (said !== '403 reference-not-allowed') passed.push(`${apiKeyRef}: ${said}`);
    }
    assert.deepEqual(passed, []);
    // No database keeps such text.
    assert.equal(await add({ apiKeyRef: `file:${join(secrets, 'provider')}\0` }), '400 request-invalid');
    const response = await operator.call('POST', '/api/v1/systems', body({ apiKeyRef: 'env:HOME' }));
    const { error } = (await response.json()) as { error: { message: string } };
    assert.match(error.message, /secrets\.environment/, 'says which line allows it');
    assert.match(error.message, /sallyport upstream add/, 'and which command');
    const { systems } = await ok<{ systems: unknown[] }>(await operator.call('GET', '/api/v1/systems'), 200);
    assert.deepEqual(systems, [], 'nothing of it stays');
  });

  it('resolve what it allows, with a fresh proof', async () => {
    assert.equal(await add({ name: 'by-name', apiKeyRef: 'env:REFERENCE_ALLOWED' }), '201');
    assert.equal(await sent('by-name', fake), 'Bearer the-allowed-value');
    assert.equal(await add({ name: 'by-file', apiKeyRef: 'file:provider' }), '201');
    assert.equal(await sent('by-file', fake), 'Bearer value-in-the-folder');
    await server.control.installation.store.change(async (tx) => {
      const at = new Date(Date.now() - 3_600_000).toISOString();
      await tx.updateTable('sessions').set({ proven_at: at }).where('person_id', '=', operator.id).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
    assert.equal(await add({ apiKeyRef: 'env:REFERENCE_ALLOWED' }), '403 proof-needed');
    assert.equal(await add({ urls: [NEW_PLACE] }), '201', 'a system without one needs none');
  });

  it('files that were learned come from their folder alone', async () => {
    symlinkSync(join(root, 'outside'), join(learned, 'link'));
    for (const path of [
      '/nonexistent',
      `${data}.key`,
      '/etc/passwd',
      join(learned, 'link'),
      '/proc/self/environ',
    ])
      for (const field of ['profile', 'echo'])
        assert.equal(
          await add({ [field]: path, urls: ['http://127.0.0.1:9/other'] }),
          '403 reference-not-allowed',
          `${field} ${path}`,
        );
    writeFileSync(join(learned, 'bad.json'), '{}');
    assert.equal(await add({ profile: 'bad.json', urls: ['http://127.0.0.1:9/b'] }), '400 profile-invalid');
    const judge = { system: 'nobody-knows-it' };
    assert.equal(await add({ judge, urls: ['http://127.0.0.1:9/c'] }), '404 system-unknown');
  });

  it('a value goes to the origin that it was bound to, and elsewhere only when a second person agreed', async () => {
    const admin = await signedIn(server, [{ role: 'operator' }]);
    const elsewhere = { apiKeyRef: 'env:REFERENCE_ALLOWED' };
    assert.equal(await add({ ...elsewhere }, fake, admin), '201', 'a second system at the same origin');
    assert.equal(await add(elsewhere, other, admin), '403 origin-not-approved');
    assert.equal(
      await add({ apiKeyRef: 'file:twin' }, other, admin),
      '403 origin-not-approved',
      'the same value under another name',
    );
    assert.equal(
      await add({ ...elsewhere, urls: [fake.url, other.url] }, other, admin),
      '403 origin-not-approved',
      'as second address',
    );
    assert.equal(await add({ apiKeyRef: 'env:REFERENCE_PINNED' }, fake, admin), '403 origin-not-approved');
    assert.equal(await add({ apiKeyRef: 'env:REFERENCE_PINNED' }, other, admin), '201');
    const asked = await ok<{ id: string }>(
      await admin.call('POST', '/api/v1/secret-origins', { ref: 'env:REFERENCE_ALLOWED', origin: other.url }),
      201,
    );
    const approve = (who: TestPerson, origin: string): Promise<Response> =>
      who.call('POST', `/api/v1/secret-origins/${asked.id}/approve`, {
        ref: 'env:REFERENCE_ALLOWED',
        origin,
      });
    assert.equal((await approve(admin, other.url)).status, 403, 'not whoever asked');
    assert.equal(
      await add(elsewhere, other, admin),
      '403 origin-not-approved',
      'asking alone allows nothing',
    );
    assert.equal((await approve(second, fake.url)).status, 409, 'not what was looked at');
    await ok(await approve(second, other.url), 200);
    assert.equal(await add({ name: 'elsewhere', ...elsewhere }, other, admin), '201');
    assert.equal(await sent('elsewhere', other), 'Bearer the-allowed-value');
    const listed = await ok<{ origins: { id: string; status: string }[] }>(
      await second.call('GET', '/api/v1/secret-origins'),
      200,
    );
    assert.equal(listed.origins.find(({ id }) => id === asked.id)?.status, 'approved');
    await ok(await admin.call('DELETE', `/api/v1/secret-origins/${asked.id}`), 204);
    const before = other.requests.length;
    const refused = await server.chat(await server.key(['elsewhere']), 'hello', { model: 'elsewhere' });
    assert.equal(refused.status, 502, 'taken back: no call goes there, and none without its credential');
    assert.equal(other.requests.length, before);
  });

  it('a binding that was ended and is asked for again leaves no first use elsewhere', async () => {
    const admin = await signedIn(server, [{ role: 'operator' }]);
    const apiKeyRef = 'file:once';
    writeFileSync(join(secrets, 'once'), 'a value that is bound once');
    assert.equal(await add({ apiKeyRef }, fake, admin), '201');
    const ref = `file:${join(secrets, 'once')}`;
    const { origins } = await ok<{ origins: { id: string; ref: string }[] }>(
      await admin.call('GET', '/api/v1/secret-origins'),
      200,
    );
    const { id } = origins.find((one) => one.ref === ref)!;
    await ok(await admin.call('DELETE', `/api/v1/secret-origins/${id}`), 204);
    assert.equal(await add({ apiKeyRef }, other, admin), '403 origin-not-approved', 'ended');
    await ok(await admin.call('POST', '/api/v1/secret-origins', { ref, origin: fake.url }), 201);
    assert.equal(await add({ apiKeyRef }, other, admin), '403 origin-not-approved', 'asked for again');
    assert.equal(await add({ apiKeyRef }, fake, admin), '403 origin-not-approved', 'also where it was');
    writeFileSync(join(secrets, 'once-more'), 'a value that is bound once');
    assert.equal(await add({ apiKeyRef: 'file:once-more' }, other, admin), '403 origin-not-approved');
  });

  it('the owner of the machine allows a name in the same step, which is recorded', async () => {
    const { status, text } = await locally(
      data,
      'POST',
      '/api/v1/systems',
      body({ name: 'local', apiKeyRef: 'env:REFERENCE_OTHER' }),
    );
    assert.equal(status, 201, text);
    assert.equal(await sent('local', fake), 'Bearer a-value-of-the-machine');
    await server.control.installation.flush();
    const event = await server.control.installation.store.events.latest('secret-bound', 'system:local');
    assert.deepEqual([event?.data['ref'], event?.data['origins']], ['env:REFERENCE_OTHER', [fake.url]]);
    const admin = await signedIn(server, [{ role: 'operator' }]);
    assert.equal(await add({ apiKeyRef: 'env:REFERENCE_OTHER' }, other, admin), '403 origin-not-approved');
    assert.equal(
      await add({ apiKeyRef: 'env:REFERENCE_OTHER' }, fake, admin),
      '201',
      'for that name, at that origin',
    );
    for (const apiKeyRef of [`file:${data}.key`, `file:${join(data, 'state.db')}`, 'file:/proc/self/environ'])
      assert.equal(
        (await locally(data, 'POST', '/api/v1/systems', body({ apiKeyRef }))).status,
        403,
        `${apiKeyRef} not even here`,
      );
  });

  it('a name that is taken out of the configuration resolves no more, wherever it was bound', () => {
    const ref = 'env:REFERENCE_OTHER';
    const row = { ref, origin: new URL(fake.url).origin, status: 'approved', byOwner: false };
    const { installation } = server.control;
    const allows = (byOwner: boolean): string => {
      const config = { secrets: { environment: [], origins: {} }, systems: {} } as never;
      const references = new References(() => config, installation);
      try {
        references.requireAllowed(ref, [{ ...row, byOwner } as SecretOriginRow]);
        return 'allowed';
      } catch (fault) {
        return (fault as { code: string }).code;
      }
    };
    assert.deepEqual([allows(false), allows(true)], ['reference-not-allowed', 'allowed']);
  });

  it('are as before after a restart, and a row that was put in beside the API gets nothing', async () => {
    const { store } = server.control.installation;
    const [row] = await store.systems.list();
    await store.change(async (tx) => {
      await store.systems.put(tx, {
        ...row!,
        name: 'slipped-in',
        config: { ...row!.config, urls: [other.url], apiKeyRef: `file:${data}.key` },
      });
      const { newEvent } = await import('@sallyport/core');
      return {
        result: undefined,
        event: newEvent('upstream-added', { actor: 'test', subject: 'system:slipped-in' }),
      };
    });
    await server.control.publish();
    assert.equal(await sent('slipped-in', other), undefined);
    assert.equal(await sent('local', fake), 'Bearer a-value-of-the-machine');
    assert.ok(readFileSync(`${data}.key`).length > 0);
  });
});

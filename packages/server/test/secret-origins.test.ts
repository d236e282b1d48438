import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readForeign, requireForeign } from '../src/secrets/foreign-file.ts';
import { type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400
    ? String(response.status)
    : `${response.status} ${(JSON.parse(text) as { error: { code: string } }).error.code}`;
};

describe('origins of secrets', () => {
  let fake: FakeSystem;
  let other: FakeSystem;
  let server: TestServer;
  let operator: TestPerson;
  let names = 0;
  const refs = { pinned: 'env:ORIGINS_PINNED', free: 'env:ORIGINS_FREE' };
  const add = async (apiKeyRef: string, at: FakeSystem): Promise<string> =>
    codeOf(
      await operator.call('POST', '/api/v1/systems', {
        name: `origins-${names++}`,
        dialect: 'openai',
        urls: [at.url],
        allowPrivate: true,
        apiKeyRef,
      }),
    );
  const propose = async (by: TestPerson, ref: string, origin: string): Promise<{ id: string }> =>
    ok(await by.call('POST', '/api/v1/secret-origins', { ref, origin }), 201);

  before(async () => {
    process.env['ORIGINS_PINNED'] = 'a-pinned-value';
    process.env['ORIGINS_FREE'] = 'a-value-that-is-free';
    process.env['ORIGINS_CONFIGURED'] = 'a-value-of-two-places-0';
    process.env['ORIGINS_BOUND'] = 'a-value-of-two-places-1';
    fake = await fakeSystem();
    other = await fakeSystem();
    server = await testServer({
      config: {
        secrets: {
          environment: ['ORIGINS_PINNED', 'ORIGINS_FREE', 'ORIGINS_CONFIGURED', 'ORIGINS_BOUND'],
          origins: { [refs.pinned]: [other.url], 'env:ORIGINS_CONFIGURED': [fake.url, other.url] },
        },
      },
    });
    operator = await signedIn(server, [{ role: 'operator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
    await other.close();
  });

  it('are not approved by whoever asked, though they are an approver', async () => {
    const both = await signedIn(server, [{ role: 'operator' }, { role: 'approver' }]);
    const approver = await signedIn(server, [{ role: 'approver' }]);
    const asked = { ref: refs.free, origin: new URL(other.url).origin };
    assert.equal(await add(refs.free, fake), '201');
    const approve = async (by: TestPerson, { id }: { id: string }, seen = asked): Promise<string> =>
      codeOf(await by.call('POST', `/api/v1/secret-origins/${id}/approve`, seen));
    const own = await propose(both, asked.ref, asked.origin);
    assert.equal(await approve(both, own), '403 not-permitted');
    assert.equal(await add(refs.free, other), '403 origin-not-approved');
    assert.equal(await approve(approver, own), '200', 'a second person may');
    const elsewhere = { ref: refs.free, origin: 'http://127.0.0.1:9' };
    const others = await propose(operator, elsewhere.ref, elsewhere.origin);
    assert.equal(
      await approve(both, others, elsewhere),
      '200',
      'and they may approve what another asked for',
    );
  });

  it('are for people to say, whatever role a program has', async () => {
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const account = { name: 'binder', purpose: 'a test', grants: [{ role: 'operator' }] };
    await ok(await admin.call('POST', '/api/v1/programs', account), 201);
    const { key } = await ok<{ key: string }>(
      await admin.call('POST', '/api/v1/programs/binder/keys', {}),
      201,
    );
    const asked = { ref: refs.free, origin: 'https://by-program.example' };
    const { id } = await propose(operator, asked.ref, asked.origin);
    const as = async (method: string, path: string, body?: object): Promise<string> =>
      codeOf(
        await fetch(`${server.controlUrl}/api/v1/secret-origins${path}`, {
          method,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: body === undefined ? null : JSON.stringify(body),
        }),
      );
    assert.equal(await as('POST', '', { ...asked, origin: 'https://other.example' }), '403 not-permitted');
    assert.equal(await as('POST', `/${id}/approve`, asked), '403 not-permitted');
    assert.equal(await as('DELETE', `/${id}`), '403 not-permitted');
  });

  it('that are ended at the moment of their approval stay ended', async () => {
    const { secrets, installation } = server.control;
    const asked = { ref: refs.free, origin: 'https://ended.example' };
    const { id } = await propose(operator, asked.ref, asked.origin);
    const [, approved] = await Promise.allSettled([
      secrets.end('person:one', id),
      secrets.approve('person:other', id, asked),
    ]);
    assert.equal(approved.status, 'rejected');
    assert.equal((await installation.store.secretOrigins.find(id))!.status, 'ended');
  });

  it('that were ended stay so, though the configuration names them, too', async () => {
    assert.equal(await add(refs.pinned, other), '201');
    const { origins } = await ok<{ origins: { id: string; ref: string }[] }>(
      await operator.call('GET', '/api/v1/secret-origins'),
      200,
    );
    const { id } = origins.find(({ ref }) => ref === refs.pinned)!;
    await ok(await operator.call('DELETE', `/api/v1/secret-origins/${id}`), 204);
    assert.equal(await add(refs.pinned, other), '403 origin-not-approved');
  });

  it('that were ended get nothing more, of systems that have them already, whatever else these may send to', async () => {
    const { store } = server.control.installation;
    const endOf = async (ref: string, at: FakeSystem): Promise<void> => {
      const { origin } = new URL(at.url);
      const row = (await store.secretOrigins.list()).find((one) => one.ref === ref && one.origin === origin);
      await ok(await operator.call('DELETE', `/api/v1/secret-origins/${row!.id}`), 204);
    };
    for (const [n, ref] of ['env:ORIGINS_CONFIGURED', 'env:ORIGINS_BOUND'].entries()) {
      const name = `two-places-${n}`;
      const urls = [fake.url, other.url];
      const body = { name, dialect: 'openai', urls, allowPrivate: true, apiKeyRef: ref };
      assert.equal(await codeOf(await operator.call('POST', '/api/v1/systems', body)), '201');
      const key = await server.key([name]);
      const sent = async (): Promise<unknown[]> => {
        const before = [fake.requests.length, other.requests.length];
        const { status } = await server.chat(key, 'hello', { model: name });
        const news = [...fake.requests.slice(before[0]), ...other.requests.slice(before[1])];
        return [status, ...news.map(({ headers }) => headers.authorization)];
      };
      assert.deepEqual(await sent(), [200, `Bearer a-value-of-two-places-${n}`]);
      await endOf(ref, other);
      assert.deepEqual(await sent(), [502], ref);
    }
  });

  it('a path of the installation, around it or in it, is none to take files from or put them to', () => {
    const root = scratch();
    const own = { dataFolder: join(root, 'keep', 'data'), rootKey: join(root, 'keys', 'root.key') };
    for (const folder of [own.dataFolder, join(root, 'keys', 'root.key.ring'), join(root, 'models')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(own.rootKey, 'key');
    symlinkSync(join(root, 'keep'), join(root, 'models', 'link'));
    const refused = [
      'keep/data',
      'keep/data/new/deep',
      'keys/root.key',
      'keys/root.key.ring',
      'keys/root.key.ring/one',
      'models/link/data',
      // What holds them.
      '.',
      'keep',
      'keys',
      'models/link',
    ];
    for (const path of refused)
      assert.throws(() => requireForeign(join(root, path), own), { code: 'reference-not-allowed' }, path);
    for (const path of ['models', 'models/new', 'keep/models', 'keep/data-of-others', 'keys/model.onnx'])
      requireForeign(join(root, path), own);
  });

  it('a folder of secrets around or under the data folder or beside the root key opens nothing of the installation', () => {
    const root = scratch();
    const own = { dataFolder: join(root, 'keep', 'data'), rootKey: join(root, 'keys', 'root.key') };
    mkdirSync(join(own.dataFolder, 'secrets'), { recursive: true });
    mkdirSync(join(root, 'keys', 'below'), { recursive: true });
    const all = {
      'keep/data/state.db': /the data folder/,
      'keep/data/secrets/provider': /the data folder/,
      'keys/root.key': /beside the root key/,
      'keys/root.key.ring': /beside the root key/,
      'keys/provider': /beside the root key/,
    };
    for (const [path, message] of Object.entries(all)) {
      writeFileSync(join(root, path), 'value');
      for (const inside of [root, join(root, path, '..'), null])
        assert.throws(
          () => readForeign(join(root, path), own, { bytesMax: 1_000, inside }),
          { code: 'reference-not-allowed', message },
          `${path} in ${inside}`,
        );
    }
    for (const path of ['keep/provider', 'keys/below/provider']) {
      writeFileSync(join(root, path), 'value');
      const read = readForeign(join(root, path), own, { bytesMax: 1_000, inside: root });
      assert.equal(read.toString(), 'value', path);
    }
  });
});

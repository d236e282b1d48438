import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openCheckpoint, verifyLedger } from '@sallyport/ledger';
import { open, seal, sealingKey } from '@sallyport/vault';
import { objectServer } from '../../registry/test/object-server.ts';
import { openContent } from '../src/content.ts';
import { expireContent } from '../src/content-expiry.ts';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  type TestServer,
  testServer,
} from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

describe('retention', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let admin: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { short: enforced(fake, { contentDays: 30 }), other: enforced(fake) },
      config: { record: { contentDays: 365 } },
    });
    admin = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const dayBefore = (days: number): string =>
    new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  /** Something said to a system some days ago, as it is stored. */
  const saidBefore = async (system: string, days: number) => {
    const { dataKeys } = server.control.installation;
    const { key } = await dataKeys.forDay(`system:${system}`, dayBefore(days));
    const sealed = seal(sealingKey(key), 'then', Buffer.from('said then'));
    return () => Buffer.from(open(dataKeys.byId(key.id).key, 'then', sealed)).toString();
  };

  it('ends what was said to each system after its days, and keeps the record of it', async () => {
    const key = await server.key(['short']);
    const response = await server.post('/s/short/v1/chat/completions', key, {
      model: 'm',
      messages: [{ role: 'user', content: 'said today' }],
    });
    await response.text();
    const past = {
      shortOver: await saidBefore('short', 31),
      shortYet: await saidBefore('short', 29),
      otherYet: await saidBefore('other', 200),
      otherOver: await saidBefore('other', 366),
    };
    await expireContent(server.control);
    const gone = { code: 'sealed-content-unreadable' };
    assert.throws(past.shortOver, gone);
    assert.throws(past.otherOver, gone);
    assert.equal(past.shortYet(), 'said then');
    assert.equal(past.otherYet(), 'said then');
    const { installation } = server.control;
    await installation.flush();
    const row = (await installation.store.exchanges.byId(exchangeOf(response)))!;
    assert.match(
      Buffer.from((await openContent(installation, row.intent_index, row.id))!.plain).toString(),
      /said today/,
    );
    const events = await installation.store.events.since(['content-expired'], '1970');
    assert.deepEqual(events.map(({ subject, data }) => [subject, data['days'], data['keys']]).sort(), [
      ['system:other', 365, 1],
      ['system:short', 30, 1],
    ]);
    await expireContent(server.control);
    assert.equal((await installation.store.events.since(['content-expired'], '1970')).length, 2, 'told once');
  });

  it('ends what was said to a system that was removed, by the days of all', async () => {
    const over = await saidBefore('removed-since', 366);
    const yet = await saidBefore('removed-since', 364);
    await expireContent(server.control);
    assert.throws(over, { code: 'sealed-content-unreadable' });
    assert.equal(yet(), 'said then');
  });

  it('waits while a legal hold stands, and so does shredding', async () => {
    const held = await saidBefore('short', 40);
    const hold = await ok<{ id: string }>(
      await admin.call('POST', '/api/v1/holds', { system: 'short', reason: 'case 4711' }),
      201,
    );
    await expireContent(server.control);
    assert.equal(held(), 'said then');
    const refused = await admin.call('POST', '/api/v1/vault/shred', { purpose: 'system:short' });
    assert.equal(refused.status, 409);
    assert.match(await refused.text(), /on hold/);
    const { holds } = await ok<{ holds: { reason: string; liftedAt: string | null }[] }>(
      await admin.call('GET', '/api/v1/holds'),
      200,
    );
    assert.deepEqual([holds[0]!.reason, holds[0]!.liftedAt], ['case 4711', null]);
    for (const [body, status] of [
      [{ system: 'nobody', reason: 'x' }, 404],
      [{ system: 'short', reason: ' ' }, 400],
    ] as const)
      assert.equal((await admin.call('POST', '/api/v1/holds', body)).status, status);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    assert.equal((await operator.call('POST', `/api/v1/holds/${hold.id}/lift`, {})).status, 403);
    await ok(await admin.call('POST', `/api/v1/holds/${hold.id}/lift`, {}), 200);
    assert.equal((await admin.call('POST', `/api/v1/holds/${hold.id}/lift`, {})).status, 404);
    await expireContent(server.control);
    assert.throws(held, { code: 'sealed-content-unreadable' });
  });
});

describe('the archive of the log', () => {
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
  });
  after(() => fake.close());
  const talk = async (server: TestServer, calls: number): Promise<void> => {
    const key = await server.key(['main']);
    for (let i = 0; i < calls; i++) await (await server.chat(key, `call ${i}`)).text();
  };
  const keysIn = (folder: string): string[] =>
    ['verifier.key', 'verifier-quantum-safe.key'].map((name) =>
      readFileSync(join(folder, name), 'utf8').trim(),
    );

  it('is a log of its own in a folder, from which an old one is filled', { timeout: 60_000 }, async () => {
    const data = join(scratch(), 'data');
    const folder = join(scratch(), 'archive');
    const start = () =>
      testServer({ data, systems: { main: enforced(fake) }, config: { record: { archive: { folder } } } });
    let server = await start();
    const isEmbedded = server.control.installation.store.engine === 'sqlite';
    await talk(server, 20);
    await server.control.archive.tick();
    await server.stop();
    const old = join(scratch(), 'old');
    cpSync(data, old, { recursive: true });
    server = await start();
    await talk(server, 300);
    await server.control.archive.tick();
    assert.deepEqual((await verifyLedger(folder, keysIn(folder))).problems, []);
    // What lies in the place of its note is believed in nothing.
    for (const text of ['{', 'null', '{"to":1}', JSON.stringify({ to: folder, size: 'x', at: 5 })]) {
      writeFileSync(join(data, 'archive.json'), text);
      assert.equal(server.control.archive.state()!.size, 0);
    }
    await server.control.archive.tick();
    const { size } = server.control.archive.state()!;
    assert.equal(openCheckpoint(readFileSync(join(folder, 'checkpoint'), 'utf8')).size, size);
    await server.control.archive.tick();
    await talk(server, 3);
    await server.control.archive.tick();
    assert.deepEqual((await verifyLedger(folder, keysIn(folder))).problems, [], 'and as it grows');
    const listing = server.control.archive.state()!;
    assert.ok(listing.size > size && listing.fault === null);
    await server.stop();
    if (!isEmbedded) return;
    // An old copy does not write over what the archive has.
    rmSync(data, { recursive: true });
    cpSync(old, data, { recursive: true });
    server = await start();
    await server.control.archive.tick();
    assert.match(server.control.archive.state()!.fault!, /holds \d+ entries, and the log \d+: stop/);
    assert.equal(openCheckpoint(readFileSync(join(folder, 'checkpoint'), 'utf8')).size, listing.size);
    await server.stop();
  });

  it(
    'writes through nothing, and waits for nothing, that its keeper puts there',
    { timeout: 60_000 },
    async () => {
      const folder = join(scratch(), 'archive');
      const config = { record: { archive: { folder } } };
      const server = await testServer({ systems: { main: enforced(fake) }, config });
      const grow = async (): Promise<string | null> => {
        await talk(server, 1);
        await server.control.archive.tick();
        return server.control.archive.state()!.fault;
      };
      assert.equal(await grow(), null);
      const elsewhere = scratch();
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'theirs');
      for (const name of ['checkpoint.partial', 'verifier.key.partial', 'verifier.key']) {
        rmSync(join(folder, name), { force: true });
        symlinkSync(victim, join(folder, name));
      }
      assert.equal(await grow(), null);
      assert.equal(readFileSync(victim, 'utf8'), 'theirs');
      assert.deepEqual((await verifyLedger(folder, keysIn(folder))).problems, []);
      // A link, a pipe, or a file without an end where the checkpoint was, and a folder that leads out.
      const path = join(folder, 'checkpoint');
      const note = readFileSync(path);
      for (const [put, said] of [
        [() => symlinkSync(victim, path), /is a link where a file belongs/],
        [() => execFileSync('/usr/bin/mkfifo', [path]), /is no file/],
        [() => writeFileSync(path, Buffer.alloc(2 ** 21)), /is longer than it may be/],
      ] as const) {
        rmSync(path);
        put();
        assert.match((await grow()) ?? '', said);
      }
      rmSync(path);
      writeFileSync(path, note);
      renameSync(join(folder, 'tile'), join(elsewhere, 'tile'));
      symlinkSync(join(elsewhere, 'tile'), join(folder, 'tile'));
      assert.match((await grow()) ?? '', /leads out of the archive/);
      await server.stop();
    },
  );

  it('goes to an object store as well', { timeout: 60_000 }, async () => {
    const store = await objectServer('key-id');
    process.env['TEST_ARCHIVE_ID'] = 'key-id';
    process.env['TEST_ARCHIVE_SECRET'] = 'secret';
    const server = await testServer({
      systems: { main: enforced(fake) },
      config: {
        record: {
          archive: {
            objects: {
              endpoint: store.endpoint,
              bucket: 'logs',
              prefix: 'one/',
              accessKeyIdRef: 'env:TEST_ARCHIVE_ID',
              secretAccessKeyRef: 'env:TEST_ARCHIVE_SECRET',
              allowPrivate: true,
            },
          },
        },
      },
    });
    await talk(server, 280);
    await server.control.archive.tick();
    assert.equal(server.control.archive.state()!.fault, null);
    await server.stop();
    const copy = scratch();
    for (const [name, content] of store.objects) {
      const path = join(copy, name.replace(/^\/?(?:logs\/)?one\//, ''));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    assert.ok(existsSync(join(copy, 'tile/entries/000')));
    assert.deepEqual((await verifyLedger(copy, keysIn(copy))).problems, []);
    await store.close();
  });

  it('holds up the end of the server for no store that is silent', { timeout: 60_000 }, async () => {
    const silent = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    process.env['TEST_ARCHIVE_ID'] = 'key-id';
    process.env['TEST_ARCHIVE_SECRET'] = 'secret';
    const objects = {
      endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      bucket: 'logs',
      accessKeyIdRef: 'env:TEST_ARCHIVE_ID',
      secretAccessKeyRef: 'env:TEST_ARCHIVE_SECRET',
      allowPrivate: true,
    };
    const config = { record: { archive: { objects } } };
    const server = await testServer({ systems: { main: enforced(fake) }, config });
    await talk(server, 1);
    const asked = once(silent, 'connection');
    void server.control.archive.tick();
    await asked;
    await server.stop();
    silent.close();
  });

  it(
    'takes the place of no longer one, nor of another, wherever that lies',
    { timeout: 60_000 },
    async () => {
      const store = await objectServer('key-id');
      process.env['TEST_ARCHIVE_ID'] = 'key-id';
      process.env['TEST_ARCHIVE_SECRET'] = 'secret';
      const objects = {
        endpoint: store.endpoint,
        bucket: 'logs',
        prefix: 'two/',
        accessKeyIdRef: 'env:TEST_ARCHIVE_ID',
        secretAccessKeyRef: 'env:TEST_ARCHIVE_SECRET',
        allowPrivate: true,
      };
      const folder = join(scratch(), 'archive');
      const kept = {
        folder: () => readFileSync(join(folder, 'checkpoint')),
        objects: () => [...store.objects].find(([name]) => name.endsWith('two/checkpoint'))![1],
      };
      for (const [place, archive] of [['folder', { folder }] as const, ['objects', { objects }] as const]) {
        const data = join(scratch(), 'data');
        const start = (own: string) =>
          testServer({ data: own, systems: { main: enforced(fake) }, config: { record: { archive } } });
        let server = await start(data);
        const isEmbedded = server.control.installation.store.engine === 'sqlite';
        await talk(server, 5);
        await server.control.archive.tick();
        await server.stop();
        const old = join(scratch(), 'old');
        cpSync(data, old, { recursive: true });
        server = await start(data);
        await talk(server, 20);
        await server.control.archive.tick();
        assert.equal(server.control.archive.state()!.fault, null);
        const newest = kept[place]();
        await server.stop();

        if (isEmbedded) {
          // An old copy, and what it becomes as it goes on by itself: longer than what is there, and another history.
          rmSync(data, { recursive: true });
          cpSync(old, data, { recursive: true });
          server = await start(data);
          await server.control.archive.tick();
          assert.match(server.control.archive.state()!.fault!, /holds \d+ entries, and the log \d+: stop/);
          await talk(server, 60);
          await server.control.archive.tick();
          assert.match(server.control.archive.state()!.fault!, /holds another log/);
          assert.deepEqual(kept[place](), newest);
          await server.stop();
        }
        const stranger = await start(join(scratch(), 'stranger'));
        await talk(stranger, 60);
        await stranger.control.archive.tick();
        assert.match(stranger.control.archive.state()!.fault!, /holds another log/);
        assert.deepEqual(kept[place](), newest);
        await stranger.stop();
      }
      await store.close();
    },
  );
});

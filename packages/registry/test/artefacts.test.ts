import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { DataKeys, isSealedAsNow, isSealedFile, KeyRing, openRootKey } from '@sallyport/vault';
import { streamFile } from '../../vault/test/stream-file.ts';
import { type ArtefactStore, FolderArtefacts, objectArtefacts, objectFiles } from '../src/index.ts';
import { type ObjectServer, objectServer } from './object-server.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** Larger than one part of an upload. */
const LARGE = 65 * 1024 * 1024;

/** One side of the port: how it is made, and how what it stores is seen and changed from outside. */
interface Side {
  store: ArtefactStore;
  raw(digest: string): Buffer;
  damage(digest: string, bytes: Buffer): void;
  /** Files that lie open on the way; none may be left. */
  left(): string[];
}

const openKeys = async (folder: string): Promise<DataKeys> =>
  DataKeys.open(
    join(folder, 'keys'),
    await KeyRing.open(join(folder, 'ring'), openRootKey(join(folder, 'root.key'), folder, true)),
  );

function contract(name: string, make: (folder: string, keys: DataKeys) => Promise<Side>): void {
  describe(`artefacts in ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-artefacts-'));
    let side: Side;
    let keys: DataKeys;
    let path: string;
    const content = randomBytes(200_000);
    const digest = sha256(content);
    const all = async (of: string): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of side.store.read(of)) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    before(async () => {
      keys = await openKeys(folder);
      side = await make(folder, keys);
      path = join(folder, 'content');
      writeFileSync(path, content);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    it('come back as they were, lie sealed, and are stored once', async () => {
      assert.equal(await side.store.has(digest), false);
      await side.store.put(digest, path);
      await side.store.put(digest, path);
      assert.equal(await side.store.has(digest), true);
      assert.deepEqual(await all(digest), content);
      assert.ok(isSealedFile(await side.store.head(digest)));
      assert.ok(!side.raw(digest).includes(content.subarray(0, 64)));
      assert.equal(keys.size, 1);
      assert.deepEqual(side.left(), []);
    });

    it('are refused where they are not what they are said to be', async () => {
      await assert.rejects(side.store.put('0'.repeat(64), path), { code: 'artefact-corrupt' });
      assert.equal(await side.store.has('0'.repeat(64)), false);
      await assert.rejects(side.store.has('../../etc/passwd'), { code: 'request-invalid' });
      const whole = side.raw(digest);
      const changed = Buffer.from(whole);
      changed[changed.length - 20]! ^= 1;
      side.damage(digest, changed);
      await assert.rejects(all(digest), { code: 'artefact-corrupt' });
      side.damage(digest, whole.subarray(0, whole.length - 100));
      await assert.rejects(all(digest), { code: 'artefact-corrupt' });
      side.damage(digest, whole);
      assert.deepEqual(await all(digest), content);
      assert.deepEqual(side.left(), []);
    });

    it('are sealed again in the present form, unless they were changed', async () => {
      const whole = side.raw(digest);
      assert.equal(await side.store.reseal(digest), false);
      assert.deepEqual(side.raw(digest), whole);
      const context = `artefact:${digest}`;
      const earlier = streamFile(keys.ofUse(context, clock.nowIso().slice(0, 10)), context, content);
      side.damage(digest, earlier);
      assert.ok(isSealedFile(await side.store.head(digest)) && !isSealedAsNow(await side.store.head(digest)));
      assert.deepEqual(await all(digest), content, 'it is read as before');
      assert.equal(await side.store.reseal(digest), true);
      assert.ok(isSealedAsNow(await side.store.head(digest)));
      assert.deepEqual(await all(digest), content);
      assert.equal(await side.store.reseal(digest), false);
      for (const at of [5, 60, 120, earlier.length - 1]) {
        const changed = Buffer.from(earlier);
        changed[at]! ^= 1;
        side.damage(digest, changed);
        await assert.rejects(side.store.reseal(digest), { code: 'artefact-corrupt' });
        assert.deepEqual(side.raw(digest), changed, 'it stays as it lay');
        assert.deepEqual(side.left(), []);
      }
      side.damage(digest, whole);
    });

    it('are stored anew where what lies there is not what its name says', async () => {
      const whole = side.raw(digest);
      const changed = Buffer.from(whole);
      changed[changed.length - 20]! ^= 1;
      for (const bad of [changed, whole.subarray(0, whole.length - 100), Buffer.alloc(0)]) {
        side.damage(digest, bad);
        await side.store.put(digest, path);
        assert.deepEqual(await all(digest), content);
        assert.deepEqual(side.left(), []);
      }
    });

    it('may be large, are listed whole, and are gone when they are removed, with their key', async () => {
      const large = Buffer.alloc(LARGE, 7);
      const many = [large, ...Array.from({ length: 4 }, (_, i) => Buffer.from(`content ${i}`))];
      for (const one of many) {
        writeFileSync(path, one);
        await side.store.put(sha256(one), path);
      }
      assert.deepEqual(await side.store.list(), [digest, ...many.map(sha256)].sort());
      assert.ok((await all(sha256(large))).equals(large));
      const sealed = side.raw(digest);
      const others = keys.size - 1;
      // What is left of its head decides nothing: a head may name the key of something else.
      side.damage(digest, side.raw(sha256(many[1]!)));
      await side.store.remove(digest);
      assert.equal(keys.size, others);
      assert.deepEqual(await all(sha256(many[1]!)), many[1]);
      assert.equal(await side.store.has(digest), false);
      await assert.rejects(all(digest), /artefact|object store/);
      side.damage(digest, sealed);
      await assert.rejects(
        all(digest),
        { code: 'artefact-corrupt' },
        'a copy that somebody kept opens no more',
      );
    });
  });
}

contract('a folder', async (folder, keys) => {
  const where = join(folder, 'artefacts');
  const at = (digest: string): string => join(where, digest.slice(0, 2), digest);
  return {
    store: new FolderArtefacts(where, keys),
    raw: (digest) => readFileSync(at(digest)),
    damage: (digest, bytes) => writeFileSync(at(digest), bytes),
    left: () =>
      readdirSync(where, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new')),
  };
});

describe('with an object store', () => {
  let server: ObjectServer;
  before(async () => {
    server = await objectServer('access');
  });
  after(() => server.close());
  const settings = () => ({
    endpoint: server.endpoint,
    bucket: 'models',
    region: 'eu-central-1',
    prefix: 'sallyport/',
    accessKeyId: 'access',
    secretAccessKey: 'secret',
    pathStyle: true,
    lookup: lookup as never,
  });
  contract('an object store', async (folder, keys) => {
    const scratch = join(folder, 'under-way');
    const at = (digest: string): string => `sallyport/${digest.slice(0, 2)}/${digest}`;
    return {
      store: await objectArtefacts(settings(), keys, scratch),
      raw: (digest) => server.objects.get(at(digest))!,
      damage: (digest, bytes) => void server.objects.set(at(digest), bytes),
      left: () => (existsSync(scratch) ? readdirSync(scratch) : []),
    };
  });

  it('asks again when it is told to slow down, and says what is wrong when it is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-artefacts-'));
    try {
      const keys = await openKeys(folder);
      writeFileSync(join(folder, 'a'), 'a');
      const store = await objectArtefacts(settings(), keys, join(folder, 'scratch'));
      server.faults.push(503, 503);
      await store.put(sha256(Buffer.from('a')), join(folder, 'a'));
      assert.ok(await store.has(sha256(Buffer.from('a'))));
      const other = await objectArtefacts(
        { ...settings(), accessKeyId: 'nobody' },
        keys,
        join(folder, 'scratch'),
      );
      await assert.rejects(
        other.list(),
        (fault: Error) => /object store/.test(fault.message) && !/secret/.test(fault.message),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('waits for none that never answers, changes the protocol, or lets an answer trickle in', async () => {
    const upgrade = 'upgrade: other\r\nconnection: upgrade\r\n\r\n';
    const answers = ['', `HTTP/1.1 101 Switching Protocols\r\n${upgrade}`, 'HTTP/1.1 200 OK\r\n\r\nabc'];
    for (const bytes of answers) {
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => {
        sockets.add(socket.on('error', () => {}));
        socket.on('data', () => socket.write(bytes));
      }).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const files = await objectFiles({ ...settings(), endpoint, requestMs: 100 });
      await assert.rejects(files.read('checkpoint'), /object store did not hand out/);
      if (!bytes.includes('200 OK'))
        await assert.rejects(files.put('checkpoint', [Buffer.from('x')]), /object store did not take/);
      const patient = await objectFiles({ ...settings(), endpoint });
      const waiting = assert.rejects(patient.put('checkpoint', [Buffer.from('x')]));
      await once(silent, 'connection');
      patient.close();
      await waiting;
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  it('lets go of connections', async () => {
    const files = await objectFiles(settings());
    await files.put('a', [Buffer.from('x')]);
    assert.deepEqual(await files.read('a'), Buffer.from('x'));
    assert.equal(await files.read('b'), null);
    const open = await server.connections();
    files.close();
    while ((await server.connections()) >= open) await new Promise((done) => setTimeout(done, 10));
  });
});

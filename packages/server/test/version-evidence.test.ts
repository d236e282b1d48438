import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type AssetVersion, newId } from '@sallyport/core';
import { type KnownVersion, signModel } from '@sallyport/registry';
import { scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** A model of LightGBM, as far as it is known by its beginning. */
const TREES = 'tree\nversion=v4\n';
const FACTS = { owner: null, purpose: '', risk: 'minimal', dataClasses: [], source: '', licence: '' };

describe('what is said of a version', () => {
  const folder = scratch();
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  let server: TestServer;
  before(async () => {
    writeFileSync(join(folder, 'key.pem'), key.publicKey.export({ format: 'pem', type: 'spki' }));
    server = await testServer({
      config: { inventory: { signers: [{ name: 'team', publicKeyFile: join(folder, 'key.pem') }] } },
    });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const made = (name: string, files: Readonly<Record<string, string>>): string => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    return join(folder, name);
  };
  const register = async (name: string, root: string, signature?: string): Promise<KnownVersion> =>
    (await server.control.inventory()).addVersion('test', 'model', name, FACTS as never, {
      root,
      label: '1',
      signature,
    });
  const shown = async (name: string, label = '1'): Promise<KnownVersion> => {
    const inventory = await server.control.inventory();
    const asset = await inventory.asset('model', name);
    return inventory.known(asset, await inventory.version(asset, label));
  };
  const gate = ({ gates }: KnownVersion, name: string): boolean =>
    gates.find((one) => one.name === name)!.open;
  const signature = async (root: string): Promise<string> =>
    JSON.stringify((await signModel(root, { key: pem })).bundle);

  it('opens no gate of the same bytes under other names', async () => {
    const bytes = ['print(1)\n', 'b\n'] as const;
    const first = made('a', { 'a.txt': bytes[0], 'notes.txt': bytes[1] });
    const one = await register('aa', first, await signature(first));
    assert.equal(gate(one, 'signed'), true);
    const other = await register('bb', made('b', { 'modeling_evil.py': bytes[0], 'notes.txt': bytes[1] }));
    assert.notEqual(other.version.digest, one.version.digest);
    assert.equal(gate(other, 'signed'), false, 'a signature of other names');
    // A test of one that failed closes nothing of the other either, nor opens it.
    const inventory = await server.control.inventory();
    await inventory.noteTest('test', 'aa', '1', false, 'failed');
    assert.equal(gate(await shown('bb'), 'tested'), true);
    assert.equal(gate(await shown('aa'), 'tested'), false);
    // The same names and bytes are the same thing.
    const same = await register('cc', made('c', { 'a.txt': bytes[0], 'notes.txt': bytes[1] }));
    assert.equal(same.version.digest, one.version.digest);
    assert.equal(gate(same, 'signed'), true);
  });

  it('a test that failed is lifted by no one who is behind the version', async () => {
    const [author, owner, other] = await Promise.all(
      [1, 2, 3].map(() => signedIn(server, [{ role: 'operator' }])),
    );
    const inventory = await server.control.inventory();
    const add = (name: string, by: string): Promise<KnownVersion> =>
      inventory.addVersion('local:ci', 'model', name, { ...FACTS, owner: owner!.id } as never, {
        root: made('tested', { 'notes.txt': 'tested\n' }),
        label: '1',
        author: by,
      });
    await add('tested', `person:${author!.id}`);
    const say = async (by: TestPerson, passed: boolean, name = 'tested'): Promise<boolean> => {
      const body = { passed, summary: passed ? 'all is well' : 'it leaks' };
      await ok(await by.call('POST', `/api/v1/models/${name}/1/tests`, body), 200);
      return gate(await shown('tested'), 'tested');
    };
    // Who said that it failed may say otherwise, and so may another person.
    assert.equal(await say(other!, false), false);
    assert.equal(await say(author!, true), false, 'its author');
    assert.equal(await say(owner!, true), false, 'its owner');
    await inventory.noteTest('local:ci', 'tested', '1', true, 'by who registered it');
    assert.equal(gate(await shown('tested'), 'tested'), false);
    assert.equal(await say(other!, true), true);
    assert.equal(await say(author!, false), false);
    assert.equal(await say(author!, true), false, 'nor what they said themselves');
    const why = (await shown('tested')).gates.find(({ name }) => name === 'tested')!.why;
    assert.match(
      why,
      /^it leaks \(reported by person:\w+\); the gate opens once the test passes, as reported by a person who never made/,
    );
    // Of the same files under another name someone else may be the author.
    await add('tested-too', `person:${other!.id}`);
    assert.equal(await say(author!, true, 'tested-too'), false);
    // A program of the author is the author, and another's lifts only what it said itself.
    await inventory.noteTest('program:x', 'tested', '1', true, 'by a program', true);
    assert.equal(gate(await shown('tested'), 'tested'), false);
    assert.equal(await say(other!, true), true);
  });

  it('a bad signature closes the gate of what it was handed in for, and of no other', async () => {
    const files = { 'a.txt': 'equal\n' };
    const first = made('equal-a', files);
    const good = await register('equal-a', first, await signature(first));
    const bad = JSON.stringify(
      (await signModel(made('equal-x', { 'a.txt': 'other\n' }), { key: pem })).bundle,
    );
    const second = await register('equal-b', made('equal-b', files), bad);
    assert.equal(second.version.digest, good.version.digest);
    assert.equal(gate(second, 'signed'), false);
    assert.equal(gate(await shown('equal-a'), 'signed'), true);
  });

  it('while it is promoted or rolled back counts, and while it serves', async () => {
    const inventory = await server.control.inventory();
    const serving = await server.control.serving();
    const { store } = server.control.installation;
    const serve = async (name: string, content: string): Promise<void> => {
      const root = made(name, { 'notes.txt': content, 'model.txt': TREES });
      await register(name, root, await signature(root));
      const { version, seen } = await shown(name);
      await inventory.approve('other', 'model', name, '1', { digest: version.digest, seen });
    };
    await serve('race', 'one\n');
    const known = inventory.known.bind(inventory);
    let isSaid = false;
    // A test fails between the look at the gates and the change.
    inventory.known = async (asset, version, within) => {
      const now = await known(asset, version, within);
      if (!isSaid) await inventory.noteTest('test', 'race', '1', false, 'failed');
      isSaid = true;
      return now;
    };
    try {
      await assert.rejects(serving.promote('test', 'race', '1', 'endpoint:race'), { code: 'gate-closed' });
    } finally {
      inventory.known = known;
    }
    assert.ok(isSaid);
    const places = (await store.inventory.deployments(false)).map(({ place }) => place);
    assert.ok(!places.includes('endpoint:race'), 'nothing was deployed');
    await serve('calm', 'two\n');
    await serving.promote('test', 'calm', '1', 'endpoint:calm');
    assert.equal(await serving.refusal('calm', 'endpoint:calm'), null);
    // A gate that closes later holds back what serves already.
    await inventory.noteTest('test', 'calm', '1', false, 'it leaks');
    assert.match((await serving.refusal('calm', 'endpoint:calm'))!, /may not be served any more: it leaks/);
    await assert.rejects(serving.load('test', 'calm', 'endpoint:calm', join(folder, 'calm-load')), {
      code: 'gate-closed',
    });
  });

  it('that a scan could not read stays so, whatever its bytes are called elsewhere', async () => {
    const closed = await register('p2', made('p2', { 'config.json': '{"a":' }));
    assert.equal(gate(closed, 'scanned'), false);
    const clean = await register('q2', made('q2', { 'x.txt': '{"a":', 'model.txt': TREES }));
    assert.equal(gate(clean, 'scanned'), true);
    assert.equal(gate(await shown('p2'), 'scanned'), false);
  });

  it('covers one file under its own name only', async () => {
    const path = join(made('single', { 'notes.txt': 'print(1)\n' }), 'notes.txt');
    const signed = await signature(path);
    assert.equal(gate(await register('s1', path, signed), 'signed'), true);
    const renamed = join(made('renamed', { 'modeling_evil.py': 'print(1)\n' }), 'modeling_evil.py');
    assert.equal(gate(await register('s2', renamed), 'signed'), false);
    assert.equal(gate(await register('s3', renamed, signed), 'signed'), false);
    assert.equal(
      gate(await register('s4', made('in', { 'notes.txt': 'print(1)\n' }), signed), 'signed'),
      true,
    );
  });

  it('by a digest of bytes alone, as earlier releases made it, counts for that version only', async () => {
    const { version } = await register('old', made('old', { 'a.txt': TREES }));
    const [file] = version.files;
    const digest = createHash('sha256').update(Buffer.from(file!.sha256, 'hex')).digest('hex');
    const row = (label: string, name: string): AssetVersion => ({
      ...version,
      id: newId('ver'),
      label,
      digest,
      files: [{ ...file!, name }],
    });
    const { store } = server.control.installation;
    await store.change(async (tx) => {
      await store.inventory.putVersion(tx, row('0.1', 'a.txt'));
      await store.inventory.putVersion(tx, row('0.2', 'modeling_evil.py'));
      return { result: undefined, event: [] };
    });
    const inventory = await server.control.inventory();
    const path = join(made('old', {}), 'a.txt');
    await inventory.verifySignature('test', 'model', 'old', '0.1', await signature(path));
    await inventory.rescan('test', 'model', 'old', '0.1');
    const kept = await shown('old', '0.1');
    assert.equal(kept.version.digest, digest, 'it keeps its digest');
    assert.deepEqual([gate(kept, 'signed'), gate(kept, 'scanned')], [true, true]);
    const other = await shown('old', '0.2');
    assert.deepEqual([gate(other, 'signed'), gate(other, 'scanned')], [false, false]);
    assert.deepEqual(other.attestations, []);
  });
});

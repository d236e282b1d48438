import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { clock } from '@sallyport/core';
import { formatVerifierKey, verifierKeysOf, verifyLedger } from '@sallyport/ledger';
import { FolderArtefacts } from '@sallyport/registry';
import { isSealedAsNow, newRootKey, openSigningKey } from '@sallyport/vault';
import { streamFile } from '../../vault/test/stream-file.ts';
import { startTransit } from '../../vault/test/transit-server.ts';
import { openContent } from '../src/content.ts';
import { listKeys } from '../src/key-listing.ts';
import { KeyWatch } from '../src/key-watch.ts';
import { logName } from '../src/verifier-files.ts';
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

describe('the vault', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let admin: TestPerson;
  let key: string;
  const data = join(scratch(), 'data');
  const start = async (keys: object = {}): Promise<void> => {
    server = await testServer({
      data,
      systems: { main: enforced(fake), other: enforced(fake) },
      config: { keys },
    });
    admin = await signedIn(server, [{ role: 'administrator' }]);
  };
  const restart = async (): Promise<void> => {
    await server.stop();
    await start();
  };
  before(async () => {
    fake = await fakeSystem();
    await start();
    key = await server.key(['main', 'other']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** What was said in a call, as it is stored. */
  const said = async (id: string): Promise<string> => {
    const { installation } = server.control;
    await installation.flush();
    const row = (await installation.store.exchanges.byId(id))!;
    return Buffer.from((await openContent(installation, row.intent_index, row.id))!.plain).toString();
  };
  const call = async (system: string, text: string): Promise<string> => {
    const response = await server.post(`/s/${system}/v1/chat/completions`, key, {
      model: 'm',
      messages: [{ role: 'user', content: text }],
    });
    assert.equal(response.status, 200, await response.clone().text());
    await response.text();
    return exchangeOf(response);
  };

  it(
    'changes root, key-encryption and data keys under load, and no call fails',
    { timeout: 120_000 },
    async () => {
      const first = await call('main', 'said before any rotation');
      const calls: string[] = [];
      let going = true;
      const load = Promise.all(
        Array.from({ length: 8 }, async () => {
          while (going) calls.push(await call('main', `call ${calls.length}`));
        }),
      );
      const before = listKeys(server.control.installation);
      const told: string[] = [];
      for (const body of [
        { what: 'kek' },
        { what: 'data' },
        { what: 'kek', suite: 'mlkem1024-p384-aes-256-gcm' },
        { what: 'root' },
        { what: 'kek', suite: 'x-wing-aes-256-gcm' },
      ]) {
        const done = await ok<{ made: number; wrapped: number; destroyed: number }>(
          await admin.call('POST', '/api/v1/vault/rotate', body),
          200,
        );
        assert.ok(done.made > 0, JSON.stringify(done));
        while (calls.length < (told.length + 1) * 8) await new Promise((turn) => setImmediate(turn));
        told.push(`${body.what} ${done.wrapped > 0}`);
      }
      going = false;
      await load;
      assert.ok(calls.length > 20, `${calls.length} calls`);
      assert.deepEqual(told, ['kek true', 'data false', 'kek true', 'root true', 'kek true']);
      const after = listKeys(server.control.installation);
      assert.notEqual(after.root.id, before.root.id);
      assert.ok(after.keyEncryptionKeys.every(({ retiredAt }) => retiredAt === null));
      const old = new Set(before.keyEncryptionKeys.map(({ id }) => id));
      assert.ok(after.keyEncryptionKeys.every(({ id }) => !old.has(id)));
      const check = async (): Promise<void> => {
        assert.match(await said(first), /said before any rotation/);
        for (const id of [calls[0]!, calls.at(-1)!]) assert.match(await said(id), /call \d+/);
      };
      await check();
      await restart();
      await check();
      const rotations = await server.control.installation.store.events.since(['vault-rotated'], '1970');
      assert.deepEqual(
        rotations.map((event) => event.data['what']),
        ['kek', 'data', 'kek', 'root', 'kek'],
      );
    },
  );

  it(
    'changes the key that signs the log under load; whoever knows the one before goes on verifying',
    { timeout: 60_000 },
    async () => {
      const { installation } = server.control;
      const { folder } = installation.ledger;
      const keysOf = () => [installation.ledger.verifierKey, installation.ledger.quantumSafeVerifierKey];
      const before = keysOf();
      let going = true;
      const calls: string[] = [];
      const load = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (going) calls.push(await call('main', `call ${calls.length}`));
        }),
      );
      const done = await ok<{ made: number; verifierKeys: string[] }>(
        await admin.call('POST', '/api/v1/vault/rotate', { what: 'log' }),
        200,
      );
      await new Promise((go) => setTimeout(go, 1_500));
      going = false;
      await load;
      await installation.ledger.checkpointNow();
      assert.deepEqual(done.verifierKeys, keysOf());
      assert.notDeepEqual(done.verifierKeys, before);
      for (const keys of [before, done.verifierKeys, [...before, ...done.verifierKeys]])
        assert.deepEqual((await verifyLedger(folder, keys)).problems, []);
      const [told] = await installation.store.events
        .since(['vault-rotated'], '1970')
        .then((all) => all.slice(-1));
      assert.deepEqual([told!.subject, told!.data['verifierKeys']], ['vault:log', done.verifierKeys]);
      assert.equal(readFileSync(join(folder, 'verifier.key'), 'utf8').trim(), done.verifierKeys[0]);
      await restart();
      assert.equal(server.control.installation.ledger.verifierKey, done.verifierKeys[0]);
      // Once more: the first is gone, and what carries its signature alone is refused.
      await ok(await admin.call('POST', '/api/v1/vault/rotate', { what: 'log' }), 200);
      await server.control.installation.ledger.checkpointNow();
      assert.equal((await verifyLedger(folder, before)).ok, false);
      assert.ok((await verifyLedger(folder, done.verifierKeys)).ok, 'the second signs along');
      // Cut short before the new key took its place, it is carried out at the next start.
      const { ring, id } = server.control.installation;
      await server.stop();
      const next = await openSigningKey(join(data, 'keys', 'signing-next.json'), ring, 'ledger');
      await start();
      const [verifier] = verifierKeysOf({ name: logName(id), ...next });
      assert.equal(server.control.installation.ledger.verifierKey, formatVerifierKey(verifier));
      assert.match(await said(await call('main', 'and it goes on')), /goes on/);
      const last = await server.control.installation.store.events.latest('vault-rotated', 'vault:log');
      assert.deepEqual([last!.actor, last!.data['resumed']], ['sallyport', true]);
    },
  );

  it('goes on with a change of the root that was cut short, wherever it was', async () => {
    const id = await call('main', 'said before the crash');
    await server.stop();
    const root = `${data}.key`;
    const ring = readdirSync(join(data, '..')).find((name) => name.endsWith('.ring'))!;
    // As it lies when nothing but the next root was written.
    newRootKey(`${root}.next`);
    copyFileSync(root, `${root}.copy`);
    await start();
    assert.match(await said(id), /said before the crash/);
    assert.ok(!existsSync(`${root}.next`));
    assert.notEqual(readFileSync(root, 'utf8'), readFileSync(`${root}.copy`, 'utf8'));
    // As it lies when a part of the keys is under the next.
    await server.stop();
    const folder = join(data, '..', ring);
    const kept = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    const note = readFileSync(join(data, 'keys', 'root.json'));
    const now = readFileSync(root);
    newRootKey(`${root}.next`);
    await start();
    await server.stop();
    const after = readFileSync(root);
    writeFileSync(`${root}.next`, after, { mode: 0o600 });
    writeFileSync(root, now, { mode: 0o600 });
    const [one] = kept.keys();
    writeFileSync(join(folder, one!), kept.get(one!)!);
    const idIn = (bytes: Buffer): string => (JSON.parse(bytes.toString()) as { id: string }).id;
    const halfway = { id: idIn(readFileSync(join(data, 'keys', 'root.json'))), previous: idIn(note) };
    writeFileSync(join(data, 'keys', 'root.json'), JSON.stringify(halfway));
    await start();
    assert.match(await said(id), /said before the crash/);
    // The root of before opens nothing any more.
    await server.stop();
    const good = readFileSync(root);
    writeFileSync(root, now, { mode: 0o600 });
    await assert.rejects(start(), { code: 'root-key-wrong' });
    writeFileSync(root, good, { mode: 0o600 });
    await start();
  });

  it('says what is missing when the keys beside the root are', async () => {
    await server.stop();
    const ring = readdirSync(join(data, '..')).find((name) => name.endsWith('.ring'))!;
    const folder = join(data, '..', ring);
    const kept = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    for (const name of kept.keys()) rmSync(join(folder, name));
    await assert.rejects(start(), /the keys that lay beside the root key/);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    for (const [name, bytes] of kept) writeFileSync(join(folder, name), bytes);
    await start();
  });

  it('goes from one keeper of the root to another, and back, and opens with the present one alone', async () => {
    const transit = await startTransit();
    const id = await call('main', 'said while the root moved');
    process.env['VAULT_TEST_PASSPHRASE'] = 'a phrase that is long enough';
    process.env['VAULT_TEST_TOKEN'] = transit.token;
    const passphrase = { kind: 'passphrase', passphraseRef: 'env:VAULT_TEST_PASSPHRASE' };
    const remote = {
      kind: 'transit',
      url: transit.url,
      key: 'sallyport',
      tokenRef: 'env:VAULT_TEST_TOKEN',
      allowPrivate: true,
    };
    let before: object = { kind: 'file' };
    for (const root of [passphrase, remote, { kind: 'file' }]) {
      await server.stop();
      await assert.rejects(start({ root }), /root-key-wrong|does not open|holds no root key|no root key at/);
      await start({ root, previous: before });
      assert.match(await said(id), /said while the root moved/);
      assert.equal(listKeys(server.control.installation).root.kind, root.kind);
      await server.stop();
      await start({ root });
      assert.match(await said(id), /said while the root moved/);
      const rotated = await admin.call('POST', '/api/v1/vault/rotate', { what: 'root' });
      assert.equal(rotated.status, root === passphrase ? 400 : 200);
      assert.match(await said(id), /said while the root moved/);
      before = root;
    }
    // Out of reach for longer than keys may be kept in memory, it is missed: calls are refused, and go on when it is back.
    await server.stop();
    await start({ root: remote, previous: { kind: 'file' } });
    const watch = new KeyWatch(server.control);
    await watch.tick();
    transit.sealed = true;
    await watch.tick();
    assert.match(await said(await call('main', 'for a while it goes on')), /goes on/);
    const real = clock.nowMs;
    Object.assign(clock, { nowMs: () => real.call(clock) + 13 * 3_600_000 });
    try {
      await watch.tick();
      const refused = await server.post('/s/main/v1/chat/completions', key, {
        model: 'm',
        messages: [{ role: 'user', content: 'refused' }],
      });
      assert.ok(refused.status >= 400, String(refused.status));
      assert.match(await refused.text(), /keeper of the root key is out of reach/);
      await assert.rejects(said(id), { code: 'key-provider-unavailable' });
      transit.sealed = false;
      await watch.tick();
      assert.match(await said(await call('main', 'it is back')), /it is back/);
      assert.match(await said(id), /said while the root moved/);
    } finally {
      Object.assign(clock, { nowMs: real });
    }
    const { store } = server.control.installation;
    for (const type of ['keys-forgotten', 'keys-opened', 'keys-unwrapped'])
      assert.ok((await store.events.since([type], '1970')).length > 0, type);
    assert.match((await server.controls()).get('KEY-01')!.evidence.join(), /keys were unwrapped in the hour/);
    await server.stop();
    await start({ root: { kind: 'file' }, previous: remote });
    await server.stop();
    await start();
    transit.server.closeAllConnections();
    transit.server.close();
    await server.stop();
    const elsewhere = start({ root: { ...remote, allowPrivate: false }, previous: { kind: 'file' } });
    await assert.rejects(elsewhere, { code: 'upstream-refused-address' });
    await start();
  });

  it('destroys what was said to a system, in a copy of the data too, and the record verifies', async () => {
    const gone = await call('other', 'said to be forgotten');
    const stays = await call('main', 'said to stay');
    assert.match(await said(gone), /forgotten/);
    const keys = join(data, 'keys');
    const copies = new Map(readdirSync(keys).map((name) => [name, readFileSync(join(keys, name))]));
    const ring = server.control.installation.ring.folder;
    const ringCopy = new Map(readdirSync(ring).map((name) => [name, readFileSync(join(ring, name))]));
    const refused = await admin.call('POST', '/api/v1/vault/shred', { purpose: 'people' });
    assert.equal(refused.status, 400);
    const none = await admin.call('POST', '/api/v1/vault/shred', { purpose: 'system:nobody' });
    assert.equal(none.status, 404);
    const done = await ok<{ keys: number }>(
      await admin.call('POST', '/api/v1/vault/shred', { purpose: 'system:other' }),
      200,
    );
    assert.ok(done.keys >= 2);
    await assert.rejects(said(gone), { code: 'sealed-content-unreadable' });
    assert.match(await said(stays), /said to stay/);
    assert.match(await said(await call('other', 'said afterwards')), /afterwards/, 'the system goes on');
    await server.stop();
    for (const [name, bytes] of copies)
      if (!existsSync(join(keys, name))) writeFileSync(join(keys, name), bytes);
    await start();
    await assert.rejects(said(gone), { code: 'sealed-content-unreadable' });
    assert.match(await said(stays), /said to stay/);
    await server.control.probeIfOlder(0);
    const controls = await server.controls();
    assert.match(controls.get('CMP-03')!.evidence.join(), /entries of the log verify/);
    // A copy of the ring brings its keys back, and the record destroys them again.
    await server.stop();
    for (const [name, bytes] of ringCopy)
      if (!existsSync(join(ring, name))) writeFileSync(join(ring, name), bytes);
    await start();
    await assert.rejects(said(gone), { code: 'sealed-content-unreadable' });
    assert.match(await said(stays), /said to stay/);
    assert.match(await said(await call('other', 'and it goes on')), /goes on/);
    await server.control.probeIfOlder(0);
    // A copied key without its parent is told.
    assert.match(
      controls.get('KEY-01')!.evidence.join(),
      /0 are the same as another; \d+ more lie under keys that were destroyed, and open nothing/,
    );
  });

  it('lists what is cryptographic, soundly, and lights FUT-03 by it', async () => {
    const bom = await ok<{ components: { name: string }[]; metadata: { properties: unknown[] } }>(
      await admin.call('GET', '/api/v1/crypto-bom'),
      200,
    );
    const faults = await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(
      JSON.stringify(bom),
    );
    assert.equal(faults, null, JSON.stringify(faults)?.slice(0, 1500));
    for (const name of [
      'X-Wing',
      'ML-DSA-44',
      'Cobblestone-256',
      'key-encryption key of system main',
      'signing key of the log',
    ])
      assert.ok(
        bom.components.some((one) => one.name === name),
        name,
      );
    assert.deepEqual(bom.metadata.properties, []);
    const controls = await server.controls();
    const { status, evidence } = controls.get('FUT-03')!;
    assert.match(`${status}: ${evidence.join('; ')}`, /^partial: all \d+ keys are wrapped under hybrids/);
    assert.match(
      evidence.join('; '),
      /a drill changed \d+ wrappings to x-wing-aes-256-gcm while calls went on/,
    );
  });

  it('seals stored files again that an earlier version sealed, says which are not what they were, and records it', async () => {
    const { installation } = server.control;
    const folder = join(data, 'artefacts');
    const store = new FolderArtefacts(folder, installation.dataKeys);
    const stored = await Promise.all(
      ['one', 'two', 'broken', 'new'].map(async (name) => {
        const content = Buffer.from(`content of ${name}`);
        const sha256 = hash('sha256', content, 'hex');
        const [from, at] = [join(data, '..', name), join(folder, sha256.slice(0, 2), sha256)];
        writeFileSync(from, content);
        await store.put(sha256, from);
        if (name === 'new') return { sha256, content };
        const context = `artefact:${sha256}`;
        const key = installation.dataKeys.ofUse(context, clock.nowIso().slice(0, 10));
        const before = streamFile(key, context, content);
        if (name === 'broken') before[before.length - 1]! ^= 1;
        writeFileSync(at, before);
        return { sha256, content };
      }),
    );
    const operator = await signedIn(server, [{ role: 'operator' }]);
    assert.equal((await operator.call('POST', '/api/v1/vault/rotate', { what: 'files' })).status, 403);
    const rotate = async () =>
      ok<{ sealed: number; corrupt: string[] }>(
        await admin.call('POST', '/api/v1/vault/rotate', { what: 'files' }),
        200,
      );
    const first = await rotate();
    assert.deepEqual([first.sealed, first.corrupt], [2, [stored[2]!.sha256]]);
    const again = await rotate();
    assert.deepEqual([again.sealed, again.corrupt], [0, [stored[2]!.sha256]]);
    for (const { sha256, content } of stored.filter((_, at) => at !== 2)) {
      assert.ok(isSealedAsNow(await store.head(sha256)));
      const pieces: Uint8Array[] = [];
      for await (const piece of store.read(sha256)) pieces.push(piece);
      assert.deepEqual(Buffer.concat(pieces), content);
    }
    await installation.flush();
    const told = (await installation.store.events.since(['vault-rotated'], '1970'))
      .filter(({ subject }) => subject === 'vault:files')
      .map((event) => [event.data['sealed'], event.data['corrupt']]);
    assert.deepEqual(told, [
      [2, [stored[2]!.sha256]],
      [0, [stored[2]!.sha256]],
    ]);
    await store.remove(stored[2]!.sha256);
  });

  it('asks whoever changes keys for a fresh proof, and shows operators no more than the list', async () => {
    const operator = await signedIn(server, [{ role: 'operator' }]);
    assert.equal((await operator.call('GET', '/api/v1/vault')).status, 200);
    for (const [path, body] of [
      ['rotate', { what: 'data' }],
      ['shred', { purpose: 'system:main' }],
    ] as const)
      assert.equal((await operator.call('POST', `/api/v1/vault/${path}`, body)).status, 403);
    assert.equal(
      (await admin.call('POST', '/api/v1/vault/rotate', { what: 'data', suite: 'x' })).status,
      400,
    );
  });
});

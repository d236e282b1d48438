import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { newIdentity, parseIdentity } from '@sallyport/vault';
import type { BackupMade } from '../src/backups/backup-desk.ts';
import { knownLogKeys, ownIdentities, restoreBackup } from '../src/backups/restore.ts';
import { openContent } from '../src/content.ts';
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

describe('backups', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let admin: TestPerson;
  let key: string;
  const home = scratch();
  const data = join(home, 'data');
  const folder = join(scratch(), 'backups');
  const start = async (): Promise<void> => {
    server = await testServer({
      data,
      systems: { main: enforced(fake), other: enforced(fake) },
      config: { backup: { folder, everyHours: 720, drillEveryHours: 8_000 } },
    });
  };
  before(async () => {
    fake = await fakeSystem();
    await start();
    admin = await signedIn(server, [{ role: 'administrator' }]);
    key = await server.key(['main', 'other']);
    // The first is made as soon as it starts.
    await server.control.backups.tick();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

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
  const make = async (order: object = {}): Promise<BackupMade> =>
    ok<BackupMade>(await admin.call('POST', '/api/v1/backups', order), 200);
  const own = () => ownIdentities(server.control.config, `${data}.key`);
  const trust = () => ({ keys: knownLogKeys(`${data}.key`) });
  const isEmbedded = (): boolean => server.control.installation.store.engine === 'sqlite';
  /** Stops, puts a backup in the place of the data folder, and starts again. */
  const goBackTo = async (file: string): Promise<void> => {
    const identities = await own();
    await server.stop();
    renameSync(data, `${data}-${readdirSync(home).length}`);
    await restoreBackup(file, identities, data, trust());
    await start();
  };

  it(
    'are made by themselves, whole while calls go on, and restored in a drill',
    { timeout: 120_000 },
    async () => {
      const first = await call('main', 'said before');
      let going = true;
      const during: string[] = [];
      const load = Promise.all(
        Array.from({ length: 6 }, async () => {
          while (going) during.push(await call('main', `call ${during.length}`));
        }),
      );
      const before = server.control.installation.ledger.size;
      const made = await make();
      going = false;
      await load;
      assert.ok(during.length > 5, `${during.length} calls`);
      const target = join(scratch(), 'copy');
      const restored = await restoreBackup(made.file, await own(), target, trust());
      assert.ok(restored.entries >= before, 'what was acknowledged before it began is in it');
      const keys = ['verifier.key', 'verifier-quantum-safe.key'].map((name) =>
        readFileSync(join(target, 'ledger', name), 'utf8').trim(),
      );
      assert.deepEqual((await verifyLedger(join(target, 'ledger'), keys)).problems, []);
      assert.ok(!existsSync(join(target, 'lock.db')) && !existsSync(join(target, 'state')));
      const drill = await ok<{ passed: boolean; rows: number; detail: string }>(
        await admin.call('POST', '/api/v1/backups/drill', {}),
        200,
      );
      assert.ok(drill.passed, drill.detail);
      assert.ok(drill.rows > 0);
      assert.deepEqual(
        readdirSync(data).filter((name) => name.startsWith('restore-')),
        [],
      );
      const evidence = (await server.controls()).get('MOD-02')!.evidence.join();
      assert.match(evidence, /last backup is 0\.0 days old, and was read again to its last byte/);
      assert.match(evidence, /was restored 0\.0 days ago, in \d+\.\d s: all of it was restored/);
      const listing = await ok<{ backups: { file: string }[]; lastMade: { data: { verified: boolean } } }>(
        await admin.call('GET', '/api/v1/backups'),
        200,
      );
      assert.equal(listing.backups[0]!.file, made.file);
      assert.ok(listing.lastMade.data.verified);
      if (!isEmbedded()) return;
      await goBackTo(made.file);
      assert.match(await said(first), /said before/);
      await call('main', 'and it goes on');
      await server.control.probeIfOlder(0);
      assert.match((await server.controls()).get('CMP-03')!.evidence.join(), /entries of the log verify/);
      admin = await signedIn(server, [{ role: 'administrator' }]);
    },
  );

  it(
    'do not bring back what was shredded, and open after every key was changed',
    { timeout: 120_000 },
    async (t) => {
      if (!isEmbedded()) return t.skip('state lies in PostgreSQL');
      const gone = await call('other', 'said to be forgotten');
      const stays = await call('main', 'said to stay');
      const made = await make();
      await ok(await admin.call('POST', '/api/v1/vault/shred', { purpose: 'system:other' }), 200);
      const rotated = await ok<{ destroyed: number }>(
        await admin.call('POST', '/api/v1/vault/rotate', { what: 'kek' }),
        200,
      );
      assert.equal(rotated.destroyed, 0, 'keys that the backup needs stay as long as it is kept');
      await ok(await admin.call('POST', '/api/v1/vault/rotate', { what: 'root' }), 200);
      await goBackTo(made.file);
      await assert.rejects(said(gone), { code: 'sealed-content-unreadable' });
      assert.match(await said(stays), /said to stay/);
      const { ledger } = server.control.installation;
      const report = await verifyLedger(ledger.folder, [ledger.verifierKey, ledger.quantumSafeVerifierKey]);
      assert.deepEqual(report.problems, []);
      admin = await signedIn(server, [{ role: 'administrator' }]);
    },
  );

  it('restore on another machine, from the keys that lie apart', { timeout: 120_000 }, async () => {
    const pair = newIdentity();
    const identity = [parseIdentity(pair.identity)];
    const id = await call('main', 'said before the fire');
    const { control } = server;
    const elsewhere = scratch();
    const [keys, everything] = [join(elsewhere, 'keys.age'), join(elsewhere, 'data.age')];
    await assert.rejects(control.backups.make('local:test', { of: 'keys', file: keys }), /name who can open/);
    await control.backups.make('local:test', { of: 'keys', file: keys, recipients: [pair.recipient] });
    await control.backups.make('local:test', { file: everything, recipients: [pair.recipient] });
    // A backup of the keys alone is none of the data: neither the control nor the time of the next one follows from it.
    await control.installation.flush();
    const { made } = await control.backups.last();
    const again = join(elsewhere, 'again.age');
    await control.backups.make('local:test', { of: 'keys', file: again, recipients: [pair.recipient] });
    await control.installation.flush();
    assert.equal((await control.installation.store.events.latest('backup-made'))!.data['of'], 'keys');
    assert.deepEqual((await control.backups.last()).made, made);
    assert.equal(made!.data['of'], 'data');
    const judged = (await server.controls()).get('MOD-02')!;
    assert.notEqual(judged.status, 'failing', judged.evidence.join());
    const rootKey = join(elsewhere, 'root', 'root.key');
    const restored = await restoreBackup(keys, identity, join(elsewhere, 'data'), trust(), { rootKey });
    assert.equal(restored.about.of, 'keys');
    await assert.rejects(
      restoreBackup(keys, identity, join(elsewhere, 'data'), trust(), { rootKey }),
      /is there already/,
    );
    await restoreBackup(everything, identity, join(elsewhere, 'data'), trust());
    await assert.rejects(
      restoreBackup(everything, identity, join(elsewhere, 'data'), trust()),
      /is not an empty folder/,
    );
    assert.ok((await ownIdentities(control.config, rootKey)).length === 2, 'and its backups open there');
    if (!isEmbedded()) return;
    const { Installation } = await import('../src/installation.ts');
    const installation = await Installation.open(join(elsewhere, 'data'), control.config, rootKey, false);
    const row = (await installation.store.exchanges.byId(id))!;
    const content = Buffer.from(
      (await openContent(installation, row.intent_index, row.id))!.plain,
    ).toString();
    assert.match(content, /said before the fire/);
    await installation.close();
  });

  it(
    'of which any byte was changed are refused, and nothing of them is left',
    { timeout: 120_000 },
    async () => {
      const made = await make();
      const good = readFileSync(made.file);
      const dir = scratch();
      const bad = join(dir, 'bad.age');
      const identities = await own();
      for (let n = 0; n < 24; n++) {
        const at = Math.floor(((n + 0.5) / 24) * good.length);
        const bytes = Buffer.from(good);
        bytes[at]! ^= 4;
        writeFileSync(bad, bytes);
        await assert.rejects(restoreBackup(bad, identities, join(dir, 'data'), trust()), {
          code: 'sealed-content-unreadable',
        });
        assert.deepEqual(readdirSync(dir), ['bad.age'], `byte ${at}`);
      }
      const drill = await server.control.backups.drill('test', bad);
      assert.ok(!drill.passed);
      assert.match((await server.controls()).get('MOD-02')!.evidence.join(), /was changed, or cut off/);
      await assert.rejects(
        restoreBackup(made.file, [parseIdentity(newIdentity().identity)], join(dir, 'data'), trust()),
        /none of the keys given opens it/,
      );
    },
  );

  it('takes recipients in its settings as `vault identity` prints them', () => {
    const { recipient } = newIdentity();
    const backup = { folder: '/backups', recipients: [recipient] };
    assert.deepEqual(parseConfig({ backup }).backup?.recipients, [recipient]);
    assert.throws(() => parseConfig({ backup: { ...backup, recipients: ['AGE-SECRET-KEY-1'] } }), /age1/);
  });

  it('go where they are told to, and only by those who may tell', async () => {
    for (const order of [{ file: '/tmp/x.age' }, { of: 'keys' }, { recipients: [newIdentity().recipient] }]) {
      const answer = await admin.call('POST', '/api/v1/backups', order);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /on this machine/);
    }
    const operator = await signedIn(server, [{ role: 'operator' }]);
    assert.equal((await operator.call('POST', '/api/v1/backups', {})).status, 403);
    assert.equal((await operator.call('POST', '/api/v1/backups/drill', {})).status, 403);
    const { backups } = server.control;
    const before = backups.list();
    await assert.rejects(backups.make('test', { file: before[0]!.file }), /is there already/);
    mkdirSync(`${folder}/x`, { recursive: true });
    await assert.rejects(backups.make('test', { file: `${folder}/none/such.age` }), { code: 'ENOENT' });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.partial')),
      [],
    );
  });

  it('are plain files: a link or a pipe under such a name is none', () => {
    const { backups, installation } = server.control;
    const before = backups.list();
    const name = (end: string): string => join(folder, `sallyport-${installation.id}-9${end}.age`);
    symlinkSync(join(folder, 'nowhere'), name('a'));
    execFileSync('/usr/bin/mkfifo', [name('b')]);
    assert.deepEqual(backups.list(), before);
    for (const end of ['a', 'b']) rmSync(name(end));
  });

  it('go when they are older than they are kept, but never the last', async () => {
    const { backups, config } = server.control;
    await make();
    const left = [
      join(data, 'restore-crashed'),
      join(folder, `${basename(backups.list()[0]!.file)}.partial`),
    ];
    mkdirSync(left[0]!);
    writeFileSync(left[1]!, 'half');
    const files = backups.list();
    assert.ok(files.length >= 2);
    const old = new Date('2020-01-01T00:00:00Z');
    for (const { file } of files) utimesSync(file, old, old);
    const other = { ...config.backup!, everyHours: 0 };
    Object.assign(server.control, { config: { ...config, backup: other } });
    await backups.tick();
    const kept = backups.list();
    assert.equal(kept.length, 1);
    assert.ok(!files.some(({ file }) => basename(file) === basename(kept[0]!.file)));
    for (const path of left) assert.ok(!existsSync(path), 'what a crash left is gone');
    Object.assign(server.control, { config });
    rmSync(folder, { recursive: true });
    assert.deepEqual(backups.list(), []);
  });
});

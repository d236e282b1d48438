import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { formatVerifierKey, signCheckpoint, verifierKeysOf } from '@sallyport/ledger';
import {
  type BackupFile,
  backupFiles,
  newIdentity,
  parseIdentity,
  parseRecipient,
  signingKey,
} from '@sallyport/vault';
import { backupSigner } from '../src/backups/backup-trust.ts';
import { knownLogKeys, ownIdentities, restoreBackup } from '../src/backups/restore.ts';
import { logName } from '../src/verifier-files.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';

type About = { of: string; id: string; at: string; verifierKeys: string[] };
type Taken = { about: About; files: { path: string; content: Buffer }[] };

describe('a forged backup', () => {
  let fake: FakeSystem;
  let server: TestServer;
  const data = join(scratch(), 'data');
  const pair = newIdentity();
  const recipients = [parseRecipient(pair.recipient)];
  const identities = [parseIdentity(pair.identity)];
  let good: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ data, systems: { main: enforced(fake) } });
    await server.key(['main']);
    good = join(scratch(), 'good.age');
    await server.control.backups.make('local:test', { file: good, recipients: [pair.recipient] });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const known = () => ({ keys: knownLogKeys(`${data}.key`) });

  const taken = async (): Promise<Taken> => {
    const files: Taken['files'] = [];
    const { readBackup } = await backupFiles();
    const { manifest } = await readBackup(good, identities, async ({ path, pieces }) => {
      const all: Uint8Array[] = [];
      for await (const piece of pieces) all.push(piece);
      files.push({ path, content: Buffer.concat(all) });
    });
    return { about: manifest.about as never, files };
  };
  /** Writes a backup as anyone can who knows for whom to encrypt. */
  const forged = async (
    { about, files }: Taken,
    sign: (digest: Buffer, files: number) => string,
  ): Promise<string> => {
    const path = join(scratch(), 'forged.age');
    const { writeBackup } = await backupFiles();
    async function* all(): AsyncGenerator<BackupFile> {
      for (const { path: name, content } of files)
        yield { path: name, bytes: content.length, pieces: Readable.from([content]) };
    }
    await writeBackup(path, recipients, { ...about }, all(), sign);
    return path;
  };
  const refused = async (
    path: string,
    code: string,
    trust: { keys: string[]; unsigned?: boolean } = known(),
  ) => {
    const target = join(scratch(), 'restored');
    await assert.rejects(
      restoreBackup(path, identities, target, trust),
      (fault: Error & { code: string }) => {
        assert.equal(fault.code, code, fault.message);
        return true;
      },
    );
    assert.ok(!existsSync(target));
    assert.deepEqual(readdirSync(join(target, '..')), [], 'nothing was written');
  };

  it('is refused, whoever signed it, and the true one restores', async () => {
    const true_ = await taken();
    const widened: Taken = {
      ...true_,
      files: true_.files.map((file) =>
        file.path.startsWith('state/')
          ? { ...file, content: Buffer.from(file.content.toString().replaceAll('main', 'other')) }
          : file,
      ),
    };
    const stranger = { name: logName(true_.about.id), ...signingKey(Buffer.alloc(64, 7)) };
    const strangerKeys = verifierKeysOf(stranger).map(formatVerifierKey);
    const byStranger = (digest: Buffer, size: number): string =>
      signCheckpoint({ origin: `${stranger.name}/backup`, size, root: digest }, stranger, 1);
    const { installation } = server.control;
    const { readBackup } = await backupFiles();
    const { signature } = await readBackup(good, identities, async ({ pieces }) => {
      for await (const _ of pieces);
    });
    for (const [what, sign, about] of [
      ['no signature', () => '', true_.about],
      ['the signature of the true one', () => signature!, true_.about],
      ['a stranger, under the name', byStranger, true_.about],
      ['a stranger, with their keys', byStranger, { ...true_.about, verifierKeys: strangerKeys }],
      [
        'a checkpoint of the log',
        () => readFileSync(join(data, 'ledger', 'checkpoint'), 'utf8'),
        true_.about,
      ],
      [
        'of something else',
        (root: Buffer, size: number) =>
          signCheckpoint({ origin: `${stranger.name}/other`, size, root }, installation.signers, 1),
        true_.about,
      ],
    ] as const)
      await refused(await forged({ ...widened, about }, sign), 'backup-untrusted').catch((fault: Error) => {
        fault.message = `${what}: ${fault.message}`;
        throw fault;
      });
    // Its own words do not make it known; the key of the installation, compared and named, does.
    await refused(good, 'backup-untrusted', { keys: [] });
    await refused(good, 'backup-untrusted', { keys: strangerKeys });
    await refused(good, 'backup-untrusted', { keys: [], unsigned: true });
    // One half of the pair that is known is of another.
    await refused(good, 'backup-untrusted', { keys: [true_.about.verifierKeys[0]!, strangerKeys[1]!] });
    await restoreBackup(good, identities, join(scratch(), 'one'), { keys: [true_.about.verifierKeys[0]!] });
    await restoreBackup(good, identities, join(scratch(), 'two'), known());
  });

  it('with other entries, another order, an odd name or an id that is a path is refused', async () => {
    const true_ = await taken();
    const { installation } = server.control;
    // Signed by the installation itself: what is below holds whoever signed.
    const signed = backupSigner(installation.signers);
    for (const id of ['../../../x', 'a/b', '', 'A'.repeat(20)])
      await refused(
        await forged({ ...true_, about: { ...true_.about, id } }, signed),
        'sealed-content-unreadable',
      );
    await refused(
      await forged(
        {
          about: { ...true_.about, of: 'keys' },
          files: [{ path: 'xxxxxxxx/authorized_keys', content: Buffer.from('x') }],
        },
        signed,
      ),
      'sealed-content-unreadable',
    );
    await refused(
      await forged(
        { ...true_, files: [...true_.files, { path: 'keys/../../x', content: Buffer.from('x') }] },
        signed,
      ),
      'sealed-content-unreadable',
    );
    await refused(
      await forged({ ...true_, files: [...true_.files, true_.files[0]!] }, signed),
      'sealed-content-unreadable',
    );
  });

  it('leaves a folder that holds something as it is', async () => {
    const target = join(scratch(), 'full');
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), 'mine');
    await assert.rejects(restoreBackup(good, identities, target, known()), /is not an empty folder/);
    assert.deepEqual(readdirSync(target), ['mine']);
  });

  it('leaves what came to be there while it was read as it is', async () => {
    const folder = scratch();
    const target = join(folder, 'full');
    mkdirSync(target);
    const restoring = restoreBackup(good, identities, target, known());
    restoring.catch(() => {});
    const deadline = performance.now() + 30_000;
    while (!existsSync(join(folder, 'restore-full.partial')) && performance.now() < deadline) await turn();
    writeFileSync(join(target, 'mine'), 'mine');
    await assert.rejects(restoring, { code: 'usage', message: /is not an empty folder/ });
    assert.deepEqual(readdirSync(target), ['mine']);
    assert.deepEqual(readdirSync(folder), ['full'], 'nothing of the restore is left');
  });

  it('does not take the place of a restore that is under way', async () => {
    const folder = scratch();
    const other = join(folder, 'restore-data.partial');
    mkdirSync(other);
    writeFileSync(join(other, 'state.db'), 'theirs');
    await assert.rejects(restoreBackup(good, identities, join(folder, 'data'), known()), {
      code: 'usage',
      message: /another restore is under way, or one was broken off; if none is, remove it/,
    });
    assert.deepEqual(readdirSync(other), ['state.db']);
  });

  it('fails its drill', async () => {
    const own = (await ownIdentities(server.control.config, `${data}.key`)).length;
    assert.ok(own > 0);
    const other = await testServer({ systems: { main: enforced(fake) } });
    const theirs = join(scratch(), 'theirs.age');
    await other.control.backups.make('local:test', { file: theirs, recipients: [pair.recipient] });
    await other.stop();
    const drill = await server.control.backups.drill('test', theirs);
    assert.ok(!drill.passed);
  });

  it('is told from one that was made before the key of the log was changed', async () => {
    await server.control.vault.rotate('test', 'log');
    const after_ = join(scratch(), 'after.age');
    await server.control.backups.make('local:test', { file: after_, recipients: [pair.recipient] });
    for (const file of [good, after_])
      await restoreBackup(file, identities, join(scratch(), 'data'), known());
  });
});

describe('a change of the key of the log', () => {
  it('keeps no backup of before it from being restored and started, and brings no earlier key back', async () => {
    const home = scratch();
    const data = join(home, 'data');
    const pair = newIdentity();
    const file = join(home, 'before.age');
    const first = await testServer({ data });
    await first.control.backups.make('local:test', { file, recipients: [pair.recipient] });
    await first.control.vault.rotate('test', 'log');
    await first.stop();
    const [previous, next] = ['previous', 'next'].map((name) => join(data, 'keys', `signing-${name}.json`));
    copyFileSync(previous!, next!);
    await assert.rejects(testServer({ data }), {
      code: 'ledger-corrupt',
      message: /signing-next\.json` is a key that signed this log before/,
    });
    rmSync(next!);
    renameSync(data, join(home, 'aside'));
    const restore = (place: string) =>
      restoreBackup(
        file,
        [parseIdentity(pair.identity)],
        place,
        { keys: knownLogKeys(`${data}.key`) },
        { rootKey: `${data}.key` },
      );
    // Laid there by hand, it is an old copy like any other.
    await restore(join(home, 'other'));
    renameSync(join(home, 'other'), data);
    await assert.rejects(testServer({ data }), {
      code: 'ledger-corrupt',
      message: /put it into this very folder/,
    });
    rmSync(data, { recursive: true });
    await restore(data);
    for (let start = 0; start < 2; start++) await (await testServer({ data })).stop();
    assert.equal(new Set(knownLogKeys(`${data}.key`)).size, 4, 'what the later key signed is known still');
  });
});

import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { auditRecord } from '../src/audit/record-audit.ts';
import { knownLogKeys, ownIdentities, restoreBackup } from '../src/backups/restore.ts';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';

let fake: FakeSystem;
let server: TestServer;
const home = scratch();
const data = join(home, 'data');
const start = async (): Promise<void> => {
  server = await testServer({ data, systems: { main: enforced(fake) } });
};
before(async () => {
  fake = await fakeSystem();
  await start();
});
after(async () => {
  await server.stop();
  await fake.close();
});

it(
  'a backup that is made while keys come and go is of one moment: what is restored follows from its log',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine', timeout: 120_000 },
  async () => {
    const { control } = server;
    // Some state, so that reading it takes its time.
    for (let n = 0; n < 60; n++) await control.apiKeys.create('test', { name: `k${n}`, systems: ['main'] });
    let going = true;
    let changes = 0;
    const load = Promise.all(
      Array.from({ length: 4 }, async (_, who) => {
        while (going) {
          const { id } = await control.apiKeys.create('test', { name: `w${who}`, systems: ['main'] });
          await control.apiKeys.revoke('test', id);
          changes += 2;
        }
      }),
    );
    const files: string[] = [];
    for (let n = 0; n < 3; n++) {
      const file = join(home, `backup-${n}.age`);
      await control.backups.make('local:test', { file });
      files.push(file);
    }
    going = false;
    await load;
    assert.ok(changes > 10, `${changes} changes`);
    const identities = await ownIdentities(control.config, `${data}.key`);
    const { verifierKey, quantumSafeVerifierKey } = control.installation.ledger;
    await server.stop();
    for (const [n, file] of files.entries()) {
      renameSync(data, `${data}-before-${n}`);
      await restoreBackup(file, identities, data, { keys: knownLogKeys(`${data}.key`) });
      const found = await auditRecord(
        {
          ...{ data, folder: join(data, 'ledger'), config: control.config, rootKey: `${data}.key` },
          ...{ verifierKeys: [verifierKey, quantumSafeVerifierKey], checkpoints: [] },
        },
        () => {},
      );
      assert.deepEqual(found.state!.diverging, []);
      assert.deepEqual([...found.problems, ...found.content.problems, ...found.state!.problems], []);
      assert.equal(found.state!.result, 'ok');
      await start();
      assert.deepEqual(server.control.installation.state.diverging, []);
      const keys = await server.control.installation.store.keys.list();
      assert.ok(keys.length >= 60);
      if (n < files.length - 1) await server.stop();
    }
  },
);

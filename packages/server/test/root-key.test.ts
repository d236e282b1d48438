import assert from 'node:assert/strict';
import { chmodSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { diagnose } from '../src/doctor.ts';
import { everySystem, testServer } from './harness.ts';

it('KEY-01 falls while the server runs, and the doctor says why, when the root key is opened to others, moved or gone', async () => {
  const server = await testServer();
  after(() => server.stop());
  const key = `${server.data}.key`;
  const inside = join(server.data, 'root.key');
  const told = async (): Promise<[string, string]> => {
    await server.control.probeIfOlder(0);
    const { status } = (await server.controls()).get('KEY-01')!;
    return [
      status,
      (await diagnose(server.control, await everySystem(server))).findLast(
        ({ check }) => check === 'root key',
      )!.detail,
    ];
  };
  const good = (await told())[0];
  assert.notEqual(good, 'failing');
  chmodSync(key, 0o640);
  assert.deepEqual(await told(), ['failing', 'other users can read it']);
  chmodSync(key, 0o600);
  assert.deepEqual(await told(), [good, 'outside the data folder']);
  renameSync(key, inside);
  assert.deepEqual(await told(), [
    'failing',
    'its file is gone, and without it the next start opens nothing',
  ]);
  symlinkSync(inside, key);
  assert.deepEqual(await told(), ['failing', 'beside the data']);
  unlinkSync(key);
  renameSync(inside, key);
  assert.deepEqual(await told(), [good, 'outside the data folder']);
});

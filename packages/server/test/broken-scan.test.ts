import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { scratch, testServer } from './harness.ts';

/** Protocol 2: `os.system` of a word; it is never loaded. */
const HARM = Buffer.from('\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.', 'latin1');

it('a scan that breaks off closes nothing that was found in its folder', async () => {
  const folder = join(scratch(), 'watched');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.pkl'), HARM);
  const server = await testServer({
    config: { inventory: { watch: [{ name: 'own', folder, for: ['model-files'] }] } },
  });
  try {
    const { scans: desk, config, installation } = server.control;
    const [watch] = config.inventory.watch;
    const found = async (): Promise<string[]> =>
      (await installation.store.findings.openOn('folder:own')).map(({ technique }) => technique);
    await desk.scanWatch('test', watch!);
    assert.deepEqual(await found(), ['code-execution']);
    const endAtOnce = (message: unknown): void => {
      const { process: child } = message as { process: ChildProcess };
      setImmediate(() => child.kill('SIGKILL'));
    };
    subscribe('child_process', endAtOnce);
    try {
      const [outcome] = await desk.scanWatch('test', watch!);
      assert.equal(outcome!.verdict, 'incomplete');
    } finally {
      unsubscribe('child_process', endAtOnce);
    }
    assert.deepEqual(await found(), ['code-execution']);
    // Where it is read again, and what was found is gone, it is closed.
    rmSync(join(folder, 'model.pkl'));
    writeFileSync(join(folder, 'notes.txt'), 'nothing\n');
    await desk.scanWatch('test', watch!);
    assert.deepEqual(await found(), []);
  } finally {
    await server.stop();
  }
});

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { scratch, testServer } from './harness.ts';

it('an inventory that could not be opened is opened at the next call', async () => {
  const data = join(scratch(), 'data');
  const server = await testServer({ data });
  try {
    const path = join(data, 'keys', 'attestations.json');
    writeFileSync(path, 'no key');
    await assert.rejects(server.control.inventory());
    await assert.rejects(server.control.serving());
    rmSync(path);
    assert.match((await server.control.inventory()).attestationKey, /PUBLIC KEY/);
    await server.control.serving();
  } finally {
    await server.stop();
  }
});

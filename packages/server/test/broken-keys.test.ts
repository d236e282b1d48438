import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, scratch, testServer } from './harness.ts';

describe('a file of keys that a disk lost or changed', () => {
  let fake: FakeSystem;
  const data = join(scratch(), 'data');
  const start = () => testServer({ data, systems: { chat: enforced(fake) } });
  let key = '';
  before(async () => {
    fake = await fakeSystem();
    const server = await start();
    key = await server.key(['chat']);
    await (await server.chat(key, 'hello')).text();
    await server.stop();
  });
  after(() => fake.close());
  const keys = join(data, 'keys');
  const dayKey = (): string =>
    readdirSync(keys)
      .filter((name) => name.startsWith('dek_'))
      .map((name) => join(keys, name))
      .find((path) => readFileSync(path, 'utf8').includes('system:chat'))!;

  it('is named at the start, and nothing is made in its place', async () => {
    const ring = join(dirname(data), readdirSync(dirname(data)).find((name) => name.endsWith('.ring'))!);
    const [first] = readdirSync(ring);
    const files = [
      ...['installation.json', 'keys/root.json', 'keys/signing.json'].map((name) => join(data, name)),
      dayKey(),
      join(ring, first!),
    ];
    for (const path of files)
      for (const content of ['', '{"id":', 'null', '{}']) {
        // Of a root that was not noted yet the ring tells.
        if (content === '{}' && basename(path) === 'root.json') continue;
        const kept = readFileSync(path);
        writeFileSync(path, content);
        await assert.rejects(start(), (fault: { code: string; message: string }) => {
          assert.equal(fault.code, 'file-unusable', `${path} ${content}: ${fault.message}`);
          assert.ok(fault.message.includes(`\`${path}\``), fault.message);
          return true;
        });
        assert.equal(readFileSync(path, 'utf8'), content);
        writeFileSync(path, kept);
      }
    await (await start()).stop();
  });

  it('and one of a day may be removed: what it sealed is lost, everything else goes on', async () => {
    rmSync(dayKey());
    const server = await start();
    assert.equal((await server.chat(key, 'hello again')).status, 200);
    await server.stop();
  });
});

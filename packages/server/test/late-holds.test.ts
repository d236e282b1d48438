import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { clock } from '@sallyport/core';
import { expireContent, liftHold, placeHold } from '../src/content-expiry.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

const DAY_MS = 86_400_000;

let server: TestServer;
let fake: FakeSystem;
before(async () => {
  fake = await fakeSystem();
  server = await testServer({ systems: { main: enforced(fake, { contentDays: 1 }) } });
});
after(async () => {
  await server.stop();
  await fake.close();
});

it('a legal hold that comes after holds were asked for, and before keys are destroyed, holds', async (t) => {
  const { control } = server;
  const { dataKeys, store } = control.installation;
  assert.equal((await server.chat(await server.key(['main']), 'hello')).status, 200);
  const kept = (): number => dataKeys.list().filter(({ purpose }) => purpose === 'system:main').length;
  const before = kept();
  assert.ok(before > 0);
  const hold = await placeHold(control, 'person:b', 'main', 'a case');
  // As the answer was before it came: only within a change is it seen.
  const { holds } = store;
  const real = holds.systems.bind(holds);
  const asked = t.mock.method(holds, 'systems', async (tx?: never) => (tx ? real(tx) : new Set<string>()));
  const later = Date.now() + 10 * DAY_MS;
  t.mock.method(clock, 'nowMs', () => later);
  await expireContent(control);
  await assert.rejects(control.vault.shred('person:a', 'system:main'), { code: 'conflict' });
  assert.equal(kept(), before);
  await control.installation.flush();
  for (const type of ['content-expired', 'vault-shredded'] as const)
    assert.equal((await store.events.since([type], '1970')).length, 0, type);
  asked.mock.restore();
  await liftHold(control, 'person:b', hold.id);
  await expireContent(control);
  assert.equal(kept(), 0);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openSqlite } from '@sallyport/store';
import { accountsOver, from, PASSWORD } from './people.ts';

it('the link for the first administrator opens nothing once there is somebody, however they came', async () => {
  const store = await openSqlite(':memory:');
  const accounts = accountsOver(store);
  const token = (await accounts.links.first())!;
  assert.deepEqual(await accounts.links.open(token), { open: true, name: null });
  await accounts.directory.add('test', { name: 'boss', grants: [{ role: 'administrator' }] });
  assert.deepEqual(await accounts.links.open(token), { open: false, name: null });
  await assert.rejects(accounts.links.use(token, { name: 'mallory', password: PASSWORD }, from()), {
    code: 'setup-link-invalid',
  });
  assert.equal(await store.people.count(), 1);
  await store.close();
});

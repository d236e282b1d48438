import assert from 'node:assert/strict';
import { it } from 'node:test';
import { madeOnce } from './made-once.ts';

it('is made once for all who ask, and again only where it failed', async () => {
  let calls = 0;
  const made = madeOnce(async () => {
    calls++;
    if (calls === 1) throw new Error('not yet');
    return calls;
  });
  const first = await Promise.allSettled([made(), made()]);
  assert.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(calls, 1);
  assert.deepEqual(await Promise.all([made(), made()]), [2, 2]);
  assert.equal(await made(), 2);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { timeSignIns } from './timing.ts';

it('2,000 failed sign-ins take as long for names that exist as for names that do not', async () => {
  const { t, meanKnownMs, meanUnknownMs } = await timeSignIns(2_000);
  assert.ok(Math.abs(t) < 4.5, `t = ${t}: ${meanKnownMs} ms against ${meanUnknownMs} ms`);
});

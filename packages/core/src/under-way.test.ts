import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UnderWay } from './under-way.ts';

it('a question is asked once at a time, however many wait, and again once it was answered', async () => {
  const underWay = new UnderWay<number>();
  let asked = 0;
  const ask = async (): Promise<number> => {
    asked++;
    if (asked === 2) throw new Error('no answer');
    return asked;
  };
  const same = await Promise.all([underWay.of('a', ask), underWay.of('a', ask)]);
  assert.deepEqual([same, asked], [[1, 1], 1]);
  const failed = await Promise.allSettled([underWay.of('a', ask), underWay.of('a', ask)]);
  assert.deepEqual([failed.map(({ status }) => status), asked], [['rejected', 'rejected'], 2]);
  assert.deepEqual(await Promise.all([underWay.of('a', ask), underWay.of('b', ask)]), [3, 4]);
});

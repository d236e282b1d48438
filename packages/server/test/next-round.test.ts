import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { NextRound } from '../src/next-round.ts';

const turn = (): Promise<void> => delay(20);

it('a round that begins later answers all who asked before it, one that is under way no one else', async () => {
  let begun = 0;
  const open: (() => void)[] = [];
  const rounds = new NextRound(async () => {
    const own = ++begun;
    await new Promise<void>((done) => open.push(done));
    if (own === 2) throw new Error('second');
    return own;
  });
  const first = rounds.do();
  await turn();
  const waiting = [rounds.do(), rounds.do(), rounds.do()];
  await turn();
  assert.equal(begun, 1);
  open[0]!();
  assert.equal(await first, 1);
  await turn();
  assert.equal(begun, 2);
  const later = rounds.do();
  open[1]!();
  assert.deepEqual(
    (await Promise.allSettled(waiting)).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  await turn();
  open[2]!();
  assert.equal(await later, 3, 'one that fails stops no later one');
});

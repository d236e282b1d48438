import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { InTurn } from './in-turn.ts';

describe('work that is done in turn', () => {
  it('runs one piece at a time, in order, and goes on behind one that fails', async () => {
    const turn = new InTurn();
    const seen: string[] = [];
    const piece = (name: string, fails = false) =>
      turn.do(async () => {
        seen.push(`${name} begins`);
        await setImmediate();
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const all = [piece('a'), piece('b', true), piece('c')];
    await turn.idle();
    assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    assert.deepEqual(
      (await Promise.allSettled(all)).map((one) =>
        one.status === 'fulfilled' ? one.value : one.reason.message,
      ),
      ['a', 'b', 'c'],
    );
  });
});

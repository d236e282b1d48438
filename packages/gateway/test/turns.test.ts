import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Steps } from '@sallyport/core';
import { shared } from '../src/turns.ts';

const LARGE = 1024 * 1024;

describe('turns', () => {
  it('are taken one after the other: between two of them timers have theirs', async () => {
    const log: string[] = [];
    function* work(name: string): Steps<void> {
      for (let turn = 0; turn < 3; turn++) {
        log.push(name);
        const end = performance.now() + 30;
        while (performance.now() < end);
        yield;
      }
    }
    const beat = setInterval(() => log.push('beat'), 1);
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => shared(LARGE, work(name))));
    clearInterval(beat);
    assert.equal(log.filter((one) => one !== 'beat').length, 15);
    const held = log.filter((one, n) => one !== 'beat' && n > 0 && log[n - 1] !== 'beat');
    assert.ok(held.length <= 1, log.join(' '));
    const order = log.filter((one) => one !== 'beat').join('');
    assert.equal(order, 'abcde'.repeat(3), 'each in its turn');
  });
});

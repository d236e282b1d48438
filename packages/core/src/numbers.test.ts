import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countUpTo, isShare, isWholeIn } from './numbers.ts';

const hostile = JSON.parse(
  '[1e400, -1e400, -1, 0.5, 9007199254740992, 9223372036854775808, 1e15, 1e16, "12", null, [], {}, true, [3], -0]',
) as unknown[];

describe('numbers of others', () => {
  it('are counts within bounds, whatever was said', () => {
    for (const value of [...hostile, Number.NaN, undefined, 10n, Symbol('x')]) {
      const own = countUpTo(value, 1000);
      assert.ok(Number.isSafeInteger(own) && own >= 0 && own <= 1000, String(value));
      assert.ok(!Object.is(own, -0));
    }
    assert.deepEqual(
      [3, 3.9, 999, 1000, 1001, Number.POSITIVE_INFINITY].map((value) => countUpTo(value, 1000)),
      [3, 3, 999, 1000, 1000, 1000],
    );
  });

  it('are whole, or refused', () => {
    assert.deepEqual(
      [...hostile, Number.NaN, 1, 5, 6].filter((value) => isWholeIn(value, 1, 5)),
      [1, 5],
    );
    assert.ok(!isWholeIn(2 ** 53, 0, Number.POSITIVE_INFINITY));
  });

  it('are shares of one, or refused', () => {
    assert.deepEqual([...hostile, Number.NaN, 0, 1, 1.01].filter(isShare), [0.5, -0, 0, 1]);
  });
});

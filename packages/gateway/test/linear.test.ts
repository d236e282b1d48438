import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measure } from '../../../bench/linear/measure.ts';
import { PASSES } from '../../../bench/linear/passes.ts';

/** Eight times the input may take this many times as long; a square would take 64. */
const RATIO_MAX = 24;
/** Below this many milliseconds a pass may take what it wants: a clock shows nothing there. */
const FREE_MS = 40;
const TRIES = 3;

describe('every pass over what comes from outside', () => {
  for (const [name, pass] of Object.entries(PASSES))
    it(`${name}: linear`, async (t) => {
      // The machine may be busy with something else once or twice; a square stays one.
      for (let left = TRIES; ; left--) {
        const { ms, sizes } = await measure(pass, 2);
        const ratio = ms.at(-1)! / ms[0]!;
        t.diagnostic(`${sizes.at(-1)}: ${ms.at(-1)!.toFixed(1)} ms, ${ratio.toFixed(1)} times as long`);
        if (ratio <= RATIO_MAX || ms.at(-1)! < FREE_MS) return;
        assert.ok(left > 1, `${ms.map((one) => one.toFixed(1)).join(' → ')} ms`);
      }
    });
});

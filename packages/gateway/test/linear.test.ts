import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DETECTED_BY, PASSED_BY } from '../../../bench/linear/covered.ts';
import { measure } from '../../../bench/linear/measure.ts';
import { PASSES } from '../../../bench/linear/passes.ts';

/** Eight times the input may take this many times as long; a square would take 64. */
const RATIO_MAX = 24;
/** Twice the input may take this many times as long, the last two times that it doubles; a square would take 4. */
const DOUBLED_MAX = 3;
/** Below this many milliseconds a pass may take what it wants: a clock shows nothing there. */
const FREE_MS = 40;
const TRIES = 3;

/** Where passes over foreign text are. */
const PASSING = ['guard', 'gateway', 'models'];
/** A pass goes in steps, or finds something in a text. */
const EXPORTED = /^export function(?:\* (\w+)| (find\w+))/gm;

/** Names of all passes that the sources export. */
const exported = (): string[] =>
  PASSING.flatMap((name) => {
    const folder = join(import.meta.dirname, '../..', name, 'src');
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(EXPORTED)])
      .map(([, generator, finder]) => (generator ?? finder)!);
  });

describe('every pass over what comes from outside', () => {
  it('has a row, and so has every detector', () => {
    const names = new Set(exported());
    assert.deepEqual(
      [...names].filter((name) => !Object.hasOwn(PASSED_BY, name)),
      [],
      'add a row',
    );
    assert.deepEqual(
      Object.keys(PASSED_BY).filter((name) => !names.has(name)),
      [],
      'remove the row: no such pass exists',
    );
    const rows = [...Object.values(PASSED_BY), ...Object.values(DETECTED_BY)].filter((row) => row !== null);
    assert.deepEqual(
      rows.filter((row) => !Object.hasOwn(PASSES, row)),
      [],
    );
  });

  for (const [name, pass] of Object.entries(PASSES))
    it(`${name}: linear`, async (t) => {
      // The machine may be busy with something else once or twice; a square stays one.
      for (let left = TRIES; ; left--) {
        const { ms, sizes } = await measure(pass, 2);
        const ratio = ms.at(-1)! / ms[0]!;
        t.diagnostic(`${sizes.at(-1)}: ${ms.at(-1)!.toFixed(1)} ms, ${ratio.toFixed(1)} times as long`);
        // The first, and smallest, is over before an engine compiles what it runs: then the others tell.
        const doubled = Math.max(ms.at(-1)! / ms.at(-2)!, ms.at(-2)! / ms.at(-3)!);
        if (ratio <= RATIO_MAX || doubled <= DOUBLED_MAX || ms.at(-1)! < FREE_MS) return;
        assert.ok(left > 1, `${ms.map((one) => one.toFixed(1)).join(' → ')} ms`);
      }
    });
});

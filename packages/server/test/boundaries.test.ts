import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BOUNDARIES } from './boundaries/boundaries.ts';
import { cross } from './boundaries/boundary.ts';

const THREATS = readFileSync(join(import.meta.dirname, '../../../docs/THREATS.md'), 'utf8');

describe('what crosses a boundary is answered in words, leaks nothing and stops nothing', () => {
  it('every boundary that is drawn has a fuzzer', () => {
    const drawn = [...THREATS.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
    const crossed = new Set([4, ...BOUNDARIES.map(({ number }) => number)]);
    assert.deepEqual(
      [...crossed].sort((a, b) => a - b),
      drawn,
    );
  });

  for (const { open, smoke } of BOUNDARIES)
    it(`${open.name}, ${smoke} inputs`, { timeout: 170_000 }, () => cross(open, smoke, 1));
});

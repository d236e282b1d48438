import { describe, it } from 'node:test';
import { BOUNDARIES } from './boundaries/boundaries.ts';
import { cross } from './boundaries/boundary.ts';

describe('what crosses a boundary is answered in words, leaks nothing and stops nothing', () => {
  for (const [open, smoke] of BOUNDARIES)
    it(`${open.name}, ${smoke} inputs`, { timeout: 170_000 }, () => cross(open, smoke, 1));
});

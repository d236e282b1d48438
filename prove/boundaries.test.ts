import { it } from 'node:test';
import { BOUNDARIES } from '../packages/server/test/boundaries/boundaries.ts';
import { cross } from '../packages/server/test/boundaries/boundary.ts';

/** Inputs for each input of the smoke test. */
const TIMES = Number(process.env['TIMES'] ?? 100);
/** Another seed sends other inputs. */
const SEED = Number(process.env['SEED'] ?? 1_000_000);

for (const { open, smoke } of BOUNDARIES)
  it(`${open.name}: ${smoke * TIMES} inputs`, () => cross(open, smoke * TIMES, SEED));

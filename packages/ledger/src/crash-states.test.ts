import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  appending,
  type CrashScenario,
  explore,
  LOG_MUTANTS,
  type Mutant,
  recovering,
  WITNESS_MUTANTS,
  witnessing,
} from '../test/crash/crash-scenarios.ts';

/** Of chance. With it, two pieces of the journal go, and a power cut brings back the first of them. */
const SEED = 7;

describe('a power cut at any step', () => {
  // Some thousand states of each; `npm run prove` tries more than a million.
  const scenarios: [string, () => Promise<CrashScenario>][] = [
    ['appending to a new log', () => appending(0)],
    ['appending until pieces of the journal go', () => appending(120, 13)],
    ['appending where a tile fills', () => appending(250, 5)],
    ['appending where several fill', () => appending(510, 4)],
    ['recovering from a power cut', async () => recovering(await appending(253, 5), 11)],
    ['cosigning the log of another', witnessing],
  ];
  for (const [name, make] of scenarios) {
    it(`breaks no promise: ${name}`, async (t) => {
      const { states, lossy, broken } = await explore(await make(), { seed: SEED, perStepMax: 10 });
      assert.equal(broken, null);
      assert.ok(lossy > 20, `${lossy} states in which something was lost`);
      t.diagnostic(`${states} states, ${lossy} with losses`);
    });
  }

  async function caught(mutant: Mutant, make: () => Promise<CrashScenario>): Promise<string> {
    const scenario = await make();
    for (let seed = 1; seed <= 12; seed++) {
      const { broken } = await explore(scenario, { seed, perStepMax: 10, mutant });
      if (broken) return broken;
    }
    return assert.fail(`${mutant.name}: not caught`);
  }
  for (const mutant of LOG_MUTANTS) {
    it(`catches a log that ${mutant.name}`, async (t) => {
      t.diagnostic(await caught(mutant, () => appending(0, 12)));
    });
  }
  for (const mutant of WITNESS_MUTANTS) {
    it(`catches a witness that ${mutant.name}`, async (t) => {
      t.diagnostic(await caught(mutant, witnessing));
    });
  }
});

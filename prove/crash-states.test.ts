import assert from 'node:assert/strict';
import { it } from 'node:test';
import { appending, explore, recovering, witnessing } from '../packages/ledger/test/crash/crash-scenarios.ts';

const STATES = Number(process.env['STATES'] ?? 1_000_000);
const SEED = Number(process.env['SEED'] ?? 1);
/** States tried at one step; where there are more, as many of them by chance. */
const PER_STEP_MAX = 40;
/** Entries of the log before: mostly few, which are quick to try; some, where a tile fills. */
const SIZES = [0, 1, 0, 3, 0, 7, 0, 120, 0, 2, 0, 252, 0, 5, 0, 30, 0, 1, 509, 0];

it(`${STATES} disks that a power cut may leave: no promise of the log or of a witness is broken`, async () => {
  const begun = Date.now();
  const found = new Map<string, number>();
  let tried = 0;
  let lossy = 0;
  for (let seed = SEED; tried < STATES; seed++) {
    const size = SIZES[seed % SIZES.length]!;
    const first = await appending(size, 6 + (seed % 9));
    const scenarios = [first, await recovering(first, seed)];
    if (seed % 20 === 0) scenarios.push(await witnessing());
    for (const scenario of scenarios) {
      const report = await explore(scenario, { seed, perStepMax: PER_STEP_MAX });
      assert.equal(report.broken, null);
      tried += report.states;
      lossy += report.lossy;
      const kind = scenario.name.replace(/ of \d+$/, '').replace(/ after .*/, '');
      found.set(kind, (found.get(kind) ?? 0) + report.states);
    }
    if (seed % 10 === 0)
      process.stderr.write(`${tried} of ${STATES} states, ${Math.round((Date.now() - begun) / 1000)} s\n`);
  }
  const kinds = [...found].map(([kind, states]) => `${kind} ${states}`).join(', ');
  process.stderr.write(`${tried} states, ${lossy} of them with something lost: ${kinds}\n`);
});

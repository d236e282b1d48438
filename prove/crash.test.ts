import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, it } from 'node:test';
import { crashRepeatedly, prepareCrash } from '../packages/server/test/crash.ts';
import { killPrograms, startProgram } from '../packages/server/test/program.ts';

const CRASHES = Number(process.env['CRASHES'] ?? 10_000);
/** Data folders that are killed side by side: while one starts, another is under load. */
const LANES = Number(process.env['LANES'] ?? availableParallelism());

after(killPrograms);

it(`${CRASHES} times kill -9 under load: nothing acknowledged is missing, the log verifies`, async () => {
  const begun = Date.now();
  let crashes = 0;
  const onCrash = (): void => {
    if (++crashes % 50 > 0) return;
    process.stderr.write(`${crashes} of ${CRASHES} crashes, ${Math.round((Date.now() - begun) / 1000)} s\n`);
  };
  const reports = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const setting = await prepareCrash();
      // A program that ends as it should keeps its compiled sources, from which the killed ones start sooner.
      await (await startProgram(setting)).stop();
      const share = Math.floor((CRASHES + lane) / LANES);
      const report = await crashRepeatedly({ ...setting, crashes: share, onCrash });
      await setting.fake.close();
      return report;
    }),
  );
  for (const { acknowledged, missing, unfinished, contentLost, problems } of reports) {
    process.stderr.write(`${acknowledged} acknowledged exchanges, ${missing.length} missing\n`);
    assert.deepEqual(
      { missing, unfinished, contentLost, problems },
      { missing: [], unfinished: 0, contentLost: [], problems: [] },
    );
  }
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crashRepeatedly, prepareCrash } from '../packages/server/test/crash.ts';

const CRASHES = Number(process.env['CRASHES'] ?? 10_000);

it(`${CRASHES} times kill -9 under load: nothing acknowledged is missing, the log verifies`, async () => {
  const { fake, data, config, key } = await prepareCrash();
  const begun = Date.now();
  const report = await crashRepeatedly({
    fake,
    data,
    config,
    key,
    crashes: CRASHES,
    onCrash: (n) =>
      (n + 1) % 50 === 0 &&
      process.stderr.write(`${n + 1} of ${CRASHES} crashes, ${Math.round((Date.now() - begun) / 1000)} s\n`),
  });
  await fake.close();
  process.stderr.write(
    `${report.crashes} crashes, ${report.acknowledged} acknowledged exchanges, ${report.missing.length} missing\n`,
  );
  assert.deepEqual(
    { missing: report.missing, unfinished: report.unfinished, problems: report.problems },
    { missing: [], unfinished: 0, problems: [] },
  );
});

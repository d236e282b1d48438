import assert from 'node:assert/strict';
import { it } from 'node:test';
import { timeSignIns } from '../packages/access/test/timing.ts';
import { compareWithCedar } from '../packages/policy/test/equality.ts';

const REQUESTS = Number(process.env['REQUESTS'] ?? 1_000_000);
const SAMPLES = Number(process.env['SAMPLES'] ?? 100_000);

it(`${REQUESTS} requests are decided as the whole of Cedar decides them`, () => {
  const { allowed, distinctPolicies, differing } = compareWithCedar(REQUESTS, 11);
  assert.deepEqual(differing, []);
  process.stderr.write(`${allowed} of ${REQUESTS} allowed; ${distinctPolicies} policies decided something\n`);
});

it(`${SAMPLES} failed sign-ins take as long for names that exist as for names that do not`, async () => {
  const { samples, t, meanKnownMs, meanUnknownMs } = await timeSignIns(SAMPLES);
  process.stderr.write(
    `${samples} samples: t = ${t.toFixed(2)}, ${meanKnownMs.toFixed(3)} and ${meanUnknownMs.toFixed(3)} ms\n`,
  );
  assert.ok(Math.abs(t) < 4.5, `t = ${t}`);
});

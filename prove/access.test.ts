import assert from 'node:assert/strict';
import { it } from 'node:test';
import { timeSignIns } from '../packages/access/test/timing.ts';
import { compareWithCedar } from '../packages/policy/test/equality.ts';
import { askAcross, neighbours, openWorld } from '../packages/server/test/permission-world.ts';

const REQUESTS = Number(process.env['REQUESTS'] ?? 1_000_000);
const ACROSS = Number(process.env['ACROSS'] ?? 1_000_000);
const STEP = 10_000;
/** Another seed asks for other things: the million can be run in parts. */
const SEED = Number(process.env['SEED'] ?? 101);
const SAMPLES = Number(process.env['SAMPLES'] ?? 100_000);

it(`${REQUESTS} requests are decided as the whole of Cedar decides them`, () => {
  const { allowed, distinctPolicies, differing } = compareWithCedar(REQUESTS, 11);
  assert.deepEqual(differing, []);
  process.stderr.write(`${allowed} of ${REQUESTS} allowed; ${distinctPolicies} policies decided something\n`);
});

it(`${ACROSS} requests of people with one system tell nothing of the other`, async () => {
  const world = await openWorld();
  const people = await neighbours(world);
  let told = 0;
  for (let done = 0; done < ACROSS; done += STEP) {
    told += await askAcross(world, people, Math.min(STEP, ACROSS - done), SEED + done);
    process.stderr.write(`${done + STEP} asked, ${told} answered\n`);
  }
  await world.close();
  assert.ok(told > ACROSS / 5, `${told} were answered`);
});

it(`${SAMPLES} failed sign-ins take as long for names that exist as for names that do not`, async () => {
  const { samples, t, meanKnownMs, meanUnknownMs } = await timeSignIns(SAMPLES);
  process.stderr.write(
    `${samples} samples: t = ${t.toFixed(2)}, ${meanKnownMs.toFixed(3)} and ${meanUnknownMs.toFixed(3)} ms\n`,
  );
  assert.ok(Math.abs(t) < 4.5, `t = ${t}`);
});

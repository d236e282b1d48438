import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { wilsonInterval } from '@sallyport/core';
import { GuardDesk, readGuardModels } from '@sallyport/server';
import { enforced, fakeSystem, testServer } from './harness.ts';

it('the curve that the console draws is of the model that is drilled, and agrees with the drill', async () => {
  const desk = new GuardDesk(readGuardModels(), () => ({ version: '', rules: [], conditions: [] }));
  const { curve, thresholds, models } = desk.overview();
  const { detection } = await desk.drill();
  desk.close();
  const report = readFileSync(join(import.meta.dirname, '../../../docs/guard-report.md'), 'utf8');
  const version = models.find(({ name }) => name === 'injection')!.version;
  assert.ok(report.includes(`model ${version}.`), 'it was measured with the model that is delivered');
  for (const key of ['harmless', 'attacks'] as const) {
    const shares = curve.map((point) => point[key]);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => b - a),
      `${key}: less is above a higher threshold`,
    );
  }
  const at = (threshold: number): (typeof curve)[number] =>
    curve.find((point) => point.at === threshold) ?? assert.fail(`no point at ${threshold} to be marked`);
  const [flagged, denied] = [at(thresholds.flagAt), at(thresholds.denyAt)];
  // No more harmless texts than the curve says, and no fewer attacks than the model alone sees of harder ones.
  const [harmlessLeast] = wilsonInterval(detection.flagged, detection.harmless);
  assert.ok(harmlessLeast <= flagged.harmless, `drill ${harmlessLeast}, curve ${flagged.harmless}`);
  const [, attacksMost] = wilsonInterval(detection.seen, detection.attacks);
  assert.ok(attacksMost >= flagged.attacks, `drill ${attacksMost}, curve ${flagged.attacks}`);
  assert.ok(denied.harmless <= flagged.harmless && denied.attacks <= flagged.attacks);
});

it('the guard is tried on texts that are the same every time, beside the work, and the result is evidence', async () => {
  const desk = new GuardDesk(readGuardModels(), () => ({ version: '', rules: [], conditions: [] }));
  const [first, second] = [await desk.drill(), await desk.drill()];
  assert.deepEqual(first, second);
  assert.ok(first.detection.attacks >= 400 && first.residual.planted >= 1_000);
  assert.equal(first.residual.left, 0);
  const fake = await fakeSystem();
  const server = await testServer({ systems: { main: enforced(fake) } });
  try {
    const controls = await server.control.posture();
    for (const [id, words] of [
      ['IO-01', /attacks generated in 28 languages \d+ were seen/],
      ['DAT-06', /personal values planted in texts 0 were left/],
    ] as const) {
      const control = controls.find((one) => one.id === id)!;
      assert.ok(
        control.evidence.some((line) => words.test(line)),
        JSON.stringify(control),
      );
    }
    // Within a night it is not tried again.
    const { events } = server.control.installation.store;
    const before = await events.latest('probe-completed', 'probe:guard-detection');
    await server.control.probeIfOlder(0);
    const after = await events.latest('probe-completed', 'probe:guard-detection');
    assert.equal(after!.id, before!.id);
  } finally {
    await server.stop();
    await fake.close();
  }
});

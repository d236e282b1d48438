import assert from 'node:assert/strict';
import { it } from 'node:test';
import { GuardDesk, readGuardModels } from '@sallyport/server';
import { enforced, fakeSystem, testServer } from './harness.ts';

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

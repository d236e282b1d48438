import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { changedAtRandom } from './random-changes.ts';

it('whatever is asked of the API, the installation starts again, and revocations act within a second', async () => {
  const installation = await changedAtRandom(60);
  try {
    await fc.assert(
      fc.asyncProperty(installation.steps, async (steps) => {
        await installation.make(steps);
        await installation.again();
      }),
      { numRuns: 4, seed: 18, endOnFailure: true },
    );
    const taken = [...installation.answers].filter(([status]) => status < 300);
    assert.ok(
      taken.reduce((sum, [, count]) => sum + count, 0) > 10,
      `some changes are taken: ${JSON.stringify([...installation.answers])}`,
    );
  } finally {
    await installation.close();
  }
});

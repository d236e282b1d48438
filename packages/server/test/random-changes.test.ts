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
    const all = [...installation.answers];
    for (const [who, least] of [
      ['', 10],
      ['SCIM ', 3],
      ['open ', 0],
    ] as const) {
      const taken = all.filter(([status]) => new RegExp(`^${who}2`).test(status));
      const sum = taken.reduce((total, [, count]) => total + count, 0);
      assert.ok(sum >= least, `some changes are taken: ${JSON.stringify(all)}`);
    }
    assert.ok(
      all.some(([status]) => status.startsWith('open ')),
      'and routes that are open are asked',
    );
  } finally {
    await installation.close();
  }
});

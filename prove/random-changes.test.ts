import { it } from 'node:test';
import fc from 'fast-check';
import { changedAtRandom } from '../packages/server/test/random-changes.ts';

const SEQUENCES = Number(process.env['SEQUENCES'] ?? 200);

it(`whatever is asked of the API in ${SEQUENCES} sequences, it starts again, and revocations act within a second`, async () => {
  const installation = await changedAtRandom(200);
  try {
    await fc.assert(
      fc.asyncProperty(installation.steps, async (steps) => {
        await installation.make(steps);
        await installation.again();
      }),
      { numRuns: SEQUENCES, endOnFailure: true },
    );
  } finally {
    process.stdout.write(`${JSON.stringify([...installation.answers])}\n`);
    await installation.close();
  }
});

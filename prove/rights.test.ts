import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ACTING, boundsOf } from '../packages/server/test/rights-actors.ts';
import { explore } from '../packages/server/test/rights-explore.ts';
import { closeWorld, smallWorld } from '../packages/server/test/rights-model.ts';

/** Names of who acts, parted by semicolons; all when absent. */
const ROLES = process.env['ROLES']?.split(';');
/** Calls of a sequence; those that ten minutes of a core are enough for when absent. */
const DEPTH = Number(process.env['DEPTH'] ?? 0);

for (const { name, role, start, depth: usual } of ACTING.filter((one) => ROLES?.includes(one.name) ?? true)) {
  const depth = DEPTH || usual;
  it(`no sequence of up to ${depth} calls by ${name} gains a right that it could not be granted`, async () => {
    const world = await smallWorld();
    try {
      const before = process.cpuUsage();
      const found = await explore(world, role, await start(world), depth, boundsOf(role));
      const { whole, gains, ...counts } = found;
      const { user, system } = process.cpuUsage(before);
      const cpuSeconds = Math.round((user + system) / 1e6);
      process.stderr.write(
        `${JSON.stringify({ name, ...counts, whole, gains: gains.length, cpuSeconds })}\n`,
      );
      assert.deepEqual(gains.slice(0, 3), []);
      assert.equal(whole, depth, 'not every sequence of that length was tried');
    } finally {
      await closeWorld(world);
    }
  });
}

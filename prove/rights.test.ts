import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { actors, mayHandOn } from '../packages/server/test/rights-actors.ts';
import { closeWorld, explore, smallWorld } from '../packages/server/test/rights-model.ts';

const DEPTH = Number(process.env['DEPTH'] ?? 4);
/** Calls tried for each actor, breadth first: the shortest sequences before longer ones. */
const CALLS = Number(process.env['CALLS'] ?? 20_000);

let world: Awaited<ReturnType<typeof smallWorld>>;
before(async () => {
  world = await smallWorld();
});
after(() => closeWorld(world));

it(`no sequence that is tried, of up to ${DEPTH} calls by any role, gains a right that it could not be granted`, async () => {
  for (const { role, start } of await actors(world)) {
    const { states, calls, done, whole, gains } = await explore(
      world,
      role,
      start,
      DEPTH,
      mayHandOn(role),
      CALLS,
    );
    process.stderr.write(
      `${role}: ${states} states, ${calls} calls, ${done} done, whole to ${whole}, ${gains.length} gains\n`,
    );
    assert.deepEqual(gains.slice(0, 3), [], role);
    // How long the sequences are of which every one was tried stands beside each role above.
    assert.ok(whole >= 1, `${role}: not every single call was tried`);
  }
});

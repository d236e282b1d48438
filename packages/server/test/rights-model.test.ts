import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PolicySet, shippedWith } from '@sallyport/policy';
import { openApiDocument } from '../src/app.ts';
import { latticeOf } from '../src/authorisation/lattice.ts';
import { actors, mayHandOn } from './rights-actors.ts';
import { gone, uncalled } from './rights-calls.ts';
import { closeWorld, explore, smallWorld } from './rights-model.ts';

const ACCESS = readFileSync(join(import.meta.dirname, '../../../docs/ACCESS.md'), 'utf8');

describe('the lattice of rights', () => {
  it('is in the documentation as the policies have it', () => {
    const rows = latticeOf(PolicySet.load(shippedWith(''))).map(
      ({ role, rights, grants }) =>
        `| \`${role}\` | ${rights.map((one) => `\`${one}\``).join(', ')} | ${grants} |`,
    );
    for (const row of rows) assert.ok(ACCESS.includes(row), `docs/ACCESS.md lacks:\n${row}`);
  });

  it('every route that changes something is called by the model, or said to change no right', () => {
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, unknown>> };
    const changing = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) =>
        method === 'get' || !/^\/(?:api|scim)\//.test(path) ? [] : [`${method.toUpperCase()} ${path}`],
      ),
    );
    assert.deepEqual(uncalled(changing), []);
    assert.deepEqual(gone(changing), []);
  });
});

describe('no sequence of calls gains a right', () => {
  let world: Awaited<ReturnType<typeof smallWorld>>;
  before(async () => {
    world = await smallWorld();
  });
  after(() => closeWorld(world));

  it('any one call by any role, and as many of two as there is time for, in a world of two systems', async () => {
    let calls = 0;
    for (const { role, start } of await actors(world)) {
      const depth = role === 'administrator' || role === 'responder' ? 1 : 2;
      const explored = await explore(world, role, start, depth, mayHandOn(role), 800);
      assert.deepEqual(explored.gains.slice(0, 2), [], role);
      assert.ok(explored.whole >= 1, `${role}: not every single call was tried`);
      calls += explored.calls;
    }
    assert.ok(calls > 1_000, `${calls} calls`);
  });

  it('finds what would be a gain', async () => {
    const [viewer] = await actors(world);
    const { keyRights } = world.control;
    const { require, untilMs } = keyRights;
    keyRights.require = async () => {};
    // A key that no right of its maker gives ends at once: the second guard is off too.
    keyRights.untilMs = async () => Number.POSITIVE_INFINITY;
    const operator = (await actors(world)).find(({ role }) => role === 'operator@alpha')!;
    const { gains } = await explore(world, 'operator@alpha', operator.start, 1, mayHandOn('operator@alpha'));
    Object.assign(keyRights, { require, untilMs });
    assert.ok(
      viewer && gains.some(({ calls }) => /rotate/.test(calls[0]!)),
      'without the rights over keys it finds the way',
    );
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PolicySet, shippedWith } from '@sallyport/policy';
import { openApiDocument } from '../src/app.ts';
import { latticeOf } from '../src/authorisation/lattice.ts';
import { ACTING, boundsOf } from './rights-actors.ts';
import { gone, uncalled } from './rights-calls.ts';
import { explore } from './rights-explore.ts';
import { closeWorld, smallWorld } from './rights-model.ts';

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
  it('any one call by any role, and as many of two as there is time for, in a world of two systems', async () => {
    for (const { name, role, start } of ACTING) {
      const world = await smallWorld();
      try {
        const depth = role === 'administrator' || role.startsWith('operator and') ? 1 : 2;
        const explored = await explore(world, role, await start(world), depth, boundsOf(role), 800);
        assert.deepEqual(explored.gains.slice(0, 2), [], name);
        assert.ok(explored.whole >= 1, `${name}: not every single call was tried`);
      } finally {
        await closeWorld(world);
      }
    }
  });

  it('finds what would be a gain', async () => {
    const world = await smallWorld();
    try {
      const { keyRights } = world.control;
      keyRights.require = async () => {};
      // A key that no right of its maker gives ends at once: the second guard is off too.
      keyRights.untilMs = async () => Number.POSITIVE_INFINITY;
      const { role, start } = ACTING.find(({ name }) => name === 'operator@alpha')!;
      const { gains } = await explore(world, role, await start(world), 1, boundsOf(role));
      assert.ok(
        gains.some(({ calls }) => /rotate/.test(calls[0]!)),
        'without the rights over keys it finds the way',
      );
    } finally {
      await closeWorld(world);
    }
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startPostgres } from '../packages/store/test/postgres.ts';

const TESTS = join(import.meta.dirname, '../packages/server/test');
/** What people, programs and third parties do, as the tests of each have it. */
const FILES = [
  'access-alerts',
  'client-certificates',
  'datasets',
  'integrations',
  'mastery',
  'programs',
  'reviews',
  'revocation',
  'scim',
  'sign-on',
  'workloads',
];

describe('access, with its state in PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());
  for (const file of FILES)
    it(file, () => {
      const { status, stdout } = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '--test', join(TESTS, `${file}.test.ts`)],
        // Else it takes itself for a part of this test, and says nothing.
        {
          encoding: 'utf8',
          env: { ...process.env, TEST_POSTGRES: postgres.url, NODE_TEST_CONTEXT: undefined },
        },
      );
      assert.equal(status, 0, stdout.slice(-4_000));
    });
});

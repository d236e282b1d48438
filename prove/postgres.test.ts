import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startPostgres } from '../packages/store/test/postgres.ts';

const TESTS = join(import.meta.dirname, '../packages/server/test');
/** What people, programs and third parties do, as the tests of each have it; reviews and integrations have both engines anyway. */
const FILES = [
  'access-alerts',
  'backups',
  'client-certificates',
  'datasets',
  'mastery',
  'programs',
  'record-gaps',
  'retention',
  'revocation',
  'scim',
  'sign-on',
  'workloads',
];

/** Runs a file of tests in a process of its own; this one goes on reading what the database says. */
function run(file: string, postgres: string): Promise<{ code: number; said: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const command = ['--disable-warning=ExperimentalWarning', '--test', join(TESTS, `${file}.test.ts`)];
  return new Promise((done) =>
    execFile(process.execPath, command, { env: { ...env, TEST_POSTGRES: postgres } }, (fault, said) =>
      done({ code: fault === null ? 0 : Number(fault.code ?? 1), said }),
    ),
  );
}

describe('access, with its state in PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());
  for (const file of FILES)
    it(file, async () => {
      const { code, said } = await run(file, postgres.url);
      assert.equal(code, 0, said.slice(-4_000));
      assert.match(said, /^ℹ pass [1-9]/m);
    });
});

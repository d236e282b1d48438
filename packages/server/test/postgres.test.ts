import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startPostgres } from '../../store/test/postgres.ts';
import { enforced, exchangeOf, fakeSystem, testServer } from './harness.ts';

it('the whole server works with its state in PostgreSQL, across a restart', async () => {
  const postgres = await startPostgres();
  process.env['TEST_DATABASE_URL'] = postgres.url;
  const fake = await fakeSystem();
  const options = {
    systems: { main: enforced(fake) },
    config: { database: { urlRef: 'env:TEST_DATABASE_URL' } },
  };
  const first = await testServer(options);
  const key = await first.key(['main']);
  const answer = await first.chat(key, 'hello');
  assert.equal(answer.status, 200);
  assert.equal((await first.control.exchange('test', exchangeOf(answer), false)).summary.outcome, 'answered');
  assert.equal((await first.controls()).get('MOD-01')!.status, 'effective');
  await first.stop();
  const second = await testServer({ ...options, data: first.data });
  assert.equal((await second.chat(key, 'hello again')).status, 200);
  assert.equal(
    (await second.control.exchanges({ limit: 10 })).filter((row) => row.outcome === 'answered').length,
    2,
  );
  await second.stop();
  await fake.close();
  await postgres.stop();
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LIMITS } from '@sallyport/core';
import { completion, enforced, fakeSystem, sendJson, testServer } from './harness.ts';

const FLOOD = 300;

it('refused calls fill no disk: past a bound they are counted, and the count is recorded', async () => {
  const fake = await fakeSystem();
  fake.answer = (_req, res) => sendJson(res, completion('hello'));
  const server = await testServer({ systems: { main: enforced(fake) } });
  const { installation } = server.control;
  const flood = async (ask: () => Promise<Response>): Promise<[entries: number, statuses: number[]]> => {
    const before = installation.ledger.size;
    const statuses = new Set<number>();
    for (let n = 0; n < FLOOD; n += 20)
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const response = await ask();
          await response.arrayBuffer();
          statuses.add(response.status);
        }),
      );
    await installation.flush();
    return [installation.ledger.size - before, [...statuses]];
  };
  const dead = await server.control.apiKeys.create('test', { name: 'dead', systems: ['main'] });
  await server.control.apiKeys.revoke('test', dead.id);
  const slow = await server.key(['main'], { requestsPerMinute: 1 });
  assert.equal((await server.chat(slow, 'the only one')).status, 200);
  const lost = await server.key(['main']);
  const found: Record<string, [number, number[]]> = {
    none: await flood(() => server.post('/v1/chat/completions', null, { a: 1 })),
    revoked: await flood(() => server.post('/v1/chat/completions', dead.key, { a: 1 })),
    limited: await flood(() =>
      server.post('/v1/chat/completions', slow, {
        model: 'm',
        messages: [{ role: 'user', content: 'x' }],
        metadata: { kept: 'word '.repeat(2_000) },
      }),
    ),
    'unknown route': await flood(() => server.post('/v1/nope', lost, { a: 1 })),
  };
  // Nothing of what a refused call said is kept.
  const denied = (await server.control.exchanges({ limit: 400 })).filter(
    ({ code }) => code === 'rate-limited',
  );
  const shown = await server.control.exchange('test', denied[0]!.id, false);
  assert.equal(denied.length > 0 && JSON.stringify(shown).includes('"kept":'), false);
  const events = installation.store.events;
  await server.control.gateway!.stop(1_000);
  await installation.flush();
  const told = await events.since(['unauthenticated-counted', 'refusals-counted'], '1970');
  await server.stop();
  await fake.close();
  // A minute may end in between.
  const most = 2 * LIMITS.refusalRecordsPerMinute;
  for (const [what, [entries]] of Object.entries(found))
    assert.ok(entries <= most + 10, `${what}: ${entries}`);
  assert.deepEqual(
    Object.values(found).flatMap(([, statuses]) => statuses),
    [401, 401, 429, 404],
  );
  const recorded = Object.values(found).reduce((sum, [entries]) => sum + entries, 0);
  const counted = told.reduce((sum, { data }) => sum + Number(data['count']), 0);
  assert.ok(recorded + counted >= 4 * FLOOD, `${recorded} and ${counted}`);
});

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newId, type OutcomeLeaf } from '@sallyport/core';
import { ENGINES, type StatePlace } from './behind.ts';
import {
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const NOTHING = 'select 1';

for (const [engine, open] of Object.entries(ENGINES))
  describe(`what was spent, and which calls have no end, is read from the log, over ${engine}`, () => {
    let fake: FakeSystem;
    let server: TestServer;
    let place: StatePlace;
    let end: () => Promise<void>;
    const start = async (): Promise<void> => {
      const dear = enforced(fake, { prices: { inputPerMillion: 0, outputPerMillion: 10_000 } });
      server = await testServer({
        data: place.data,
        config: place.config,
        // A call costs five cents.
        systems: { main: dear, poor: { ...dear, limits: { spendMicroUsdPerDay: 80_000 } } },
        diverges: true,
      });
    };
    before(async () => {
      ({ place, end } = await open());
      fake = await fakeSystem();
      fake.answer = (_req, res) => sendJson(res, completion('ok'));
      await start();
    });
    after(async () => {
      await server.stop();
      await fake.close();
      await end();
    });
    const ask = (key: string, system = 'main'): Promise<Response> =>
      server.post(`/s/${system}/v1/chat/completions`, key, {
        model: 'm',
        max_tokens: 5,
        messages: [{ role: 'user', content: 'hi' }],
      });
    const status = async (key: string, system = 'main'): Promise<number> => {
      const answer = await ask(key, system);
      await answer.text();
      return answer.status;
    };
    const outcomesOf = async (id: string): Promise<OutcomeLeaf[]> => {
      const out: OutcomeLeaf[] = [];
      for await (const { leaf } of server.control.installation.ledger.read(0)) {
        const entry = JSON.parse(Buffer.from(leaf).toString()) as OutcomeLeaf;
        if (entry.type === 'exchange-outcome' && entry.id === id) out.push(entry);
      }
      return out;
    };

    it('rows give back no limit of spend, of a key or of a system', async () => {
      const key = await server.key(['main'], { spendMicroUsdPerDay: 80_000 });
      const other = await server.key(['poor']);
      assert.deepEqual([await status(key), await status(other, 'poor')], [200, 200]);
      for (const what of [
        'delete from exchanges',
        "update exchanges set cost_micro_usd = 0, at = '1970-01-01T00:00:00.000Z'",
      ]) {
        assert.deepEqual([await status(key), await status(other, 'poor')], [429, 429], 'before');
        await server.stop();
        await place.sql(what, NOTHING);
        await start();
        assert.deepEqual([await status(key), await status(other, 'poor')], [429, 429], what);
      }
      // Where what was read before is gone, the log is read from its beginning.
      await server.stop();
      rmSync(join(place.data, 'state.db-follows'));
      await start();
      assert.deepEqual([await status(key), await status(other, 'poor')], [429, 429], 'read anew');
    });

    it('a key whose row was away at a start has spent what it had', async () => {
      const { id, key } = await server.control.apiKeys.create('test', {
        ...{ name: newId('evt'), systems: ['main'], limits: { spendMicroUsdPerDay: 80_000 } },
      });
      assert.deepEqual([await status(key), await status(key)], [200, 429]);
      await server.stop();
      const back = await place.keep('api_keys');
      await place.sql(`delete from api_keys where id = '${id}'`, NOTHING);
      await start();
      assert.equal(await status(key), 401);
      await back();
      await server.control.installation.state.look();
      await server.control.publish();
      assert.equal(await status(key), 429);
    });

    it('a call that rows say has no end is not ended twice', async () => {
      const answer = await ask(await server.key(['main']));
      assert.equal(answer.status, 200, await answer.text());
      const id = exchangeOf(answer);
      await server.stop();
      await place.sql(
        `update exchanges set outcome = null, outcome_index = null, ended_at = null where id = '${id}'`,
        NOTHING,
      );
      await start();
      assert.deepEqual(
        (await outcomesOf(id)).map(({ outcome }) => outcome),
        ['answered'],
      );
      assert.deepEqual(server.control.installation.state.calls.open, []);
    });

    it('a call that a crash cut off is ended as the log has it, whatever its row says', async () => {
      const answer = await ask(await server.key(['main']));
      assert.equal(answer.status, 200, await answer.text());
      const { ledger } = server.control.installation;
      let intent: Record<string, unknown> = {};
      for await (const { leaf } of ledger.read(0)) {
        const entry = JSON.parse(Buffer.from(leaf).toString()) as Record<string, unknown>;
        if (entry['id'] === exchangeOf(answer) && entry['type'] === 'exchange-intent') intent = entry;
      }
      const id = newId('exc');
      const cut = { ...intent, id, run: 'earlier', reservedMicroUsd: 40_000 };
      await ledger.append([{ leaf: Buffer.from(JSON.stringify(cut)), payload: null }]);
      await server.control.installation.flush();
      await server.stop();
      await place.sql(
        `update exchanges set outcome = 'answered', reserved_micro_usd = 0, actor = 'key:x' where id = '${id}'`,
        NOTHING,
      );
      await start();
      assert.deepEqual(
        (await outcomesOf(id)).map(({ outcome, actor, costMicroUsd }) => [outcome, actor, costMicroUsd]),
        [['crashed', intent['actor'], 40_000]],
      );
    });
  });

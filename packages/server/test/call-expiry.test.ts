import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clock, parseConfig } from '@sallyport/core';
import { AuditMemory } from '../src/audit/audit-memory.ts';
import { auditRunning } from '../src/audit/running-audit.ts';
import { CallSweep, expireCalls } from '../src/call-expiry.ts';
import { liftHold, placeHold } from '../src/content-expiry.ts';
import { ENGINES, type StatePlace } from './behind.ts';
import { enforced, exchangeOf, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const DAY_MS = 86_400_000;
/** More than one bundle of 256 entries, so that some are not in the sample of a later audit. */
const CALLS = 170;

interface Counted {
  readonly total: number;
  readonly expired: { readonly calls: number; readonly before: string } | null;
}

for (const [engine, open] of Object.entries(ENGINES))
  describe(`rows of calls whose days are over, over ${engine}`, { timeout: 240_000 }, () => {
    const { nowMs } = clock;
    let fakes: FakeSystem[];
    let server: TestServer;
    let place: StatePlace;
    let end: () => Promise<void>;
    let analyst: TestPerson;
    let ids: Record<'short' | 'held' | 'long', string[]>;
    const memory = new AuditMemory();
    before(async () => {
      ({ place, end } = await open());
      fakes = await Promise.all([fakeSystem(), fakeSystem(), fakeSystem()]);
      server = await testServer({
        data: place.data,
        config: place.config,
        systems: {
          short: enforced(fakes[0]!, { contentDays: 10, callDays: 30 }),
          held: enforced(fakes[1]!, { contentDays: 30, callDays: 30 }),
          // Kept as long as what was said is, which is always.
          long: enforced(fakes[2]!, { callDays: 1 }),
        },
      });
      ids = { short: await talk('short', CALLS), held: await talk('held', 5), long: await talk('long', 5) };
      await server.control.installation.ledger.checkpointNow();
    });
    after(async () => {
      clock.nowMs = nowMs;
      await server.stop();
      for (const fake of fakes) await fake.close();
      await end();
    });
    const talk = async (system: string, calls: number): Promise<string[]> => {
      const key = await server.key([system], { concurrent: 64, requestsPerMinute: 10_000 });
      const made: string[] = [];
      for (let i = 0; i < calls; i++) {
        const body = { model: 'm', messages: [{ role: 'user', content: `call ${i}` }] };
        const answer = await server.post(`/s/${system}/v1/chat/completions`, key, body);
        await answer.text();
        made.push(exchangeOf(answer));
      }
      return made;
    };
    const there = async (): Promise<number[]> => {
      const { installation } = server.control;
      await installation.flush();
      const counts = ['short', 'held', 'long'].map((system) =>
        installation.store.exchanges.count({ system, synthetic: false }),
      );
      return (await Promise.all(counts)).map(({ total }) => total);
    };
    const found = async (seen = memory): Promise<string[]> => {
      await server.control.installation.ledger.checkpointNow();
      const { log, content, state } = await auditRunning(server.control.installation, seen);
      return [...log.problems, ...content.problems, ...state.problems].map(({ message }) => message);
    };
    const told = async () => {
      await server.control.installation.flush();
      return server.control.installation.store.events.since(['calls-expired'], '1970');
    };

    it('are told of in one event for each system, and go an hour later; what is held, and what is kept longer, stays', async () => {
      assert.deepEqual(await found(), []);
      await expireCalls(server.control);
      assert.deepEqual(await told(), [], 'none is over');
      const hold = await placeHold(server.control, 'local:test', 'held', 'case 4711');
      clock.nowMs = () => nowMs.call(clock) + 40 * DAY_MS;
      await expireCalls(server.control);
      await expireCalls(server.control);
      const [event, ...more] = await told();
      assert.equal(more.length, 0, 'told once');
      assert.equal(event!.subject, 'system:short');
      const { calls, synthetic, first, last, before: day } = event!.data;
      assert.equal(Number(calls) - Number(synthetic), CALLS);
      assert.equal(day, new Date(clock.nowMs() - 30 * DAY_MS).toISOString().slice(0, 10));
      assert.ok(String(first) <= ids.short[0]! && String(last) >= ids.short.at(-1)!);
      const sweep = new CallSweep(server.control);
      assert.equal(await sweep.round(), 0, 'not at once');
      assert.deepEqual(await there(), [CALLS, 5, 5]);
      assert.deepEqual(await found(), []);
      assert.equal(await sweep.round(0), Number(calls));
      assert.deepEqual(await there(), [0, 5, 5]);
      assert.equal(await sweep.round(0), 0, 'nothing is left to remove');
      await liftHold(server.control, 'local:test', hold.id);
      await expireCalls(server.control);
      await sweep.round(0);
      assert.deepEqual(await there(), [0, 0, 5]);
    });

    it('are no finding of those who hold the state against the log, nor a gap; one that is gone without such an event is', async () => {
      assert.deepEqual(await found(), [], 'with what was read before');
      assert.deepEqual(await found(new AuditMemory()), [], 'read from the beginning');
      assert.deepEqual(await server.control.installation.store.exchanges.sequenceGaps(), []);
      const back = await place.keep('exchanges');
      await place.sql(`delete from exchanges where id = '${ids.long[1]}'`, 'select 1');
      for (const seen of [memory, new AuditMemory()])
        assert.match((await found(seen)).join('\n'), /missing in the state/);
      await back();
      assert.deepEqual(await found(), []);
    });

    it('put back by others are too many where no entry made them, and go again', async () => {
      const back = await place.keep('exchanges');
      const [row] = await place.sql(`select * from exchanges where id = '${ids.long[0]}'`);
      const columns = Object.keys(row!).filter((column) => !['id', 'system'].includes(column));
      const planted = Array.from({ length: CALLS + 200 }, (_, i) => `exc_${'0'.repeat(20)}${10_000 + i}`);
      for (const id of planted)
        await place.sql(
          `insert into exchanges (id, system, ${columns.join(', ')}) select '${id}', 'short', ${columns.join(', ')} from exchanges where id = '${ids.long[0]}'`,
          'select 1',
        );
      assert.match((await found()).join('\n'), /exchanges in the state were made by no entry/);
      await new CallSweep(server.control).round(0);
      assert.deepEqual(await there(), [0, 0, 5]);
      await back();
      assert.deepEqual(await found(), []);
    });

    it('are counted as expired, and asked for say why they are not there', async () => {
      clock.nowMs = nowMs;
      analyst = await signedIn(server, [{ role: 'analyst' }]);
      const counted = async (query: string): Promise<Counted> =>
        ok(await analyst.call('GET', `/api/v1/exchanges/count${query}`), 200);
      const all = await counted('');
      assert.deepEqual([all.total, all.expired?.calls], [5, CALLS + 5]);
      assert.deepEqual((await counted('?system=short')).expired?.calls, CALLS);
      assert.equal((await counted('?system=long')).expired, null);
      const none = await signedIn(server, [{ role: 'analyst', system: 'long' }]);
      const own = await ok<Counted>(await none.call('GET', '/api/v1/exchanges/count'), 200);
      assert.equal(own.expired, null, 'of systems that its reader may not see nothing is told');
      const gone = await analyst.call('GET', `/api/v1/exchanges/${ids.short[0]}`);
      assert.equal(gone.status, 404);
      assert.match(await gone.text(), /have expired/);
      const { expired, exchanges } = await ok<{ exchanges: number; expired: Counted['expired'] }>(
        await analyst.call('GET', '/api/v1/systems/short/report'),
        200,
      );
      assert.deepEqual([exchanges, expired?.calls], [0, CALLS]);
    });

    it('leave no room behind in the file', { skip: engine !== 'SQLite' }, async () => {
      const [free] = await place.sql('pragma freelist_count');
      assert.deepEqual(Object.values(free!), [0]);
    });
  });

describe('how long calls are listed', () => {
  it('is no shorter than what was said in them is kept', () => {
    for (const record of [{ callDays: 30 }, { callDays: 30, contentDays: 31 }])
      assert.throws(() => parseConfig({ record }), /callDays needs contentDays/);
    assert.equal(parseConfig({ record: { callDays: 30, contentDays: 30 } }).record.callDays, 30);
  });
});

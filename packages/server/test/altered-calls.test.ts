import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { proofsOf } from '../src/log-proofs.ts';
import { ENGINES, type StatePlace } from './behind.ts';
import { enforced, exchangeOf, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

interface Shown {
  readonly exchange: { readonly id: string; readonly system: string; readonly outcome: string | null };
  readonly entries: readonly { readonly content?: string | null }[];
}

for (const [engine, open] of Object.entries(ENGINES))
  describe(`a row of a call that was changed behind the product, over ${engine}`, () => {
    let server: TestServer;
    let fake: FakeSystem;
    let place: StatePlace;
    let end: () => Promise<void>;
    let holder: TestPerson;
    let [own, secret] = ['', ''];
    /** Puts the rows back as they were. */
    let back: () => Promise<void>;
    before(async () => {
      ({ place, end } = await open());
      fake = await fakeSystem();
      server = await testServer({
        data: place.data,
        systems: { open: enforced(fake), closed: enforced(fake) },
        config: place.config,
        diverges: true,
      });
      const key = await server.key(['open', 'closed']);
      const call = async (system: string, content: string): Promise<string> => {
        const answer = await server.post(`/s/${system}/v1/chat/completions`, key, {
          model: 'm',
          messages: [{ role: 'user', content }],
        });
        await answer.text();
        return exchangeOf(answer);
      };
      [own, secret] = [await call('open', 'said to all'), await call('closed', 'said to few')];
      holder = await signedIn(server, [{ role: 'analyst', system: 'open' }]);
      await server.control.installation.flush();
    });
    after(async () => {
      await server.stop();
      await fake.close();
      await end();
    });
    beforeEach(async () => {
      back = await place.keep('exchanges');
    });
    afterEach(() => back());
    const statuses = async (id: string): Promise<number[]> => {
      const paths = [`/exchanges/${id}`, `/exchanges/${id}?content=true`];
      return Promise.all(
        paths.map(async (path) => {
          const answer = await holder.call('GET', `/api/v1${path}`);
          assert.ok(!(await answer.clone().text()).includes('said to few'), path);
          return answer.status;
        }),
      );
    };

    it('opens no system to those who may read another: what the log says is asked about', async () => {
      assert.deepEqual(await statuses(secret), [403, 403]);
      await place.sql(`update exchanges set system = 'open', demo = 1 where id = '${secret}'`, 'select 1');
      assert.deepEqual(await statuses(secret), [403, 403]);
    });

    it('leads to the content of no other call', async () => {
      const { intent_index: begin, outcome_index: ends } =
        (await server.control.installation.store.exchanges.byId(secret))!;
      for (const change of [
        `intent_index = ${begin}, outcome_index = ${ends}`,
        `intent_index = ${begin}`,
        `outcome_index = ${ends}`,
        'intent_index = outcome_index',
        'intent_index = 0',
        'intent_index = 999999',
        'outcome_index = 999999',
      ]) {
        await place.sql(`update exchanges set ${change} where id = '${own}'`, 'select 1');
        assert.deepEqual(await statuses(own), [409, 409], change);
        await assert.rejects(proofsOf(server.control, own), { code: 'conflict' }, change);
        await back();
        back = await place.keep('exchanges');
      }
      await place.sql(`update exchanges set id = 'exc_none' where id = '${own}'`, 'select 1');
      assert.deepEqual(await statuses('exc_none'), [409, 409]);
    });

    it('is shown as the log has it', async () => {
      await place.sql(
        `update exchanges set outcome = 'denied', system = 'x' where id = '${own}'`,
        'select 1',
      );
      const answer = await holder.call('GET', `/api/v1/exchanges/${own}?content=true`);
      const { exchange, entries } = await ok<Shown>(answer, 200);
      assert.deepEqual([exchange.system, exchange.outcome], ['open', 'answered']);
      assert.match(entries[0]!.content!, /said to all/);
    });
  });

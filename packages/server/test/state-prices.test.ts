import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { CodedError, type PriceRow, type SallyportEvent } from '@sallyport/core';
import { Outbox } from '../../store/src/outbox.ts';
import type { Control } from '../src/control.ts';
import { importPrices } from '../src/prices.ts';
import { controlIn, divergingIn, ENGINES, inSqlite, type StatePlace } from './behind.ts';

/** More than one event carries. */
const ROWS: readonly PriceRow[] = Array.from({ length: 900 }, (_, n) => ({
  model: `a-model-with-a-name-of-some-length-${n}`,
  inputPerMillion: n + 1,
  outputPerMillion: 2 * (n + 1),
  ...(n % 2 === 0 && { system: 'main' }),
}));
const FIRST = 'prices/main a-model-with-a-name-of-some-length-0';
const CHEAP = JSON.stringify({ inputPerMillion: 0, outputPerMillion: 0 });

for (const [engine, open] of Object.entries(ENGINES))
  describe(`prices that do not follow from the log, over ${engine}`, () => {
    let control: Control;
    let place: StatePlace;
    let end: () => Promise<void>;
    const start = async (): Promise<void> => {
      control = await controlIn(place);
    };
    before(async () => {
      ({ place, end } = await open());
      await start();
    });
    after(async () => {
      await control.close();
      await end();
    });
    const listed = async (): Promise<readonly PriceRow[]> =>
      (await control.installation.store.prices.list()).rows;
    const look = async (): Promise<string[]> => {
      await control.installation.state.look();
      return divergingIn({ control });
    };

    it('count as the log says, are told, and are put back', async () => {
      const { version, rows } = await importPrices(control, 'person:a', ROWS);
      assert.deepEqual(rows, ROWS);
      assert.deepEqual(await look(), []);
      await place.sql(
        `update prices set prices = '${CHEAP}' where position = 0`,
        `delete from prices where position = 1`,
        `insert into prices (id, model, system, prices, position) values ('main x', 'x', 'main', '${CHEAP}', 5000)`,
        'select 1',
      );
      assert.deepEqual(await listed(), ROWS, 'before anyone looked');
      const diverging = [
        `${FIRST} changed`,
        'prices/ a-model-with-a-name-of-some-length-1 missing',
        'prices/main x unknown',
      ].sort();
      assert.deepEqual(await look(), diverging);
      await control.close();
      await start();
      assert.deepEqual(divergingIn({ control }), diverging);
      assert.deepEqual(await control.installation.store.prices.list(), { version, rows: ROWS });
      for (const row of diverging)
        await control.installation.state.accept('local:test', row.replace(/ \w+$/, ''), 'put back');
      assert.deepEqual(await look(), []);
      assert.deepEqual((await control.installation.store.prices.stored()).rows, ROWS);
      // Whoever may load none that cost less is asked by the table that theirs takes the place of.
      const dear = ROWS.map((row) => ({ ...row, inputPerMillion: 1_000_000 }));
      await Promise.all([
        importPrices(control, 'person:a', ROWS),
        importPrices(control, 'person:a', dear),
        assert.rejects(
          importPrices(control, 'person:b', ROWS, async (now) => {
            assert.deepEqual(now, dear);
            throw new CodedError('not-permitted');
          }),
          { code: 'not-permitted' },
        ),
      ]);
      assert.deepEqual(await listed(), dear);
      // Fewer take their place whole.
      await importPrices(control, 'person:a', ROWS.slice(0, 3));
      assert.deepEqual(await listed(), ROWS.slice(0, 3));
      assert.deepEqual(await look(), []);
    });
  });

it(
  'prices of an earlier version, whose log has a digest of them alone, are taken for right once',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  async () => {
    const { stored } = Outbox.prototype;
    const mocked = mock.method(Outbox.prototype, 'stored', function (this: Outbox, most: number) {
      return stored.call(this, most).map((event): SallyportEvent => {
        const { rows: _, from: __, held, ...data } = event.data;
        return { ...event, data: held === undefined ? data : { ...data, held: 4 } };
      });
    });
    const place = inSqlite();
    let control = await controlIn(place);
    const listed = async () => (await control.installation.store.prices.list()).rows;
    await importPrices(control, 'person:a', ROWS);
    assert.deepEqual(await listed(), [], 'as those said it');
    await control.close();
    mocked.mock.restore();
    for (const [position, { model, system, ...prices }] of ROWS.slice(0, 2).entries())
      await place.sql(
        `insert into prices (id, model, system, prices, position) values ('${system ?? ''} ${model}', '${model}', ${system ? `'${system}'` : 'null'}, '${JSON.stringify(prices)}', ${position})`,
        'select 1',
      );
    control = await controlIn(place);
    assert.deepEqual(divergingIn({ control }), []);
    assert.deepEqual(await listed(), ROWS.slice(0, 2));
    await place.sql(`update prices set prices = '${CHEAP}' where position = 0`, 'select 1');
    await control.installation.state.look();
    assert.deepEqual(divergingIn({ control }), [`${FIRST} changed`]);
    assert.deepEqual(await listed(), ROWS.slice(0, 2));
    await control.close();
  },
);

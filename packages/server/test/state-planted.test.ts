import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { auditRunning } from '../src/audit/running-audit.ts';
import { scratch, testServer } from './harness.ts';

const PLANTED: Readonly<Record<string, [make: string, drop: string]>> = {
  'a trigger that takes revocations back': [
    'create trigger evil after update on api_keys begin update api_keys set revoked_at = null where id = new.id; end',
    'drop trigger evil',
  ],
  'a trigger that removes calls': [
    'create trigger evil after insert on exchanges begin delete from exchanges where id = new.id; end',
    'drop trigger evil',
  ],
  'a view in the place of a table': [
    'alter table api_keys rename to kept; create view api_keys as select * from kept',
    'drop view api_keys; alter table kept rename to api_keys',
  ],
  'a column that is made up': [
    "alter table api_keys add column evil text generated always as ('x') virtual",
    'alter table api_keys drop column evil',
  ],
};

describe(
  'what acts on rows in the database behind the product',
  {
    skip: process.env['TEST_POSTGRES'] !== undefined,
  },
  () => {
    it('keeps the server from starting, and is named by verification', async () => {
      const data = join(scratch(), 'data');
      await (await testServer({ data })).stop();
      const change = (text: string): void => {
        const db = new DatabaseSync(join(data, 'state.db'));
        db.exec(text);
        db.close();
      };
      for (const [what, [make, drop]] of Object.entries(PLANTED)) {
        change(make);
        await assert.rejects(
          testServer({ data }),
          { code: 'config-invalid', message: /none of Sallyport's/ },
          what,
        );
        change(drop);
      }
      const server = await testServer({ data });
      change(PLANTED['a trigger that removes calls']![0]);
      const planted = await server.control.installation.store.view().planted();
      assert.match(planted.join(), /the trigger `evil` on `exchanges`/);
      const { state } = await auditRunning(server.control.installation);
      assert.equal(state.result, 'bad');
      assert.ok(state.problems.some(({ message }) => message.includes('the trigger `evil`')));
      change('drop trigger evil');
      await server.stop();
    });
  },
);

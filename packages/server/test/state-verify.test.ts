import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { newEvent } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { viewState } from '@sallyport/store';
import { EVENT_COLUMNS, EXCHANGE_COLUMNS, NOT_COMPARED } from '../src/audit/projected-rows.ts';
import { StateAudit } from '../src/audit/state-audit.ts';
import type { StateReport } from '../src/audit/state-report.ts';
import { enforced, exchangeOf, type FakeSystem, fakeSystem, scratch, testServer } from './harness.ts';

describe(
  'a state that was changed at rest is not called ok',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    let fake: FakeSystem;
    const entries: Buffer[] = [];
    const home = scratch();
    const data = join(home, 'data');
    const kept = join(home, 'kept');
    const exchanges: string[] = [];

    before(async () => {
      fake = await fakeSystem();
      const server = await testServer({ data, systems: { main: enforced(fake) } });
      const key = await server.key(['main']);
      for (let n = 0; n < 4; n++) {
        const answer = await server.chat(key, `call ${n}`);
        await answer.text();
        exchanges.push(exchangeOf(answer));
      }
      const use = { fingerprint: 'f1', service: 'own', serviceName: 'own', kind: 'import', what: 'w' };
      const more = { place: 'a.py', line: 1, count: 1, firstAt: null, lastAt: null };
      const noted = { actor: 'sallyport', subject: 'organisation', data: { uses: [{ ...use, ...more }] } };
      await server.control.installation.announce(newEvent('ai-uses-noted', noted));
      const decided = { service: 'own', decision: 'prohibited', owner: null, reason: 'no', until: null };
      await server.control.installation.announce(
        newEvent('ai-use-decided', { actor: 'person:a', subject: 'service:own', data: decided }),
      );
      await server.stop();
      mkdirSync(kept);
      cpSync(join(data, 'state.db'), join(kept, 'state.db'));
      const { verifierKey, quantumSafeVerifierKey } = server.control.installation.ledger;
      await verifyLedger(join(data, 'ledger'), [verifierKey, quantumSafeVerifierKey], [], () => {}, {
        begin: () => entries.splice(0),
        entry: async (_index, leaf) => void entries.push(leaf),
      });
    });
    after(() => fake.close());

    const audit = async (): Promise<StateReport> => {
      const view = await viewState({ file: join(data, 'state.db') });
      const audited = new StateAudit({ view, isSealed: () => false });
      audited.begin();
      for (const [index, leaf] of entries.entries()) await audited.entry(index, leaf);
      const report = await audited.report();
      await view.close();
      return report;
    };
    /** What verifying says of a state that was changed at rest. */
    const after_ = (...statements: (string | [string, ...SQLInputValue[]])[]): Promise<StateReport> => {
      cpSync(kept, data, { recursive: true });
      const db = new DatabaseSync(join(data, 'state.db'));
      for (const statement of statements)
        if (typeof statement === 'string') db.exec(statement);
        else db.prepare(statement[0]).run(...statement.slice(1));
      db.close();
      return audit();
    };
    const words = ({ problems }: StateReport): string => problems.map(({ message }) => message).join('\n');
    const kept_ = (text: string): Record<string, unknown> =>
      new DatabaseSync(join(kept, 'state.db'), { readOnly: true }).prepare(text).get()!;
    const copyOf = (
      table: string,
      change: Record<string, SQLInputValue>,
      where: string,
    ): [string, ...SQLInputValue[]] => {
      const row = {
        ...(kept_(`select * from ${table} where ${where}`) as Record<string, SQLInputValue>),
        ...change,
      };
      const names = Object.keys(row);
      return [
        `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
        ...Object.values(row),
      ];
    };

    it('but one that follows is', async () => {
      const found = await after_();
      assert.equal(found.result, 'ok', words(found));
      assert.equal(found.exchanges, exchanges.length);
    });

    it('rows that hide behind a cursor that was set back', async () => {
      const { cursor } = kept_(`select value as cursor from meta where name = 'projected'`);
      const setBack = (to: number): string => `update meta set value = '${to}' where name = 'projected'`;
      const forgedEvent = (index: number) =>
        copyOf('events', { id: 'evt_forged', leaf_index: index }, `type = 'key-created'`);
      const forgedExchange = (index: number) =>
        copyOf('exchanges', { id: 'exc_forged', intent_index: index }, `id = '${exchanges[0]}'`);
      for (const to of [0, 1, Number(cursor) >> 1, Number(cursor) - 1])
        for (const forged of [forgedEvent, forgedExchange]) {
          const found = await after_(setBack(to), forged(Number(cursor) - 1));
          assert.equal(found.result, 'bad', `${to} ${words(found)}`);
          assert.match(words(found), /made by no entry/, `${to}`);
          assert.ok(found.unknown >= 1);
        }
      const changed = await after_(
        setBack(0),
        `update exchanges set actor = 'key:other' where id = '${exchanges[3]}'`,
        `update events set actor = 'person:other' where type = 'key-created'`,
      );
      assert.equal(changed.different, 2, words(changed));
    });

    it('a cursor that is not what its rows say, or none', async () => {
      for (const value of ['0', '1', '-1', '99999', '1.5', 'NaN', '', 'x', '1e99']) {
        const found = await after_(`update meta set value = '${value}' where name = 'projected'`);
        assert.equal(found.result, 'bad', `\`${value}\`: ${words(found)}`);
      }
      assert.equal((await after_(`delete from meta where name = 'projected'`)).result, 'bad');
      // A projection that begins again is none of this.
      const anew = await after_(
        ...['exchanges', 'events', 'findings', 'ai_uses', 'ai_decisions'].map(
          (table) => `delete from ${table}`,
        ),
        `delete from meta where name = 'projected'`,
      );
      assert.equal(anew.result, 'ok', words(anew));
      assert.ok(anew.waiting > 0);
    });

    it('but what a crash between two slices leaves is', async () => {
      const { at } = kept_(`select intent_index as at from exchanges where id = '${exchanges[2]}'`);
      // Events and what they make come with the cursor, in one step.
      const made = ['findings', 'ai_uses', 'ai_decisions'].map((table) => `delete from ${table};`).join(' ');
      const set = `${made} delete from events where leaf_index >= ${Number(at)}; update meta set value = '${Number(at)}' where name = 'projected'`;
      const found = await after_(set);
      assert.equal(found.result, 'ok', words(found));
      const open = await after_(
        set,
        `update exchanges set ended_at = null, outcome = null, status = null, code = null, input_tokens = 0,
           output_tokens = 0, cost_micro_usd = 0, timings = '{}', outcome_index = null where id = '${exchanges[3]}'`,
      );
      assert.equal(open.result, 'ok', words(open));
      const changed = await after_(set, `update exchanges set status = 500 where id = '${exchanges[3]}'`);
      assert.equal(changed.result, 'bad');
    });

    it('rows whose places in the log are no numbers', async () => {
      for (const place of ['x', 'text', 1.5, -1, -1e300, 9e18, 9e300, new Uint8Array([49])])
        for (const forged of [
          copyOf('events', { id: 'evt_forged', leaf_index: place }, `type = 'key-created'`),
          copyOf('exchanges', { id: 'exc_forged', intent_index: place }, `id = '${exchanges[0]}'`),
          copyOf('exchanges', { id: null, intent_index: place }, `id = '${exchanges[0]}'`),
        ]) {
          const found = await after_(forged);
          assert.equal(found.result, 'bad', `${place}`);
          assert.equal(found.unknown, 1, `${place}: ${words(found)}`);
        }
    });

    it('a cursor that was set back by little, to before what was decided, and nothing else', async () => {
      const { at } = kept_(`select leaf_index as at from events where type = 'ai-use-decided'`);
      const found = await after_(
        `delete from events where leaf_index >= ${Number(at)}`,
        `update meta set value = '${Number(at)}' where name = 'projected'`,
      );
      assert.equal(found.result, 'bad');
    });

    it('a decision about the use of AI that no event made, or that is gone', async () => {
      const [kept_row] = [kept_('select * from ai_decisions')];
      assert.ok(kept_row, 'one that was made stands');
      for (const statement of [
        `insert into ai_decisions values ('forged', 'approved', null, '', 'person:x', '2026-01-01T00:00:00Z', null)`,
        `update ai_decisions set decision = 'approved'`,
        `update ai_decisions set service = 'forged'`,
        `update ai_uses set decision = 'approved', decided_by = 'person:x'`,
        'delete from ai_decisions',
        'delete from ai_uses',
        `update ai_uses set decision = null, decided_by = null, decided_at = null, reason = ''`,
      ]) {
        const found = await after_(statement);
        assert.equal(found.result, 'bad', statement);
        assert.match(words(found), /`ai_(?:uses|decisions)\/\w+` does not follow from the log/, statement);
      }
    });

    it('any column of an exchange or an event', async () => {
      const schema = new DatabaseSync(join(kept, 'state.db'), { readOnly: true });
      const columns = { exchanges: EXCHANGE_COLUMNS, events: EVENT_COLUMNS };
      for (const [table, where] of [
        ['exchanges', `id = '${exchanges[1]}'`],
        ['events', `type = 'key-created'`],
      ] as const) {
        const all = schema.prepare(`pragma table_info(${table})`).all();
        assert.deepEqual(
          [...columns[table], ...Object.keys(NOT_COMPARED[table])].sort(),
          all.map(({ name }) => String(name)).sort(),
        );
        for (const { name } of all) {
          const column = String(name);
          const is = kept_(`select ${column} as value from ${table} where ${where}`)['value'];
          const others: SQLInputValue[] = [typeof is === 'number' ? is + 1 : `${is ?? ''}x`];
          // Blobs and text that read like what was there.
          others.push(Buffer.from(String(is ?? '')));
          if (typeof is === 'number') others.push(new Uint8Array([is % 256]));
          if (is === null) others.push('');
          for (const other of others) {
            const found = await after_([`update ${table} set ${column} = ? where ${where}`, other]);
            assert.equal(found.result, 'bad', `${table}.${column}`);
          }
        }
      }
    });
  },
);

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newEvent, type SallyportEvent } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { HELD, type Store, viewState } from '@sallyport/store';
import { StateAudit } from '../src/audit/state-audit.ts';
import type { StateReport } from '../src/audit/state-report.ts';
import { ENGINES, type StatePlace } from './behind.ts';
import { type TestServer, testServer } from './harness.ts';

const MODEL = 'model:m@1';
const detection = (technique: string, severity: string) => ({
  ...{ kind: 'model-files', target: MODEL, place: 'a.pkl', detector: 'pickle', technique, severity },
  ...{ message: 'm', remedy: 'r', references: [], exploited: false, disclosedAt: '' },
});
const use = (fingerprint: string) => ({
  ...{
    fingerprint,
    service: 'own',
    serviceName: 'own',
    kind: 'import',
    what: 'w',
    place: `${fingerprint}.py`,
  },
  ...{ line: 1, count: 1, firstAt: null, lastAt: null },
});

for (const [engine, begin] of Object.entries(ENGINES))
  describe(`findings of scans and decisions about the use of AI follow from the log (${engine})`, () => {
    let place: StatePlace;
    let end: () => Promise<void>;
    let server: TestServer;
    let keys: readonly string[];
    const start = async (): Promise<void> => {
      server = await testServer({ data: place.data, config: place.config, diverges: true });
    };
    const store = (): Store => server.control.installation.store;
    const state = () => server.control.installation.state;
    const tell = async (type: SallyportEvent['type'], data: object): Promise<void> => {
      await server.control.installation.announce(
        newEvent(type, { actor: 'person:a', subject: MODEL, data: data as Record<string, unknown> }),
      );
      await server.control.installation.flush();
    };
    const diverging = (): string[] =>
      state()
        .diverging.map(({ row, why }) => `${row.split('/', 1)[0]} ${why}`)
        .sort();
    /** Techniques that keep the gate closed. */
    const closing = async (): Promise<string[]> =>
      (await store().findings.openOn(MODEL))
        .filter(({ severity, accepted }) => ['critical', 'high'].includes(severity) && accepted === null)
        .map(({ technique }) => technique)
        .sort();
    const decisions = async (): Promise<(string | null)[]> =>
      (await store().aiUses.list())
        .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
        .map(({ decision }) => decision);
    const audit = async (): Promise<StateReport> => {
      const view = await viewState(place.view);
      const audited = new StateAudit({ view, isSealed: () => false });
      await verifyLedger(join(place.data, 'ledger'), [...keys], [], () => {}, {
        begin: () => audited.begin(),
        entry: (index, leaf) => audited.entry(index, leaf),
      });
      const report = await audited.report();
      await view.close();
      return report;
    };

    before(async () => {
      ({ place, end } = await begin());
      await start();
      const { verifierKey, quantumSafeVerifierKey } = server.control.installation.ledger;
      keys = [verifierKey, quantumSafeVerifierKey];
      await tell('detections-noted', { scan: 's1', detections: [detection('calls-system', 'critical')] });
      await tell('detections-noted', { scan: 's1', detections: [detection('odd-name', 'low')] });
      await tell('detections-noted', {
        scan: 's2',
        detections: [
          detection('gone', 'high'),
          detection('calls-system', 'critical'),
          detection('odd-name', 'low'),
        ],
      });
      await tell('detections-noted', {
        scan: 's3',
        detections: [detection('calls-system', 'critical'), detection('odd-name', 'low')],
      });
      await tell('scan-completed', { scan: 's3', kind: 'model-files', target: MODEL, unclear: [] });
      await tell('ai-uses-noted', { scan: 's1', uses: [use('f1'), use('f2')] });
      const decided = { service: 'own', owner: null, reason: 'no', until: null };
      await tell('ai-use-decided', { ...decided, decision: 'ignored' });
      await tell('ai-use-decided', { ...decided, decision: 'stop', fingerprint: 'f1' });
    });
    after(async () => {
      await server.stop();
      await end();
    });

    it('what was not changed follows, while it is changed and after a restart', async () => {
      assert.deepEqual(await closing(), ['calls-system']);
      assert.deepEqual(await decisions(), ['stop', 'ignored']);
      await state().look();
      assert.deepEqual(diverging(), []);
      for (const without of [false, true]) {
        await server.stop();
        if (without) rmSync(join(place.data, 'state.db-follows'));
        assert.equal((await audit()).result, 'ok');
        await start();
        assert.deepEqual(diverging(), []);
        assert.deepEqual(await closing(), ['calls-system']);
      }
    });

    const ALTERED: readonly [statement: string, found: string][] = [
      [`delete from findings where technique = 'calls-system'`, 'findings missing'],
      [
        `update findings set status = 'resolved', resolved_at = last_at where technique = 'calls-system'`,
        'findings changed',
      ],
      [`update findings set severity = 'low' where technique = 'calls-system'`, 'findings changed'],
      [`update findings set target = 'model:other@1' where technique = 'calls-system'`, 'findings changed'],
      [`update findings set target = null where technique = 'calls-system'`, 'findings missing'],
      [
        `update findings set accepted = '{"until":"2999-01-01T00:00:00Z","by":"person:x","reason":"r"}'`,
        'findings changed,findings changed,findings changed',
      ],
    ];
    it('a finding that was taken away keeps its gate closed at once, and is named', async () => {
      for (const [statement, found] of ALTERED) {
        const back = await place.keep('findings');
        await place.sql(statement);
        assert.deepEqual(await closing(), ['calls-system'], statement);
        await state().look();
        assert.equal(diverging().join(), found, statement);
        await server.control.installation.flush();
        const print = (await store().findings.openOn(MODEL)).find((one) => one.technique === 'calls-system')!;
        assert.equal((await store().findings.find(print.fingerprint))?.severity, 'critical');
        for (const all of [await store().findings.list(), await store().findings.ofScans('1970')]) {
          const [own, ...more] = all.filter((one) => one.technique === 'calls-system');
          assert.deepEqual([own?.status, own?.accepted, more], ['open', null, []], statement);
        }
        assert.ok(
          (await store().findings.list()).some(({ technique }) => technique === 'row-not-in-record:findings'),
        );
        await server.stop();
        const report = await audit();
        assert.equal(report.result, 'bad', statement);
        assert.match(report.problems.map(({ message }) => message).join(), /`findings\/\w+` does not follow/);
        await start();
        assert.equal(diverging().join(), found, 'a restart takes nothing for right');
        assert.deepEqual(await closing(), ['calls-system']);
        await back();
        await state().look();
        assert.deepEqual(diverging(), []);
      }
    });

    it('a finding that no scan made closes, and a good one that no scan made proves nothing', async () => {
      const back = await place.keep('findings');
      const copy = (print: string, status: string): string =>
        `insert into findings (fingerprint, subject, detector, technique, severity, status, first_at, last_at, count, demo, scanned, scan, target, resolved_at)
         select '${print}', subject, detector, 'forged', 'high', '${status}', first_at, last_at, count, demo, scanned, scan, target, last_at
         from findings where technique = 'calls-system'`;
      await place.sql(copy('x1', 'open'), copy('x2', 'resolved'));
      assert.deepEqual(await closing(), ['calls-system', 'forged']);
      await state().look();
      assert.deepEqual(diverging(), ['findings unknown', 'findings unknown']);
      assert.equal(
        (await store().findings.ofScans('1970')).filter(({ technique }) => technique === 'forged').length,
        0,
      );
      await back();
      await state().look();
      assert.deepEqual(diverging(), []);
    });

    it('a decision that was taken away or put back does not count, and is named', async () => {
      for (const [statement, found] of [
        ['delete from ai_uses', 'ai_uses missing,ai_uses missing'],
        [`update ai_uses set decision = 'sanctioned' where fingerprint = 'f1'`, 'ai_uses changed'],
        // What was decided before.
        [
          `update ai_uses set decision = o.decision, decided_at = o.decided_at, decided_by = o.decided_by
             from (select * from ai_decisions) as o where fingerprint = 'f1'`,
          'ai_uses changed',
        ],
        ['delete from ai_decisions', 'ai_decisions missing'],
        [`update ai_decisions set decision = 'sanctioned'`, 'ai_decisions changed'],
      ] as const) {
        const back = await place.keep('ai_uses', 'ai_decisions');
        await place.sql(statement);
        await state().look();
        assert.equal(diverging().join(), found, statement);
        assert.deepEqual(await decisions(), ['stop', 'ignored'], statement);
        await back();
        await state().look();
        assert.deepEqual(diverging(), [], statement);
      }
    });

    it('what the log says is decided and scanned further meanwhile, and put back by the word of the owner', async () => {
      await place.sql(`delete from findings where technique = 'calls-system'`, 'delete from ai_uses');
      await state().look();
      const rows = state().diverging.map(({ row }) => row);
      assert.equal(rows.length, 3);
      for (const row of rows) await state().accept('local:test', row, 'found it');
      assert.deepEqual(diverging(), []);
      const there = await place.sql(`select technique from findings where technique = 'calls-system'`);
      assert.equal(there.length, 1);
      await place.sql(`delete from findings where technique = 'calls-system'`);
      await tell('detections-noted', { scan: 's4', detections: [detection('odd-name', 'low')] });
      await tell('scan-completed', { scan: 's4', kind: 'model-files', target: MODEL, unclear: [] });
      assert.deepEqual(await closing(), [], 'a scan that does not see it opens the gate');
    });

    it('a state of an earlier version is made what the log makes of it, once, and the log says so', async () => {
      await tell('detections-noted', { scan: 's5', detections: [detection('calls-system', 'critical')] });
      await server.stop();
      // What an earlier version left: no word that these rows are held, and nothing kept of them.
      const { StateWatch } = await import('../src/state-watch.ts');
      const held = Object.getOwnPropertyDescriptor(StateWatch.prototype, 'held')!;
      let isEarlier = true;
      Object.defineProperty(StateWatch.prototype, 'held', {
        configurable: true,
        get(this: object): number {
          return isEarlier ? 3 : (held.get!.call(this) as number);
        },
      });
      rmSync(join(place.data, 'state.db-follows'));
      await place.sql(`delete from findings where technique = 'calls-system'`, 'delete from ai_decisions');
      try {
        await start();
      } finally {
        isEarlier = false;
        Object.defineProperty(StateWatch.prototype, 'held', held);
      }
      await state().look();
      assert.deepEqual(diverging(), []);
      const noted = (await store().events.since(['state-noted'], '1970')).filter(
        ({ data }) => data['held'] === HELD,
      );
      assert.equal(noted.length, 1);
      assert.ok(Number(noted[0]!.data['putBack']) >= 2);
      assert.equal((await place.sql('select * from ai_decisions')).length, 1);
      assert.deepEqual(await closing(), ['calls-system']);
    });

    it('a finding that was noted a moment ago counts, though the database says that nothing was read', async () => {
      const target = 'model:new@1';
      await tell('detections-noted', { scan: 'n', detections: [{ ...detection('fresh', 'high'), target }] });
      const back = await place.keep('findings', 'meta');
      await place.sql(
        `delete from findings where target = '${target}'`,
        `update meta set value = '1' where name = 'projected'`,
        'select 1',
      );
      const open = await store().findings.openOn(target);
      assert.deepEqual(
        open.map(({ technique }) => technique),
        ['fresh'],
      );
      await back();
      await server.control.installation.flush();
    });
  });

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  DEFAULT_USAGE_LIMITS,
  type DenialLeaf,
  type IntentLeaf,
  newEvent,
  newId,
  type OutcomeLeaf,
  systemSchema,
} from '@sallyport/core';
import { DataFolderLock, openPostgres, openSqlite, type Store } from '@sallyport/store';
import { startPostgres } from './postgres.ts';

const at = (s: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString();
const base = { v: 1 as const, worker: 0, run: 'run', synthetic: false, demo: false };
const verdict = {
  action: 'flag' as const,
  wouldBe: 'deny' as const,
  texts: 1,
  detections: [
    {
      detector: 'injection' as const,
      technique: 't',
      severity: 'high' as const,
      confidence: 1,
      location: { pointer: '/a', start: 0, end: 1 },
      references: [],
    },
  ],
};
const facts = {
  actor: 'key:k',
  system: 's',
  dialect: 'openai',
  operation: 'chat.completions',
  model: 'm',
  stream: false,
  mode: 'observe' as const,
  policy: { ids: ['p'], version: 'v' },
  trace: { id: 'a'.repeat(32), span: 'b'.repeat(16), parent: null },
  reservedTokens: 10,
  reservedMicroUsd: 70,
};
const intent = (id: string, seq: number, s = seq): IntentLeaf => ({
  ...base,
  ...facts,
  type: 'exchange-intent',
  id,
  seq,
  at: at(s),
  input: { bytes: 1, commitment: 'c', kept: 1 },
  verdict,
});
const outcome = (id: string, seq: number): OutcomeLeaf => ({
  ...base,
  type: 'exchange-outcome',
  id,
  seq,
  at: at(seq + 1),
  system: 's',
  actor: 'key:k',
  outcome: 'answered',
  status: 200,
  code: null,
  output: null,
  verdict: { ...verdict, action: 'redact', wouldBe: 'redact' },
  inputTokens: 3,
  outputTokens: 4,
  costMicroUsd: 50,
  timingsMs: { a: 1 },
});
const denial = (id: string, seq: number): DenialLeaf => ({
  ...base,
  ...facts,
  type: 'exchange-denied',
  id,
  seq,
  at: at(seq),
  outcome: 'denied',
  status: 403,
  code: 'input-denied',
  input: null,
  verdict,
  address: null,
  timingsMs: {},
});

/** The contract that every store keeps, whatever lies beneath. */
function contract(name: string, open: () => Promise<Store>): void {
  describe(`store over ${name}`, () => {
    let store: Store;
    before(async () => {
      store = await open();
    });
    after(() => store?.close());
    const change = <T>(work: (tx: never) => Promise<T>): Promise<T> =>
      store.change(async (tx) => ({
        result: await work(tx as never),
        event: newEvent('key-created', { actor: 'test', subject: 'x' }),
      }));

    it('migrates once and keeps named values', async () => {
      await store.setMeta('a', '1');
      await store.setMeta('a', '2');
      assert.equal(await store.meta('a'), '2');
      assert.equal(await store.meta('b'), null);
    });

    it('keeps keys and revokes each once', async () => {
      const key = {
        id: newId('key'),
        name: "n'; drop table api_keys; --",
        prefix: 'sp_abc',
        hash: 'h1',
        systems: ['a'],
        scope: { models: ['m*'] },
        limits: DEFAULT_USAGE_LIMITS,
        createdAt: at(0),
        expiresAt: at(9),
        revokedAt: null,
        demo: false,
        synthetic: false,
      };
      await change((tx) => store.keys.insert(tx, key));
      assert.deepEqual(await store.keys.byId(key.id), key);
      assert.equal(await change((tx) => store.keys.endBy(tx, key.id, at(9))), false, 'no later than it ends');
      assert.equal(await change((tx) => store.keys.endBy(tx, key.id, at(8))), true);
      assert.equal((await store.keys.byId(key.id))!.expiresAt, at(8));
      assert.equal(await change((tx) => store.keys.revoke(tx, key.id, at(1))), true);
      assert.equal(
        await change((tx) => store.keys.endBy(tx, key.id, at(7))),
        false,
        'a revoked key stays as it was',
      );
      assert.equal(await change((tx) => store.keys.revoke(tx, key.id, at(2))), false);
      assert.equal((await store.keys.byId(key.id))!.revokedAt, at(1));
      await assert.rejects(
        change((tx) => store.keys.insert(tx, { ...key, id: newId('key') })),
        'one hash, one key',
      );
    });

    it('keeps systems', async () => {
      const config = systemSchema.parse({ dialect: 'openai', urls: ['https://a.example/v1'] });
      const row = {
        name: 'sys',
        config,
        demo: true,
        origin: 'command' as const,
        createdAt: at(0),
        updatedAt: at(0),
      };
      await change((tx) => store.systems.put(tx, row));
      await change((tx) =>
        store.systems.put(tx, { ...row, config: { ...config, mode: 'enforce' }, updatedAt: at(1) }),
      );
      assert.deepEqual(
        (await store.systems.list()).map((one) => [one.name, one.config.mode, one.demo, one.updatedAt]),
        [['sys', 'enforce', true, at(1)]],
      );
      assert.equal(await change((tx) => store.systems.remove(tx, 'sys')), true);
      assert.equal(await change((tx) => store.systems.remove(tx, 'sys')), false);
    });

    it('lets a set-up link be used once, by one of many', async () => {
      await change((tx) =>
        store.administrators.putSetupLink(tx, { hash: 'old', createdAt: at(0), expiresAt: at(50) }),
      );
      await change((tx) =>
        store.administrators.putSetupLink(tx, { hash: 'l', createdAt: at(0), expiresAt: at(50) }),
      );
      assert.equal(await store.administrators.setupLinkOpen('old', at(1)), false);
      assert.equal(await store.administrators.setupLinkOpen('l', at(51)), false);
      const used = await Promise.all(
        Array.from({ length: 8 }, () => change((tx) => store.administrators.useSetupLink(tx, 'l', at(1)))),
      );
      assert.equal(used.filter(Boolean).length, 1);
    });

    it('ends sessions when idle and when expired', async () => {
      const id = newId('adm');
      await change((tx) =>
        store.administrators.insert(tx, { id, name: 'ann', password: 'p', createdAt: at(0) }),
      );
      await change((tx) =>
        store.administrators.putSession(tx, { hash: 's', adminId: id, createdAt: at(0), expiresAt: at(100) }),
      );
      assert.deepEqual(await store.administrators.sessionAdmin('s', at(10), at(-20), true), {
        id,
        name: 'ann',
      });
      assert.equal(await store.administrators.sessionAdmin('s', at(50), at(20), true), null);
      assert.equal(await store.administrators.sessionAdmin('s', at(101), at(0), true), null);
      // What a page fetches by itself keeps no session alive.
      assert.ok(await store.administrators.sessionAdmin('s', at(29), at(9), false));
      assert.equal(await store.administrators.sessionAdmin('s', at(30), at(20), false), null);
    });

    it('rolls a change back together with its event', async () => {
      const before = (await store.events.waiting(1000)).length;
      await assert.rejects(
        store.change(async () => {
          throw new Error('no');
        }),
      );
      assert.equal((await store.events.waiting(1000)).length, before);
    });

    it('hands events from the outbox over once', async () => {
      const waiting = await store.events.waiting(1000);
      assert.ok(waiting.length > 5);
      assert.ok(waiting.every((one, i) => i === 0 || one.seq > waiting[i - 1]!.seq));
      await store.events.appended(
        waiting.map((one) => one.seq),
        at(1),
      );
      assert.deepEqual(await store.events.waiting(1000), []);
    });

    it('projects leaves, in one batch or many, twice or once, to the same rows', async () => {
      const [a, b, c, d] = Array.from({ length: 4 }, () => newId('exc')).sort() as [
        string,
        string,
        string,
        string,
      ];
      const event = newEvent('probe-completed', {
        actor: 'sallyport',
        subject: 'probe:x',
        data: { passed: true },
      });
      const leaves = [
        intent(a, 0),
        intent(b, 1),
        outcome(a, 0),
        denial(c, 2),
        event,
        outcome(b, 1),
        intent(d, 3),
      ].map((leaf, index) => ({ index, leaf }));
      await store.exchanges.project(leaves);
      const whole = await store.exchanges.list({ limit: 10 });
      await store.exchanges.project(leaves.slice(3));
      assert.deepEqual(await store.exchanges.list({ limit: 10 }), whole, 'twice');
      await store.exchanges.reset();
      for (const leaf of leaves) await store.exchanges.project([leaf]);
      assert.deepEqual(await store.exchanges.list({ limit: 10 }), whole, 'one by one');
      assert.equal(await store.exchanges.cursor(), leaves.length);
      const row = (await store.exchanges.byId(a))!;
      assert.deepEqual(
        [
          row.outcome,
          row.status,
          row.action,
          row.would_be,
          row.redactions,
          row.cost_micro_usd,
          row.intent_index,
          row.outcome_index,
        ],
        ['answered', 200, 'redact', 'deny', 1, 50, 0, 2],
      );
      assert.equal((JSON.parse(row.detections) as unknown[]).length, 2);
      assert.deepEqual(
        (await store.exchanges.open()).map((one) => one.id),
        [d],
      );
      assert.deepEqual(await store.exchanges.sequenceGaps(), []);
      assert.deepEqual(await store.exchanges.spendSince(at(0)), [
        { actor: 'key:k', system: 's', micro: 50 + 50 + 0 + 70 },
      ]);
      const counts = await store.exchanges.counts(at(0), 's');
      assert.deepEqual([counts.total, counts.inspected, counts.withPolicyId, counts.complete], [4, 4, 4, 3]);
      assert.deepEqual(await store.exchanges.summaries(), [
        { system: 's', exchanges: 4, wouldHaveDenied: 4, denied: 1 },
      ]);
      assert.equal((await store.events.latest('probe-completed', 'probe:x'))!.id, event.id);
      assert.deepEqual(await store.events.recorded([event.id, 'none']), new Set([event.id]));
      const [finding] = await store.exchanges.findings();
      assert.equal(finding!.technique, 't');
      assert.deepEqual(
        (await store.exchanges.list({ limit: 10, outcome: 'denied' })).map((one) => one.id),
        [c],
      );
      assert.equal(row.trace, `${'a'.repeat(32)}/${'b'.repeat(16)}/`);
      const only = async (filter: object): Promise<string[]> => {
        const page = { limit: 10, ...filter };
        const ids = (await store.exchanges.list(page)).map((one) => one.id);
        assert.equal((await store.exchanges.count(filter)).total, ids.length, JSON.stringify(filter));
        return ids;
      };
      assert.deepEqual(await only({}), [d, c, b, a]);
      assert.deepEqual(
        await only({ system: 's', synthetic: false, wouldBe: 'deny', detector: 'injection' }),
        [d, c, b, a],
      );
      assert.deepEqual(await only({ detector: 'pii' }), []);
      assert.deepEqual(await only({ synthetic: true }), []);
      assert.deepEqual(await only({ until: b }), [b, a]);
      assert.deepEqual(await only({ from: at(1), to: at(3) }), [c, b]);
      assert.deepEqual(
        (await store.exchanges.list({ limit: 2, offset: 1 })).map((one) => one.id),
        [c, b],
      );
      assert.equal((await store.exchanges.count({})).newest, d);
      const [minute] = await store.exchanges.traffic(at(0), 'minute');
      assert.deepEqual(
        [minute!.at, minute!.answered, minute!.flagged, minute!.denied, minute!.failed],
        [`${at(0).slice(0, 16)}:00Z`, 0, 3, 1, 0],
      );
      assert.equal(
        (await store.exchanges.traffic(at(0), 'hour', 's'))[0]!.at,
        `${at(0).slice(0, 13)}:00:00Z`,
      );
      assert.deepEqual(await store.exchanges.traffic(at(0), 'hour', 'other'), []);
      const [kind] = await store.exchanges.wouldHaveBlocked('s');
      assert.deepEqual([kind!.technique, kind!.exchanges, kind!.examples], ['t', 4, [d, c, b, a]]);
      assert.deepEqual(
        (await store.events.since(['probe-completed'], at(0))).map((one) => one.id),
        [event.id],
      );
      await store.exchanges.project([{ index: 7, leaf: intent(newId('exc'), 6) }]);
      assert.deepEqual(await store.exchanges.sequenceGaps(), [{ run: 'run', worker: 0, missing: 2 }]);
    });

    it('projects again what a failure undid, as if nothing had happened', async () => {
      await store.exchanges.reset();
      const id = newId('exc');
      await store.exchanges.project([{ index: 0, leaf: intent(id, 0) }]);
      const broken = { ...newEvent('probe-completed', { actor: 'x', subject: 'y' }), at: null as never };
      const end = { index: 1, leaf: outcome(id, 0) };
      await assert.rejects(store.exchanges.project([end, { index: 2, leaf: broken }]), /not.null/i);
      assert.equal((await store.exchanges.byId(id))!.outcome, null);
      await assert.rejects(store.exchanges.project([{ index: 2, leaf: intent(newId('exc'), 1) }]), {
        code: 'internal',
      });
      await store.exchanges.project([end]);
      const row = (await store.exchanges.byId(id))!;
      assert.deepEqual([row.outcome, row.outcome_index, row.redactions], ['answered', 1, 1]);
      const second = { ...outcome(id, 0), outcome: 'crashed' as const };
      await store.exchanges.project([{ index: 2, leaf: second }]);
      assert.equal((await store.exchanges.byId(id))!.outcome, 'answered', 'the first end counts');
    });
  });
}

contract('SQLite', () => openSqlite(join(mkdtempSync(join(tmpdir(), 'store-')), 'state.db')));

describe('with PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());
  contract('PostgreSQL', () => openPostgres(postgres.url));
});

describe('the lock on a data folder', () => {
  it('is held by one process, and ends with it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lock-'));
    const lock = DataFolderLock.acquire(folder);
    assert.throws(() => DataFolderLock.acquire(folder), { code: 'data-locked' });
    const script = `import { DataFolderLock } from '@sallyport/store'; try { DataFolderLock.acquire(${JSON.stringify(folder)}); process.stdout.write('got it'); process.kill(process.pid, 'SIGKILL'); } catch (e) { process.stdout.write(e.code); }`;
    const run = (): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: import.meta.dirname,
      }).stdout.toString();
    assert.equal(run(), 'data-locked');
    lock.release();
    assert.equal(run(), 'got it');
    assert.equal(run(), 'got it', 'after a kill');
    assert.ok(existsSync(join(folder, 'lock.db')));
  });
});

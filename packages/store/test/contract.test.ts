import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
import {
  type Connection,
  DataFolderLock,
  GRANTING_TABLES,
  loadPostgres,
  loadSqlite,
  openPostgres,
  openSqlite,
  type Store,
} from '@sallyport/store';
import { createDatabase, startPostgres } from './postgres.ts';

let postgres: Awaited<ReturnType<typeof startPostgres>>;

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
  tokenKinds: { cacheRead: 1, cacheWrite: 1, cacheWriteHour: 1, audioInput: 1, reasoning: 2, audioOutput: 1 },
  costMicroUsd: 50,
  restorations: [],
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

async function linesOf(pieces: AsyncIterable<string>): Promise<string[]> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text.split('\n');
}

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
        program: null,
        owner: null,
      };
      await change((tx) => store.keys.insert(tx, key));
      assert.deepEqual(await store.keys.byId(key.id), key);
      // Rows from before keys had owners keep the digest that the log says of them.
      const { first } = GRANTING_TABLES.api_keys;
      const values = {
        hash: key.hash,
        systems: JSON.stringify(key.systems),
        scope: JSON.stringify(key.scope),
        limits: JSON.stringify(key.limits),
        created_at: key.createdAt,
        expires_at: key.expiresAt,
        revoked_at: null,
        program: null,
      };
      const text = JSON.stringify(['api_keys', key.id, ...first.map((column) => values[column])]);
      const digested = async () => (await store.granting.digests()).get(`api_keys/${key.id}`)!;
      const digest = async (): Promise<string> => (await digested()).digest;
      const first_ = createHash('sha256').update(text).digest('base64url');
      assert.ok((await digested()).follows(first_) && (await digested()).follows(await digest()));
      assert.ok((await digest()).startsWith('2:'));
      const unowned = await digest();
      await change((tx) => store.keys.setOwner(tx, key.id, 'per_1'));
      assert.equal((await store.keys.byId(key.id))!.owner, 'per_1');
      assert.notEqual(await digest(), unowned, 'whose it is counts');
      await change((tx) => store.keys.setOwner(tx, key.id, null));
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

    const ann = { id: newId('per'), name: 'ann', displayName: 'Ann', email: null, password: 'p' };
    const factor = {
      personId: ann.id,
      kind: 'totp' as const,
      name: 'app',
      secret: 's',
      counter: 0,
      createdAt: at(0),
    };
    const race = (work: (tx: Connection) => Promise<unknown>): Promise<number> =>
      Promise.all(Array.from({ length: 8 }, () => change(work))).then((won) => won.filter(Boolean).length);

    it('lets a ticket be used once, by one of many, as what it is', async () => {
      const ticket = { personId: null, data: { a: 1 }, createdAt: at(0), expiresAt: at(50) };
      await store.tickets.put({ ...ticket, hash: 'old', kind: 'set-up' });
      await change((tx) => store.tickets.void(tx, 'set-up', null));
      await store.tickets.put({ ...ticket, hash: 'l', kind: 'set-up' });
      assert.equal(await store.tickets.open('set-up', 'old', at(1)), null);
      assert.equal(await store.tickets.open('set-up', 'l', at(51)), null);
      assert.equal(await change((tx) => store.tickets.use(tx, 'sign-on', 'l', at(1))), null);
      assert.equal(await race((tx) => store.tickets.use(tx, 'set-up', 'l', at(1))), 1);
      await store.tickets.put({
        ...ticket,
        hash: 'late',
        kind: 'set-up',
        createdAt: at(90_000),
        expiresAt: at(90_001),
      });
      assert.equal(await store.tickets.open('set-up', 'l', at(1)), null, 'what is long over is forgotten');
    });

    it('counts attempts in windows, each once', async () => {
      const attempts = await Promise.all(
        Array.from({ length: 8 }, () => store.tickets.attempt('k', 1_000, 500)),
      );
      assert.deepEqual(attempts.map(({ count }) => count).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
      await store.tickets.takeBack('k');
      assert.deepEqual(await store.tickets.attempt('k', 1_400, 500), { count: 8, sinceMs: 1_000 });
      assert.deepEqual(await store.tickets.attempt('k', 1_500, 500), { count: 1, sinceMs: 1_500 });
      await store.tickets.purgeAttempts(2_000);
      assert.deepEqual(await store.tickets.attempt('k', 1_501, 500), { count: 1, sinceMs: 1_501 });
    });

    it('keeps people, and what they hold until it ends', async () => {
      const more = {
        passwordChangedAt: at(0),
        origin: 'local' as const,
        externalId: null,
        createdBy: 'x',
        disabledAt: null,
      };
      await change((tx) => store.people.insert(tx, { ...ann, ...more, createdAt: at(0) }));
      await assert.rejects(
        change((tx) => store.people.insert(tx, { ...ann, ...more, id: 'other', createdAt: at(0) })),
      );
      assert.equal((await store.people.byName('ann'))?.id, ann.id);
      assert.equal(await store.people.count(), 1);
      assert.equal(
        await change((tx) => store.people.update(tx, ann.id, { email: 'a@b', externalId: 'e' })),
        true,
      );
      assert.equal((await store.people.byExternalId('e'))?.email, 'a@b');
      assert.equal(await change((tx) => store.people.update(tx, 'nobody', { email: null })), false);
      const grant = {
        holder: `person:${ann.id}`,
        system: '*',
        origin: 'local' as const,
        createdBy: 'x',
        lastUsedAt: null,
      };
      const put = (id: string, expiresAt: string | null): Promise<unknown> =>
        change((tx) => store.people.grant(tx, { ...grant, id, role: id, createdAt: at(0), expiresAt }));
      await put('g1', null);
      await put('g2', at(50));
      const held = async (now: string) => (await store.people.grants(now, grant.holder)).map(({ id }) => id);
      assert.deepEqual([await held(at(49)), await held(at(50))], [['g1', 'g2'], ['g1']]);
      assert.deepEqual(await store.people.grants(at(1), 'person:other'), []);
      await store.people.usedGrants(['g1'], at(9));
      assert.equal((await store.people.grants(at(9)))[0]?.lastUsedAt, at(9));
      assert.equal(await race((tx) => store.people.ungrant(tx, 'g2')), 1);
    });

    it('moves a counter forward once, uses a recovery code once', async () => {
      const more = { confirmedAt: at(0), usedAt: null };
      await change((tx) => store.factors.insert(tx, { ...factor, ...more, id: 'f', handle: 'f' }));
      assert.equal(await race((tx) => store.factors.advance(tx, 'f', 7, at(1))), 1);
      assert.equal(await change((tx) => store.factors.advance(tx, 'f', 6, at(1))), false);
      await change((tx) =>
        store.factors.insert(tx, { ...factor, ...more, kind: 'recovery-code', id: 'r', handle: 'h' }),
      );
      assert.equal(await change((tx) => store.factors.useUp(tx, 'other', 'h', at(1))), false);
      assert.equal(await race((tx) => store.factors.useUp(tx, ann.id, 'h', at(1))), 1);
      assert.equal((await store.factors.byHandle('f'))?.counter, 7);
      assert.deepEqual([...((await store.factors.kinds()).get(ann.id) ?? [])].sort(), [
        'recovery-code',
        'totp',
      ]);
      assert.equal(await change((tx) => store.factors.remove(tx, ann.id, { kind: 'recovery-code' })), 1);
      assert.deepEqual(
        (await store.factors.list(ann.id)).map(({ id }) => id),
        ['f'],
      );
    });

    it('ends sessions when idle, when expired, when their person is shut out; a token that was replaced is void', async () => {
      const session = {
        id: 'ses_1',
        hash: 's',
        personId: ann.id,
        level: 1,
        methods: ['password'],
        createdAt: at(0),
        lastSeenAt: at(0),
        expiresAt: at(100),
        provenAt: at(0),
        address: '::1',
        agent: 'a',
        deviceId: null,
        providerSession: 'sid',
      };
      await change((tx) => store.sessions.insert(tx, session));
      assert.deepEqual(await store.sessions.live('s', at(10), at(-20)), session);
      assert.equal(await store.sessions.live('s', at(50), at(20)), null);
      assert.equal(await store.sessions.live('s', at(101), at(-1)), null);
      await store.sessions.seen('s', at(30));
      assert.ok(await store.sessions.live('s', at(50), at(20)));
      const change2 = { hash: 't', level: 2, methods: ['password', 'totp'], provenAt: at(40) };
      assert.equal(await race((tx) => store.sessions.renew(tx, 's', change2)), 1);
      assert.equal(await store.sessions.live('s', at(50), at(20)), null);
      assert.equal((await store.sessions.live('t', at(50), at(20)))?.level, 2);
      await change((tx) => store.people.update(tx, ann.id, { disabledAt: at(1) }));
      assert.equal(await store.sessions.live('t', at(50), at(20)), null);
      await change((tx) => store.people.update(tx, ann.id, { disabledAt: null }));
      assert.deepEqual(await change((tx) => store.sessions.end(tx, { personId: ann.id, butHash: 't' })), []);
      const ended = await change((tx) => store.sessions.end(tx, { providerSession: 'sid' }));
      assert.deepEqual(
        (ended as { id: string }[]).map(({ id }) => id),
        ['ses_1'],
      );
      assert.deepEqual(await store.sessions.list(ann.id, at(0), at(-1)), []);
    });

    it('keeps devices, and forgets them', async () => {
      const device = {
        hash: 'd',
        personId: ann.id,
        agent: 'a',
        address: '::1',
        firstSeenAt: at(0),
        lastSeenAt: at(0),
      };
      await change((tx) => store.sessions.putDevice(tx, { ...device, id: 'dev_1' }));
      await change((tx) => store.sessions.deviceSeen(tx, 'dev_1', '::2', at(1)));
      assert.deepEqual(await store.sessions.device('d'), {
        ...device,
        id: 'dev_1',
        address: '::2',
        lastSeenAt: at(1),
      });
      assert.equal((await store.sessions.devices(ann.id)).length, 1);
      assert.equal(await change((tx) => store.sessions.forgetDevices(tx, 'other', 'dev_1')), 0);
      assert.equal(await change((tx) => store.sessions.forgetDevices(tx, ann.id)), 1);
    });

    it('rolls a change back together with its event', async () => {
      const before = (await store.outbox.rows(1000)).length;
      await assert.rejects(
        store.change(async () => {
          throw new Error('no');
        }),
      );
      assert.equal((await store.outbox.rows(1000)).length, before);
    });

    it('hands events from the outbox over once', async () => {
      const waiting = await store.outbox.rows(1000);
      assert.ok(waiting.length > 5);
      const { outbox } = store;
      const own = outbox.stored(1000);
      assert.deepEqual(
        waiting.map(({ event }) => event!.id),
        own.map(({ id }) => id),
      );
      outbox.recorded(own);
      assert.deepEqual(outbox.stored(1000), []);
      await outbox.clear();
      assert.deepEqual(await outbox.rows(1000), []);
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
      const ends = (await store.exchanges.list({ limit: 10 })).filter(({ outcome }) => outcome === null);
      assert.deepEqual(
        ends.map((one) => one.id),
        [d],
      );
      assert.deepEqual(await store.exchanges.sequenceGaps(), []);
      const counts = await store.exchanges.counts(at(0), 's');
      assert.deepEqual([counts.total, counts.inspected, counts.withPolicyId, counts.complete], [4, 4, 4, 3]);
      assert.deepEqual(await store.exchanges.summaries(), [
        {
          ...{ system: 's', exchanges: 4, inspected: 4, answered: 2, failed: 0 },
          ...{ wouldHaveDenied: 4, wouldHaveRedacted: 0, denied: 1 },
        },
      ]);
      assert.equal((await store.events.latest('probe-completed', 'probe:x'))!.id, event.id);
      const [finding] = await store.findings.list();
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
        (await store.exchanges.traffic(at(0), 'hour', { systems: ['s'] }))[0]!.at,
        `${at(0).slice(0, 13)}:00:00Z`,
      );
      assert.deepEqual(await store.exchanges.traffic(at(0), 'hour', { systems: ['other'] }), []);
      assert.deepEqual(await store.exchanges.traffic(at(0), 'hour', { systems: [] }), []);
      assert.deepEqual(await store.exchanges.list({ limit: 10, systems: [] }), []);
      assert.equal((await store.exchanges.count({ systems: ['s', 'other'] })).total > 0, true);
      assert.equal((await store.exchanges.count({ systems: [] })).total, 0);
      const [kind] = await store.exchanges.wouldHaveBlocked('s');
      assert.deepEqual([kind!.technique, kind!.exchanges, kind!.examples], ['t', 4, [d, c, b, a]]);
      assert.deepEqual(
        (await store.events.since(['probe-completed'], at(0))).map((one) => one.id),
        [event.id],
      );
      await store.exchanges.project([{ index: 7, leaf: intent(newId('exc'), 6) }]);
      assert.deepEqual(await store.exchanges.sequenceGaps(), [{ run: 'run', worker: 0, missing: 2 }]);
    });

    it('finds events by what they say, among many and to the letter', async () => {
      const start = await store.exchanges.cursor();
      const said = (data: object) =>
        newEvent('person-changed', { actor: 'a', subject: 'person:p', data: { ...data } });
      const latest = (type: string, value: string) =>
        store.events.latest(type, undefined, { field: 'name', value });
      const wanted = ['x', 'a_b', 'a%b', 'a\\b', 'a"b', "a'b"].map((name) => said({ name }));
      const others = ['X', 'xx', 'acb', 'a__b'].map((name) => said({ name }));
      const events = [...wanted, said({ before: 'x' }), ...others];
      await store.exchanges.project(events.map((leaf, i) => ({ index: start + i, leaf })));
      for (const { id, data } of wanted)
        assert.equal((await latest('person-changed', String(data['name'])))?.id, id, String(data['name']));
      assert.equal(await latest('person-created', 'x'), null);
    });

    it('tells numbers that were lost from those of calls that could not be recorded', async () => {
      const own = { run: 'gaps', worker: 3 };
      const start = await store.exchanges.cursor();
      const beat = (failed: number) => ({
        v: 1 as const,
        type: 'worker-heartbeat' as const,
        at: at(1),
        ...own,
        exchanges: 2,
        outcomes: 0,
        failed,
      });
      const gaps = async () => (await store.exchanges.sequenceGaps()).filter(({ run }) => run === own.run);
      await store.exchanges.project([
        { index: start, leaf: { ...denial(newId('exc'), 0), ...own } },
        { index: start + 1, leaf: { ...denial(newId('exc'), 3), ...own } },
      ]);
      assert.deepEqual(await gaps(), [{ ...own, missing: 2 }]);
      await store.exchanges.project([{ index: start + 2, leaf: beat(1) }]);
      assert.deepEqual(await gaps(), [{ ...own, missing: 1 }]);
      await store.exchanges.project([{ index: start + 3, leaf: beat(2) }]);
      assert.deepEqual(await gaps(), []);
    });

    it('leaves out an entry that cannot be written, alone, and says which', async () => {
      await store.exchanges.reset();
      const ids = [0, 1, 2, 3, 4].map(() => newId('exc'));
      const leaves = ids.map((id, index) => ({ index, leaf: intent(id, index) }));
      const bad = { ...newEvent('probe-completed', { actor: 'x', subject: 'y' }), at: null as never };
      const all = [...leaves.slice(0, 3), { index: 3, leaf: bad }, { index: 4, leaf: intent(ids[4]!, 4) }];
      const rows = await store.exchanges.project(all);
      assert.deepEqual(
        rows.map(({ id }) => id),
        [ids[0], ids[1], ids[2], ids[4]],
      );
      assert.equal(await store.exchanges.cursor(), 5);
      const [left, ...more] = await store.exchanges.leftOut();
      assert.deepEqual([left!.index, more.length], [3, 0]);
      assert.match(left!.why, /not.null/i);
      await store.exchanges.reset();
      assert.deepEqual(await store.exchanges.leftOut(), []);
    });

    it('projects again what a failure undid, as if nothing had happened', async () => {
      await store.exchanges.reset();
      const id = newId('exc');
      await store.exchanges.project([{ index: 0, leaf: intent(id, 0) }]);
      const full = {
        ...newEvent('ai-uses-noted', { actor: 'x', subject: 'y' }),
        data: {
          // Fails once its row is written, as a full disk does.
          get uses(): never {
            throw new Error('the disk is full');
          },
          toJSON: () => ({}),
        },
      };
      const end = { index: 1, leaf: outcome(id, 0) };
      await assert.rejects(store.exchanges.project([end, { index: 2, leaf: full }]), /the disk is full/);
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

    it('reads what an entry says of tokens and spend, however large', async () => {
      const cursor = await store.exchanges.cursor();
      const values = [1e15, 1e16, 1e19, Number.POSITIVE_INFINITY, -1, 0.5, '12', null, [], {}] as number[];
      const ids = values.map(() => newId('exc'));
      const leaves = values.flatMap((value, i) => [
        { ...intent(ids[i]!, 1000 + i), reservedTokens: value, reservedMicroUsd: value },
        { ...outcome(ids[i]!, 1000 + i), inputTokens: value, outputTokens: value, costMicroUsd: value },
      ]);
      await store.exchanges.project(leaves.map((leaf, i) => ({ index: cursor + i, leaf })));
      for (const id of ids) {
        const row = (await store.exchanges.byId(id))!;
        for (const value of [row.input_tokens, row.output_tokens, row.cost_micro_usd, row.reserved_micro_usd])
          assert.ok(Number.isSafeInteger(value) && value >= 0, `${value}`);
      }
      assert.ok((await store.exchanges.list({ limit: 100 })).length >= ids.length);
    });

    it('is copied while it changes, and loads into either engine', async () => {
      const wanted = (await linesOf(await store.dump())).sort();
      assert.ok(wanted.length > 40, `${wanted.length} lines`);
      const copies = await Promise.all([
        (async () => {
          const path = join(mkdtempSync(join(tmpdir(), 'store-')), 'state.db');
          const rows = await loadSqlite(path, await store.dump());
          assert.ok(rows > 0);
          return openSqlite(path);
        })(),
        (async () => {
          const url = await createDatabase(postgres.url);
          await loadPostgres(url, await store.dump());
          await assert.rejects(loadPostgres(url, await store.dump()), /not empty/);
          return openPostgres(url);
        })(),
      ]);
      for (const copy of copies) {
        assert.deepEqual((await linesOf(await copy.dump())).sort(), wanted);
        await copy.change(async () => ({
          result: undefined,
          event: newEvent('key-created', { actor: 'test', subject: 'x' }),
        }));
        await copy.close();
      }
      const dump = await store.dump();
      await dump.next();
      await store.change(async () => ({
        result: undefined,
        event: newEvent('key-created', { actor: 'test', subject: 'during a copy' }),
      }));
      assert.ok(!(await linesOf(dump)).some((line) => line.includes('a copy')), 'as of one moment');
      const newer = async function* (): AsyncGenerator<string> {
        yield '{"format":"sallyport-state/1","migrations":["9999-later"]}\n';
      };
      await assert.rejects(
        loadSqlite(join(mkdtempSync(join(tmpdir(), 'store-')), 'state.db'), newer()),
        /newer version/,
      );
    });
  });
}

describe('over both engines', () => {
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());
  contract('SQLite', () => openSqlite(join(mkdtempSync(join(tmpdir(), 'store-')), 'state.db')));
  contract('PostgreSQL', () => openPostgres(postgres.url));
});

describe('rows that an earlier version wrote', () => {
  it('are read where a number is beyond those that are exact, in lists, in sums and in copies', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'store-')), 'state.db');
    const store = await openSqlite(path);
    const ids = Array.from({ length: 20 }, () => newId('exc'));
    await store.exchanges.project(
      ids.flatMap((id, i) => [
        { index: 2 * i, leaf: intent(id, i) },
        { index: 2 * i + 1, leaf: outcome(id, i) },
      ]),
    );
    const db = new DatabaseSync(path);
    db.exec('update exchanges set cost_micro_usd = 9000000000000000000, input_tokens = 9007199254740993');
    db.close();
    assert.equal((await store.exchanges.byId(ids[0]!))!.input_tokens, Number.MAX_SAFE_INTEGER);
    assert.equal((await store.exchanges.list({ limit: 50 })).length, ids.length);
    assert.ok((await linesOf(await store.dump())).length > 10);
    await store.close();
  });
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

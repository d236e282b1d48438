import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EvidenceSource, newId } from '@sallyport/core';
import { posture, severityFails } from './posture.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const at = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const source = (over: Partial<EvidenceSource> = {}): EvidenceSource => ({
  exchangeCounts: async () => ({
    total: 0,
    inspected: 0,
    withPolicyId: 0,
    complete: 0,
    oldestAt: null,
    newestAt: null,
    redactions: 0,
  }),
  systems: async () => [
    { name: 'a', demo: false, mode: 'enforce' },
    { name: 'b', demo: false, mode: 'enforce' },
    { name: 'd', demo: true, mode: 'enforce' },
  ],
  keys: async () => [],
  latestEvent: async () => null,
  probes: async () => [],
  events: async () => [],
  thirdParties: async () => ({ talkedTo: 0, without: 0, live: 0, ownerless: 0, watchedAt: null }),
  accounts: async () => ({
    people: 0,
    grants: 0,
    unusedGrants: 0,
    orphans: 0,
    keys: 0,
    keysOwnerless: 0,
    reviewsOverdue: 0,
    unusedDays: 90,
  }),
  inventory: async () => ({
    assets: 0,
    subjects: 0,
    ownerless: 0,
    versions: 0,
    serving: 0,
    targets: 0,
    scanned: 0,
    oldestScanAt: null,
    kinds: [],
    read: [],
    images: 0,
    prompts: 0,
    advisoriesNewest: null,
    findings: { open: 0, ownerless: 0, overdue: 0, resolved: 0, seen: 0 },
    patches: [],
    uses: { found: 0, decided: 0, late: 0, newestAt: null },
    parties: { live: 0, assessed: 0, worst: null, oldestAt: null },
  }),
  ...over,
});
const status = async (over: Partial<EvidenceSource>, id: string) =>
  (await posture(source(over), NOW)).find((control) => control.id === id)!;
const counts = (total: number, withPolicyId: number, minutes: number) => ({
  total,
  inspected: total,
  withPolicyId,
  complete: total,
  oldestAt: at(minutes),
  newestAt: at(minutes),
  redactions: 0,
});
const probe = (name: string, passed: boolean, minutes: number) => ({
  probe: name,
  at: at(minutes),
  passed,
  detail: name,
});

describe('controls', () => {
  it('without evidence nothing is assessed', async () => {
    const controls = await posture(source(), NOW);
    assert.equal(controls.length, 64);
    assert.ok(
      controls.every(
        (control) =>
          control.status === 'not assessed' && control.evidenceAt === null && control.missing.length > 0,
      ),
    );
    assert.equal(severityFails(controls, 'info'), false);
  });
  it('go from partial to effective, to stale, to failing', async () => {
    const calls = { exchangeCounts: async () => counts(5, 5, 10) };
    assert.equal((await status(calls, 'MOD-01')).status, 'partial');
    assert.equal(
      (await status({ ...calls, probes: async () => [probe('over-limit-call', true, 5)] }, 'MOD-01')).status,
      'effective',
    );
    assert.equal(
      (await status({ ...calls, probes: async () => [probe('over-limit-call', true, 90)] }, 'MOD-01')).status,
      'stale',
    );
    const failing = await status(
      { ...calls, probes: async () => [probe('over-limit-call', false, 90)] },
      'MOD-01',
    );
    assert.equal(failing.status, 'failing');
    assert.equal(failing.evidenceAt, at(90));
  });
  it('the worst system wins and is named; demonstrations do not count', async () => {
    const found = await status(
      { exchangeCounts: async (_since, system) => (system === 'b' ? counts(5, 4, 1) : counts(5, 5, 1)) },
      'MOD-01',
    );
    assert.deepEqual([found.status, found.subject], ['failing', 'system:b']);
    const demo = await status(
      { exchangeCounts: async (_since, system) => counts(system === 'd' ? 5 : 0, 0, 1) },
      'MOD-01',
    );
    assert.equal(demo.status, 'not assessed');
  });
  it('DAT-03 counts the last backup while it is recent', async () => {
    const made = (minutes: number) =>
      status(
        {
          probes: async () => [probe('sealed-content', true, 1)],
          latestEvent: async (type) =>
            type === 'backup-made' ? ({ type, at: at(minutes), data: { of: 'data' } } as never) : null,
        },
        'DAT-03',
      );
    assert.equal((await made(60)).status, 'effective');
    const old = await made(3 * 24 * 60);
    assert.equal(old.status, 'partial', 'backups that are no longer made');
    assert.match(old.missing.join(), /an encrypted backup/);
  });
  it('severity decides what fails', async () => {
    const controls = await posture(source({ probes: async () => [probe('transport', false, 1)] }), NOW);
    assert.deepEqual(
      [severityFails(controls, 'critical'), severityFails(controls, 'high'), severityFails(controls, 'low')],
      [false, true, true],
    );
  });

  it('ACC-02 counts sessions with power; one that came from the set-up link alone is not strong', async () => {
    const session = (id: string, minutes: number, level: number, needed: number, ...methods: string[]) =>
      ({
        type: 'session-created',
        at: at(minutes),
        data: { session: id, level, levelNeeded: needed, methods },
      }) as never;
    const proven = (id: string, minutes: number, level: number, method: string) =>
      ({ type: 'session-proven', at: at(minutes), data: { session: id, level, method } }) as never;
    const with2 = async (...events: never[]) =>
      (
        await status(
          {
            events: async (types) => events.filter((one) => types.includes((one as { type: never }).type)),
            probes: async () => [probe('role-rules', true, 5)],
          },
          'ACC-02',
        )
      ).status;
    assert.equal(await with2(), 'partial');
    assert.equal(await with2(session('a', 5, 3, 3, 'passkey')), 'effective');
    assert.equal(await with2(session('a', 5, 3, 3, 'set-up-link', 'password')), 'failing');
    assert.equal(
      await with2(session('a', 5, 3, 3, 'set-up-link', 'password'), proven('a', 4, 3, 'passkey')),
      'effective',
    );
    assert.equal(await with2(session('a', 5, 1, 3, 'password')), 'partial', 'it could do nothing');
    assert.equal(await with2(session('a', 5, 1, 1, 'password')), 'partial', 'a viewer');
    assert.equal(
      await with2(session('a', 5, 2, 2, 'password', 'totp'), session('b', 4, 3, 3, 'set-up-link')),
      'failing',
    );
    assert.equal(await with2(session('a', 90, 3, 3, 'passkey')), 'stale');
  });
  it('ACC-06 wants a manifest for whoever is talked to, a look at each, and a refusal that held', async () => {
    const counts = { talkedTo: 2, without: 0, live: 2, ownerless: 0, watchedAt: at(5) };
    const with6 = async (over: object) =>
      (
        await status(
          {
            thirdParties: async () => ({ ...counts, ...over }),
            probes: async () => [probe('egress-refusal', true, 5)],
          },
          'ACC-06',
        )
      ).status;
    assert.equal(await with6({}), 'effective');
    assert.equal(await with6({ without: 1 }), 'failing');
    assert.equal(await with6({ ownerless: 1 }), 'failing');
    assert.equal(await with6({ watchedAt: null }), 'partial');
    assert.equal(await with6({ watchedAt: at(120) }), 'stale');
  });
  it('MOD-04 says how soon what is abnormal was contained', async () => {
    const called = NOW - 10 * 60_000;
    const revoked = (seconds: number) => ({
      type: 'key-revoked',
      at: new Date(called + seconds * 1_000).toISOString(),
      subject: 'key:k',
      data: { reason: 'leaked', exchange: newId('exc', called) },
    });
    const with4 = async (...events: object[]) =>
      status(
        {
          events: async (types) =>
            events.filter((one) => types.includes((one as { type: never }).type)) as never,
        },
        'MOD-04',
      );
    assert.equal((await with4()).status, 'not assessed');
    const soon = await with4(revoked(2));
    assert.equal(soon.status, 'partial');
    assert.match(soon.evidence.join(), /the slowest 2\.0 s after its call began/);
    assert.equal((await with4(revoked(2), revoked(90))).status, 'failing');
  });
  it('ACC-05 wants a sample that a person judged and signed, and nothing overdue', async () => {
    const opened = {
      type: 'review-opened',
      at: at(60),
      subject: 'review:r',
      data: { kind: 'sample', items: ['e'], of: 9 },
    };
    const signed = { type: 'review-signed', at: at(30), actor: 'person:p', subject: 'review:r', data: {} };
    const with5 = async (events: { type: string }[], reviewsOverdue = 0) =>
      (
        await status(
          {
            events: async (types) => events.filter(({ type }) => types.includes(type as never)) as never,
            accounts: async () => ({
              people: 1,
              grants: 1,
              unusedGrants: 0,
              orphans: 0,
              keys: 1,
              keysOwnerless: 0,
              reviewsOverdue,
              unusedDays: 90,
            }),
          },
          'ACC-05',
        )
      ).status;
    assert.equal(await with5([]), 'not assessed');
    assert.equal(await with5([opened]), 'partial');
    assert.equal(await with5([opened, signed]), 'effective');
    assert.equal(await with5([opened, { ...signed, subject: 'review:other' } as never]), 'partial');
    assert.equal(await with5([opened, signed], 1), 'failing');
  });
  it('no control about the gate lights while the gate acts on nothing', async () => {
    const calls = { exchangeCounts: async () => ({ ...counts(5, 5, 10), redactions: 5 }) };
    const without = ['guard-detection', 'decision-replay', 'guard-residual'].map((name) =>
      probe(name, true, 5),
    );
    for (const [id, acts] of [
      ['IO-01', 'input-action'],
      ['IO-03', 'rule-decides'],
      ['DAT-06', 'redaction-action'],
    ] as const) {
      const of = async (...more: ReturnType<typeof probe>[]) =>
        (await status({ ...calls, probes: async () => [...without, ...more] }, id)).status;
      assert.equal(await of(), 'partial', id);
      assert.equal(await of(probe(acts, false, 5)), 'failing', id);
      assert.equal(await of(probe(acts, true, 5)), 'effective', id);
    }
  });
  it('no control about scans lights while nothing is scanned', async () => {
    const nothing = await source().inventory();
    const scanned = {
      ...nothing,
      targets: 3,
      scanned: 3,
      oldestScanAt: at(5),
      advisoriesNewest: at(60),
      kinds: ['model-files', 'dependencies', 'sources'] as const,
      uses: { found: 1, decided: 1, late: 0, newestAt: at(5) },
    };
    const of = async (id: string, over: object) =>
      (
        await status(
          {
            inventory: async () => ({ ...scanned, ...over }),
            probes: async () => [probe('shadow-seed', true, 5)],
          },
          id,
        )
      ).status;
    assert.equal(await of('VUL-01', {}), 'partial', 'no scan read a file');
    assert.equal(await of('VUL-01', { read: scanned.kinds }), 'effective');
    assert.equal(await of('GOV-03', {}), 'partial', 'no source is watched');
    assert.equal(await of('GOV-03', { read: ['sources'] }), 'effective');
    assert.equal(await of('VUL-03', {}), 'not assessed', 'nothing was found');
    const findings = { open: 0, ownerless: 0, overdue: 0, resolved: 1, seen: 1 };
    assert.equal(await of('VUL-03', { findings }), 'effective');
  });
  it('ACC-04 falls with unused roles and orphans', async () => {
    const accounts = {
      people: 3,
      grants: 4,
      unusedGrants: 0,
      orphans: 0,
      keys: 2,
      keysOwnerless: 0,
      reviewsOverdue: 0,
      unusedDays: 90,
    };
    const with4 = async (over: object) =>
      (await status({ accounts: async () => ({ ...accounts, ...over }) }, 'ACC-04')).status;
    assert.equal(await with4({}), 'partial');
    assert.equal(await with4({ unusedGrants: 1 }), 'failing');
    assert.equal(await with4({ unusedDays: 3_650 }), 'failing');
    assert.equal(await with4({ orphans: 1 }), 'failing');
    assert.equal(await with4({ keysOwnerless: 1 }), 'failing');
    assert.equal(await with4({ people: 0 }), 'not assessed');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EvidenceSource } from '@sallyport/core';
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
  it('severity decides what fails', async () => {
    const controls = await posture(source({ probes: async () => [probe('transport', false, 1)] }), NOW);
    assert.deepEqual(
      [severityFails(controls, 'critical'), severityFails(controls, 'high'), severityFails(controls, 'low')],
      [false, true, true],
    );
  });
});

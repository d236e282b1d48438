import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALERT_RULES, type AlertWindow, evaluateAlerts, type SystemWindow } from './alerts.ts';

const quietSystem: SystemWindow = {
  system: 'main',
  calls: 30,
  callsHourBefore: 300,
  failed: 1,
  attacks: 2,
  leaks: 0,
  refused: 0,
};
const quiet: AlertWindow = {
  minutes: 5,
  systems: [quietSystem],
  unrecorded: 0,
  unauthenticated: 3,
  workers: 2,
  workersWanted: 2,
  workersStuck: 0,
  behind: 10,
  probeMinutes: 3,
  access: {
    failures: { 'person:a': 19, organisation: 3 },
    newAddresses: [],
    contentReads: { 'person:a': 99 },
    contentReadsOffHours: { 'person:a': 19 },
    keysEnding: [],
    keysOwnerless: [],
    emergencies: [],
    overdue: [],
    travel: [],
    stillIn: [],
    suspended: [],
  },
  quarantined: [],
  credentials: [{ system: 'main', ref: 'env:KEY', lack: null }],
  leftOut: 0,
  record: { missing: 0, refusedBy: [], backup: { hours: 3, hoursMax: 48 } },
};
const access = (change: Partial<AlertWindow['access']>): AlertWindow => ({
  ...quiet,
  access: { ...quiet.access, ...change },
});
const record = (change: Partial<AlertWindow['record']>): AlertWindow => ({
  ...quiet,
  record: { ...quiet.record, ...change },
});
const system = (change: Partial<SystemWindow>): AlertWindow => ({
  ...quiet,
  systems: [{ ...quietSystem, ...change }],
});

describe('alerts', () => {
  it('are silent while all is well', () => {
    assert.deepEqual(evaluateAlerts(quiet, []), { opened: [], closed: [] });
    assert.deepEqual(
      evaluateAlerts(system({ calls: 0, callsHourBefore: 3 }), []).opened,
      [],
      'quiet nights are no silence',
    );
    assert.deepEqual(
      evaluateAlerts(system({ calls: 3, failed: 3 }), []).opened,
      [],
      'three calls are no rate',
    );
  });

  it('each rule fires for what it watches, once, and closes when that is over', () => {
    const causes: Readonly<Record<string, AlertWindow>> = {
      'leak-in-answers': system({ leaks: 1 }),
      'attack-burst': system({ attacks: 10 }),
      'system-failing': system({ calls: 40, failed: 20 }),
      'entries-left-out': { ...quiet, leftOut: 2 },
      'system-quarantined': { ...quiet, quarantined: [{ system: 'a', why: 'no JSON' }] },
      'credential-missing': {
        ...quiet,
        credentials: [{ system: 'main', ref: 'env:KEY', lack: 'no `KEY`' }],
      },
      'credential-refused': system({ refused: 1 }),
      'system-silent': system({ calls: 0 }),
      'unauthenticated-flood': { ...quiet, unauthenticated: 300 },
      'sign-in-failures': access({ failures: { 'person:a': 20 } }),
      'administrator-new-address': access({ newAddresses: [{ subject: 'person:a', address: '192.0.2.1' }] }),
      'break-glass': access({ emergencies: [{ subject: 'person:a', detail: 'a took emergency access' }] }),
      'third-party-changed': access({ suspended: [{ subject: 'integration:a', detail: 'another key' }] }),
      'review-overdue': access({ overdue: [{ subject: 'review:r', days: 2 }] }),
      'impossible-travel': access({ travel: [{ subject: 'person:a', detail: 'far apart' }] }),
      'mass-reading': access({ contentReads: { 'person:a': 100 } }),
      'reading-off-hours': access({ contentReadsOffHours: { 'person:a': 20 } }),
      'shut-out-elsewhere': access({ stillIn: [{ subject: 'person:a', detail: 'b is open' }] }),
      'key-ownerless': access({ keysOwnerless: [{ subject: 'key:k', name: 'shop', days: 3 }] }),
      'key-ending': access({ keysEnding: [{ subject: 'key:k', name: 'shop', days: 0.5 }] }),
      'record-gap': record({ missing: 1 }),
      'record-refused': record({ refusedBy: ['one.example'] }),
      'backup-overdue': record({ backup: { hours: 49, hoursMax: 48 } }),
      'record-unavailable': { ...quiet, unrecorded: 1 },
      'workers-missing': { ...quiet, workers: 1 },
      'worker-stuck': { ...quiet, workersStuck: 1 },
      'monitor-behind': { ...quiet, behind: 20_001 },
      'probes-silent': { ...quiet, probeMinutes: 46 },
    };
    assert.deepEqual(Object.keys(causes).sort(), ALERT_RULES.map((rule) => rule.id).sort());
    for (const [rule, window] of Object.entries(causes)) {
      const first = evaluateAlerts(window, []);
      assert.deepEqual(
        first.opened.map((alert) => alert.rule),
        [rule],
      );
      assert.ok(first.opened[0]!.action.length > 10);
      assert.deepEqual(evaluateAlerts(window, first.opened), { opened: [], closed: [] }, `${rule} again`);
      assert.deepEqual(evaluateAlerts(quiet, first.opened).closed, first.opened, `${rule} over`);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KeyScope, keyScopeSchema } from '@sallyport/core';
import { outsideScope, type ScopedCall } from './key-scope.ts';

const at = (iso: string): number => Date.parse(iso);
const call: ScopedCall = {
  model: 'gpt-5-mini',
  operation: 'chat.completions',
  address: '192.0.2.7',
  atMs: at('2026-11-20T10:00:00Z'),
};
const scope = (own: unknown): KeyScope => keyScopeSchema.parse(own);
const holds = (own: unknown, change: Partial<ScopedCall> = {}): boolean =>
  outsideScope(scope(own), { ...call, ...change }) === null;

describe('the scope of a key', () => {
  it('narrows nothing when it is empty', () => assert.ok(holds({})));

  it('models: by name and by beginning', () => {
    assert.ok(holds({ models: ['gpt-5-mini'] }));
    assert.ok(holds({ models: ['gpt-5*'] }));
    assert.ok(!holds({ models: ['gpt-5'] }));
    assert.ok(!holds({ models: ['*'] }, { model: null }));
    assert.ok(!holds({ models: ['gpt-5*'] }, { model: 'GPT-5-mini' }));
  });

  it('operations', () => {
    assert.ok(holds({ operations: ['embeddings', 'chat.completions'] }));
    assert.ok(!holds({ operations: ['embeddings'] }));
  });

  it('addresses, in whatever notation they come', () => {
    for (const address of ['192.0.2.7', '::ffff:192.0.2.7'])
      assert.ok(holds({ addresses: ['192.0.2.0/29'] }, { address }));
    assert.ok(!holds({ addresses: ['192.0.2.0/29'] }, { address: '192.0.2.8' }));
    assert.ok(holds({ addresses: ['2001:db8::/32'] }, { address: '2001:db8:0:1::9' }));
    assert.ok(holds({ addresses: ['fe80::/10'] }, { address: 'fe80::1%eth0' }));
    assert.ok(!holds({ addresses: ['0.0.0.0/0'] }, { address: '2001:db8::1' }));
    assert.ok(!holds({ addresses: ['0.0.0.0/0'] }, { address: 'unknown' }));
  });

  it('hours, on the clock of a zone, past midnight and through summer time', () => {
    const work = { hours: { days: ['fri'], from: '08:00', until: '17:00', zone: 'Europe/Zurich' } };
    const when = (iso: string, own: unknown): boolean => holds(own, { atMs: at(iso) });
    assert.ok(when('2026-11-20T07:00:00Z', work));
    assert.ok(!when('2026-11-20T06:59:59Z', work));
    assert.ok(!when('2026-11-20T16:00:00Z', work));
    assert.ok(!when('2026-11-19T10:00:00Z', work), 'Thursday');
    assert.ok(when('2026-07-17T06:00:00Z', work), 'summer time');
    const night = { hours: { days: ['fri'], from: '22:00', until: '06:00' } };
    assert.ok(when('2026-11-20T23:00:00Z', night));
    assert.ok(when('2026-11-21T05:59:00Z', night), 'the night that began on Friday');
    assert.ok(!when('2026-11-20T05:00:00Z', night));
    assert.ok(!when('2026-11-21T06:00:00Z', night));
    assert.ok(when('2026-11-20T12:00:00Z', { hours: { from: '00:00', until: '00:00' } }), 'the whole day');
  });

  it('what makes no sense is refused', () => {
    for (const own of [
      { models: [] },
      { models: ['a*b'] },
      { addresses: ['10.0.0.0/33'] },
      { addresses: ['example.org'] },
      { hours: { from: '8:00', until: '24:00' } },
      { hours: { from: '08:00', until: '17:00', zone: 'Mars/Base' } },
      { other: 1 },
    ])
      assert.ok(!keyScopeSchema.safeParse(own).success, JSON.stringify(own));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BackOffFault, Breaker, type Came, cameOfStatus } from './breaker.ts';

const system = { name: 's', urls: ['http://a.example'], backOff: { failures: 3, seconds: 1, secondsMax: 5 } };

function clocked() {
  const at = { ms: 1_000 };
  const breaker = new Breaker(() => at.ms);
  const call = (came: Came, key = 'k'): void => breaker.enter(system, key)(came);
  const waits = (key = 'k'): number => {
    try {
      breaker.require(system, key);
      return 0;
    } catch (fault) {
      assert.ok(fault instanceof BackOffFault);
      return fault.retryAfterMs;
    }
  };
  return { at, breaker, call, waits };
}

describe('a system that fails', () => {
  it('is left alone after so many in a row, for longer each time, up to a bound', () => {
    const { at, call, waits } = clocked();
    call('no-connection');
    call('no-connection');
    call('answered');
    call('no-connection');
    call('no-connection');
    assert.equal(waits(), 0, 'not in a row');
    call('no-connection');
    for (const waitMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      assert.equal(waits(), waitMs);
      at.ms += waitMs;
      assert.equal(waits(), 0);
      call('no-connection');
    }
    at.ms += 5_000;
    call('answered');
    call('no-connection');
    assert.equal(waits(), 0, 'an answer ends it');
  });

  it('is tried with one call at a time, which does not keep others for ever', () => {
    const { at, breaker, call, waits } = clocked();
    for (let i = 0; i < 3; i++) call('no-connection');
    at.ms += 1_000;
    const told = breaker.enter(system, 'k');
    assert.throws(() => breaker.enter(system, 'k'), BackOffFault);
    assert.equal(waits('other'), 1_000);
    told('untold');
    const trial = breaker.enter(system, 'other');
    assert.equal(waits(), 1_000);
    at.ms += 5_000;
    breaker.enter(system, 'k')('answered');
    trial('no-connection');
    assert.equal(waits(), 0);
    assert.deepEqual(breaker.list(), []);
  });

  it('keeps out the one whose calls it fails, and no other; where no connection is made, everyone', () => {
    const { breaker, call, waits } = clocked();
    for (let i = 0; i < 3; i++) call('failed', 'mine');
    assert.ok(waits('mine') > 0);
    assert.equal(waits('other'), 0);
    assert.deepEqual(breaker.list(), [{ system: 's', all: false, failures: 3, forMs: 1_000 }]);
    for (let i = 0; i < 3; i++) call('no-connection', 'other');
    assert.ok(waits('third') > 0);
  });

  it('is judged by what says how it is', () => {
    for (const status of [200, 204, 400, 401, 404, 408, 422, 429, 501])
      assert.equal(cameOfStatus(status, {}), 'answered', String(status));
    for (const status of [500, 502, 503, 504, 529])
      assert.equal(cameOfStatus(status, {}), 'failed', String(status));
    assert.equal(cameOfStatus(503, { 'retry-after': '7' }), 'untold');
  });

  it('is called as ever where that is switched off, and under another address', () => {
    const { breaker, call } = clocked();
    for (let i = 0; i < 3; i++) call('no-connection');
    breaker.require({ ...system, urls: ['http://b.example'] }, 'k');
    const off = { ...system, name: 'off', backOff: { ...system.backOff, failures: 0 } };
    for (let i = 0; i < 9; i++) breaker.enter(off, 'k')('no-connection');
  });

  it('is remembered among so many only', () => {
    const breaker = new Breaker();
    for (let i = 0; i < 9_000; i++)
      for (let n = 0; n < 3; n++) breaker.enter({ ...system, name: `s${i}` }, 'k')('no-connection');
    assert.equal(breaker.list().length, 4_096);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clock, type SallyportEvent } from '@sallyport/core';
import type { AccessHome } from '../people/home.ts';
import { jobOf, UsedTokens } from './used-tokens.ts';

/** Uses until no more are remembered. @returns how many */
function fill(
  used: UsedTokens,
  job: { rule: string; job: string },
  prefix: string,
  noted: SallyportEvent[] = [],
): number {
  for (let n = 0; ; n++) {
    try {
      used.requireRoom(job);
    } catch (fault) {
      assert.equal((fault as { code: string }).code, 'overloaded');
      return n;
    }
    noted.push(used.use({ kind: 'workload', token: `${prefix}${n}`, ...job }));
  }
}

describe('uses of tokens are remembered by shares', () => {
  it('a job, or a rule, that uses any number shuts out no other; a day later there is room, and a restart changes nothing', async (t) => {
    const noted: SallyportEvent[] = [];
    const home = {
      settings: () => ({ jobRules: 2 }),
      store: { events: { since: async () => noted } },
    } as unknown as AccessHome;
    const used = new UsedTokens(home);
    await used.ready();
    const [flood, beside, other] = [jobOf('a', 'one'), jobOf('a', 'two'), jobOf('b', 'one')];
    assert.equal(fill(used, flood, 'flood ', noted), 100_000, 'what no one has for themselves');
    assert.equal(fill(used, beside, 'beside ', noted), 12_500, 'another job of the same rule');
    let jobs = 0;
    while (fill(used, jobOf('a', `made-${jobs}`), `made-${jobs} `, noted) > 0) jobs++;
    assert.equal(jobs, 3, 'jobs under many names take the share of their rule');
    assert.doesNotThrow(() => used.requireRoom(other), 'a job of another rule');
    const again = new UsedTokens(home);
    await again.ready();
    assert.throws(() => again.requireRoom(flood), /jobs of `a` used too many/);
    assert.ok(again.of('workload', 'flood 99999'));
    assert.equal(fill(again, other, 'other '), 12_500);
    const later = Date.now() + 26 * 3_600_000;
    t.mock.method(clock, 'nowMs', () => later);
    assert.doesNotThrow(() => used.requireRoom(flood), 'though nothing was used meanwhile');
    assert.equal(used.of('workload', 'flood 0'), null);
  });
});

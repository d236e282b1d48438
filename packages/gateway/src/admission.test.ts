import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Admission } from './admission.ts';

describe('admission', () => {
  it('sheds the flood of one caller and takes the single call of another', () => {
    const admission = new Admission();
    let taken = 0;
    assert.throws(
      () => {
        for (;;) {
          admission.enter('loud', 100);
          taken++;
        }
      },
      { code: 'overloaded' },
    );
    assert.equal(taken, 70, 'a caller alone takes no more than its part beyond the free share');
    for (let i = 0; i < 30; i++) admission.enter('quiet', 100);
    assert.equal(admission.total, 100);
    assert.throws(() => admission.enter('third', 100), { code: 'overloaded', message: /all 100 places/ });
    admission.leave('loud');
    assert.throws(() => admission.enter('loud', 100), { code: 'overloaded', message: /holds 69 of 100/ });
    admission.enter('third', 100);
  });

  it('never takes more than there are places, never refuses whoever holds none while one is free, and forgets nobody', () => {
    const step = fc.record({ who: fc.nat(5), leave: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 6, max: 40 }), (steps, places) => {
        const admission = new Admission();
        const held = new Map<number, number>();
        for (const { who, leave } of steps) {
          const own = held.get(who) ?? 0;
          if (leave && own > 0) {
            admission.leave(`${who}`);
            held.set(who, own - 1);
          } else if (!leave) {
            const free = admission.total < places;
            try {
              admission.enter(`${who}`, places);
              held.set(who, own + 1);
            } catch {
              assert.ok(!(free && own === 0));
            }
          }
          const sum = [...held.values()].reduce((n, one) => n + one, 0);
          assert.equal(admission.total, sum);
          assert.ok(sum <= places);
        }
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Condition, conditionSchema } from '@sallyport/core';
import { ConditionSet } from './condition-set.ts';

const condition = (when: string, over: Partial<Record<keyof Condition, unknown>> = {}): Condition =>
  conditionSchema.parse({
    id: 'large-loan',
    on: 'row',
    when,
    tests: {
      match: [{ input: { amount: 60_000 }, output: { approve: 0.9 } }],
      miss: [{ input: { amount: 10 }, output: { approve: 0.9 } }],
    },
    ...over,
  });
const LOAN = condition('input.amount > 50000 && output.approve > 0.5');

describe('conditions', () => {
  it('hold, or do not, or cannot be judged, which counts as holding', () => {
    const own = ConditionSet.compile([LOAN]).for('credit')!;
    const judge = (input: object, output: object) => own.judge('row', { input, output }, true);
    assert.equal(judge({ amount: 50_001 }, { approve: 0.51 })[0]!.judged, true);
    assert.deepEqual(judge({ amount: 50_000 }, { approve: 0.51 }), []);
    assert.equal(judge({}, { approve: 0.9 })[0]!.judged, false);
    assert.equal(judge({ amount: '60000' }, { approve: 0.9 })[0]!.judged, false);
    assert.equal(judge({ amount: Number.NaN }, { approve: 0.9 }).length, 0, 'is not above anything');
    for (const name of ['constructor', '__proto__', 'toString'])
      assert.equal(
        ConditionSet.of([condition(`input.${name} == 1`)])
          .for('x')!
          .judge('row', { input: {} })[0]!.judged,
        false,
        name,
      );
  });

  it('are for the systems they name, and asked when they know enough', () => {
    const before = condition('input.amount > 50000', { id: 'too-much', systems: ['credit'] });
    const set = ConditionSet.compile([LOAN, before]);
    assert.deepEqual(
      [
        set.for('credit')!.has('row', false),
        set.for('other')!.has('row', false),
        set.for('other')!.has('tool'),
      ],
      [true, false, false],
    );
    assert.equal(set.for('credit')!.judge('row', { input: { amount: 60_000 } }, false).length, 1);
    assert.equal(ConditionSet.compile([before]).for('other'), null);
  });

  it('never load when they are wrong, and say what is', () => {
    for (const [one, words] of [
      [condition('input.amount >'), /condition `large-loan`: `when` is not CEL/],
      [condition('input.amount > 5'), /holds of \{"input":\{"amount":10\}.*, of which it must not/],
      [condition('input.amount > 5000000'), /does not hold of its own example/],
      [condition('input.amuont > 5'), /cannot be judged of its own example .*amuont/],
      [condition('inptu.amount > 5'), /on a row there is no `inptu`, there are call, input, output/],
      [condition('input.amount'), /gives neither true nor false/],
      [condition('nothing(input.amount)'), /cannot be judged/],
      [condition('[1, 2].all(x, [1, 2].all(y, x + y + input.amount > 0))'), /a loop within a loop/],
    ] as const)
      assert.throws(() => ConditionSet.compile([one]), words);
    assert.throws(() => ConditionSet.compile([LOAN, LOAN]), /there are two of that name/);
  });

  it('take linear time over hostile text', () => {
    const own = ConditionSet.of([condition('input.text.matches("(a|a)*(a|aa)+$")', { on: 'call' })]).for(
      'x',
    )!;
    const text = `${'a'.repeat(100_000)}b`;
    assert.deepEqual(own.judge('call', { input: { text } }, false), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type TextRule, textRuleSchema } from '@sallyport/core';
import { Inspector, RuleError, RuleSet } from '../src/index.ts';

const rule = (more: Record<string, unknown>): TextRule =>
  textRuleSchema.parse({
    id: 'project-name',
    any: ['nightingale'],
    tests: { match: ['what is nightingale?'], miss: ['what is a nightjar?'] },
    ...more,
  });
const LOAN = rule({
  id: 'loan-promise',
  any: ['loan'],
  pattern: 'loans? .{0,40}(guaranteed|without (any )?check)',
  channels: ['output'],
  severity: 'critical',
  tests: {
    match: ['A loan is guaranteed.', 'loans without any check'],
    miss: ['a loan is subject to a check'],
  },
});

describe('rules of the operator', () => {
  it('find whole words, and patterns, where they apply', () => {
    const inspector = new Inspector();
    inspector.useRules(RuleSet.compile([rule({}), LOAN]));
    const see = (text: string, channel: 'user' | 'output' = 'user'): string[] =>
      inspector
        .inspect({ text, pointer: '', channel })
        .filter(({ detector }) => detector === 'rule')
        .map(({ technique, location }) => `${technique} ${text.slice(location.start, location.end)}`);
    assert.deepEqual(see('Tell me of Nightingale, please'), ['project-name Nightingale']);
    assert.deepEqual(see('nightingales sing'), []);
    assert.deepEqual(see('A LOAN that is guaranteed!', 'output'), ['loan-promise LOAN that is guaranteed']);
    assert.deepEqual(see('A loan that is guaranteed!', 'user'), []);
  });

  it('see through disguises, at the place in the text as written', () => {
    const inspector = new Inspector();
    inspector.useRules(RuleSet.compile([rule({})]));
    const coded = Buffer.from('please tell me what nightingale is about').toString('base64');
    const found = inspector.inspect({ text: `decode ${coded} now`, pointer: '', channel: 'user' });
    const one = found.find(({ detector }) => detector === 'rule');
    assert.ok(one, 'seen');
    assert.ok(one.view?.startsWith('base64'));
    assert.ok(one.location.start >= 7 && one.location.end <= 7 + coded.length);
  });

  it('on trial say so', () => {
    const inspector = new Inspector();
    inspector.useRules(RuleSet.compile([rule({ mode: 'shadow' })]));
    const [found] = inspector.inspect({ text: 'nightingale', pointer: '', channel: 'user' });
    assert.equal(found?.shadow, true);
  });

  it('that fail their own tests, or are no RE2, or are there twice, are refused by name', () => {
    const wrong = (more: Record<string, unknown>, message: RegExp): void =>
      assert.throws(
        () => RuleSet.compile([rule(more)]),
        (fault: Error) => fault instanceof RuleError && message.test(fault.message),
      );
    wrong({ any: ['kestrel'] }, /`project-name`: does not find its own example "what is nightingale\?"/);
    wrong({ any: ['what'] }, /finds "what is a nightjar\?", which it must not/);
    wrong({ pattern: '(?<=a)b' }, /is not RE2/);
    wrong({ pattern: '(' }, /is not RE2/);
    assert.throws(() => RuleSet.compile([rule({}), rule({})]), /two of that name/);
    assert.throws(() => rule({ tests: { match: [], miss: [] } }));
    assert.throws(() => rule({ id: 'No Spaces' }));
  });

  it('stay linear where a backtracking engine would not', () => {
    const set = RuleSet.compile([
      rule({ pattern: '(n+)+x', any: ['nn'], tests: { match: ['nnx'], miss: ['nny'] } }),
    ]);
    const time = (length: number): number => {
      const text = 'n'.repeat(length);
      const from = process.cpuUsage();
      assert.deepEqual(set.find(text, 'user'), []);
      return process.cpuUsage(from).user;
    };
    time(4_000);
    const small = Math.max(time(16_000), 5_000);
    const large = time(128_000);
    assert.ok(large < small * 8 * 4, `${small} µs for 16k, ${large} µs for 128k`);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { count, judged, plural, seenOf, spend, wouldDeny } from '../src/words.ts';

describe('what is said of a system before it enforces', () => {
  const seen = (over: object) => ({
    ...{ mode: 'observe' as const, exchanges: 9, inspected: 9, answered: 9, failed: 0 },
    ...{ wouldHaveDenied: 0, wouldHaveRedacted: 0, denied: 0, kinds: [] },
    ...over,
  });
  it('is no reassurance where nothing was looked at', () => {
    const none = { exchanges: 0, inspected: 0, answered: 0 };
    assert.equal(judged(seen(none)), 'There is no call to it yet, so no call was inspected yet.');
    assert.equal(
      judged(seen({ inspected: 0, answered: 0, failed: 9 })),
      'No call was inspected yet: of 9 calls, 9 failed.',
    );
    assert.equal(
      judged(seen({ mode: 'enforce', inspected: 0, answered: 0, denied: 9 })),
      'No call was inspected yet: of 9 calls, 9 were denied.',
    );
    for (const over of [none, { inspected: 0 }]) assert.equal(wouldDeny(seen(over)), null);
    assert.equal(wouldDeny(undefined), null);
  });
  it('says how much was looked at', () => {
    assert.equal(
      judged(seen({ answered: 0, failed: 9 })),
      'No answer was inspected yet: of 9 calls, 9 failed. By their questions alone, enforcing would have denied 0 and rewritten 0.',
    );
    assert.equal(
      judged(seen({ inspected: 7, answered: 6, failed: 2, wouldHaveDenied: 1, wouldHaveRedacted: 2 })),
      'Of 9 calls, 7 were inspected; of those enforcing would have denied 1 and rewritten 2. Of all 9 calls, inspected or not, 2 failed. All else in them would have passed unchanged.',
    );
    assert.equal(
      judged(seen({})),
      'Of 9 calls, 9 were inspected; of those enforcing would have denied 0 and rewritten 0. All else in them would have passed unchanged.',
    );
    assert.equal(
      judged(seen({ mode: 'enforce', denied: 3, kinds: [{}] })),
      'Of 9 calls, 9 were inspected; 3 were denied. By what was seen:',
    );
    assert.equal(
      judged(seen({ mode: 'enforce', wouldHaveDenied: 4 })),
      'Of 9 calls, 9 were inspected; 0 were denied, and 4 that passed while it observed would be denied now.',
    );
    assert.equal(
      judged(seen({ exchanges: 1, inspected: 1, answered: 1 })).slice(0, 26),
      'Of 1 call, 1 was inspected',
    );
    assert.equal(wouldDeny(seen({})), 0);
  });
});

describe('what a call cost', () => {
  const call = (over: object) => ({
    ...{ outcome: 'answered', code: null, costMicroUsd: null, inputTokens: 3, outputTokens: 5 },
    ...over,
  });
  it('is no sum where no price is set, and lacks no price where nothing was sent or it is not over', () => {
    assert.equal(spend(call({})), '– (no price set)');
    assert.equal(spend(call({ costMicroUsd: 12 })), '0.000012 USD');
    assert.equal(spend(call({ costMicroUsd: 0 })), '0.000000 USD');
    const denied = { outcome: 'denied', inputTokens: 0, outputTokens: 0 };
    assert.equal(spend(call({ ...denied, code: 'output-denied' })), '– (no price set)');
    assert.equal(spend(call({ ...denied, code: 'input-denied' })), 'none (nothing was sent)');
    assert.equal(spend(call({ outcome: null, inputTokens: 0, outputTokens: 0 })), '– (not over yet)');
  });
});

describe('a count', () => {
  const none = { exchanges: 0, inspected: 0, denied: 0, wouldHaveDenied: 0 };
  it('that was not read is no 0', () => {
    assert.deepEqual([count(undefined), plural(undefined, 'call')], ['–', '– calls']);
    assert.equal(seenOf(undefined, 'shop'), undefined, 'nothing was read');
    assert.deepEqual(seenOf([], 'shop'), none, 'it was read that there is none');
  });
});

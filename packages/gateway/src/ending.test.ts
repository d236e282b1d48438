import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unseenTokens } from './ending.ts';

describe('tokens of an answer whose end is not told', () => {
  it('are those asked for, or more where more are known', () => {
    const reading = { outputTokensMax: 500, outputOpen: false };
    assert.equal(unseenTokens(3, reading, 600_000), 500);
    assert.equal(unseenTokens(700, reading, 0), 700);
  });
  it('are what may have been written meanwhile, where no bound was set', () => {
    const reading = { outputTokensMax: 1_024, outputOpen: true };
    assert.equal(unseenTokens(3, reading, 1_000), 1_024);
    assert.equal(unseenTokens(3, reading, 300_000), 15_000);
    assert.equal(unseenTokens(20_000, reading, 300_000), 20_000);
  });
});

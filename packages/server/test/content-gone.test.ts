import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newEvent } from '@sallyport/core';
import { GoneContents } from '../src/audit/content-gone.ts';

const lost = (at: string, key: string | null) => ({
  ...({ entry: 3, exchange: 'exc_1', direction: 'input', system: 'main' } as const),
  ...{ at, key, message: 'opens no longer' },
});
const expired = (before: string, ids: readonly string[]) =>
  newEvent('content-expired', { actor: 'sallyport', subject: 'system:main', data: { before, ids } });

describe('content that is gone', () => {
  it('is explained by the end of its days, and not where its key was said to be older than it is', () => {
    for (const [at, unexplained] of [
      ['2026-01-10T12:00:00.000Z', 0],
      // Recorded after midnight, under the key of the day before.
      ['2026-01-11T01:30:00.000Z', 0],
      ['2026-01-12T12:00:00.000Z', 1],
      ['2026-03-01T12:00:00.000Z', 1],
    ] as const) {
      const gone = new GoneContents();
      gone.lose([lost(at, 'dek_1')], 1);
      gone.explain(9, expired('2026-01-11', ['dek_1']));
      assert.equal(gone.unexplained().count, unexplained, at);
    }
  });
});

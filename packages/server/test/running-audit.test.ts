import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sampledBundles } from '../src/audit/running-audit.ts';

it('a sample holds the newest 256 entries and seven other bundles, as docs/RECORD.md says', () => {
  for (const [size, expected] of [
    [0, 0],
    [1, 1],
    [256, 1],
    [257, 2],
    [2_048, 8],
    [2_049, 9],
    [2_304, 8],
    [256 * 100, 8],
    [256 * 100 + 1, 9],
  ] as const) {
    const sample = sampledBundles(size);
    assert.equal(sample.size, expected, `${size} entries`);
    for (let entry = Math.max(0, size - 256); entry < size; entry++)
      assert.ok(sample.has(Math.floor(entry / 256)), `${size} entries: ${entry} is looked at`);
    for (const bundle of sample) assert.ok(bundle >= 0 && bundle < Math.ceil(size / 256));
  }
});

it('and is drawn anew each time, from the whole log', () => {
  const seen = new Set<number>();
  for (let n = 0; n < 400; n++) for (const bundle of sampledBundles(256 * 20 + 5)) seen.add(bundle);
  assert.equal(seen.size, 21);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowProfileSchema } from '@sallyport/core';
import { checkRow, learnProfile, ProfileError, squeezeRow } from '../src/index.ts';

/** Invented applications: rent goes with income, children are whole, prices have two places, of three kinds. */
function applications(count: number): unknown[][] {
  let state = 5;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const income = 1_000 + next() * 4_000;
    return [
      Math.round(income),
      Math.round(income * 0.3 + next() * 100),
      Math.floor(next() * 5),
      Math.round(next() * 10_000) / 100,
      ['rent', 'own', 'other'][Math.floor(next() * 3)],
    ];
  });
}
const NAMES = ['income', 'rent', 'children', 'price', 'home'];
const profile = learnProfile(NAMES, applications(2_000));
const odd = (row: unknown[]): string[] =>
  checkRow(profile, row).map(({ technique, feature }) => `${technique} ${feature}`);

describe('rows for classifiers', () => {
  it('a profile is the same for the same rows, and survives being written down', () => {
    assert.deepEqual(learnProfile(NAMES, applications(2_000)), profile);
    assert.deepEqual(rowProfileSchema.parse(JSON.parse(JSON.stringify(profile))), profile);
  });

  it('rows like those it knows are left alone', () => {
    const fresh = applications(4_000).slice(2_000);
    const grave = fresh.filter((row) => checkRow(profile, row).some(({ severity }) => severity === 'high'));
    const noted = fresh.filter((row) => checkRow(profile, row).some(({ severity }) => severity === 'medium'));
    assert.equal(grave.length, 0);
    assert.ok(noted.length <= 40, `${noted.length} of 2,000 noted`);
  });

  it('each kind of oddity is named with its feature', () => {
    const row = [3_000, 950, 2, 17.25, 'rent'];
    assert.deepEqual(odd(row), []);
    assert.deepEqual(odd(row.slice(1)), ['wrong-width -1']);
    assert.deepEqual(odd(['3000', 950, 2, 17.25, 'rent']), ['wrong-type 0']);
    assert.deepEqual(odd([Number.NaN, 950, 2, 17.25, 'rent']), ['wrong-type 0']);
    assert.deepEqual(odd([3_000, 950, 2, 17.25, 'castle']), ['unknown-category 4']);
    assert.deepEqual(odd([3_000, 950, 2.5, 17.25, 'rent']), ['not-whole 2']);
    assert.deepEqual(odd([3_000, 950, 2, 17.250_013_7, 'rent']), ['unusual-precision 3']);
    assert.ok(odd([90_000, 27_000, 2, 17.25, 'rent']).includes('out-of-range 0'));
    assert.ok(checkRow(profile, [90_000, 950, 2, 17.25, 'rent']).some(({ severity }) => severity === 'high'));
    // Each value is common; together they are not.
    const unlikely = odd([4_900, 320, 2, 17.25, 'rent']);
    assert.ok(
      unlikely.some((one) => /^implausible-together [01]$/.test(one)),
      unlikely.join(),
    );
  });

  it('noise below what training data tells apart is squeezed away', () => {
    assert.deepEqual(squeezeRow(profile, [3_000.2, 950.1, 2.04, 17.250_013_7, 'rent']), [
      3_000,
      950,
      2,
      17.25,
      'rent',
    ]);
  });

  it('says which column cannot be learned', () => {
    assert.throws(() => learnProfile(['a'], applications(10)), ProfileError);
    assert.throws(
      () =>
        learnProfile(
          ['a', 'b'],
          Array.from({ length: 60 }, (_, n) => [n, n === 40 ? null : 'x']),
        ),
      /column `b`.*row 41/,
    );
    assert.throws(
      () =>
        learnProfile(
          ['id'],
          Array.from({ length: 400 }, (_, n) => [`customer ${n}`]),
        ),
      /400 different texts/,
    );
    // Columns that are the same, or always the same, break nothing.
    const flat = learnProfile(
      ['a', 'b', 'c'],
      Array.from({ length: 100 }, (_, n) => [n, n, 7]),
    );
    assert.deepEqual(checkRow(flat, [50, 50, 7]), []);
    assert.ok(checkRow(flat, [50, 50, 8]).length > 0);
  });
});

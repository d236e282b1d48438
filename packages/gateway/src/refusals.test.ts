import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LIMITS } from '@sallyport/core';
import { type CountedRefusals, Refusals } from './refusals.ts';

const PER_MINUTE = LIMITS.refusalRecordsPerMinute;
const IN_ALL = LIMITS.unknownRefusalRecordsPerMinute;

describe('calls that are refused', () => {
  /** Refuses calls. @returns how many are recorded one by one */
  const refuse = (of: Refusals, count: number, key: string | null, address: (n: number) => string): number =>
    Array.from({ length: count }, (_, n) => of.count(key, address(n))).filter((counted) => !counted).length;
  const begin = () => {
    const told: CountedRefusals[] = [];
    const refusals = new Refusals((one) => told.push(one));
    refusals.close();
    return { told, refusals };
  };

  it('are recorded up to a bound for each key, whatever addresses it is used from, and told', () => {
    const { told, refusals } = begin();
    assert.equal(
      refuse(refusals, 1_000, 'a', (n) => `10.0.0.${n % 250}`),
      PER_MINUTE,
    );
    assert.equal(
      refuse(refusals, 10, 'b', () => '10.0.0.1'),
      10,
    );
    refusals.flush();
    assert.deepEqual(told, [{ key: 'a', count: 1_000 - PER_MINUTE, addresses: [] }]);
  });

  it('are recorded up to a bound for each address, network of IPv6 and all without a key', () => {
    const { told, refusals } = begin();
    assert.equal(
      refuse(refusals, 100, null, (n) => `2001:db8::${n.toString(16)}`),
      PER_MINUTE,
    );
    const others = refuse(refusals, 50_000, null, (n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    assert.equal(others, IN_ALL - PER_MINUTE);
    // One with a key is not hidden by them.
    assert.equal(
      refuse(refusals, 1, 'a', () => '10.0.0.1'),
      1,
    );
    refusals.flush();
    assert.equal(told.length, 1);
    assert.equal(told[0]!.count, 50_100 - IN_ALL);
    assert.deepEqual(told[0]!.addresses[0], ['2001:db8:0:0::/64', 100 - PER_MINUTE]);
    assert.ok(told[0]!.addresses.length <= 16);
  });

  it('of a flood that goes on are recorded ever fewer, and all are told', () => {
    const { told, refusals } = begin();
    let recorded = 0;
    for (let minute = 0; minute < 60; minute++) {
      recorded += refuse(refusals, 500, 'a', () => '10.0.0.1');
      recorded += refuse(refusals, 500, null, () => '10.0.0.1');
      refusals.flush();
    }
    assert.ok(recorded < 800, `${recorded}`);
    assert.equal(recorded + told.reduce((sum, { count }) => sum + count, 0), 60 * 1_000);
    refusals.flush();
    assert.equal(
      refuse(refusals, 500, 'a', () => '10.0.0.1'),
      PER_MINUTE,
      'as before once it was quiet',
    );
  });
});

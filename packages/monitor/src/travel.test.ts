import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distanceKm, impossibleTravel, type Whereabouts } from '@sallyport/monitor';

const ZURICH = { latitude: 47.37, longitude: 8.54 };
const SYDNEY = { latitude: -33.87, longitude: 151.21 };
const GENEVA = { latitude: 46.2, longitude: 6.14 };
const HOUR = 3_600_000;

describe('impossible travel', () => {
  const session = (
    hours: number,
    place: { latitude: number; longitude: number } | null,
    address: string,
    subject = 'person:a',
    radiusKm = 20,
  ): Whereabouts => ({ subject, atMs: hours * HOUR, address, place: place && { ...place, radiusKm } });

  it('knows distances', () => {
    assert.ok(Math.abs(distanceKm(ZURICH, SYDNEY) - 16_565) < 40, `${distanceKm(ZURICH, SYDNEY)}`);
    assert.equal(distanceKm(ZURICH, ZURICH), 0);
    const antipode = { latitude: -ZURICH.latitude, longitude: ZURICH.longitude - 180 };
    assert.ok(Math.abs(distanceKm(ZURICH, antipode) - Math.PI * 6_371) < 1);
  });
  it('is told from what somebody can travel, and from what the database is unsure of', () => {
    const far = impossibleTravel([session(0, ZURICH, '1'), session(2, SYDNEY, '2')]);
    assert.equal(far.length, 1);
    assert.match(far[0]!.detail, /from 1 and 2, 165\d\d km apart, within 2 hours/);
    for (const sessions of [
      [session(0, ZURICH, '1'), session(24, SYDNEY, '2')],
      [session(0, ZURICH, '1'), session(0.1, GENEVA, '2')],
      [session(0, ZURICH, '1'), session(2, SYDNEY, '1')],
      [session(0, ZURICH, '1'), session(2, SYDNEY, '2', 'person:b')],
      [session(0, ZURICH, '1'), session(2, null, '2')],
      [session(0, ZURICH, '1', 'person:a', 9_000), session(2, SYDNEY, '2', 'person:a', 9_000)],
    ])
      assert.deepEqual(impossibleTravel(sessions), []);
    const between = [session(0, ZURICH, '1'), session(1, null, '3'), session(2, SYDNEY, '2')];
    assert.equal(impossibleTravel(between).length, 1, 'a place that is not known hides nothing');
  });
});

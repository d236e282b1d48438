import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SteadyClock } from './clock.ts';

describe('steady clock', () => {
  const machine = () => {
    const state = { wall: 1_700_000_000_000, steady: 50, up: 1000 };
    const clock = new SteadyClock({
      wallMs: () => state.wall,
      steadyMs: () => state.steady,
      uptimeS: () => state.up,
    });
    const pass = (ms: number): void => {
      state.wall += ms;
      state.steady += ms;
      state.up += ms / 1000;
    };
    return { state, clock, pass };
  };

  it('goes on steadily whatever is done to the wall clock, and says how far that is off', () => {
    const { state, clock, pass } = machine();
    const begun = clock.nowMs();
    assert.equal(begun, state.wall);
    for (const jump of [86_400_000, -10 * 86_400_000, 3_600_000, -1]) {
      state.wall += jump;
      const before = clock.nowMs();
      pass(5_000);
      assert.equal(clock.nowMs() - before, 5_000);
    }
    assert.equal(clock.nowMs() - begun, 20_000);
    assert.equal(clock.driftMs(), 86_400_000 - 10 * 86_400_000 + 3_600_000 - 1);
  });

  it('counts sleep of the machine', () => {
    const { state, clock, pass } = machine();
    const begun = clock.nowMs();
    pass(1_500);
    clock.nowMs();
    // Asleep for an hour: the steady source stands still.
    state.wall += 3_600_000;
    state.up += 3_600;
    pass(1_500);
    assert.equal(clock.nowMs() - begun, 3_603_000);
    assert.equal(clock.driftMs(), 0);
  });

  it('is the same on a thread that follows', () => {
    const { state, clock, pass } = machine();
    pass(7_000);
    state.wall += 1_000_000;
    const other = new SteadyClock({
      wallMs: () => state.wall,
      steadyMs: () => state.steady - 6_000,
      uptimeS: () => state.up,
    });
    other.follow(clock.anchor());
    pass(3_000);
    assert.equal(other.nowMs(), clock.nowMs());
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignOnStates } from './states.ts';

describe('who is at the identity provider', () => {
  it('a flood from one address forgets its own, and nobody else', () => {
    const states = new SignOnStates(100, 10);
    assert.equal(states.add('victim', '192.0.2.1', 0, 600), null);
    const gone = Array.from({ length: 50 }, (_, i) => states.add(`f${i}`, '192.0.2.2', 1, 601));
    assert.deepEqual(gone.slice(0, 12), [...Array(10).fill(null), 'f0', 'f1']);
    assert.ok(!gone.includes('victim'));
    assert.equal(states.size, 11);
  });

  it('where all is full, those of the same address go first, else the one that began first', () => {
    const states = new SignOnStates(3, 10);
    for (const [key, address] of [
      ['a', '192.0.2.1'],
      ['b', '192.0.2.2'],
      ['c', '192.0.2.2'],
    ] as const)
      states.add(key, address, 0, 600);
    assert.equal(states.add('d', '192.0.2.2', 1, 601), 'b');
    assert.equal(states.add('e', '192.0.2.3', 1, 601), 'a');
    assert.equal(states.size, 3);
  });

  it('one network of IPv6 is one address; what ended makes room', () => {
    const states = new SignOnStates(100, 2);
    states.add('a', '2001:db8::1', 0, 600);
    states.add('b', '2001:db8::ffff:2', 0, 600);
    assert.equal(states.add('c', '2001:db8:0:0:1::', 0, 600), 'a');
    assert.equal(states.add('d', '2001:db8::4', 0, 600), 'b');
    assert.equal(states.add('e', '2001:db8::5', 600, 1_200), null);
    assert.equal(states.size, 1);
  });
});

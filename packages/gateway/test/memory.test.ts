import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Memory } from '../src/memory.ts';

const MB = 1024 * 1024;

describe('memory of bodies and answers', () => {
  it('is taken up to a share by one caller, and left to others', () => {
    const memory = new Memory(100 * MB);
    const loud = memory.enter('loud', 1_000, 10 * MB);
    assert.throws(
      () => {
        for (;;) loud.body(MB);
      },
      { code: 'overloaded', message: /of a busy gateway, 70 MB of them for this key/ },
    );
    memory.enter('quiet', 1, 10 * MB).body(10 * MB);
    loud.release();
    assert.equal(memory.bytes, 20 * MB);
  });

  it('is no more than a caller’s calls at the same time may hold', () => {
    const memory = new Memory();
    const calls = Array.from({ length: 40 }, () => memory.enter('one place', 1, 10 * MB));
    const taken = calls.filter((call) => {
      try {
        call.body(10 * MB);
        return true;
      } catch (fault) {
        assert.equal((fault as { code: string }).code, 'overloaded');
        return false;
      }
    });
    assert.equal(taken.length, 2);
    for (const call of calls) call.release();
    assert.equal(memory.bytes, 0);
  });

  it('is taken back from senders that are slow, once others need it', async () => {
    const memory = new Memory(100 * MB);
    const slow = Array.from({ length: 3 }, (_, n) => memory.enter(`slow ${n}`, 1, 10 * MB));
    let cut = 0;
    for (const one of slow) {
      one.body(10 * MB);
      one.reading(({ code }) => {
        assert.equal(code, 'overloaded');
        cut++;
      });
    }
    const quick = memory.enter('slow 0', 9, 10 * MB);
    quick.reading(() => assert.fail('a quick one was cut off'));
    quick.body(5 * MB);
    assert.throws(() => memory.enter('fresh', 9, 10 * MB).body(20 * MB), { code: 'overloaded' });
    await new Promise((tick) => setTimeout(tick, 1_050));
    quick.arrived = 5 * MB;
    const fresh = memory.enter('fresh', 9, 10 * MB);
    fresh.body(20 * MB);
    assert.equal(cut, 3);
    for (const one of [quick, fresh, ...slow]) one.release();
    assert.equal(memory.bytes, 0);
  });

  it('is given back by a slow sender who asks for more', () => {
    const memory = new Memory(1_000_000);
    const calls = [memory.enter('busy', 10, 1_000_000), memory.enter('slow', 10, 1_000_000)];
    calls[0]!.answer(500_000);
    calls[1]!.answer(230_000);
    const slow = memory.enter('slow', 10, 1_000_000);
    let cut = 0;
    slow.reading(() => cut++);
    slow.body(30_000);
    slow.sinceMs -= 2_000;
    slow.arrived = 61_000;
    assert.throws(() => slow.body(30_500), { code: 'overloaded', message: /too slowly/ });
    assert.equal(cut, 1);
    for (const one of [slow, ...calls]) one.release();
    assert.equal(memory.bytes, 0);
  });

  it('adds up whatever happens in whatever order', () => {
    const step = fc.record({ call: fc.nat(7), what: fc.nat(3), bytes: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = new Memory(100);
        const calls = Array.from({ length: 8 }, (_, n) => memory.enter(`${n % 3}`, 2, 20));
        for (const { call, what, bytes } of steps) {
          try {
            if (what === 0) calls[call]!.body(bytes);
            else if (what === 1) calls[call]!.answer(bytes);
            else if (what === 2) calls[call]!.release();
          } catch {
            // Refused, so nothing was taken.
          }
          assert.ok(memory.bytes >= 0 && memory.bytes <= 100);
        }
        for (const one of calls) one.release();
        assert.equal(memory.bytes, 0);
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Counters } from '@sallyport/gateway';
import fc from 'fast-check';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/* A limit of 600 requests a minute let 699 through in ten seconds: it filled up again while it was used. */
const SECOND_NS = 1_000_000_000;
const START_NS = 10 ** 15;
const limits = (more: object) => ({
  requestsPerMinute: 1_000_000,
  tokensPerMinute: 1_000_000,
  concurrent: 1_000_000,
  spendMicroUsdPerDay: 1_000_000,
  ...more,
});

/** Times, in milliseconds, at which calls of so many tokens pass. */
function passing(
  own: ReturnType<typeof limits>,
  calls: readonly (readonly [atMs: number, tokens: number])[],
) {
  const counters = new Counters(Counters.allocate(), 0);
  return calls.filter(([atMs, tokens]) => {
    const nowNs = BigInt(START_NS) + BigInt(atMs) * 1_000_000n;
    const taken = counters.reserve([{ slot: 5, limits: own }], tokens, 0, nowNs, 86_400_000 * 20_000);
    if ('code' in taken) return false;
    counters.settle(taken, tokens, 0, nowNs);
    return true;
  });
}

describe('limits of a minute', () => {
  it('hold for ten seconds of asking, and for every minute of an hour', () => {
    const asked = Array.from({ length: 36_000 }, (_, n) => [n * 100, 1] as const);
    const first = passing(limits({ requestsPerMinute: 600 }), [
      ...Array.from({ length: 700 }, (_, n) => [n * 14, 1] as const),
    ]);
    assert.equal(first.length, 600, 'in ten seconds');
    const all = passing(limits({ requestsPerMinute: 300 }), asked).map(([at]) => at);
    for (const [n, at] of all.entries())
      assert.ok(all.slice(n, n + 400).filter((one) => one < at + 60_000).length <= 300, `from ${at} ms on`);
    assert.ok(all.length >= 300 * 59, `${all.length} of the 18,000 that the hour has room for`);
  });

  it('whenever calls come, and however large they are: no minute holds more', () => {
    const gap = fc.oneof({ weight: 4, arbitrary: fc.nat(900) }, fc.nat(40_000));
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, fc.integer({ min: 1, max: 40 })), { maxLength: 200 }), (calls) => {
        let atMs = 0;
        const timed = calls.map(([more, tokens]) => {
          atMs += more;
          return [atMs, tokens] as const;
        });
        for (const [own, units] of [
          [limits({ requestsPerMinute: 20 }), () => 1],
          [limits({ tokensPerMinute: 100 }), (tokens: number) => tokens],
        ] as const) {
          const through = passing(own, timed);
          for (const [from] of through) {
            const held = through.filter(([at]) => at >= from && at < from + 60_000);
            assert.ok(
              held.reduce((sum, [, tokens]) => sum + units(tokens), 0) <= (units(40) === 1 ? 20 : 100),
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('say when there is room again, and there is', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ requestsPerMinute: 10 });
    const take = (nowNs: number) =>
      counters.reserve([{ slot: 5, limits: own }], 0, 0, BigInt(nowNs), 86_400_000 * 20_000);
    for (let n = 0; n < 10; n++) assert.ok(!('code' in take(START_NS + n * 3 * SECOND_NS)));
    const now = START_NS + 40 * SECOND_NS;
    const hit = take(now);
    assert.ok('code' in hit && hit.retryAfterMs !== null && hit.retryAfterMs <= 22_000, JSON.stringify(hit));
    assert.ok(!('code' in take(now + hit.retryAfterMs * 1_000_000)));
  });

  it('give back in the minute in which it was taken what a call did not use', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ tokensPerMinute: 100 });
    const take = (tokens: number, second: number) =>
      counters.reserve(
        [{ slot: 5, limits: own }],
        tokens,
        0,
        BigInt(START_NS + second * SECOND_NS),
        86_400_000 * 20_000,
      );
    const first = take(90, 0);
    assert.ok(!('code' in first) && 'code' in take(20, 5));
    if ('code' in first) return;
    counters.settle(first, 10, 0, BigInt(START_NS + 30 * SECOND_NS));
    assert.ok(!('code' in take(90, 31)));
    assert.ok('code' in take(1, 59));
    assert.ok(!('code' in take(10, 62)) && 'code' in take(1, 63));
  });
});

describe('a call that no wait can help', () => {
  let server: TestServer;
  let fake: FakeSystem;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake, { prices: { inputPerMillion: 0, outputPerMillion: 10 } }),
        small: enforced(fake, { limits: { tokensPerMinute: 200 } }),
      },
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  it('is refused with 400, the reason and the limit', async () => {
    const ask = async (limits: object, system: string, more: object) => {
      const key = await server.key([system], limits);
      const response = await server.chat(key, 'hi', more);
      const { error } = (await response.json()) as { error?: { code: string; message: string } };
      if (response.status === 400) {
        assert.equal(response.headers.get('retry-after'), null);
        const { summary } = await server.control.exchange('test', exchangeOf(response), false);
        assert.deepEqual([summary.outcome, summary.code], ['denied', 'over-limit']);
      }
      return { status: response.status, code: error?.code, message: error?.message ?? '' };
    };
    const asked = { max_tokens: 5_000 };
    const tokens = await ask({ tokensPerMinute: 1_000 }, 'main', asked);
    assert.deepEqual([tokens.status, tokens.code], [400, 'over-limit']);
    assert.match(tokens.message, /this call may use 5001 tokens, and 1000 a minute are the limit of the key/);
    const small = await ask({}, 'small', asked);
    assert.equal(small.status, 400);
    assert.match(small.message, /200 a minute are the limit of `small`/);
    const spend = await ask({ spendMicroUsdPerDay: 10_000 }, 'main', asked);
    assert.equal(spend.status, 400);
    assert.match(
      spend.message,
      /may cost 0\.05 US dollars, and 0\.01 US dollars a day are the limit of the key/,
    );
    for (const none of [
      { requestsPerMinute: 0 },
      { concurrent: 0 },
      { tokensPerMinute: 0 },
      { spendMicroUsdPerDay: 0 },
    ])
      assert.equal((await ask(none, 'main', {})).status, 400, JSON.stringify(none));
    const fits = await ask({ tokensPerMinute: 5_001 }, 'main', asked);
    assert.equal(fits.status, 200);
  });

  it('keeps 429 and a time to come back where waiting helps', async () => {
    const key = await server.key(['main'], { tokensPerMinute: 100 });
    assert.equal((await server.chat(key, 'hi', { max_tokens: 90 })).status, 200);
    const again = await server.chat(key, 'hi', { max_tokens: 99 });
    assert.equal(again.status, 429);
    assert.ok(Number(again.headers.get('retry-after')) >= 1);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counters } from '@sallyport/gateway';
import { completion, enforced, exchangeOf, fakeSystem, sendJson, testServer } from './harness.ts';

const limits = (more: object) => ({
  requestsPerMinute: 1000,
  tokensPerMinute: 1_000_000,
  concurrent: 100,
  spendMicroUsdPerDay: 1_000_000,
  ...more,
});
const take = (
  counters: Counters,
  own: ReturnType<typeof limits>,
  tokens = 0,
  spend = 0,
  nowNs = 10n ** 15n,
  nowMs = 86_400_000 * 20_000,
) => counters.reserve([{ slot: 3, limits: own }], tokens, spend, nowNs, nowMs);
const passed = (result: object): boolean => !('code' in result);

describe('counters', () => {
  it('let through exactly the limit in a minute', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ requestsPerMinute: 60 });
    let through = 0;
    for (let i = 0; i < 100; i++) if (passed(take(counters, own))) through++;
    assert.equal(through, 60);
    const hit = take(counters, own, 0, 0, 10n ** 15n + 1_000_000_000n);
    assert.ok('code' in hit && hit.code === 'rate-limited' && hit.retryAfterMs === 60_000);
    assert.ok(passed(take(counters, own, 0, 0, 10n ** 15n + 61_000_000_000n)));
  });

  it('settle what was reserved by what was used, and give nothing out twice', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ tokensPerMinute: 100 });
    const first = take(counters, own, 90);
    assert.ok(!passed(take(counters, own, 20)));
    if ('slots' in first) counters.settle(first, 10, 0);
    assert.ok(passed(take(counters, own, 80)));
    assert.ok(!passed(take(counters, own, 20)));
  });

  it('hold spend to the day, whatever the clock does', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ spendMicroUsdPerDay: 100 });
    const day = 86_400_000 * 20_000;
    assert.ok(passed(take(counters, own, 0, 80, 1n, day)));
    assert.ok(!passed(take(counters, own, 0, 30, 1n, day)));
    assert.ok(
      !passed(take(counters, own, 0, 30, 1n, day - 86_400_000)),
      'a clock set back hands out no second budget',
    );
    assert.ok(passed(take(counters, own, 0, 30, 1n, day + 86_400_000)));
  });

  it('give back spend to the day that it was taken of', () => {
    const counters = new Counters(Counters.allocate(), 0);
    const own = limits({ spendMicroUsdPerDay: 1_000 });
    const day = 86_400_000 * 20_000;
    const [late, dear] = [900, 50].map((spend) => take(counters, own, 0, spend, 1n, day - 1_000));
    const today = take(counters, own, 0, 900, 2n, day);
    assert.ok('slots' in late! && 'slots' in dear! && 'slots' in today);
    counters.settle(today, 0, 900);
    counters.settle(late, 0, 1);
    assert.equal(counters.spend(3), 900, 'what yesterday did not use');
    assert.ok(!passed(take(counters, own, 0, 900, 3n, day)));
    counters.settle(dear, 0, 90);
    assert.equal(counters.spend(3), 940, 'what was used besides is used now');
  });

  it('count calls at the same time over all workers, and forget those of a worker that died', () => {
    const memory = Counters.allocate();
    const [a, b] = [new Counters(memory, 0), new Counters(memory, 1)];
    const own = limits({ concurrent: 3 });
    assert.ok(passed(take(a, own)) && passed(take(b, own)) && passed(take(b, own)));
    assert.ok(!passed(take(a, own)));
    a.clearWorker(1);
    assert.equal(a.concurrent(3), 1);
  });
});

describe('limits at the gateway', () => {
  it('hold across worker threads, to the request, with Retry-After, each refusal recorded', async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake) }, workers: 3 });
    try {
      const key = await server.key(['main'], { requestsPerMinute: 50 });
      const answers = await Promise.all(Array.from({ length: 200 }, () => server.chat(key, 'hi')));
      const refused = answers.filter((answer) => answer.status === 429);
      const through = answers.length - refused.length;
      assert.equal(through, 50);
      assert.equal(fake.requests.length, through);
      for (const answer of refused) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      const { summary } = await server.control.exchange('test', exchangeOf(refused[0]!), false);
      assert.deepEqual([summary.outcome, summary.code], ['denied', 'rate-limited']);
    } finally {
      await server.stop();
      await fake.close();
    }
  });

  it('bound tokens, concurrency and spend; spend survives a restart', async () => {
    const fake = await fakeSystem();
    fake.answer = (_req, res) => setTimeout(() => sendJson(res, completion('ok')), 200);
    const system = enforced(fake, { prices: { inputPerMillion: 0, outputPerMillion: 10_000 } });
    const first = await testServer({ systems: { main: system } });
    const tokens = await first.key(['main'], { tokensPerMinute: 100 });
    assert.equal((await first.chat(tokens, 'hi', { max_tokens: 101 })).status, 400);
    assert.equal((await first.chat(tokens, 'hi', { max_tokens: 90 })).status, 200);
    const lone = await first.key(['main'], { concurrent: 1 });
    const both = await Promise.all([
      first.chat(lone, 'a', { max_tokens: 5 }),
      first.chat(lone, 'b', { max_tokens: 5 }),
    ]);
    assert.deepEqual(both.map((one) => one.status).sort(), [200, 429]);
    const poor = await first.key(['main'], { spendMicroUsdPerDay: 80_000 });
    assert.equal((await first.chat(poor, 'hi', { max_tokens: 6 })).status, 200);
    await first.stop();
    const second = await testServer({ systems: { main: system }, data: first.data });
    try {
      // The answer said it used 5 tokens: 5 of 8 cents are gone.
      assert.equal((await second.chat(poor, 'hi', { max_tokens: 4 })).status, 429);
      assert.equal((await second.chat(poor, 'hi', { max_tokens: 3 })).status, 200);
    } finally {
      await second.stop();
      await fake.close();
    }
  });

  it('a revoked key is refused by every worker once the revocation is answered', async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake) }, workers: 3 });
    try {
      const made = await server.control.apiKeys.create('test', { name: 'x', systems: ['main'] });
      assert.equal((await server.chat(made.key, 'hi')).status, 200);
      await server.control.apiKeys.revoke('test', made.id);
      const answers = await Promise.all(Array.from({ length: 30 }, () => server.chat(made.key, 'hi')));
      assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [401]);
      const short = await server.control.apiKeys.create('test', {
        name: 'x',
        systems: ['main'],
        expires: '1s',
      });
      assert.equal((await server.chat(short.key, 'hi')).status, 200);
      await new Promise((tick) => setTimeout(tick, 1100));
      assert.equal((await server.chat(short.key, 'hi')).status, 401);
    } finally {
      await server.stop();
      await fake.close();
    }
  });
});

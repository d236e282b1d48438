import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { openControl } from '@sallyport/server';
import { completion, scratch } from '../packages/server/test/harness.ts';
import { killPrograms, startProgram } from '../packages/server/test/program.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10);
const LOAD = 0.7;
const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
const share = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!;
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

after(killPrograms);

it(`${MINUTES} minutes at 70 % load: flat memory, nothing lost, no limit overshot, p99 within 3 times p50`, async () => {
  const folder = scratch();
  const data = join(folder, 'data');
  const rootKey = join(folder, 'root.key');
  const config = join(folder, 'sallyport.yaml');
  const answer = Buffer.from(completion('x'.repeat(1024)));
  const upstream = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      res.end(answer);
    });
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const { port } = upstream.address() as AddressInfo;
  writeFileSync(
    config,
    `systems:\n  main: { dialect: openai, urls: ["http://127.0.0.1:${port}"], allowPrivate: true, mode: enforce, limits: { requestsPerMinute: 9999999, tokensPerMinute: 999999999, concurrent: 10000 } }\n`,
  );
  const control = await openControl({
    data,
    config: parseConfig({ systems: { main: { dialect: 'openai', urls: ['http://x.example'] } } }),
    rootKey,
    create: true,
  });
  const none = {
    requestsPerMinute: 9_999_999,
    tokensPerMinute: 999_999_999,
    concurrent: 10_000,
    spendMicroUsdPerDay: 1_000_000_000,
  };
  const free = (await control.apiKeys.create('soak', { name: 'free', systems: ['main'], limits: none })).key;
  const limited = await control.apiKeys.create('soak', {
    name: 'limited',
    systems: ['main'],
    limits: { ...none, requestsPerMinute: 120 },
  });
  await control.installation.close();
  const program = await startProgram({ data, rootKey, config, args: ['--workers', '1'] });
  const { gateway } = program;
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const body = Buffer.from(
    JSON.stringify({ model: 'main', messages: [{ role: 'user', content: 'word '.repeat(200) }] }),
  );
  let acknowledged = 0;
  const call = (key: string): Promise<number> =>
    new Promise((done, fail) => {
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': body.length,
      };
      const req = request(`${gateway}/v1/chat/completions`, { method: 'POST', agent, headers }, (res) => {
        res.resume();
        res.on('end', () => {
          if (res.statusCode === 200) acknowledged++;
          done(res.statusCode!);
        });
      });
      req.on('error', fail);
      req.end(body);
    });
  // What it can do at most, with everything warm.
  let counting = false;
  let counted = 0;
  let going = true;
  const closed = Array.from({ length: 32 }, async () => {
    while (going) {
      assert.equal(await call(free), 200);
      if (counting) counted++;
    }
  });
  await sleep(10_000);
  counting = true;
  await sleep(10_000);
  going = false;
  await Promise.all(closed);
  const most = counted / 10;
  // The backlog of that is not part of the measurement.
  await sleep(5_000);
  const rate = most * LOAD;

  const latencies: number[] = [];
  const memory: number[] = [];
  const failures: number[] = [];
  const passed: number[] = [];
  const begun = performance.now();
  const end = begun + MINUTES * 60_000;
  const pending = new Set<Promise<void>>();
  const watch = setInterval(() => memory.push(program.rssMb()), 1_000);
  // A key with a limit, asked for four times as much as it may.
  const greedy = (async () => {
    while (performance.now() < end) {
      const status = await call(limited.key);
      if (status === 200) passed.push(performance.now());
      else assert.equal(status, 429);
      await sleep(125);
    }
  })();
  for (let n = 0; performance.now() < end; ) {
    const due = Math.floor(((performance.now() - begun) / 1000) * rate);
    for (; n < due; n++) {
      const from = performance.now();
      const one: Promise<void> = call(free).then((status) => {
        latencies.push(performance.now() - from);
        if (status !== 200) failures.push(status);
        pending.delete(one);
      });
      pending.add(one);
    }
    await sleep(2);
  }
  await Promise.all([...pending, greedy]);
  clearInterval(watch);
  const minutes = (performance.now() - begun) / 60_000;
  assert.equal(await program.stop(), 0);
  upstream.close();
  agent.destroy();

  const again = await openControl({ data, config: parseConfig({}), rootKey, create: false });
  const { total } = await again.installation.store.exchanges.count({ outcome: 'answered' });
  await again.installation.close();
  latencies.sort((a, b) => a - b);
  const third = Math.floor(memory.length / 3);
  const report = {
    most: Math.round(most),
    rate: Math.round(rate),
    calls: latencies.length,
    p50: share(latencies, 0.5),
    p99: share(latencies, 0.99),
    rssFirstThird: Math.round(mean(memory.slice(0, third))),
    rssLastThird: Math.round(mean(memory.slice(-third))),
    rssMost: Math.round(Math.max(...memory)),
    acknowledged,
    recorded: total,
    limited: passed.length,
    limitedAllowed: Math.floor(120 + 120 * minutes) + 1,
  };
  process.stderr.write(`${JSON.stringify(report)}\n`);
  assert.deepEqual(failures, []);
  assert.equal(total, acknowledged, 'every acknowledged call is in the record, and no other');
  assert.ok(passed.length <= report.limitedAllowed, 'no limit overshot beyond one reservation');
  assert.ok(report.rssLastThird <= report.rssFirstThird * 1.1, 'memory is flat');
  assert.ok(report.p99 <= report.p50 * 3, `p99 ${report.p99.toFixed(1)} ms, p50 ${report.p50.toFixed(1)} ms`);
});

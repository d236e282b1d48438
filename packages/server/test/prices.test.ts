import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  completion,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  scratch,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const messages = [{ role: 'user', content: 'hi' }];

describe('prices', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) => sendJson(res, completion('hello'));
    server = await testServer({
      systems: {
        main: enforced(fake),
        other: enforced(fake),
        fixed: enforced(fake, { prices: { inputPerMillion: 100, outputPerMillion: 1_000 } }),
      },
      workers: 2,
    });
    key = await server.key(['main', 'other', 'fixed']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const sallyport = async (...args: string[]) => {
    const child = spawn(process.execPath, [MAIN, ...args, '--data', server.data], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    const status = child.exitCode ?? (await new Promise<number | null>((done) => child.once('exit', done)));
    return { status, stdout: stdout.join(''), stderr: stderr.join('') };
  };
  /** The cost of a call that uses 3 tokens of input and 5 of output. */
  const cost = async (system: string, model: string): Promise<number | null> => {
    const response = await server.post(`/s/${system}/v1/chat/completions`, key, { model, messages });
    assert.equal(response.status, 200);
    await response.text();
    const shown = await sallyport('ledger', 'show', exchangeOf(response), '--format', 'json');
    assert.equal(shown.status, 0, shown.stderr);
    const { exchange, entries } = JSON.parse(shown.stdout) as {
      exchange: { costMicroUsd: number | null };
      entries: { leaf: { costMicroUsd?: number | null } }[];
    };
    assert.equal(entries.at(-1)!.leaf.costMicroUsd, exchange.costMicroUsd, 'the record says the same');
    return exchange.costMicroUsd;
  };

  it('that nobody set are none, and not 0', async () => {
    assert.equal(await cost('main', 'm'), null);
    assert.equal(await cost('fixed', 'm'), 3 * 100 + 5 * 1_000);
    const listed = await sallyport('prices', 'list');
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, /no prices are set/);
  });

  it('are loaded as YAML, JSON and CSV, recorded, and count at once', async () => {
    const folder = scratch();
    const rows = [
      { model: 'm-1', inputPerMillion: 1, outputPerMillion: 10 },
      { model: 'm-*', inputPerMillion: 2, outputPerMillion: 20 },
      { model: 'm-2*', inputPerMillion: 3, outputPerMillion: 30 },
      { model: 'm-*', system: 'other', inputPerMillion: 4, outputPerMillion: 40 },
      { model: 'free', inputPerMillion: 0, outputPerMillion: 0 },
    ];
    const files = {
      'prices.json': JSON.stringify(rows),
      'prices.yaml': `prices:\n${rows.map((row) => `  - ${JSON.stringify(row)}\n`).join('')}`,
      'prices.csv': `model,system,inputPerMillion,outputPerMillion\n${rows
        .map(({ model, system, inputPerMillion, outputPerMillion }) =>
          [model, system ?? '', inputPerMillion, outputPerMillion].join(','),
        )
        .join('\r\n')}\r\n`,
    };
    const versions = new Set<string>();
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      const done = await sallyport('prices', 'import', join(folder, name), '--format', 'json');
      assert.equal(done.status, 0, done.stderr);
      const { version, prices } = JSON.parse(done.stdout) as { version: string; prices: object[] };
      assert.deepEqual(
        new Set(prices.map((row) => JSON.stringify(Object.entries(row).sort()))).size,
        5,
        name,
      );
      versions.add(version);
      await server.control.installation.flush();
      const event = await server.control.installation.store.events.latest('prices-changed');
      assert.equal((event!.data as { version: string }).version, version);
      assert.match(event!.actor, /^local:/);
    }
    for (let n = 0; n < 4; n++) assert.equal(await cost('main', 'm-1'), 3 + 50, 'every worker');
    assert.equal(await cost('main', 'm-3'), 6 + 100);
    assert.equal(await cost('main', 'm-22'), 9 + 150);
    assert.equal(await cost('other', 'm-1'), 12 + 200);
    assert.equal(await cost('main', 'free'), 0, 'free is no missing price');
    assert.equal(await cost('main', 'unknown'), null);
    assert.equal(await cost('fixed', 'm-1'), 3 + 50);
    assert.match((await sallyport('prices', 'list')).stdout, /m-2\*.*any.*3.*30.*–/);
  });

  it('that are none are refused, and what was loaded stays', async () => {
    const { version } = await server.control.installation.store.prices.list();
    const file = join(scratch(), 'prices.json');
    const good = { model: 'm', inputPerMillion: 1, outputPerMillion: 1 };
    for (const bad of [
      [{ ...good, inputPerMillion: -1 }],
      [{ ...good, inputPerMillion: '1' }],
      [{ ...good, outputPerMillion: 1e9 }],
      [{ ...good, model: 'a*b' }],
      [{ ...good, cacheReads: 1 }],
      [good, good],
      Array.from({ length: 2_001 }, (_, n) => ({ ...good, model: `m${n}` })),
      { models: [good] },
      'prices',
    ]) {
      writeFileSync(file, JSON.stringify(bad));
      const done = await sallyport('prices', 'import', file);
      assert.equal(done.status, 2, JSON.stringify(bad).slice(0, 80));
    }
    assert.equal((await server.control.installation.store.prices.list()).version, version);
  });

  it('hold spend to its limit from then on', async () => {
    const poor = await server.key(['main'], { spendMicroUsdPerDay: 100 });
    const ask = (model: string) =>
      server.post('/s/main/v1/chat/completions', poor, { model, messages, max_tokens: 5 });
    assert.equal((await ask('m-1')).status, 200);
    const second = await ask('m-1');
    assert.equal(second.status, 429, '53 of 100 are spent, and 51 may be');
    assert.equal((await ask('unknown')).status, 200, 'what has no price is not counted as spend');
  });
});

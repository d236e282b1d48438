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
import { ok, signedIn, type TestPerson } from './people.ts';

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
        free: enforced(fake, { prices: { inputPerMillion: 0, outputPerMillion: 0 } }),
      },
      workers: 2,
    });
    key = await server.key(['main', 'other', 'fixed', 'free']);
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
    assert.equal(await cost('free', 'm'), 0, 'a price of 0 is one');
    const listed = await sallyport('prices', 'list');
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, /\(any other\) +fixed +100 +1000/);
    assert.match(listed.stdout, /\(any other\) +free +0 +0/);
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

  it('are shown to who sees a system: those that apply to it', async () => {
    const { store } = server.control.installation;
    const loaded = (await store.prices.list()).rows;
    const shown = async (grants: { role: string; system?: string }[]): Promise<unknown> => {
      const { prices, systems } = (await (
        await (await signedIn(server, grants)).call('GET', '/api/v1/prices')
      ).json()) as { prices: { system?: string }[]; systems: { system: string }[] };
      return [prices, systems.map(({ system }) => system)];
    };
    assert.deepEqual(await shown([{ role: 'viewer' }]), [loaded, ['fixed', 'free']]);
    for (const name of ['main', 'other', 'fixed'])
      assert.deepEqual(await shown([{ role: 'viewer', system: name }]), [
        loaded.filter(({ system }) => system === undefined || system === name),
        ['fixed', 'free'].filter((one) => one === name),
      ]);
    assert.ok(
      loaded.some(({ system }) => system === 'other'),
      'there is one to hide',
    );
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

  it('that make a model cost less, or nothing, are for whoever may weaken limits: not for emergency access', async () => {
    const reason = 'the only administrator cannot be reached and calls fail';
    const responder = await signedIn(server, [{ role: 'responder' }]);
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 5 }), 201);
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const row = { model: 'gpt-*', inputPerMillion: 2, outputPerMillion: 8 };
    const load = async (who: TestPerson, ...prices: object[]): Promise<number> =>
      (await who.call('POST', '/api/v1/prices', { prices })).status;
    assert.equal(await load(operator, row), 200);
    const dearer = { ...row, inputPerMillion: 3, cacheReadPerMillion: 4 };
    const other = { model: 'new', inputPerMillion: 0, outputPerMillion: 0 };
    assert.equal(await load(responder, dearer, other), 200, 'what costs more, or had no price');
    for (const less of [
      [],
      [other],
      [{ ...dearer, outputPerMillion: 7 }, other],
      [{ ...dearer, cacheReadPerMillion: 1 }, other],
      [{ ...dearer, reasoningPerMillion: 1 }, other],
      [dearer, { model: 'gpt-5', inputPerMillion: 0, outputPerMillion: 8 }, other],
      [dearer, { model: 'gpt-*', system: 'main', inputPerMillion: 3, outputPerMillion: 0 }, other],
    ])
      assert.equal(await load(responder, ...less), 403, JSON.stringify(less));
    assert.equal(await load(operator, other), 200);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HeartbeatLeaf } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import { GapWatch, type RecordGap } from '../src/gap-watch.ts';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

describe('records that are dropped', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { main: enforced(fake) } });
  });
  after(async () => {
    await server.stop().catch(() => {});
    await fake.close();
  });
  const events = async () => {
    const { installation } = server.control;
    await installation.flush();
    return installation.store.events.since(['record-gap-found'], '1970');
  };
  const tick = async (): Promise<void> => {
    // Workers tell how they stand twice a second.
    await new Promise((done) => setTimeout(done, 700));
    await server.control.monitor!.tick();
  };

  it('are found within a minute, told once, and raise an alarm', { timeout: 60_000 }, async () => {
    const key = await server.key(['main']);
    for (let i = 0; i < 5; i++) assert.equal((await server.chat(key, `call ${i}`)).status, 200);
    await tick();
    await tick();
    assert.deepEqual(await events(), [], 'none while nothing is dropped');
    const { ledger } = server.control.installation;
    const append = ledger.append.bind(ledger);
    let dropped = 0;
    // An appender that says yes and writes nothing, once.
    ledger.append = ((entries: Parameters<Ledger['append']>[0]) => {
      const isCall = entries.some(({ leaf }) => Buffer.from(leaf).includes('exchange-intent'));
      if (!isCall || dropped > 0) return append(entries);
      dropped = entries.length;
      return Promise.resolve(ledger.size);
    }) as Ledger['append'];
    const before = Date.now();
    assert.equal((await server.chat(key, 'dropped')).status, 200);
    assert.ok(dropped > 0);
    await tick();
    await tick();
    assert.ok(Date.now() - before < 60_000);
    const [found, ...more] = await events();
    assert.equal(found!.data['exchanges'], dropped);
    assert.equal(more.length, 0);
    assert.ok((await server.control.alerts()).some(({ rule }) => rule === 'record-gap'));
    await tick();
    assert.equal((await events()).length, 1);
  });

  it('show in the log itself, which workers sign off with what they were told', async () => {
    const { installation } = server.control;
    const { ledger } = installation;
    await server.stop();
    const leaves: { type: string; run?: string; worker?: number }[] = [];
    for await (const { leaf } of ledger.read(0)) leaves.push(JSON.parse(Buffer.from(leaf).toString()));
    const beats = leaves.filter(({ type }) => type === 'worker-heartbeat') as unknown as HeartbeatLeaf[];
    const last = beats.at(-1)!;
    assert.equal(last.exchanges, 6);
    assert.equal(last.failed, 0);
    const gaps: RecordGap[] = [];
    const watch = new GapWatch(last.run, (gap) => gaps.push(gap));
    leaves.forEach((leaf, index) => watch.see(index, leaf as never));
    assert.deepEqual(gaps.at(-1), { worker: 0, run: last.run, exchanges: 1, outcomes: 0 });
  });

  it('are counted once however often the log is read, and only of this run', () => {
    const gaps: RecordGap[] = [];
    const watch = new GapWatch('run', (gap) => gaps.push(gap));
    const leaf = (type: string, run = 'run') => ({ v: 1, type, run, worker: 1 }) as never;
    for (let round = 0; round < 2; round++) {
      watch.see(0, leaf('exchange-intent'));
      watch.see(1, leaf('exchange-outcome'));
      watch.see(2, leaf('exchange-denied', 'earlier'));
    }
    watch.compare(1, 'run', { exchanges: 1, outcomes: 1, failed: 3 });
    assert.deepEqual(gaps, []);
    watch.compare(1, 'run', { exchanges: 3, outcomes: 1, failed: 3 });
    watch.compare(1, 'run', { exchanges: 3, outcomes: 1, failed: 3 });
    watch.compare(2, 'run-7', { exchanges: 0, outcomes: 1, failed: 0 });
    assert.deepEqual(gaps, [
      { worker: 1, run: 'run', exchanges: 2, outcomes: 0 },
      { worker: 2, run: 'run-7', exchanges: 0, outcomes: 1 },
    ]);
    assert.equal(watch.missing, 3);
  });
});

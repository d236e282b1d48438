import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { openContent } from '../src/content.ts';
import { expireContent, liftHold, placeHold } from '../src/content-expiry.ts';
import { ContentSweep } from '../src/content-sweep.ts';
import { enforced, exchangeOf, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

const DAY_MS = 86_400_000;
/** So many that their bundle of 256 entries is full. */
const CALLS = 140;

describe('content that expired', () => {
  let fakes: FakeSystem[];
  let server: TestServer;
  const { nowMs } = clock;
  before(async () => {
    // A hold covers every name of a place: three of them.
    fakes = await Promise.all([fakeSystem(), fakeSystem(), fakeSystem()]);
    server = await testServer({
      systems: {
        short: enforced(fakes[0]!, { contentDays: 30 }),
        held: enforced(fakes[1]!, { contentDays: 30 }),
        long: enforced(fakes[2]!, { contentDays: 365 }),
      },
    });
  });
  after(async () => {
    clock.nowMs = nowMs;
    await server.stop();
    for (const fake of fakes) await fake.close();
  });
  const folder = (): string => join(server.data, 'ledger', 'content');
  const files = (): string[] =>
    readdirSync(folder(), { recursive: true })
      .map((name) => join(folder(), String(name)))
      .filter((name) => statSync(name).isFile());
  const bytes = (): number => files().reduce((sum, name) => sum + statSync(name).size, 0);
  const verified = async (): Promise<string> => {
    await server.control.probeIfOlder(0);
    const { passed, detail } = (await server.control.installation.store.events.latest(
      'probe-completed',
      'probe:ledger-verify',
    ))!.data;
    assert.equal(passed, true, String(detail));
    return String(detail);
  };
  const talk = async (system: string): Promise<string> => {
    const key = await server.key([system], { concurrent: 64, requestsPerMinute: 10_000 });
    const ids: string[] = [];
    for (let i = 0; i < CALLS; i++) {
      const content = `call ${i} ${'of some length '.repeat(60)}`;
      const answer = await server.post(`/s/${system}/v1/chat/completions`, key, {
        model: 'm',
        messages: [{ role: 'user', content }],
      });
      assert.equal(answer.status, 200);
      ids.push(exchangeOf(answer));
    }
    await server.control.installation.ledger.checkpointNow();
    return ids[0]!;
  };
  const content = async (id: string) => {
    const { installation } = server.control;
    await installation.flush();
    const row = (await installation.store.exchanges.byId(id))!;
    return openContent(installation, row.intent_index, id);
  };

  it('leaves the disk; the record of it, what is on hold and what is kept longer stay', async () => {
    const first = await Promise.all([talk('short'), talk('held'), talk('long')]);
    const [short, held, long] = first as [string, string, string];
    const before = bytes();
    const { ledger } = server.control.installation;
    const entries = ledger.size;
    const hold = await placeHold(server.control, 'local:test', 'held', 'case 4711');
    clock.nowMs = () => nowMs.call(clock) + 40 * DAY_MS;
    await expireContent(server.control);
    const sweep = new ContentSweep(server.control);
    assert.equal(await sweep.round(), 0, 'not at once');
    assert.equal(bytes(), before);
    const freed = await sweep.round(0);
    assert.ok(freed > 0.25 * before, `${freed} of ${before} bytes`);
    assert.equal(bytes(), before - freed);
    assert.equal(await content(short), null);
    assert.match(Buffer.from((await content(long))!.plain).toString(), /call 0/);
    assert.match(Buffer.from((await content(held))!.plain).toString(), /call 0/);
    assert.ok((await ledger.prove([0, entries - 1])).note.length > 0);
    await verified();
    assert.equal(await sweep.round(0), 0, 'nothing is left to remove');

    await liftHold(server.control, 'local:test', hold.id);
    await expireContent(server.control);
    assert.ok((await new ContentSweep(server.control).round(0)) > 0);
    assert.equal(await content(held), null);
    await verified();
    assert.match(Buffer.from((await content(long))!.plain).toString(), /call 0/);
  });

  it('of a file with bytes that are no content, or of a key that is still there, nothing goes', async () => {
    const { ledger } = server.control.installation;
    const [file] = files().sort();
    const whole = readFileSync(file!);
    writeFileSync(file!, Buffer.concat([whole, Buffer.from('more')]));
    assert.equal(await ledger.shedContent(0, () => true), 0);
    assert.equal(statSync(file!).size, whole.length + 4);
    writeFileSync(file!, whole);
    assert.equal(await ledger.shedContent(0, () => false), 0);
    assert.equal(statSync(file!).size, whole.length, 'of keys that are still there');
    const copy = ledger.copy();
    await copy.next();
    assert.equal(await ledger.shedContent(0, () => true), null, 'a copy reads it twice');
    await copy.return(undefined);
    assert.equal(await ledger.shedContent(10_000, () => true), null, 'no such bundle');
  });
});
